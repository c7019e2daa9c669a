import JSON
import OVSDBModel
import Testing

/// Straight from bytes and by way of the tree must be the same, for good texts and bad.
@Suite struct DecoderTests {
    static let types: [ColumnType] = [
        .integer, .real, .boolean, .string, .uuid, .optional(.string), .optional(.uuid),
        .set(of: .integer), .set(of: .string), .set(of: .uuid, minimum: 1),
        .set(of: .real, maximum: 2),
        .map(.string, .string), .map(.integer, .uuid), .map(.string, .boolean, maximum: 2),
        .set(of: BaseType(.integer, integers: 0...9)),
        .optional(BaseType(.string, enumeration: [.string("a"), .string("b")])),
        .map(BaseType(.string, lengths: 0...2), .strong("T")),
    ]

    static let texts: [String] = [
        "0", "-5", "7.0", "1.5", "10", "true", "false", "null", "\"\"", "\"a\"", "\"é\\u0041\"",
        #"["uuid","01234567-89ab-cdef-0123-456789abcdef"]"#,
        #"[ "uuid" , "01234567-89AB-cdef-0123-456789abcdef" ]"#, #"["uuid","x"]"#,
        #"["named-uuid","x"]"#, "[]", "{}", #"["set"]"#, #"["set",[]]"#, #"["set",[1]]"#,
        #"["set",[3,1,2]]"#, #"["set",[1,1]]"#, #"["set",["b","a"]]"#, #"["set",["a","b","a"]]"#,
        #"["set",[1,"a"]]"#, #"["set",[0.5,2]]"#, #"["set",[0.5,2,3]]"#,
        #"["set",[["uuid","01234567-89ab-cdef-0123-456789abcdef"],["uuid","00000000-0000-0000-0000-000000000000"]]]"#,
        #"["map",[]]"#, #"["map",[["b","2"],["a","1"]]]"#, #"["map",[["a","1"],["a","2"]]]"#,
        #"["map",[["a"]]]"#, #"["map",[["a","b","c"]]]"#, #"["map",[["abc",1]]]"#,
        #"["map",[[1,["uuid","01234567-89ab-cdef-0123-456789abcdef"]]]]"#,
        #"["map",[["ab",["uuid","01234567-89ab-cdef-0123-456789abcdef"]]]]"#,
        #"["map",[["k",true],["l",false]]]"#, #"["map",[["k",true],["l",false],["m",true]]]"#,
        #"["map",{}]"#, #"["frob",[]]"#, "[\"set\",[1],2]", "9223372036854775808", "1e400", "[1",
    ]

    @Test func agreesOnEveryTypeAndText() {
        for type in DecoderTests.types {
            for text in DecoderTests.texts { check(Array(text.utf8), type) }
        }
    }

    @Test(arguments: 0..<4)
    func agreesOnDamagedTexts(seed: UInt64) {
        var generator = SmallGenerator(seed: seed)
        for _ in 0..<4000 {
            var text = Array(DecoderTests.texts[generator.below(DecoderTests.texts.count)].utf8)
            for _ in 0...generator.below(2) {
                let position = generator.below(text.count)
                let replacement = Array("\"[],:0123456789abcdefxsetmapuid -.".utf8)
                switch generator.below(3) {
                case 0: text[position] = replacement[generator.below(replacement.count)]
                case 1: text.insert(replacement[generator.below(replacement.count)], at: position)
                default: if text.count > 1 { text.remove(at: position) }
                }
            }
            check(text, DecoderTests.types[generator.below(DecoderTests.types.count)])
        }
    }

    private func check(_ text: [UInt8], _ type: ColumnType) {
        for isDifference in [false, true] {
            let direct = direct(text, type, isDifference)
            let byTree = byTree(text, type, isDifference)
            if direct != byTree {
                Issue.record(
                    "\(String(decoding: text, as: UTF8.self)) as \(type.description): \(String(describing: direct)) but \(String(describing: byTree))"
                )
            }
        }
    }

    private func direct(_ text: [UInt8], _ type: ColumnType, _ isDifference: Bool) -> Datum? {
        let decoder = DatumDecoder(type)
        var strings = StringCache(capacity: 4)
        return try? JSONScanner.scan(text) { (scanner) throws(JSONError) -> Datum in
            let datum = try decoder.decode(&scanner, &strings, isDifference: isDifference)
            try scanner.expectEnd()
            return datum
        }
    }

    private func byTree(_ text: [UInt8], _ type: ColumnType, _ isDifference: Bool) -> Datum? {
        guard let json = try? JSON.parse(text) else { return nil }
        return isDifference
            ? try? Datum(diffJSON: json, type: type) : try? Datum(json: json, type: type)
    }

    private func schema() throws -> DatabaseSchema {
        DatabaseSchema(
            name: "d", version: "1.0.0",
            tables: [
                TableSchema(
                    name: "T",
                    columns: [
                        ColumnSchema("a", .integer), ColumnSchema("a_longer_name", .string),
                        ColumnSchema("a_longer_game", .set(of: .string)),
                        ColumnSchema("z", .map(.string, .string)),
                    ])
            ])
    }

    @Test func decodesUpdates() throws {
        let schema = try schema()
        let one = RowUUID(high: 0, low: 1)
        let text = #"""
            {"T":{"\#(one)":{"initial":{"z":["map",[["k","v"]]],"a":5,"unknown":[1]}},
                  "\#(RowUUID(high: 0, low: 2))":{"insert":{"a_longer_game":"g","a_longer_name":"n"}},
                  "\#(RowUUID(high: 0, low: 3))":{"modify":{"a_longer_game":["set",["x","y"]],"a":7}},
                  "\#(RowUUID(high: 0, low: 4))":{"delete":null}},
             "Unknown":{"x":1}, "T":{}}
            """#
        var decoder = UpdateDecoder(schema: schema)
        for _ in 0..<2 {
            let updates = try decoder.tableUpdates(Array(text.utf8)[...])
            #expect(updates.map(\.table) == [0, 0])
            #expect(updates[0].rows.map(\.uuid.low) == [1, 2, 3, 4])
            #expect(
                updates[0].rows.map(\.update) == [
                    .initial(Row([Datum(5), .empty, Datum(""), Datum(["k": "v"])])),
                    .insert(Row([Datum(0), Datum("g"), Datum("n"), .empty])),
                    .modify([
                        .init(column: 1, difference: Datum(["x", "y"])),
                        .init(column: 0, difference: Datum(7)),
                    ]), .delete,
                ])
            #expect(updates[1].rows.isEmpty)
        }
    }

    @Test(arguments: [
        "", "[]", #"{"T":[]}"#, #"{"T":{"x":{"delete":null}}}"#,
        #"{"T":{"00000000-0000-0000-0000-000000000001":{"frob":null}}}"#,
        #"{"T":{"00000000-0000-0000-0000-000000000001":{}}}"#,
        #"{"T":{"00000000-0000-0000-0000-000000000001":{"insert":{"a":"x"}}}}"#,
        #"{"T":{}} x"#,
    ])
    func refusesWhatIsNoUpdate(_ text: String) throws {
        var decoder = UpdateDecoder(schema: try schema())
        #expect(throws: JSONError.self) { try decoder.tableUpdates(Array(text.utf8)[...]) }
    }
}

/// Xorshift: enough to damage texts, the same way for the same seed.
struct SmallGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = (seed + 1) &* 0x9e37_79b9_7f4a_7c15 }

    mutating func below(_ bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(bound))
    }
}
