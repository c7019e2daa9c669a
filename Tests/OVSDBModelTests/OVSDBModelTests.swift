import JSON
import OVSDBModel
import Testing

@Suite struct RowUUIDTests {
    @Test func printsWhatItParses() throws {
        let text = "01234567-89ab-cdef-f00d-0123456789ff"
        let uuid = try #require(RowUUID(parsing: text))
        #expect(uuid.description == text)
        #expect(uuid == RowUUID(high: 0x0123_4567_89ab_cdef, low: 0xf00d_0123_4567_89ff))
        #expect(RowUUID(parsing: text.uppercased()) == uuid)
    }

    /// Every byte in every position: only hexadecimal digits, and dashes at their places, pass.
    @Test func refusesWrongBytes() {
        let good = Array("01234567-89ab-cdef-f00d-0123456789ff".utf8)
        for position in good.indices {
            for byte in UInt8.min...UInt8.max {
                var bytes = good
                bytes[position] = byte
                let isHex = Character(Unicode.Scalar(byte)).isHexDigit && byte < 0x80
                let expected = [8, 13, 18, 23].contains(position) ? byte == 0x2d : isHex
                let parsed = bytes.withUnsafeBytes { RowUUID(utf8: $0) }
                if (parsed != nil) != expected {
                    Issue.record("byte \(byte) at \(position) parsed: \(parsed != nil)")
                }
            }
        }
        #expect(RowUUID(parsing: "") == nil)
        #expect(RowUUID(parsing: String(decoding: good.dropLast(), as: UTF8.self)) == nil)
    }
}
