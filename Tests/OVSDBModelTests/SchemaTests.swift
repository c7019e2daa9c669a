import JSON
import OVSDBModel
import Testing

@Suite struct SchemaTests {
    static let text = #"""
        {"name":"db","version":"1.2.3","cksum":"1 2","tables":{"A":{"isRoot":true,"columns":{"e":{"type":{"key":{"type":"string","enum":["set",["x","y"]]}}},"i":{"type":{"key":{"type":"integer","minInteger":1,"maxInteger":5},"min":0,"max":3}},"m":{"type":{"key":"string","value":{"type":"uuid","refTable":"B","refType":"weak"},"min":0,"max":"unlimited"}},"o":{"mutable":false,"ephemeral":true,"type":"real"},"r":{"type":{"key":{"type":"real","minReal":0.5}}},"s":{"type":{"key":{"type":"string","minLength":1,"maxLength":9}}}},"maxRows":7,"indexes":[["i","s"]]},"B":{"columns":{"one":{"type":{"key":{"type":"string","enum":"only"}}},"self":{"type":{"key":{"type":"uuid","refTable":"B"},"min":0}}}}}}
        """#

    @Test func printsCanonically() throws {
        let schema = try DatabaseSchema(json: try JSON.parse(SchemaTests.text))
        #expect(schema.json.description == SchemaTests.text)
        #expect(try DatabaseSchema(json: schema.json) == schema)
        let a = try #require(schema.table("A"))
        #expect(a.columns.map(\.name) == ["e", "i", "m", "o", "r", "s"])
        #expect(a.indexColumns == [[1, 5]])
        #expect(a.maximumRows == 7 && a.isRoot)
        #expect(schema.table("B")?.isRoot == false)
        #expect(a.column("m")?.type.value == .weak("B"))
    }

    /// Members in any order and with spelled-out defaults mean the same.
    @Test func readsEverySpelling() throws {
        let spelled = #"""
            {"tables":{"T":{"mutable":true,"isRoot":false,"columns":{"c":{"ephemeral":false,"mutable":true,
             "type":{"key":{"type":"integer"},"min":1,"max":1}}}}},"name":"d"}
            """#
        let schema = try DatabaseSchema(json: try JSON.parse(spelled))
        let expected = DatabaseSchema(
            name: "d", version: "",
            tables: [TableSchema(name: "T", columns: [ColumnSchema("c", .integer)])])
        #expect(schema == expected)
        #expect(
            schema.json.description
                == #"{"name":"d","tables":{"T":{"columns":{"c":{"type":"integer"}}}}}"#)
        #expect(schema.tables[0].isRoot)
    }

    @Test func weakReferencesAreMutable() throws {
        let column = ColumnSchema("c", .set(of: .weak("T")), isMutable: false)
        #expect(column.isMutable)
        #expect(!ColumnSchema("c", .set(of: .strong("T")), isMutable: false).isMutable)
    }

    @Test func strongReferencesToNonRootsAreKept() throws {
        let schema = DatabaseSchema(
            name: "d", version: "1.0.0",
            tables: [
                TableSchema(
                    name: "R",
                    columns: [
                        ColumnSchema("kept", .optional(.strong("N")), isEphemeral: true),
                        ColumnSchema("not", .optional(.strong("R")), isEphemeral: true),
                    ]),
                TableSchema(name: "N", columns: [ColumnSchema("c", .integer)], isRoot: false),
            ])
        #expect(schema.table("R")?.column("kept")?.isEphemeral == false)
        #expect(schema.table("R")?.column("not")?.isEphemeral == true)
    }

    private static func table(_ text: String) -> String {
        #"{"name":"d","tables":{"T":\#(text)}}"#
    }

    private static func type(_ text: String) -> String {
        table(#"{"columns":{"c":{"type":\#(text)}}}"#)
    }

    static let refused: [(String, String)] = [
        ("[]", "Parsing database schema failed: Object expected."),
        ("{}", "Parsing database schema failed: Required 'name' member is missing."),
        (
            #"{"name":"a b","tables":{}}"#,
            "Parsing database schema failed: Type mismatch for member 'name'."
        ),
        (
            #"{"name":"d","tables":{},"x":1}"#,
            "Parsing database schema failed: Member 'x' is present but not allowed here."
        ),
        (
            #"{"name":"d","tables":{},"x":1,"y":2}"#,
            "Parsing database schema failed: Member 'x' and 1 other member are present but not allowed here."
        ),
        (
            #"{"name":"d","tables":{},"x":1,"y":2,"z":3}"#,
            "Parsing database schema failed: Member 'x' and 2 other members are present but not allowed here."
        ),
        (
            #"{"name":"d","version":"1.x.0","tables":{}}"#,
            #"schema version "1.x.0" not in format x.y.z"#
        ),
        (#"{"name":"d","tables":{"_T":{}}}"#, #"names beginning with "_" are reserved"#),
        (#"{"name":"d","tables":{"a-b":{}}}"#, "name must be a valid id"),
        (table(#"{"columns":{}}"#), "table must have at least one column"),
        (table(#"{"columns":{"c":{"type":"integer"}},"maxRows":0}"#), "maxRows must be at least 1"),
        (
            table(#"{"columns":{"c":{"type":"integer"}},"indexes":[[]]}"#),
            "index must have at least one column"
        ),
        (
            table(#"{"columns":{"c":{"type":"integer"}},"indexes":[["x"]]}"#),
            "x is not a valid column name"
        ),
        (
            table(#"{"columns":{"c":{"type":"integer"}},"indexes":[["c","c"]]}"#),
            "array of distinct column names expected"
        ),
        (
            table(#"{"columns":{"c":{"type":"integer","ephemeral":true}},"indexes":[["c"]]}"#),
            "ephemeral columns (such as c) may not be indexed"
        ),
        (type("1"), "Parsing schema for column c failed: Type mismatch for member 'type'."),
        (type(#""int""#), #""int" is not an atomic-type"#),
        (type(#"{"key":"integer","min":2}"#), "ovsdb type fails constraint checks"),
        (type(#"{"key":"integer","max":0}"#), "ovsdb type fails constraint checks"),
        (type(#"{"key":"integer","max":"many"}"#), "bad min or max value"),
        (
            type(#"{"key":{"type":"integer","minInteger":2,"maxInteger":1}}"#),
            "minInteger exceeds maxInteger"
        ),
        (type(#"{"key":{"type":"real","minReal":2,"maxReal":1}}"#), "minReal exceeds maxReal"),
        (
            type(#"{"key":{"type":"string","minLength":2,"maxLength":1}}"#),
            "minLength exceeds maxLength"
        ),
        (
            type(#"{"key":{"type":"string","minLength":-1}}"#),
            "minLength out of valid range 0 to 4294967295"
        ),
        (
            type(#"{"key":{"type":"uuid","refTable":"T","refType":"soft"}}"#),
            #"refType must be "strong" or "weak" (not "soft")"#
        ),
        (
            type(#"{"key":{"type":"uuid","refTable":"Nix"}}"#),
            "column c key refers to undefined table Nix"
        ),
        (
            type(#"{"key":{"type":"integer","minReal":1}}"#),
            "Parsing ovsdb type failed: Member 'minReal' is present but not allowed here."
        ),
        (type(#"{"key":{"type":"integer","enum":["set",["a"]]}}"#), "expected integer"),
    ]

    @Test(arguments: refused)
    func refuses(_ text: String, _ details: String) throws {
        let json = try JSON.parse(text)
        #expect {
            try DatabaseSchema(json: json)
        } throws: { error in
            (error as? OVSDBError)?.details == details
        }
    }

    static let english: [(ColumnType, String)] = [
        (.integer, "integer"), (.optional(.string), "set of up to 1 strings"),
        (.set(of: .uuid), "set of uuids"), (.set(of: .uuid, minimum: 1), "set of 1 or more uuids"),
        (.set(of: .real, minimum: 1, maximum: 4), "set of 1 to 4 reals"),
        (.map(.string, .integer), "map of (string, integer) pairs"),
        (.map(.string, .string, maximum: 3), "map of up to 3 (string, string) pairs"),
    ]

    @Test(arguments: english)
    func describesTypes(_ type: ColumnType, _ text: String) {
        #expect(type.description == text)
    }
}
