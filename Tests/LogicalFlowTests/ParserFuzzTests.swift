import Testing

@testable import LogicalFlow

/// Parsers of text from outside: whatever it is, they return a value that prints and parses back, or an
/// error that names what is wrong and where.
@Suite struct ParserFuzzTests {
    @Test func matches() throws {
        var mutator = Mutator(seed: 3, corpus: Corpus.matches)
        var accepted = 0
        for _ in 0..<12_000 {
            let text = mutator.next()
            do {
                let match = try Match(parsing: text)
                accepted += 1
                #expect(try Match(parsing: match.description) == match, "\(text)")
                _ = Condition(match).simplified()
            } catch {
                expectUseful(error, text)
            }
        }
        #expect(accepted > 300)
    }

    @Test func actions() throws {
        var mutator = Mutator(seed: 4, corpus: Corpus.actions)
        var accepted = 0
        for _ in 0..<12_000 {
            let text = mutator.next()
            do {
                let actions = try ActionList(parsing: text)
                accepted += 1
                #expect(try ActionList(parsing: actions.description) == actions, "\(text)")
                _ = actions.prerequisites
            } catch {
                expectUseful(error, text)
            }
        }
        #expect(accepted > 300)
    }

    private func expectUseful(_ error: LanguageError, _ text: String) {
        #expect(error.offset >= 0 && error.offset <= text.utf8.count, "\(text)")
        #expect(error.message.count > 5, "\(text)")
        guard error.message.hasPrefix("Syntax error at `") else { return }
        let rest = Array(text.utf8.dropFirst(error.offset))
        let token = Array(error.message.utf8.dropFirst("Syntax error at `".utf8.count))
        #expect(rest.first == token.first, "\(text): \(error)")
    }
}

/// Texts near those of a corpus: pieces dropped, repeated, exchanged and joined.
struct Mutator {
    private var generator: SeededGenerator
    private let corpus: [[UInt8]]
    private let pieces: [[UInt8]] = [
        "(", ")", "{", "}", "[", "]", "==", "!=", "<", "!", "&&", "||", "..", ",", ";", "=", "<->",
        "--", ":", "-", "/", "\"", "\\", "$a", "@b", "^c", "0", "1", "255", "65536", "0x",
        "0xfffffffffffffffffffffffffffffffff", "1.2.3.4", "::", "ip4", "inport", "reg0", "tcp.dst",
        "vlan.pcp", "ct_mark", "next", "drop", "clone", "/*", "//", "\n", "\u{0}", "é",
    ].map { Array($0.utf8) }

    init(seed: UInt64, corpus: [String]) {
        generator = SeededGenerator(seed: seed)
        self.corpus = corpus.map { Array($0.utf8) }
    }

    mutating func next() -> String {
        var text = pick(corpus)
        for _ in 0..<Int.random(in: 1...4, using: &generator) { mutate(&text) }
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func mutate(_ text: inout [UInt8]) {
        let place = Int.random(in: 0...text.count, using: &generator)
        let length = Int.random(in: 0...min(6, text.count - place), using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: text.removeSubrange(place..<place + length)
        case 1: text.insert(contentsOf: pick(pieces), at: place)
        case 2: text.replaceSubrange(place..<place + length, with: pick(pieces))
        case 3: text.insert(contentsOf: text[place..<place + length], at: place)
        case 4 where place < text.count:
            text[place] = UInt8.random(in: 0...255, using: &generator)
        default:
            let other = pick(corpus)
            text =
                Array(text[..<place]) + other[Int.random(in: 0...other.count, using: &generator)...]
        }
    }

    private mutating func pick(_ list: [[UInt8]]) -> [UInt8] {
        list[Int.random(in: 0..<list.count, using: &generator)]
    }
}
