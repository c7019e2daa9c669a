import Linux
import Testing

/// A short run of Tools/differential: what becomes of packets in our northd's network is what
/// becomes of them in a stock one's. The long run is a step of `Tools/test --long`.
@Suite(.enabled(if: StockNetwork.isInstalled, StockNetwork.isMissing))
struct DifferentialTests {
    private static let root =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/")
    private static let programs =
        (CommandLine.arguments.first { $0.contains(".xctest") } ?? "")
        .split(separator: "/", omittingEmptySubsequences: false)
        .prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/")

    @Test func noDifferenceIsUnlisted() throws {
        let child = try ChildProcess.run([
            "env", "OVN_PROGRAMS=\(Self.programs)", "\(Self.root)/Tools/differential",
            "--no-build", "--no-corpus", "--networks", "4", "--questions", "25", "--seed", "500",
        ])
        #expect(child.status == 0, "\(child.output)")
        #expect(child.output.contains(" 0 unlisted"), "\(child.output)")
    }

    /// Some of the networks made by hand, all of which are in the long run.
    @Test func networksOfTheCorpusAgree() throws {
        let corpus = "\(Self.root)/Tools/lib/differential/corpus"
        let names = ["floating-addresses", "gateway-router-balancing", "routers-alone", "rules"]
        let child = try ChildProcess.run(
            [
                "env", "OVN_PROGRAMS=\(Self.programs)", "\(Self.root)/Tools/differential",
                "--no-build",
            ]
                + names.map { "\(corpus)/\($0).network" })
        #expect(child.status == 0, "\(child.output)")
        #expect(child.output.contains(" 0 unlisted"), "\(child.output)")
    }

    /// A difference that is not listed is one: the same networks, with nothing known.
    @Test func theComparisonCanFail() throws {
        let child = try ChildProcess.run([
            "env", "OVN_PROGRAMS=\(Self.programs)", "\(Self.root)/Tools/differential",
            "--no-build", "--no-known",
            "\(Self.root)/Tools/lib/differential/corpus/"
                + "time-exceeded.network",
        ])
        #expect(child.status == 1, "\(child.output)")
        #expect(child.output.contains(" 1 unlisted"), "\(child.output)")
    }
}
