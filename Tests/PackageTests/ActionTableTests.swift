import Testing

/// Docs/ACTIONS.md names the tests that hold each action: they exist, and use it.
@Suite struct ActionTableTests {
    private struct Row {
        /// As the language spells them, without braces and dots.
        let actions: [Substring]
        let tests: [Substring]
        let isOpen: Bool
    }

    private static let rows: [Row] = Repository.lines(of: "Docs/ACTIONS.md").compactMap { line in
        let cells = line.split(separator: "|", omittingEmptySubsequences: false)
        guard cells.count == 5, cells[1].contains("`") else { return nil }
        let isOpen = cells[2].drop { $0 == " " }.hasPrefix("open")
        return Row(
            actions: quoted(cells[1]),
            tests: cells[3].split { " ,`".contains($0) }, isOpen: isOpen)
    }

    /// What stands between backticks, up to the first character that no name has. An ellipsis stands for
    /// what the name before it begins with.
    private static func quoted(_ cell: Substring) -> [Substring] {
        let parts = cell.split(separator: "`", omittingEmptySubsequences: false)
        return parts.enumerated().compactMap { index, part in
            guard index % 2 == 1, !part.contains("…") else { return nil }
            let name = part.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            return name.isEmpty ? nil : name
        }
    }

    @Test func theTableIsRead() {
        #expect(Self.rows.count > 45)
        #expect(Self.rows.flatMap(\.actions).contains("ct_commit_to_zone"))
        #expect(Self.rows.flatMap(\.tests).contains("TrackingTests"))
    }

    @Test func everyActionHasTests() {
        for row in Self.rows { #expect(row.isOpen == row.tests.isEmpty, "\(row.actions)") }
    }

    @Test func everySuiteThatIsNamedExists() {
        for row in Self.rows {
            for test in row.tests {
                let parts = test.split(separator: ".")
                let exists = TestIndex.ofTheTree.has(parts[0], parts.count > 1 ? parts[1] : nil)
                #expect(exists, "\(row.actions): no test \(test)")
            }
        }
    }

    @Test func everyActionIsInATestOfItsRow() {
        for row in Self.rows where !row.isOpen {
            var words: Set<Substring> = []
            for test in row.tests {
                words.formUnion(TestIndex.ofTheTree.words(of: test.split(separator: ".")[0]))
            }
            for action in row.actions {
                let isUsed = words.contains(action)
                #expect(isUsed, "\(action): in none of \(row.tests)")
            }
        }
    }
}
