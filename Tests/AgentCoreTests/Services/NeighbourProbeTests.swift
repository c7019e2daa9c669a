import Datapath
import OVSDBModel
import Schemas
import Testing
import Wire

@testable import AgentCore

/// What routers ask neighbours by themselves.
@Suite struct NeighbourProbeTests {
    private static let port = PortReference(datapath: 2, port: 1)
    private static let router = "0a:00:00:00:00:ff"

    /// A router's port with neighbours that age after 160 seconds.
    private static func world(_ change: (inout SB.PortBinding) -> Void = { _ in }) -> ServiceWorld {
        var world = ServiceWorld()
        world.port("lrp", 1, on: world.router) {
            $0.type = "patch"
            $0.mac = ["\(router) 10.0.0.254/24 fd00::ff/64"]
            change(&$0)
        }
        world.database.update(SB.DatapathBinding.self, world.router) {
            $0.externalIDs["mac_binding_age_threshold"] = "160"
        }
        for address in ["10.0.0.1", "fd00::1", "fe80::1", "10.9.0.1"] {
            world.database.insert(
                SB.MACBinding(
                    logicalPort: "lrp", ip: address, mac: Frames.a.description, timestamp: 1000,
                    datapath: world.router))
        }
        return world
    }

    private static func neighbour(_ text: String) throws -> NeighbourKey {
        NeighbourKey(port: port, address: try #require(IPAddress(parsing: text)))
    }

    /// What is sent after packets went to a neighbour, at a time of the wall clock.
    private static func asked(
        _ world: inout ServiceWorld, _ uses: [EntryUse], at time: Int64
    ) throws -> [Injection] {
        world.hub.used(uses)
        try world.write(wallClock: time)
        guard world.hub.deadline == 0 else { return [] }
        return world.due(now: 0)
    }

    @Test func whoIsOnlySentToIsAskedBeforeHeAges() throws {
        var world = Self.world()
        let use = [EntryUse.destination(try Self.neighbour("10.0.0.1"))]
        #expect(try Self.asked(&world, use, at: 30_000).isEmpty, "three sixteenths are not over")
        let sent = try Self.asked(&world, use, at: 31_000)
        #expect(sent.map(\.place) == [.to(Self.port)])
        let frame = try #require(sent.first?.frame)
        let layout = try #require(PacketLayout(frame))
        let message = try #require(ARPMessage(frame, layout))
        #expect(message.operation == ARPMessage.request)
        #expect("\(message.senderIP) \(message.targetIP)" == "10.0.0.254 10.0.0.1")
        #expect(FlowKey(of: frame)[.ethernetDestination] == Frames.a.bits, "he alone")
        // Once in three sixteenths, whatever is sent; and only while something is.
        #expect(try Self.asked(&world, use, at: 50_000).isEmpty)
        #expect(try Self.asked(&world, [], at: 61_000).isEmpty)
        #expect(try Self.asked(&world, use, at: 61_000).count == 1)
        #expect(world.rows(SB.MACBinding.self).map(\.timestamp) == [1000, 1000, 1000, 1000])
        // His own packets say that he is there.
        let both = use + [.neighbour(try Self.neighbour("10.0.0.1"))]
        #expect(try Self.asked(&world, both, at: 99_000).isEmpty)
        #expect(world.rows(SB.MACBinding.self).map(\.timestamp).contains(99_000))
    }

    @Test(arguments: [("fd00::1", "fd00::ff"), ("fe80::1", "fe80::800:ff:fe00:ff")])
    func neighboursOfIPv6AreSolicited(_ target: String, _ source: String) throws {
        var world = Self.world()
        let use = [EntryUse.destination(try Self.neighbour(target))]
        let key = FlowKey(of: try #require(try Self.asked(&world, use, at: 31_000).first).frame)
        #expect(key[.icmpType] == 135)
        #expect(IPv6Address(key[wide: .ndTarget]).description == target)
        #expect(IPv6Address(key[wide: .ipv6Source]).description == source)
        #expect(IPv6Address(key[wide: .ipv6Destination]).description == target)
        #expect(key[.ethernetDestination] == Frames.a.bits)
        #expect(key[.ndSourceLink] == MACAddress(parsing: Self.router)?.bits)
    }

    /// Nobody is asked in the name of an address of another network, of a gateway that another
    /// chassis has, or where nothing ages.
    @Test func othersAskOrNobody() throws {
        let use = [EntryUse.destination(try Self.neighbour("10.0.0.1"))]
        var world = Self.world()
        let far = EntryUse.destination(try Self.neighbour("10.9.0.1"))
        #expect(try Self.asked(&world, [far], at: 31_000).isEmpty)
        var gateway = Self.world { $0.options = ["chassis-redirect-port": "cr-lrp"] }
        let other = gateway.other
        let redirect = gateway.port("cr-lrp", 2, on: gateway.router) {
            $0.type = "chassisredirect"
            $0.chassis = other
        }
        #expect(try Self.asked(&gateway, use, at: 31_000).isEmpty)
        let chassis = gateway.chassis
        gateway.database.update(SB.PortBinding.self, redirect) { $0.chassis = chassis }
        #expect(try Self.asked(&gateway, use, at: 31_000).count == 1)
        world.database.update(SB.DatapathBinding.self, world.router) { $0.externalIDs = [:] }
        #expect(try Self.asked(&world, use, at: 90_000).isEmpty)
    }

    /// A packet that is routed to a neighbour uses its entry where entries age, for packets that
    /// the kernel serves too.
    @Test(arguments: [false, true])
    func routedPacketsUseTheEntry(ages: Bool) throws {
        let network = ServiceNetwork()
        network.control.view.routers.insert(1)
        if ages { network.control.view.ageingRouters.insert(1) }
        network.control.neighbour(1, 2, "10.0.0.2", Frames.b)
        network.flow("1", "outport = \"p2\"; reg0 = 10.0.0.2; get_arp(outport, reg0); output;")
        let neighbour = NeighbourKey(
            port: PortReference(datapath: 1, port: 2), address: .v4(IPv4Address(0x0a00_0002)))
        var host = network.host()
        let expected: Set<SideEffect> = ages ? [.uses(.destination(neighbour))] : []
        #expect(host.receive(Frames.udp(Frames.a, Frames.c), on: 1).effects == expected)
        let entry = try unwrap(host.table.entries.values.first)
        #expect(Set(entry.effects) == expected)
    }

    // MARK: - Next hops that connections remember

    private static func nextHops(longest: Milliseconds?) throws -> (ServiceWorld, RowUUID) {
        var world = ServiceWorld()
        world.longestProbe = longest
        let port = world.port("lrp", 1, on: world.router) {
            $0.type = "l3gateway"
            $0.mac = ["\(router) 10.0.0.254/24 fd00::ff/64"]
        }
        for nextHop in ["10.0.0.1", "fd00::1"] {
            world.database.insert(
                SB.ECMPNexthop(nexthop: nextHop, port: port, datapath: world.router))
        }
        return (world, port)
    }

    @Test func nextHopsAreAskedForTheirAddress() throws {
        var (world, port) = try Self.nextHops(longest: 4000)
        world.configure()
        var times: [Milliseconds] = []
        var first: [Injection] = []
        while times.count < 5, let next = world.hub.deadline {
            let sent = world.due(now: next)
            #expect(sent.count == 2)
            if times.isEmpty { first = sent }
            times.append(next)
        }
        #expect(times == [1000, 2000, 4000, 8000, 12_000])
        #expect(first.map(\.place) == [.to(Self.port), .to(Self.port)])
        let keys = first.map { FlowKey(of: $0.frame) }
        #expect(keys[0][.ethernetDestination] == MACAddress.broadcast.bits)
        #expect(keys[0][.arpTargetIP] == 0x0a00_0001)
        #expect(keys[1][.icmpType] == 135)
        #expect(IPv6Address(keys[1][wide: .ipv6Destination]).description == "ff02::1:ff00:1")
        let other = world.other
        world.database.update(SB.PortBinding.self, port) { $0.chassis = other }
        world.configure(now: 13_000)
        #expect(world.hub.deadline == nil, "the other chassis asks")
    }

    @Test func questionsMayEnd() throws {
        var (world, _) = try Self.nextHops(longest: nil)
        world.configure()
        var times: [Milliseconds] = []
        while times.count < 9, let next = world.hub.deadline {
            _ = world.due(now: next)
            times.append(next)
        }
        #expect(times == [1000, 2000, 4000, 8000, 16_000])
    }
}
