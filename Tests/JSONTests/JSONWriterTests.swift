import JSON
import Testing

@Suite struct JSONWriterTests {
    @Test func separatesItems() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("a")
        writer.beginArray()
        writer.integer(-12)
        writer.bool(true)
        writer.null()
        writer.beginArray()
        writer.endArray()
        writer.endArray()
        writer.key("b")
        writer.fragment("[1,2]".utf8)
        writer.key("c")
        writer.open("[\"set\",")
        writer.beginArray()
        writer.string("x")
        writer.endArray()
        writer.endArray()
        writer.endObject()
        let text = #"{"a":[-12,true,null,[]],"b":[1,2],"c":["set",["x"]]}"#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
    }

    static let strings: [(String, String)] = [
        ("", #""""#), ("plain text of some length", #""plain text of some length""#),
        ("a\"b\\c/d", #""a\"b\\c/d""#),
        ("\u{8}\t\n\u{c}\r\u{1}\u{1f}\u{7f}", "\"\\b\\t\\n\\f\\r\\u0001\\u001f\u{7f}\""),
        ("é😀", "\"é😀\""), ("12345678\"12345678\"", #""12345678\"12345678\"""#),
    ]

    @Test(arguments: strings)
    func escapes(_ string: String, _ text: String) throws {
        #expect(JSON.string(string).description == text)
        #expect(try JSON.parse(text) == .string(string))
    }

    @Test(arguments: [0, 1, 9, 10, 99, -1, -10, 1_000_000_007, .max, .min] as [Int64])
    func printsIntegers(_ value: Int64) {
        #expect(JSON.integer(value).description == String(value))
    }

    static let doubles: [(Double, String)] = [
        (0, "0"), (-0.0, "0"), (1.5, "1.5"), (0.1, "0.1"), (1e300, "1e+300"), (-2, "-2"),
        (9_007_199_254_740_992, "9007199254740992.0"), (.infinity, "null"), (.nan, "null"),
    ]

    @Test(arguments: doubles)
    func printsDoubles(_ value: Double, _ text: String) {
        #expect(JSON.double(value).description == text)
    }
}
