import Testing

/// What Tools/test says of what its parts left behind.
struct ReportTests {
    /// The report of networks whose checks are given, a line each: verdict, description, remark, time.
    private func report(first: [String] = [], checks: [String]) -> (output: String, status: Int32) {
        let lines = { (rows: [String]) in
            rows.map { "'" + $0.replacing(" | ", with: "\t") + "'" }.joined(separator: " ")
        }
        let firstTry =
            first.isEmpty ? "" : "printf '%s\\n' \(lines(first)) >\"$logs/first-try.ours\";"
        let result = Repository.run(
            """
            logs=$(mktemp -d); trap 'rm -r "$logs"' EXIT
            printf '%s\\n' \(lines(checks)) >"$logs/checks.ours"; \(firstTry)
            python3 -B Tools/lib/test_report.py --targets Tests "$logs"
            """)
        return (result.output, result.status)
    }

    @Test func aCheckThatFailedFailsTheRun() {
        let (output, status) = report(checks: ["ok | one | took 1 ms", "FAILED | two | why"])
        #expect(output.contains("failed: network ours: two: why"))
        #expect(output.contains("1 passed, 1 failed"))
        #expect(status != 0)
    }

    @Test func aNetworksTimeIsTheSumOfItsChecks() {
        let (output, status) = report(checks: ["ok | one | - | 1200 ms", "ok | two | - | 900 ms"])
        #expect(output.contains(/network ours +2 held +2 s/))
        #expect(status == 0)
    }

    @Test func whatHeldAtTheFirstTryOnlyIsSaid() {
        let (output, status) = report(
            first: ["ok | one | took 1 ms", "FAILED | two | late", "FAILED | three | lost"],
            checks: ["FAILED | one | gone", "ok | two | took 2 ms", "ok | three | took 2 ms"])
        #expect(output.contains("at the first try: network ours: one: gone"))
        #expect(output.contains("at the second try: network ours: two: late"))
        #expect(output.contains("3 passed, 0 failed"))
        #expect(status == 0)
    }

    @Test func whatFailsTwiceFails() {
        let (output, status) = report(
            first: ["ok | one | took 1 ms", "FAILED | two | late"],
            checks: ["ok | one | took 1 ms", "FAILED | two | lost"])
        #expect(output.contains("failed: network ours: two: lost"))
        #expect(output.contains("1 passed, 1 failed"))
        #expect(status != 0)
    }

    @Test func whatHeldAtTheSecondTryOnlyIsSaid() {
        let (output, status) = report(
            first: ["ok | one | took 1 ms", "FAILED | two | late"],
            checks: ["ok | one | took 1 ms", "ok | two | took 2 ms"])
        #expect(output.contains("at the second try: network ours: two: late"))
        #expect(output.contains("2 passed, 0 failed"))
        #expect(status == 0)
    }

    @Test func whatFailedTwiceIsAFailureOnly() {
        let (output, status) = report(
            first: ["FAILED | two | late"], checks: ["FAILED | two | later"])
        #expect(!output.contains("at the second try"))
        #expect(output.contains("failed: network ours: two: later"))
        #expect(status != 0)
    }
}
