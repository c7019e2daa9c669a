import Testing

/// Sizes are reported, not enforced: a file over 600 lines or a function over 60 deserves a
/// second look, and generated files none.
struct SizeTests {
    static let fileLimit = 600
    static let functionLimit = 60

    private static let sources = Repository.files(under: "Sources", withSuffix: ".swift")
        .filter { !$0.contains("/Generated/") }

    @Test func filesAndFunctionsStaySmall() {
        var long: [String] = []
        for path in Self.sources {
            let lines = Repository.lines(of: path)
            if lines.count > Self.fileLimit { long.append("\(path): \(lines.count) lines") }
            for function in Self.functions(in: lines) where function.length > Self.functionLimit {
                long.append("\(path):\(function.line): a function of \(function.length) lines")
            }
        }
        guard !long.isEmpty else { return }
        Issue.record("worth a second look:\n\(long.joined(separator: "\n"))", severity: .warning)
    }

    @Test func functionsAreFoundByTheirIndentation() {
        let lines =
            "    func a() {\n        b()\n    }\n\n    init(\n        x: Int\n    ) {\n    }"
            .split(separator: "\n", omittingEmptySubsequences: false)
        #expect(Self.functions(in: lines).map(\.length) == [3, 4])
    }

    /// A function ends at the first closing brace that is indented like its first line: the
    /// formatter sees to that.
    private static func functions(in lines: [Substring]) -> [(line: Int, length: Int)] {
        var found: [(line: Int, length: Int)] = []
        for (start, line) in lines.enumerated() where begins(line) {
            let indentation = line.prefix { $0 == " " }
            let end = lines[start...].firstIndex {
                $0 == indentation + "}" || ($0 == line && isOneLine($0))
            }
            if let end { found.append((start + 1, end - start + 1)) }
        }
        return found
    }

    private static func begins(_ line: Substring) -> Bool {
        let words = line.drop { $0 == " " }.split(separator: " ")
        return words.prefix(6).contains { $0 == "func" || $0.hasPrefix("init(") }
            && !line.drop { $0 == " " }.hasPrefix("//")
    }

    private static func isOneLine(_ line: Substring) -> Bool { line.hasSuffix("}") }
}
