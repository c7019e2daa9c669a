import Datapath
import OVSDBModel
import OVSDBSession
import Schemas
import Testing
import Wire

@testable import AgentCore

/// Rows with any number in columns and options: what is computed from them keeps to the range that is
/// documented, and nothing traps.
@Suite struct RowNumberTests {
    static let numbers = [Int.max, .min, -1, 0, 1, Int(UInt32.max)]
    static let texts = numbers.map { String($0) } + ["9223372036854775808", "-", "1e3"]

    @Test(arguments: numbers)
    func snooping(_ number: Int) throws {
        var world = ServiceWorld()
        world.port("a", 1)
        world.database.insert(
            SB.IPMulticast(
                datapath: world.network, enabled: true, querier: true,
                ethSrc: "0a:00:00:00:00:ff", ip4Src: "10.0.0.254", ip6Src: "fe80::ff",
                tableSize: number, idleTimeout: number, queryInterval: number,
                queryMaxResp: number, seqNo: number))
        world.configure()
        let questions = world.due(now: 0)
        #expect(questions.count == 2)
        for question in questions {
            let layout = try unwrap(PacketLayout(question.frame))
            #expect(MulticastMessage(question.frame, layout)?.content == .query(nil))
        }
        let deadline = try unwrap(world.hub.deadline)
        #expect((1000...3_600_000).contains(deadline))
    }

    @Test(arguments: texts)
    func healthChecks(_ text: String) throws {
        var world = ServiceWorld()
        world.port("vm", 1) { $0.mac = ["0a:00:00:00:00:01 10.0.0.1"] }
        world.database.insert(
            SB.ServiceMonitor(
                type: "load-balancer", ip: "10.0.0.1", protocol: "udp", port: 80,
                logicalPort: "vm", srcMAC: "0a:00:00:00:00:ff", srcIP: "10.0.0.254",
                chassisName: "hv1", status: "offline",
                options: [
                    "interval": text, "timeout": text, "success_count": text,
                    "failure_count": text,
                ]))
        world.configure()
        #expect(world.due(now: 0).count == 1)
        let silence = try unwrap(world.hub.deadline)
        #expect((1000...86_400_000).contains(silence))
        _ = world.due(now: silence)
        #expect((silence...2 * 86_400_000).contains(try unwrap(world.hub.deadline)))
    }

    @Test(arguments: texts)
    func advertisements(_ text: String) throws {
        var world = ServiceWorld()
        world.port("sr", 9) { $0.options = ["peer": "rs"] }
        world.port("rs", 1, on: world.router) {
            $0.options = [
                "peer": "sr", "ipv6_ra_send_periodic": "true", "ipv6_ra_src_addr": "fe80::1",
                "ipv6_ra_src_eth": "0a:00:00:00:00:ff", "ipv6_ra_max_interval": text,
                "ipv6_ra_min_interval": text, "ipv6_ra_mtu": text, "ipv6_ra_prefixes": text,
                "ipv6_ra_rdnss": text, "ipv6_ra_dnssl": text, "ipv6_ra_route_info": text,
            ]
        }
        world.configure()
        #expect(world.due(now: 0).count == 1)
        #expect((3000...1_800_000).contains(try unwrap(world.hub.deadline)))
    }

