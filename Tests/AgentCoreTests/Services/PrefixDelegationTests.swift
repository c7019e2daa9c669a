import Datapath
import OVSDBModel
import OVSDBSession
import Schemas
import Testing
import Wire

@testable import AgentCore

/// The exchange of RFC 8415 §6.3 with a server that the test plays.
@Suite struct PrefixDelegationTests {
    private static let uplink = PortReference(datapath: 2, port: 1)
    private static let mac = MACAddress(0x0a00_0000_00ff)

    private static func world() -> ServiceWorld {
        var world = ServiceWorld()
        world.port("sr", 9) { $0.options = ["peer": "rs"] }
        world.port("rs", 1, on: world.router) {
            $0.type = "l3gateway"
            $0.mac = ["0a:00:00:00:00:ff 10.0.0.1/24"]
            $0.options = ["peer": "sr", "ipv6_prefix_delegation": "true"]
        }
        world.port("inside", 7, on: world.router) { $0.options = ["ipv6_prefix": "true"] }
        world.configure()
        return world
    }

    private static func message(_ injection: Injection) throws -> DHCPv6Message {
        let layout = try unwrap(PacketLayout(injection.frame))
        let datagram = try unwrap(UDPDatagram(injection.frame, layout))
        #expect(datagram.destination == UDPPort.dhcpv6Server)
        return try unwrap(DHCPv6Message(datagram.payload))
    }

    private static func answer(
        _ type: UInt8, to question: DHCPv6Message, server: UInt8 = 1, valid: UInt32 = 100
    ) -> [UInt8] {
        var prefix: [UInt8] = [0, 0, 0, 50]
        prefix.append(UInt64(valid), width: 4)
        prefix.append(56)
        prefix.append(IPv6Address(high: 0xfd00_0001_0002_0300, low: 0))
        let association = DHCPv6Association(
            identifier: 7, renewal: 50, rebinding: 80,
            options: [DHCPv6Option(DHCPv6Code.prefix, prefix)])
        let reply = DHCPv6Message(
            type: type, transaction: question.transaction,
            options: [
                .identifier(DHCPv6Code.clientID, mac),
                DHCPv6Option(DHCPv6Code.serverID, [0, 2, server]),
                DHCPv6Option(DHCPv6Code.prefixes, association.encoded),
            ])
        return PacketBuilder.udp(
            Frames.ethernet(Frames.a, mac), Frames.ipv6("fe80::1", "fe80::2"), source: 547,
            destination: 546, reply.encoded)
    }

    private static func list(_ world: ServiceWorld) -> String? {
        world.rows(SB.PortBinding.self).first { $0.logicalPort == "inside" }?
            .options["ipv6_ra_pd_list"]
    }

    @Test func aPrefixIsSolicitedRequestedAndRenewed() throws {
        var world = Self.world()
        func hear(_ frame: [UInt8], at now: Milliseconds) {
            _ = world.hub.handle(
                ServiceEvent(.prefixDelegation, Self.uplink, frame: frame), now: now)
        }
        let first = try unwrap(world.due(now: 0).first)
        #expect(first.place == .from(PortReference(datapath: 1, port: 9)))
        let solicit = try Self.message(first)
        #expect(solicit.type == DHCPv6Type.solicit)
        #expect(solicit[1] == [0, 3, 0, 1, 10, 0, 0, 0, 0, 255])
        #expect(try unwrap(DHCPv6Association(try unwrap(solicit[25]))).identifier == 7)

        let advertise = Self.answer(DHCPv6Type.advertise, to: solicit)
        for length in 0..<advertise.count { hear(Array(advertise[..<length]), at: 10) }
        hear(advertise, at: 10)
        let request = try Self.message(try unwrap(world.due(now: 10).first))
        #expect(request.type == DHCPv6Type.request)
        #expect(request[2] == [0, 2, 1])
        hear(Self.answer(DHCPv6Type.reply, to: solicit), at: 15)
        hear(Self.answer(DHCPv6Type.reply, to: request, server: 9), at: 15)
        try world.write()
        #expect(Self.list(world) == nil, "an old answer, and one of another server")
        hear(Self.answer(DHCPv6Type.reply, to: request), at: 20)
        #expect(world.hub.hasNews)
        try world.write()
        #expect(Self.list(world) == "7:fd00:1:2:300::/56")

        #expect(world.hub.deadline == 50_020)
        let renew = try Self.message(try unwrap(world.due(now: 50_020).first))
        #expect(renew.type == DHCPv6Type.renew)
        #expect(try unwrap(DHCPv6Association(try unwrap(renew[25]))).options.count == 1)
        hear(Self.answer(DHCPv6Type.reply, to: renew), at: 50_030)
        #expect(world.hub.deadline == 100_030)
    }

    @Test func silenceIsAskedLessAndLess() {
        var world = Self.world()
        var times: [Milliseconds] = []
        while times.count < 5, let next = world.hub.deadline {
            times.append(next)
            _ = world.due(now: next)
        }
        #expect(times == [0, 1000, 3000, 7000, 15_000])
    }

    /// A lease that is not renewed ends, and the search begins anew.
    @Test func aLeaseEnds() throws {
        var world = Self.world()
        for type in [DHCPv6Type.advertise, DHCPv6Type.reply] {
            let question = try Self.message(try unwrap(world.due(now: 0).first))
            _ = world.hub.handle(
                ServiceEvent(
                    .prefixDelegation, Self.uplink, frame: Self.answer(type, to: question)),
                now: 0)
        }
        var last: DHCPv6Message?
        while let next = world.hub.deadline, next <= 200_000 {
            if let sent = world.due(now: next).first { last = try Self.message(sent) }
        }
        #expect(last?.type == DHCPv6Type.solicit)
    }

    @Test func anUplinkElsewhereIsSilent() {
        var world = Self.world()
        let remote = world.other
        let row = world.database.replica.rows(SB.PortBinding.self).first {
            $0.row.logicalPort == "rs"
        }
        world.database.update(SB.PortBinding.self, row?.uuid ?? .zero) { $0.chassis = remote }
        world.configure()
        #expect(world.hub.deadline == nil)
    }
}
