import Testing

/// Docs/FEATURES.md says that something works only where a test shows it.
@Suite struct FeatureTableTests {
    private struct Row {
        let id: Substring
        let northd: Substring
        let kernel: Substring
        let code: Substring
    }

    /// Stands where a part has nothing to do with a row.
    private static let dash: Substring = "—"

    private static let rows: [Row] = Repository.lines(of: "Docs/FEATURES.md").compactMap { line in
        let cells = line.split(separator: "|", omittingEmptySubsequences: false).map(trimmed)
        guard cells.count == 7, let first = cells[1].first, first.isUppercase,
            cells[1].contains("-")
        else { return nil }
        return Row(id: cells[1], northd: cells[3], kernel: cells[4], code: cells[5])
    }

    private static func trimmed(_ cell: Substring) -> Substring {
        var cell = cell.drop { $0 == " " }
        while cell.last == " " { cell.removeLast() }
        return cell
    }

    /// `Suite.test` or `Suite` each, with what stands in parentheses left out.
    private static func tests(_ cell: Substring) -> [(suite: Substring, name: Substring?)] {
        var depth = 0
        let text = cell.filter { character in
            if character == "(" { depth += 1 }
            defer { if character == ")" { depth -= 1 } }
            return depth == 0
        }
        return text.split(separator: ",").map(Substring.init).map(trimmed).map { name in
            let parts = name.split(separator: ".")
            return parts.count == 2 ? (parts[0], parts[1]) : (name, nil)
        }
    }

    @Test func everyRowCountsOnce() {
        let ids = Self.rows.map(\.id)
        #expect(ids.count > 300)
        #expect(Set(ids).count == ids.count)
    }

    /// A dash has no further words, and the line at the top says how many rows are how.
    @Test func theSummaryCounts() {
        for row in Self.rows where row.northd.contains(Self.dash) || row.kernel.contains(Self.dash)
        {
            #expect(
                [row.northd, row.kernel].allSatisfy { $0 == Self.dash || !$0.contains(Self.dash) },
                "\(row.id)")
        }
        func count(_ cell: KeyPath<Row, Substring>) -> String {
            let open = Self.rows.count { $0[keyPath: cell] == "open" }
            let none = Self.rows.count { $0[keyPath: cell] == Self.dash }
            let tested = Self.rows.count - open - none
            return "\(tested) tested, \(none) not concerned, \(open) open"
        }
        let wanted =
            "\(Self.rows.count) rows; northd: \(count(\.northd)); on the kernel: \(count(\.kernel))."
        let lines = Repository.lines(of: "Docs/FEATURES.md").map(String.init)
        #expect(lines.filter { $0.contains(" rows; northd: ") } == [wanted])
    }

    /// In both columns; on the kernel's, what is no check of a network is a test of a suite.
    @Test func everyTestThatIsNamedExists() {
        var named = (northd: 0, kernel: 0)
        for row in Self.rows {
            if row.northd != Self.dash, row.northd != "open" {
                let tests = Self.tests(row.northd)
                for test in tests { expectTest(test, of: row) }
                named.northd += tests.count
            }
            guard row.kernel != Self.dash, row.kernel != "open", !Self.namesCheck(row) else {
                continue
            }
            let tests = Self.tests(row.kernel)
            #expect(!tests.isEmpty, "\(row.id): neither a check nor a test")
            for test in tests { expectTest(test, of: row) }
            named.kernel += tests.count
        }
        #expect(named.northd > 100 && named.kernel > 10)
    }

    private func expectTest(_ test: (suite: Substring, name: Substring?), of row: Row) {
        let exists = TestIndex.ofTheTree.has(test.suite, test.name)
        #expect(exists, "\(row.id): no test \(test.suite).\(test.name ?? "")")
    }

    private static func namesCheck(_ row: Row) -> Bool {
        row.kernel.hasPrefix("demo: ") || row.kernel.hasPrefix("network: ")
    }

    /// `demo: DESCRIPTION` is a check of the demonstration's network, `network: DESCRIPTION` of one
    /// of those that only Tools/test builds.
    @Test func everyCheckThatIsNamedExists() {
        var checks: Set<Substring> = []
        for file in Repository.files(under: "Tools/lib/checks", withSuffix: ".sh") {
            for line in Repository.lines(of: file) {
                let words = line.split(separator: "\"")
                if words.count > 1, words[0].hasSuffix(" check ") { checks.insert(words[1]) }
            }
        }
        var named = 0
        for row in Self.rows where Self.namesCheck(row) {
            let name = Self.trimmed(
                row.kernel.drop { $0 != " " }.split(separator: "(").first ?? "")
            // That the network comes up at all is no check of its own.
            if name == "the network comes up" { continue }
            #expect(checks.contains(name), "\(row.id): no check \(name)")
            named += 1
        }
        #expect(named > 10)
    }

    @Test func everyFileThatIsNamedExists() {
        for row in Self.rows {
            for file in row.code.split(whereSeparator: { ", ()".contains($0) })
            where file.hasSuffix(".swift") {
                #expect(Repository.exists("Sources/\(file)"), "\(row.id): no file \(file)")
            }
        }
    }
}