    /// What has no time stamp that could be is refreshed, what has one of the future is not.
    @Test(arguments: numbers, texts)
    func learnedEntries(_ number: Int, _ text: String) throws {
        var world = ServiceWorld()
        world.port("lrp", 1, on: world.router)
        world.database.update(SB.DatapathBinding.self, world.router) {
            $0.externalIDs = ["mac_binding_age_threshold": text, "mac_binding_limit": text]
        }
        world.database.update(SB.DatapathBinding.self, world.network) {
            $0.externalIDs = ["fdb_age_threshold": text]
        }
        world.database.insert(
            SB.MACBinding(
                logicalPort: "lrp", ip: "10.0.0.1", mac: Frames.a.description, timestamp: number,
                datapath: world.router))
        world.database.insert(
            SB.FDB(mac: Frames.b.description, dpKey: 1, portKey: 1, timestamp: number))
        world.hub.used([
            .neighbour(
                NeighbourKey(
                    port: PortReference(datapath: 2, port: 1),
                    address: .v4(IPv4Address(0x0a00_0001)))),
            .station(LearnedAddressKey(datapath: 1, address: Frames.b)),
        ])
        let now: Int64 = 1_700_000_000_000
        try world.write(wallClock: now)
        let stamps = world.rows(SB.FDB.self).map(\.timestamp)
        let ages = (Int(text) ?? 0) > 0
        let threshold = (Int(text) ?? 0).clamped(to: 0...Int(UInt32.max)) * 1000 * 3 / 16
        let isOld = number < 0 || number <= Int(now) - threshold
        #expect(stamps == [ages && isOld ? Int(now) : number])
    }

    @Test(arguments: texts, texts)
    func virtualPorts(_ claim: String, _ backoff: String) throws {
        var world = ServiceWorld()
        world.port("p1", 1)
        let other = world.other
        world.port("v", 4) {
            $0.type = "virtual"
            $0.chassis = other
            $0.options = [
                "virtual-parents": "p1", "vport-last-claim": claim, "vport-backoff": backoff,
            ]
        }
        _ = world.hub.handle(
            ServiceEvent(.virtualPort("v"), PortReference(datapath: 1, port: 1)), now: 0)
        try world.write(wallClock: 1_700_000_000_000)
        let row = try unwrap(world.rows(SB.PortBinding.self).first { $0.logicalPort == "v" })
        // Only a claim of the future is in the way: no distance is longer than ten seconds.
        #expect((row.chassis == world.chassis) == (Int64(claim) != Int64.max))
    }

    /// A server whose identifier is longer than one may be is no server.
    @Test func theNameOfAServerHasALimit() throws {
        var data = [UInt8](repeating: 0, count: 60_000)
        data[1] = 2
        var delegation = PrefixDelegation()
        let mac = MACAddress(0x0a00_0000_00ff)
        let place = PortReference(datapath: 2, port: 1)
        delegation.configure(
            [
                PrefixDelegation.Request(
                    row: RowUUID(high: 1, low: 1), identifier: 7, uplink: place, entry: place,
                    mac: mac)
            ], now: 0)
        var generator = SeededGenerator(seed: 1)
        for (length, isTaken) in [(60_000, false), (131, false), (130, true)] {
            let injection = try unwrap(
                delegation.due(now: try unwrap(delegation.deadline), using: &generator).first)
            let layout = try unwrap(PacketLayout(injection.frame))
            let question = try unwrap(
                DHCPv6Message(try unwrap(UDPDatagram(injection.frame, layout)).payload))
            var prefix: [UInt8] = [0, 0, 0, 50, 0, 0, 0, 100, 56]
            prefix.append(IPv6Address(high: 0xfd00_0001_0002_0300, low: 0))
            let association = DHCPv6Association(
                identifier: 7, renewal: 50, rebinding: 80,
                options: [DHCPv6Option(DHCPv6Code.prefix, prefix)])
            let reply = DHCPv6Message(
                type: DHCPv6Type.advertise, transaction: question.transaction,
                options: [
                    .identifier(DHCPv6Code.clientID, mac),
                    DHCPv6Option(DHCPv6Code.serverID, Array(data.prefix(length))),
                    DHCPv6Option(DHCPv6Code.prefixes, association.encoded),
                ])
            let frame = PacketBuilder.udp(
                Frames.ethernet(Frames.a, mac), Frames.ipv6("fe80::1", "fe80::2"), source: 547,
                destination: 546, reply.encoded)
            #expect(delegation.handle(frame, from: place, now: 1) == isTaken, "\(length)")
        }
    }
}
