import JSON
import OVSDBModel
import Testing

@Suite struct DatumTests {
    @Test func setsAreCanonical() {
        #expect(Datum([3, 1, 2, 1] as [Int]) == .many([.integer(1), .integer(2), .integer(3)]))
        #expect(Datum(["b"]) == Datum("b"))
        #expect(Datum([] as [String]) == .empty)
        #expect(Datum([:] as [String: String]) == .empty)
        let map = Datum(["b": "2", "a": "1"])
        #expect(map.entries.map(\.key) == [.string("a"), .string("b")])
        #expect(map[.string("b")] == .string("2"))
        #expect(map.contains(.string("a")) && !map.contains(.string("c")))
        #expect(map.stringMap == ["a": "1", "b": "2"])
    }

    /// Swift takes an accent as part of a letter and as a mark behind it for the same; OVSDB sees
    /// different bytes.
    @Test func stringsAreTheirBytes() {
        let composed = Atom.string("\u{e9}")
        let decomposed = Atom.string("e\u{301}")
        #expect(composed != decomposed)
        #expect(Datum(set: [composed, decomposed]).count == 2)
        #expect(decomposed < composed)
        #expect(Atom.string("Z") < Atom.string("a"))
        #expect(Atom.string("\u{ffff}") < Atom.string("\u{10000}"))
        #expect(Atom.string("a") < Atom.string("aa"))
    }

    @Test func atomsAreOrdered() {
        #expect(Atom.integer(-1) < .integer(0))
        #expect(Atom.real(-0.5) < .real(0.25))
        #expect(Atom.boolean(false) < .boolean(true))
        #expect(Atom.uuid(RowUUID(high: 0, low: .max)) < .uuid(RowUUID(high: 1, low: 0)))
        #expect(Atom.uuid(RowUUID(high: 1 << 63, low: 0)) > .uuid(RowUUID(high: 1, low: 0)))
    }

    static let uuid = "01234567-89ab-cdef-0123-456789abcdef"
    static let stringSet = ColumnType.set(of: .string)
    static let stringMap = ColumnType.map(.string, .string)

