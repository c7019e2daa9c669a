import Linux
import Testing

/// A short run of Tools/differential: what becomes of packets in our northd's network is what
/// becomes of them in a stock one's. The long run is a step of `Tools/test --long`.
@Suite(.enabled(if: StockNetwork.isInstalled, StockNetwork.isMissing))
struct DifferentialTests {
    private static let root =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/")
    @Test func noDifferenceIsUnlisted() throws {
        let child = try ChildProcess.run([
            "env", "OVN_PROGRAMS=\(StockNetwork.programs)", "\(Self.root)/Tools/differential",
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
                "env", "OVN_PROGRAMS=\(StockNetwork.programs)", "\(Self.root)/Tools/differential",
                "--no-build",
            ]
                + names.map { "\(corpus)/\($0).network" })
        #expect(child.status == 0, "\(child.output)")
        #expect(child.output.contains(" 0 unlisted"), "\(child.output)")
    }

    /// What traces say, word by word: all of the language, names, packets, port security.
    @Test(arguments: ["language", "egress", "names", "headers", "security"])
    func textsAgree(_ name: String) throws {
        let child = try Self.texts("\(name).network")
        #expect(child.status == 0, "\(child.output)")
        #expect(child.output.contains(" 0 listed differences"), "\(child.output)")
        #expect(child.output.contains(" 0 unlisted"), "\(child.output)")
    }

    /// Two of the listed differences, with the list and without.
    @Test(arguments: ["class-of-a-packet", "flags-between-pipelines"])
    func textsCanDiffer(_ name: String) throws {
        #expect(try Self.texts("known/\(name).network").status == 0)
        let child = try Self.texts("known/\(name).network", "--no-known")
        #expect(child.status == 1, "\(child.output)")
        #expect(child.output.contains("\nDIFFERENT in \(name): "), "\(child.output)")
    }

    private static func texts(
        _ file: String, _ options: String...
    ) throws -> (status: Int32, output: String) {
        let child = try ChildProcess.run(
            [
                "env", "OVN_PROGRAMS=\(StockNetwork.programs)", "\(root)/Tools/differential",
                "--no-build", "--texts", "\(root)/Tools/lib/differential/texts/\(file)",
            ] + options)
        return (child.status, child.output)
    }

    /// A difference that is not listed is one: the same networks, with nothing known.
    @Test func theComparisonCanFail() throws {
        let child = try ChildProcess.run([
            "env", "OVN_PROGRAMS=\(StockNetwork.programs)", "\(Self.root)/Tools/differential",
            "--no-build", "--no-known",
            "\(Self.root)/Tools/lib/differential/corpus/"
                + "time-exceeded.network",
        ])
        #expect(child.status == 1, "\(child.output)")
        #expect(child.output.contains(" 1 unlisted"), "\(child.output)")
    }
}
