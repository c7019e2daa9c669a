import Testing
import Wire

@testable import AgentCore
@testable import BPF

/// How a port comes to its rules, changes them and loses them.
@Suite struct PolicyTests {
    private static let port = VIFPrograms.trialPort

    private func tables(_ rules: String...) throws -> SecurityTables {
        let entries = try rules.map { try PortSecurityEntry(parsing: $0) }
        return try #require(SecurityTables(entries))
    }

    private func frame(_ source: UInt64) -> [UInt8] {
        PacketBuilder.udp(
            EthernetHeader(destination: .broadcast, source: MACAddress(source)),
            .v4(source: IPv4Address(0x0a00_0001), destination: IPv4Address(0x0a00_0002)), ttl: 64,
            source: 1000, destination: 53, [1])
    }

    @Test func aPortWithoutRulesIsNotJudged() throws {
        guard let programs = loadedPrograms() else { return }
        #expect(try programs.admits(frame(0x0200_0000_0009)))
        try programs.fill(1, with: tables("02:00:00:00:00:01"), port: Self.port)
        #expect(try programs.admits(frame(0x0200_0000_0009)))
        try programs.give(1, to: Self.port)
        #expect(try !programs.admits(frame(0x0200_0000_0009)))
        programs.release(Self.port)
        #expect(try programs.admits(frame(0x0200_0000_0009)))
    }

    @Test func newRulesReplaceOldOnesAtOnce() throws {
        guard let programs = loadedPrograms() else { return }
        let old = try tables("02:00:00:00:00:01", "02:00:00:00:00:02")
        try programs.fill(1, with: old, port: Self.port)
        try programs.give(1, to: Self.port)
        try programs.fill(2, with: tables("02:00:00:00:00:02"), port: Self.port)
        #expect(try programs.admits(frame(0x0200_0000_0001)))
        try programs.give(2, to: Self.port)
        programs.empty(1, of: old)
        #expect(try !programs.admits(frame(0x0200_0000_0001)))
        #expect(try programs.admits(frame(0x0200_0000_0002)))
    }

    /// A number that is read while the port changes hands is no answer.
    @Test func aPolicyOfAnotherPortDropsNothing() throws {
        guard let programs = loadedPrograms() else { return }
        try programs.fill(1, with: tables("02:00:00:00:00:01"), port: 4711)
        try programs.give(1, to: Self.port)
        #expect(try programs.admits(frame(0x0200_0000_0009)))
    }

    @Test func refusedPacketsAreCountedByReason() throws {
        guard let programs = loadedPrograms() else { return }
        try programs.fill(1, with: tables("02:00:00:00:00:01 10.0.0.9"), port: Self.port)
        try programs.give(1, to: Self.port)
        for _ in 0..<3 { _ = try programs.admits(frame(0x0200_0000_0009)) }
        for _ in 0..<2 { _ = try programs.admits(frame(0x0200_0000_0001)) }
        #expect(programs.refused(Self.port) == [.sourceMAC: 3, .sourceIPv4: 2])
        programs.forgetCounters(Self.port)
        #expect(programs.refused(Self.port) == [:])
    }

    @Test func tooManyAddressesAreNoTables() throws {
        let entry = try PortSecurityEntry(parsing: "02:00:00:00:00:01")
        #expect(SecurityTables(Array(repeating: entry, count: 64)) != nil)
        #expect(SecurityTables(Array(repeating: entry, count: 65)) == nil)
        let addresses = (0..<UInt32(1024)).map { "\(IPv4Address(0x0a00_0000 + $0))" }
        let many = try PortSecurityEntry(
            parsing: "02:00:00:00:00:01 " + addresses.joined(separator: " "))
        #expect(SecurityTables([many]) == nil)
    }
}
