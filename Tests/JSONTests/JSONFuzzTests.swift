import Glibc
import JSON
import Testing

/// Damaged texts: nothing may trap, all ways of reading must agree on what is a text, and what is
/// read prints as something that reads as the same.
@Suite struct JSONFuzzTests {
    static let corpus: [[UInt8]] = {
        let directory = #filePath.replacing("JSONFuzzTests.swift", with: "Corpus/")
        let names = [
            "transact", "update2", "numbers", "strings", "spaces", "nested", "schema", "record",
        ]
        return names.map { contents("\(directory)\($0).json") }
    }()

    private static func contents(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        return Array(buffer[..<fread(&buffer, 1, buffer.count, file)])
    }

    @Test func corpusIsValid() throws {
        for text in JSONFuzzTests.corpus {
            let value = try JSON.parse(text)
            #expect(try JSON.parse(value.bytes) == value)
        }
    }

    @Test(arguments: 0..<8)
    func survivesDamage(seed: UInt64) throws {
        var generator = Mutator(seed: seed)
        let corpus = JSONFuzzTests.corpus
        for _ in 0..<1500 {
            var text = corpus[generator.below(corpus.count)]
            for _ in 0...generator.below(4) { generator.damage(&text, corpus) }
            check(text)
        }
    }

    private func skips(_ text: [UInt8]) -> Bool {
        do {
            try JSONScanner.scan(text) { (scanner) throws(JSONError) -> Void in
                try scanner.skipValue()
                try scanner.expectEnd()
            }
            return true
        } catch {
            return false
        }
    }

    private func check(_ text: [UInt8]) {
        let value = try? JSON.parse(text)
        let skips = skips(text)
        // Skipping doesn't look at the bytes of strings for valid UTF-8.
        if value != nil && !skips { Issue.record("read but not skipped: \(text)") }
        if value == nil && skips && String(validating: text, as: UTF8.self) != nil {
            Issue.record("skipped but not read: \(text)")
        }
        guard let value else { return }
        if (try? JSON.parse(value.bytes)) != value { Issue.record("prints otherwise: \(text)") }
        checkStream(text, value)
    }

    /// A message between others comes out of a stream as it went in.
    private func checkStream(_ text: [UInt8], _ value: JSON) {
        switch value {
        case .array, .object: break
        default: return
        }
        var stream = JSONStream()
        stream.append(Array("[1]".utf8))
        let half = text.count / 2
        stream.append(text[..<half])
        stream.append(text[half...])
        stream.append(Array("{}".utf8))
        var values: [JSON] = []
        while let next = try? stream.nextValue() { values.append(next) }
        if values != [[1], value, .object([])] { Issue.record("streams otherwise: \(text)") }
    }
}

/// Damages texts, the same way for the same seed.
struct Mutator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    private mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    private static let interesting =
        Array("{}[]\",:\\u0123456789.eE+-tfn \n\u{0}\u{7f}é".utf8) + [0xff]

    mutating func damage(_ text: inout [UInt8], _ corpus: [[UInt8]]) {
        guard !text.isEmpty else { return }
        let position = below(text.count)
        switch below(7) {
        case 0: text[position] = UInt8(truncatingIfNeeded: next())
        case 1: text[position] = Mutator.interesting[below(Mutator.interesting.count)]
        case 2: text.remove(at: position)
        case 3: text.insert(Mutator.interesting[below(Mutator.interesting.count)], at: position)
        case 4: text.removeSubrange(position..<min(text.count, position + 1 + below(20)))
        case 5:
            let other = corpus[below(corpus.count)]
            let start = below(other.count)
            text.insert(
                contentsOf: other[start..<min(other.count, start + below(30))], at: position)
        default:
            text.insert(
                contentsOf: text[position..<min(text.count, position + below(30))], at: position)
        }
    }
}
