import JSON
import Testing

@Suite struct JSONErrorTests {
    static let refused: [(String, JSONError.Reason)] = [
        ("", .unexpectedEnd), (" ", .unexpectedEnd), ("nul", .unexpectedEnd),
        ("nulx", .unexpectedByte), ("[1,]", .unexpectedByte), ("[1 2]", .unexpectedByte),
        ("{\"a\"}", .unexpectedByte), ("{a:1}", .unexpectedByte), ("{\"a\":1,}", .unexpectedByte),
        ("[", .unexpectedEnd), ("{\"a\":", .unexpectedEnd), ("\"a", .unexpectedEnd),
        ("1 2", .trailingBytes), ("01", .invalidNumber), ("-", .unexpectedEnd),
        ("1.", .unexpectedEnd), ("1.x", .invalidNumber), ("1e", .unexpectedEnd),
        (".5", .unexpectedByte), ("+1", .unexpectedByte), ("1e999", .numberOutOfRange),
        ("--1", .invalidNumber), ("1.2.3", .trailingBytes),
        ("\"\\x\"", .invalidEscape), ("\"\\u12g4\"", .invalidEscape),
        ("\"\\u12", .unexpectedEnd), ("\"\\ud800\"", .invalidSurrogate),
        ("\"\\ud800\\u0041\"", .invalidSurrogate), ("\"\\udc00\"", .invalidSurrogate),
        ("\"\\u0000\"", .nullByte), ("\"a\nb\"", .controlByte), ("\"\u{1}\"", .controlByte),
        ("\"a long string and then\t\"", .controlByte),
    ]

    @Test(arguments: refused)
    func refuses(_ text: String, _ reason: JSONError.Reason) {
        #expect {
            try JSON.parse(text)
        } throws: { error in
            (error as? JSONError)?.reason == reason
        }
    }

    @Test(arguments: [[0x80], [0xc3], [0xff], [0xed, 0xa0, 0x80], [0xc0, 0x80]] as [[UInt8]])
    func refusesInvalidUTF8(_ bytes: [UInt8]) {
        #expect(throws: JSONError(.invalidUTF8, at: 0)) {
            try JSON.parse([0x22] + bytes + [0x22])
        }
    }

    @Test func refusesDeepNesting() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try JSON.parse(nested(JSONLimits.depth))
        #expect(throws: JSONError(.tooDeep, at: JSONLimits.depth)) {
            try JSON.parse(nested(JSONLimits.depth + 1))
        }
        #expect(throws: JSONError.self) {
            try JSONScanner.scan(Array(nested(JSONLimits.depth + 1).utf8)) {
                (scanner) throws(JSONError) in try scanner.skipValue()
            }
        }
    }
}
