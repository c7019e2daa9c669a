import JSON
import Testing

@Suite struct JSONStreamTests {
    private let messages = [
        #"{"method":"echo","params":[],"id":1}"#, "[]", #"{"a":"}]\"[{\\","b":[[{}]]}"#,
        #"["a string of more than eight bytes \u005d","\\"]"#,
    ]

    /// Whatever the sizes of the pieces, the same messages come out.
    @Test(arguments: 1...17)
    func splitsStreams(pieceSize: Int) throws {
        let bytes = Array(
            (messages[0] + messages[1] + " \n" + messages[2] + messages[3] + "\t").utf8)
        var stream = JSONStream()
        var received: [String] = []
        var start = 0
        while start < bytes.count {
            let end = min(start + pieceSize, bytes.count)
            stream.append(bytes[start..<end])
            while let message = try stream.next() {
                received.append(String(decoding: message, as: UTF8.self))
            }
            start = end
        }
        #expect(received == messages)
        #expect(stream.pendingBytes == 0)
    }

    @Test func parsesMessages() throws {
        var stream = JSONStream()
        stream.append("[1]{\"a\"".utf8)
        #expect(try stream.nextValue() == [1])
        #expect(try stream.nextValue() == nil)
        #expect(stream.pendingBytes == 4)
        stream.append(":2}".utf8)
        #expect(try stream.nextValue() == ["a": 2])
    }

    /// A large message's bytes are nobody's but its receiver's, whatever follows it.
    @Test(arguments: ["", "\n", "[1", "[1][2]"])
    func holdsNothingOfWhatWasHandedOut(rest: String) throws {
        var stream = JSONStream()
        let text = "[\"" + String(repeating: "x", count: 1 << 20) + "\"]"
        stream.append((text + rest).utf8)
        let message = try #require(try stream.next())
        #expect(message.count == text.utf8.count)
        while try stream.next() != nil {}
        stream.append([UInt8]())
        #expect(stream.heldBytes <= JSONStream.keptBytes)
        #expect(String(decoding: message, as: UTF8.self) == text)
        #expect(stream.pendingBytes == (rest == "[1" ? 2 : 0))
    }

    /// Without that anything is to come.
    @Test func holdsNothingWhenAllWasHandedOut() throws {
        var stream = JSONStream()
        stream.append(("[" + String(repeating: "1,", count: 1 << 19) + "1]").utf8)
        #expect(try stream.next() != nil)
        #expect(stream.heldBytes == 0)
        stream.append("[2]".utf8)
        #expect(try stream.nextValue() == [2])
    }

    @Test(arguments: ["1", "\"a\"", "null", "]", "[] x"])
    func refusesWhatIsNoMessage(_ text: String) throws {
        var stream = JSONStream()
        stream.append(text.utf8)
        #expect(throws: JSONError.self) {
            while try stream.next() != nil {}
        }
    }

    @Test func limitsSize() throws {
        var stream = JSONStream(limits: .init(size: 10))
        stream.append("[12345678]".utf8)
        #expect(try stream.next() != nil)
        stream.append("[123456789".utf8)
        #expect(try stream.next() == nil)
        stream.append("0".utf8)
        #expect(throws: JSONError(.tooLarge, at: 10)) { try stream.next() }
    }

    @Test func limitsDepth() throws {
        var stream = JSONStream(limits: .init(depth: 3))
        stream.append("[[[]]]".utf8)
        #expect(try stream.next() != nil)
        stream.append("[[[[".utf8)
        #expect(throws: JSONError(.tooDeep, at: 3)) { try stream.next() }
    }
}
