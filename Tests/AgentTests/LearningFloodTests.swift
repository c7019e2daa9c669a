import Glibc
import Schemas
import Testing
import Wire

@testable import Agent
@testable import AgentCore

/// One workload invents neighbours and stations and looks for those that don't exist.
private struct Flood {
    let host: FloodedHost
    private var invented: UInt32 = 0
    private var honest: UInt32 = 0

    init(asks: Bool = false) throws { host = try FloodedHost(asks: asks) }

    /// Sends so many packets, in batches of 50 each ms, and lets the client reach a station that nobody has
    /// asked for yet every second batch.
    mutating func send(_ packets: Int) {
        for batch in 0..<packets / 50 {
            host.misses((0..<50).map { _ in next() }, on: 2)
            host.pass(1)
            if batch % 50 == 0 {
                checkHonest()
                checkBounds()
            }
        }
    }

    private mutating func next() -> [UInt8] {
        invented += 1
        let mac = MACAddress(0x0600_0000_0000 | UInt64(invented))
        let address = IPv4Address(0x0a80_0000 | invented & 0x7f_ffff)
        switch invented % 4 {
        case 0: return Self.answer(mac, address)
        case 1:
            return Self.advertisement(mac, IPv6Address(high: 0xfd00 << 48, low: UInt64(invented)))
        case 2: return Self.datagram(mac, to: IPv4Address(0x0a00_0001))
        default: return Self.datagram(FloodedHost.flooder, to: address)
        }
    }

    private static func answer(_ mac: MACAddress, _ address: IPv4Address) -> [UInt8] {
        PacketBuilder.arp(
            EthernetHeader(destination: FloodedHost.router, source: mac),
            ARPMessage(
                operation: ARPMessage.reply, sender: (mac, address),
                target: (FloodedHost.router, IPv4Address(0x0aff_fffe))))
    }

    private static func advertisement(_ mac: MACAddress, _ address: IPv6Address) -> [UInt8] {
        PacketBuilder.neighborAdvertisement(
            EthernetHeader(destination: FloodedHost.router, source: mac), source: address,
            destination: IPv6Address(high: 0xfd00 << 48, low: 0xfffe), target: address, link: mac,
            flags: [.solicited])
    }

    private static func datagram(
        _ source: MACAddress, to address: IPv4Address, by router: MACAddress = FloodedHost.router
    ) -> [UInt8] {
        PacketBuilder.udp(
            EthernetHeader(destination: router, source: source),
            .v4(source: IPv4Address(0xac10_0001), destination: address), ttl: 64, source: 1000,
            destination: 53, [1])
    }

    /// The client reaches a station: it is asked for, answers, and gets the packet.
    private mutating func checkHonest() {
        honest += 1
        let address = IPv4Address(0x0a00_0100 + honest)
        let mac = MACAddress(0x0200_0000_0000 | UInt64(honest))
        let packet = Self.datagram(FloodedHost.client, to: address, by: FloodedHost.gateway)
        _ = host.takeDelivered(on: 1)
        host.receive(packet, on: 3)
        let asked = host.takeDelivered(on: 1).compactMap { frame in
            PacketLayout(frame).flatMap { ARPMessage(frame, $0) }
        }
        #expect(asked.map(\.targetIP) == [address])
        // The flood goes on while the answer is on its way.
        host.misses((0..<50).map { _ in next() }, on: 2)
        host.receive(Self.answer(mac, address), on: 1)
        host.pass(1)
        host.pass(1)
        let delivered = host.takeDelivered(on: 1).filter { frame in
            MACAddress(frame.prefix(6).reduce(0) { $0 << 8 | UInt64($1) }) == mac
        }
        #expect(delivered.count == 1, "\(address)")
    }

    private func checkBounds() {
        let seconds = host.now / 1000 + 1
        let database = host.database
        #expect(database.replica.count(SB.MACBinding.self) <= FloodedHost.rows)
        #expect(database.replica.count(SB.FDB.self) <= FloodedHost.rows)
        // What a port may teach, and the client's neighbours.
        let lessons = 200 + 100 * Int(seconds) + Int(honest)
        #expect(host.lessons <= lessons)
        #expect(database.edits <= 2 * lessons, "each row comes and goes once")
        #expect(database.transactions <= lessons)
        let limits = NeighbourBuffer.Limits()
        #expect(host.run.waiting.count <= limits.keys * limits.packetsPerKey)
        #expect(host.run.waiting.asked <= limits.questions)
        #expect(host.run.table?.count ?? 0 <= MegaflowTable.Limits().flowsPerPort + Int(honest) * 4)
    }
}

@Suite struct LearningFloodTests {
    @Test func aFloodCostsAConstant() throws {
        var flood = try Flood()
        flood.send(10_000)
        #expect(flood.host.lessons > 200, "the flood teaches what it may")
    }
}

/// Who only answers when asked is known, and nobody else.
@Test func aRouterThatAsksFirstLearnsNoForgery() throws {
    var flood = try Flood(asks: true)
    flood.send(5000)
    let known = flood.host.database.replica.rows(SB.MACBinding.self).map(\.row.mac)
    #expect(known.count == 2)
    #expect(known.allSatisfy { $0.hasPrefix("02:00:00:00:00:0") }, "\(known)")
}

@Suite(.enabled(if: getenv("OVN_LONG") != nil))
struct LearningFloodCampaignTests {
    @Test func aMillionPackets() throws {
        var flood = try Flood()
        flood.send(1_000_000)
        #expect(flood.host.database.replica.count(SB.MACBinding.self) > FloodedHost.rows / 2)
    }
}
