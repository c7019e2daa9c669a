import JSON
import Testing

@Suite struct JSONValueTests {
    static let cases: [(String, JSON)] = [
        ("null", JSON.null), ("true", true), (" [ ] ", .array([])), ("{}", .object([])),
        ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
        ("3.0", 3), ("1e3", 1000), ("-0", 0), ("-0.0", 0), ("0.5", 0.5), ("1e-2", 0.01),
        (#""a\u00e9\n\ud83d\ude00""#, "aé\n😀"), (#"{"a":[1,{"b":null}]}"#, ["a": [1, ["b": nil]]]),
        ("18446744073709551616", .double(18_446_744_073_709_551_616)),
    ]

    @Test(arguments: cases)
    func parses(_ text: String, _ value: JSON) throws {
        #expect(try JSON.parse(text) == value)
        #expect(try JSON.parse(value.description) == value)
    }

    @Test func lastMemberOfANameCounts() throws {
        let value = try JSON.parse(#"{"a":1,"b":2,"a":3}"#)
        #expect(value["a"] == 3)
        #expect(value == ["b": 2, "a": 3])
        #expect(value.canonical.description == #"{"a":3,"b":2}"#)
    }
}
