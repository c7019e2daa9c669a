import Testing
import Wire

@testable import AgentCore
@testable import BPF

/// Every packet meets the same end with and without the eBPF program: what it drops, the logical
/// pipeline would have dropped, and of ordinary packets it leaves nothing for the pipeline to drop.
@Suite struct EquivalenceTests {
    /// Port_Binding.port_security.
    static let rules: [[String]] = [
        ["02:00:00:00:00:01"],
        ["02:00:00:00:00:01 10.0.0.1"],
        ["02:00:00:00:00:01 fd00::1"],
        ["02:00:00:00:00:01 10.0.0.1 fd00::1"],
        ["02:00:00:00:00:01 10.0.0.0/24"],
        ["02:00:00:00:00:01 10.0.0.2/24 fd00::/64"],
        ["02:00:00:00:00:01 0.0.0.0/0 ::/0"],
        ["02:00:00:00:00:01 10.0.0.1", "02:00:00:00:00:02 fd00::1"],
        ["02:00:00:00:00:01 10.0.0.1", "02:00:00:00:00:01 10.0.0.2"],
        ["02:00:00:00:00:01", "02:00:00:00:00:02 10.0.0.1 fd00::1"],
        ["02:00:00:00:00:01 10.0.0.0/8", "02:00:00:00:00:02 10.0.0.0/24 10.0.0.1"],
        ["02:00:00:00:00:01 fd00::/16", "02:00:00:00:00:02 fd00::/64 fd00::1"],
        ["VRRPv3 02:00:00:00:00:01 00:00:5e:00:01:10 10.0.0.1"],
        ["VRRPv3 02:00:00:00:00:01 00:00:5e:00:02:10 fd00::1 fe80::200:5eff:fe00:210"],
        [
            "VRRPv3 02:00:00:00:00:01 00:00:5e:00:01:10 00:00:5e:00:02:10 10.0.0.1 fd00::1",
            "02:00:00:00:00:02 10.0.0.2",
        ],
    ]

    /// How often programs and pipeline met.
    private struct Tally {
        var admitted = 0
        var refused = 0
        var left = 0
    }

    private func compare(
        _ rules: [String], frames: Int, _ next: () -> [UInt8], isPlain: Bool
    ) throws -> Tally {
        var tally = Tally()
        guard let programs = loadedPrograms() else { return tally }
        let entries = try rules.map { try PortSecurityEntry(parsing: $0) }
        let tables = try #require(SecurityTables(entries))
        try programs.fill(1, with: tables, port: VIFPrograms.trialPort)
        try programs.give(1, to: VIFPrograms.trialPort)
        var pipeline = SecurityPipeline(entries)
        for _ in 0..<frames {
            let frame = next()
            let user = pipeline.admits(frame)
            guard let kernel = try verdict(of: programs, on: frame, isPlain) else { continue }
            #expect(
                isPlain ? kernel == user : kernel || !user,
                "\(rules): eBPF \(kernel), pipeline \(user): \(hexadecimal(frame))")
            if user { tally.admitted += 1 } else { tally.refused += 1 }
            if kernel, !user { tally.left += 1 }
        }
        let refused = programs.refused(VIFPrograms.trialPort).values.reduce(0, +)
        #expect(Int(refused) == tally.refused - tally.left)
        return tally
    }

    /// Nil for a frame that the kernel doesn't let be tried: recent ones refuse headers cut short.
    private func verdict(
        of programs: VIFPrograms, on frame: [UInt8], _ isPlain: Bool
    ) throws -> Bool? {
        do {
            return try programs.admits(frame)
        } catch {
            guard !isPlain, error.code == .invalid else { throw error }
            return nil
        }
    }

    @Test(arguments: rules) func ordinaryPacketsAreJudgedAsByThePipeline(
        _ rules: [String]
    ) throws {
        guard loadedPrograms() != nil else { return }
        var frames = WorkloadFrames(seed: 1)
        let tally = try compare(rules, frames: 500, { frames.plain() }, isPlain: true)
        #expect(tally.admitted > 0 && tally.refused > 0, "\(tally)")
    }

    @Test(arguments: rules) func whatIsOddIsLeftToThePipeline(_ rules: [String]) throws {
        guard loadedPrograms() != nil else { return }
        var frames = WorkloadFrames(seed: 2)
        let tally = try compare(rules, frames: 300, { frames.odd() }, isPlain: false)
        #expect(tally.left > 0 && tally.refused > tally.left, "\(tally)")
    }

    @Test func rulesAtRandom() throws {
        guard loadedPrograms() != nil else { return }
        var random = SeededGenerator(seed: 3)
        for round in 0..<20 {
            var frames = WorkloadFrames(seed: UInt64(100 + round))
            let rules = (0..<random.number(1..<5)).map { _ in Self.entry(&random) }
            let plain = try compare(rules, frames: 150, { frames.plain() }, isPlain: true)
            #expect(plain.left == 0, "\(plain)")
            _ = try compare(rules, frames: 50, { frames.odd() }, isPlain: false)
        }
    }

    private static func entry(_ random: inout SeededGenerator) -> String {
        var words = [MACAddress(random.pick(Array(WorkloadFrames.macs.prefix(3)))).description]
        if random.number(0..<4) == 0 {
            words.insert("VRRPv3", at: 0)
            words.append(random.pick(["00:00:5e:00:01:10", "00:00:5e:00:02:10"]))
        }
        for _ in 0..<random.number(0..<3) {
            let address = IPv4Address(random.pick(WorkloadFrames.addresses4))
            words.append("\(address)/\(random.pick([8, 16, 24, 32]))")
        }
        for _ in 0..<random.number(0..<3) {
            let address = IPv6Address(random.pick(WorkloadFrames.addresses6))
            words.append("\(address)/\(random.pick([16, 64, 128]))")
        }
        return words.joined(separator: " ")
    }

    private func hexadecimal(_ frame: [UInt8]) -> String {
        frame.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