    static let notations: [(ColumnType, String, String)] = [
        (.integer, "5", "5"), (.integer, "5.0", "5"),
        (.integer, "9223372036854775807", "9223372036854775807"),
        (.integer, #"["set",[7]]"#, "7"), (.real, "2", "2"), (.real, "2.5", "2.5"),
        (.boolean, "true", "true"), (.string, #""x""#, #""x""#),
        (.uuid, #"["uuid","\#(uuid.uppercased())"]"#, #"["uuid","\#(uuid)"]"#),
        (stringSet, #""x""#, #""x""#), (stringSet, #"["set",[]]"#, #"["set",[]]"#),
        (stringSet, #"["set",["b","a"]]"#, #"["set",["a","b"]]"#),
        (.optional(.integer), #"["set",[]]"#, #"["set",[]]"#), (.optional(.integer), "1", "1"),
        (stringMap, #"["map",[]]"#, #"["map",[]]"#),
        (stringMap, #"["map",[["b","2"],["a","1"]]]"#, #"["map",[["a","1"],["b","2"]]]"#),
        (
            .map(.integer, .uuid), #"["map",[[1,["uuid","\#(uuid)"]]]]"#,
            #"["map",[[1,["uuid","\#(uuid)"]]]]"#
        ),
    ]

    @Test(arguments: notations)
    func readsAndPrints(_ type: ColumnType, _ text: String, _ printed: String) throws {
        let datum = try Datum(json: try JSON.parse(text), type: type)
        #expect(datum.json(type).description == printed)
        var writer = JSONWriter()
        writer.datum(datum, type)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == printed)
    }

    static let refusals: [(ColumnType, String, String)] = [
        (.integer, "5.5", "expected integer"), (.integer, "true", "expected integer"),
        (.boolean, "1", "expected boolean"), (.string, "1", "expected string"),
        (.real, #""1""#, "expected real"),
        (.uuid, #""x""#, #"expected ["uuid", <string>]"#),
        (.uuid, #"["named-uuid","x"]"#, #"expected ["uuid", <string>]"#),
        (.uuid, #"["uuid","x"]"#, #""x" is not a valid UUID"#),
        (.integer, #"["set",[]]"#, "set must have exactly one member but 0 are present"),
        (stringSet, #"["set",1]"#, #"expected ["set", <array>]"#),
        (
            .set(of: .string, minimum: 1, maximum: 2), #"["set",[]]"#,
            "set must have 1 to 2 members but 0 are present"
        ),
        (
            .set(of: .string, minimum: 1), #"["set",[]]"#,
            "set must have 1 to 4294967295 members but 0 are present"
        ),
        (stringMap, #"["map",[["a"]]]"#, "expected 2-element array"),
        (stringMap, "1", #"expected ["map", <array>]"#),
        (
            .scalar(BaseType(.integer, integers: 0...5)), "6",
            "6 is not in the valid range 0 to 5 (inclusive)"
        ),
        (
            .scalar(BaseType(.integer, integers: 3...(.max))), "2",
            "2 is less than minimum allowed value 3"
        ),
        (
            .scalar(BaseType(.integer, integers: .min...3)), "4",
            "4 is greater than maximum allowed value 3"
        ),
        (
            .scalar(BaseType(.real, reals: 0...1)), "1.5",
            "1.5 is not in the valid range 0 to 1 (inclusive)"
        ),
        (
            .scalar(BaseType(.string, enumeration: [.string("a b"), .string("c")])), #""x""#,
            #"x is not one of the allowed values (["a b", c])"#
        ),
        (
            .scalar(BaseType(.integer, enumeration: [.integer(1)])), "2",
            "2 is not one of the allowed values ([1])"
        ),
    ]

    @Test(arguments: refusals)
    func refuses(_ type: ColumnType, _ text: String, _ details: String) throws {
        let json = try JSON.parse(text)
        #expect {
            try Datum(json: json, type: type)
        } throws: { error in
            (error as? OVSDBError)?.details == details
        }
    }

    @Test func namedUUIDsResolve() throws {
        var next: UInt64 = 0
        var symbols: SymbolTable? = SymbolTable {
            next += 1
            return RowUUID(high: 0, low: next)
        }
        let json: JSON = [
            "set", [["named-uuid", "b"], ["named-uuid", "a"], ["named-uuid", "b2"]],
        ]
        let datum = try Datum(json: json, type: .set(of: .uuid), symbols: &symbols)
        #expect(datum.uuids.map(\.low) == [1, 2, 3])
        #expect(symbols?.resolve("a").low == 2)
        #expect(symbols?.define("a")?.low == 2)
        #expect(symbols?.define("a") == nil)
        #expect(symbols?.define("c", as: RowUUID(high: 7, low: 7))?.high == 7)
        #expect {
            try Datum(json: ["named-uuid", "1x"], type: .uuid, symbols: &symbols)
        } throws: { error in
            (error as? OVSDBError)?.details == "named-uuid string is not a valid <id>"
        }
    }

    static let differences: [(ColumnType, String, String, String)] = [
        (.integer, "1", "2", "2"), (.optional(.string), #""a""#, #"["set",[]]"#, #"["set",[]]"#),
        (.optional(.string), #"["set",[]]"#, #""a""#, #""a""#),
        (stringSet, #"["set",["a","b"]]"#, #"["set",["b","c"]]"#, #"["set",["a","c"]]"#),
        (stringSet, #""a""#, #"["set",[]]"#, #""a""#),
        (
            stringMap, #"["map",[["a","1"],["b","2"],["c","3"]]]"#,
            #"["map",[["b","2"],["c","4"],["d","5"]]]"#,
            #"["map",[["a","1"],["c","4"],["d","5"]]]"#
        ),
    ]

    @Test(arguments: differences)
    func differenceAndBack(
        _ type: ColumnType, _ old: String, _ new: String, _ difference: String
    ) throws {
        let old = try Datum(json: try JSON.parse(old), type: type)
        let new = try Datum(json: try JSON.parse(new), type: type)
        let computed = new.difference(from: old, type: type)
        #expect(computed.json(type).description == difference)
        #expect(try old.applying(diff: computed, type: type) == new)
        #expect(try Datum(diffJSON: try JSON.parse(difference), type: type) == computed)
    }

    @Test func differencesMustFit() throws {
        let type = ColumnType.set(of: .integer, maximum: 2)
        #expect(throws: OVSDBError.self) {
            try Datum([1, 2] as [Int]).applying(diff: Datum([3, 4] as [Int]), type: type)
        }
        #expect(
            try Datum([1, 2] as [Int]).applying(diff: Datum([1, 2, 3, 4] as [Int]), type: type)
                == Datum([3, 4] as [Int]))
    }
}
