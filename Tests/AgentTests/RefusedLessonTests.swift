import Schemas
import Testing
import Wire

@testable import Agent
@testable import AgentCore

/// A packet whose lesson is refused for its rate has a flow all the same, and the next ones never come up.
@Suite struct RefusedLessonTests {
    private static let late = MACAddress(0x0200_0000_0099)

    private static func frame(_ source: MACAddress) -> [UInt8] {
        PacketBuilder.udp(
            EthernetHeader(destination: FloodedHost.client, source: source),
            .v4(source: IPv4Address(0x0a00_0005), destination: IPv4Address(0x0a00_0006)), ttl: 64,
            source: 1000, destination: 53, [1])
    }

    private func isKnown(_ host: FloodedHost) -> Bool {
        host.database.replica.rows(SB.FDB.self).contains { $0.row.mac == Self.late.description }
    }

    /// A port has used up its share, and a station behind it begins to talk.
    private func exhaustedHost() throws -> FloodedHost {
        let host = try FloodedHost()
        host.misses(
            (0..<300).map { Self.frame(MACAddress(0x0600_0000_0000 | UInt64($0))) }, on: 2)
        host.receive(Self.frame(Self.late), on: 2)
        host.pass(10)
        #expect(!isKnown(host))
        #expect(host.lessons == 200)
        return host
    }

    @Test func itIsLearnedWhileTheTrafficGoesOn() throws {
        let host = try exhaustedHost()
        let flows = host.run.table?.count
        host.pass(2000)
        host.receive(Self.frame(Self.late), on: 2)
        host.run.reviewFlows()
        host.pass(10)
        host.pass(10)
        #expect(isKnown(host))
        #expect(host.lessons == 201)
        #expect(host.run.table?.count == flows, "no flow went for it, and no packet came up")
        // It is learned once.
        host.receive(Self.frame(Self.late), on: 2)
        host.run.reviewFlows()
        host.pass(10)
        #expect(host.lessons == 201)
    }

    @Test func nobodyIsLearnedWhoIsSilent() throws {
        let host = try exhaustedHost()
        for _ in 0..<5 {
            host.pass(1000)
            host.run.reviewFlows()
        }
        host.pass(10)
        #expect(!isKnown(host))
        #expect(host.lessons == 200)
    }

    /// Who has forged many addresses and goes on with all of them teaches what a port may, and no more.
    @Test func aForgerGainsNothing() throws {
        let host = try exhaustedHost()
        let forged = (0..<300).map { Self.frame(MACAddress(0x0600_0000_0000 | UInt64($0))) }
        let begin = host.now
        for _ in 0..<3 {
            host.pass(100)
            for frame in forged { host.receive(frame, on: 2) }
            host.run.reviewFlows()
        }
        host.pass(10)
        #expect(host.lessons > 200, "what was refused is learned")
        #expect(host.lessons <= 200 + 100 * Int(host.now - begin + 10) / 1000)
    }
}
