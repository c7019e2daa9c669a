import Testing

@testable import Commands

/// The rules of getopt_long(3).
struct OptionScannerTests {
    private static let options: [OptionScanner.Option] = [
        .init("target", "t", .required), .init("timeout", "T", .required), .init("help", "h"),
        .init("verbose", "v", .optional),
    ]

    private func scan(
        _ arguments: [String], endsAtOperand: Bool = false
    ) throws(UsageError) -> [String] {
        var scanner = OptionScanner(
            arguments, options: Self.options, endsAtOperand: endsAtOperand)
        var words: [String] = []
        while let item = try scanner.next() {
            switch item {
            case .option(let name, let value): words.append(name + "=" + (value ?? "-"))
            case .operand(let word): words.append(word)
            }
        }
        return words
    }

    @Test(arguments: [
        (["-t", "a", "b"], ["target=a", "b"]), (["-ta", "b"], ["target=a", "b"]),
        (["--target", "a"], ["target=a"]), (["--target=a=b"], ["target=a=b"]),
        (["--target="], ["target="]), (["--he"], ["help=-"]),
        (["-hhta"], ["help=-", "help=-", "target=a"]),
        (["-v"], ["verbose=-"]), (["-vx", "y"], ["verbose=x", "y"]),
        (["--verbose", "y"], ["verbose=-", "y"]), (["--verbose=y"], ["verbose=y"]),
        (["a", "-h", "b"], ["a", "help=-", "b"]),
        (["-h", "--", "-t", "a"], ["help=-", "-t", "a"]),
        (["-"], ["-"]), ([], []),
    ])
    func readsItems(_ arguments: [String], _ expected: [String]) throws {
        #expect(try scan(arguments) == expected)
    }

    @Test func aCommandKeepsItsOptions() throws {
        #expect(
            try scan(["-ta", "run", "-t", "--help"], endsAtOperand: true)
                == ["target=a", "run", "-t", "--help"])
    }

    @Test(arguments: [
        (["--nosuch=1"], "unrecognized option '--nosuch=1'"),
        (["-x"], "invalid option -- 'x'"), (["-t"], "option requires an argument -- 't'"),
        (["--target"], "option '--target' requires an argument"),
        (["--help=1"], "option '--help' doesn't allow an argument"),
        (["--t"], "option '--t' is ambiguous; possibilities: '--target' '--timeout'"),
    ])
    func refusesInTheWordsOfTheLibrary(_ arguments: [String], _ expected: String) {
        #expect(throws: UsageError(expected)) { try scan(arguments) }
    }
}
