import Datapath
import OVSDBModel
import OVSDBSession
import Schemas
import Testing
import Wire

@testable import AgentCore

/// A Southbound database with one chassis, a switch (key 1) and a router (key 2).
struct ServiceWorld {
    var database = LocalDatabase(SB.schema, indexes: Learning.indexes)
    var hub = ServiceHub()
    var generator = SeededGenerator(seed: 1)
    let chassis: RowUUID
    let other: RowUUID
    let network: RowUUID
    let router: RowUUID
    var longest: Milliseconds?
    var longestProbe: Milliseconds? = NextHopProbes.standardLongest
    private var numbers: UInt64 = 0

    init() {
        chassis = database.insert(SB.Chassis(name: "hv1"))
        other = database.insert(SB.Chassis(name: "hv2"))
        network = database.insert(SB.DatapathBinding(tunnelKey: 1))
        router = database.insert(SB.DatapathBinding(tunnelKey: 2))
    }

    var identity: ChassisIdentity {
        ChassisIdentity(row: chassis, name: "hv1", hostname: "host1", encaps: [])
    }

    var context: ServiceHub.Context {
        let local = LocalDatapaths(
            held: [network, router], portsOf: { _ in [] }, named: { _ in nil })
        return ServiceHub.Context(
            database.replica, rows: ServiceRows(database.replica, datapaths: local),
            chassis: identity, networks: ["physnet"],
            longestAnnouncement: longest, longestProbe: longestProbe)
    }

    mutating func configure(now: Milliseconds = 0) { hub.configure(context, now: now) }

    mutating func due(now: Milliseconds) -> [Injection] {
        hub.due(now: now, using: &generator)
    }

    mutating func write(wallClock: Int64 = 1_000_000) throws {
        var transaction = TransactionBuilder()
        var number = numbers
        hub.write(context, wallClock: wallClock, into: &transaction) {
            number += 1
            return RowUUID(high: 0x88, low: number)
        }
        numbers = number
        try database.commit(transaction)
    }

    func rows<Row: TypedRow>(_ type: Row.Type) -> [Row] {
        database.replica.rows(type).map(\.row)
    }

    @discardableResult
    mutating func port(
        _ name: String, _ key: Int, on datapath: RowUUID? = nil,
        _ change: (inout SB.PortBinding) -> Void = { _ in }
    ) -> RowUUID {
        var row = SB.PortBinding(
            logicalPort: name, datapath: datapath ?? network, tunnelKey: key, chassis: chassis,
            up: true)
        change(&row)
        return database.insert(row)
    }
}

@Suite struct ServiceHubTests {
    private static let port = PortReference(datapath: 1, port: 1)

    // MARK: - Router advertisements

    @Test func advertisementsAreSentAtRandomIntervals() throws {
        var world = ServiceWorld()
        world.port("sr", 9) { $0.options = ["peer": "rs"] }
        world.port("rs", 1, on: world.router) {
            $0.options = [
                "peer": "sr", "ipv6_ra_send_periodic": "true", "ipv6_ra_src_addr": "fe80::1",
                "ipv6_ra_src_eth": "0a:00:00:00:00:ff", "ipv6_ra_max_interval": "600",
                "ipv6_ra_min_interval": "200", "ipv6_ra_address_mode": "slaac",
                "ipv6_ra_prefixes": "fd00::/64 fd01::/64", "ipv6_ra_mtu": "1400",
            ]
        }
        world.configure()
        var times: [Milliseconds] = []
        var frames: [Injection] = []
        while times.count < 6, let next = world.hub.deadline {
            frames += world.due(now: next)
            times.append(next)
        }
        #expect(times.first == 0)
        let distances = zip(times.dropFirst(), times).map { $0 - $1 }
        #expect(distances.prefix(2).allSatisfy { $0 <= 16_000 })
        #expect(distances.dropFirst(2).allSatisfy { (200_000...600_000).contains($0) })
        let first = try unwrap(frames.first)
        #expect(first.place == .from(PortReference(datapath: 1, port: 9)))
        #expect(first.isLocal)
        let key = FlowKey(of: first.frame)
        #expect(key[.icmpType] == 134)
        #expect(key[.ethernetDestination] == 0x3333_0000_0001)
        // Nothing has changed: nothing is said again.
        let deadline = world.hub.deadline
        world.configure(now: times.last ?? 0)
        #expect(world.hub.deadline == deadline)
    }

    // MARK: - Announcements

    private static func provider() -> ServiceWorld {
        var world = ServiceWorld()
        world.port("ln", 5) {
            $0.type = "localnet"
            $0.options = ["network_name": "physnet"]
            $0.chassis = nil
        }
        return world
    }

    @Test func stationsAreAnnouncedAtGrowingDistances() throws {
        var world = Self.provider()
        world.port("vm", 1) { $0.mac = ["0a:00:00:00:00:01 10.0.0.1"] }
        world.port("dumb", 2) { $0.mac = ["0a:00:00:00:00:02", "unknown"] }
        let remote = world.other
        world.port("elsewhere", 3) {
            $0.mac = ["0a:00:00:00:00:03 10.0.0.3"]
            $0.chassis = remote
        }
        world.configure()
        var sent: [Milliseconds: [Injection]] = [:]
        while let next = world.hub.deadline { sent[next] = world.due(now: next) }
        #expect(sent.keys.sorted() == [1000, 2000, 4000, 8000, 16_000])
        let first = try unwrap(sent[1000])
        #expect(first.map(\.place) == [.from(Self.port), .from(.init(datapath: 1, port: 2))])
        let layout = try unwrap(PacketLayout(first[0].frame))
        let message = try unwrap(ARPMessage(first[0].frame, layout))
        #expect(message.operation == ARPMessage.request)
        #expect(message.senderIP == message.targetIP)
        #expect(message.senderIP.description == "10.0.0.1")
        #expect(FlowKey(of: first[1].frame)[.ethernetType] == UInt64(EtherType.rarp))
    }

    @Test func announcementsThatNeverEnd() {
        var world = Self.provider()
        world.longest = 3000
        world.port("vm", 1) { $0.mac = ["0a:00:00:00:00:01 10.0.0.1"] }
        world.configure()
        var times: [Milliseconds] = []
        while times.count < 7, let next = world.hub.deadline {
            times.append(next)
            _ = world.due(now: next)
        }
        #expect(times == [1000, 2000, 4000, 7000, 10_000, 13_000, 16_000])
    }

    @Test func routersAnnounceWhatResidesHere() {
        var world = Self.provider()
        let remote = world.other
        world.port("cr-here", 3, on: world.router) { $0.type = "chassisredirect" }
        world.port("cr-there", 4, on: world.router) {
            $0.type = "chassisredirect"
            $0.chassis = remote
        }
        world.port("sr", 9) {
            $0.type = "patch"
            $0.options = ["peer": "rs"]
            $0.natAddresses = [
                "0a:00:00:00:00:0a 10.0.0.10 10.0.0.11 is_chassis_resident(\"cr-here\")",
                "0a:00:00:00:00:0b 10.0.0.12 is_chassis_resident(\"cr-there\")",
                "0a:00:00:00:00:0c 10.0.0.13",
            ]
        }
        world.port("rs", 1, on: world.router) { $0.type = "patch" }
        world.configure()
        #expect(world.due(now: 1000).count == 2)
        world.database.update(SB.DatapathBinding.self, world.router) {
            $0.externalIDs["disable_garp_rarp"] = "true"
        }
        world.configure(now: 1000)
        #expect(world.hub.deadline == nil)
    }

    // MARK: - Multicast

    private static func report(_ type: UInt8, _ group: UInt32) -> [UInt8] {
        var message: [UInt8] = [type, 0, 0, 0]
        message.append(UInt64(group), width: 4)
        message.store16(InternetChecksum.of(message), at: 2)
        let header = IPHeader(
            .v4(source: IPv4Address(0x0a00_0001), destination: IPv4Address(group)),
            proto: IPProtocol.igmp, ttl: 1)
        return Frames.ethernet(Frames.a, .broadcast).frame(
            EtherType.ipv4, header.packet(message))
    }

    private static func snooping(_ change: (inout SB.IPMulticast) -> Void = { _ in })
        -> ServiceWorld
    {
        var world = ServiceWorld()
        world.port("a", 1)
        world.port("b", 2)
        var row = SB.IPMulticast(
            datapath: world.network, enabled: true, querier: true, ethSrc: "0a:00:00:00:00:ff",
            ip4Src: "10.0.0.254", ip6Src: "fe80::ff", idleTimeout: 100, queryInterval: 30)
        change(&row)
        world.database.insert(row)
        world.configure()
        return world
    }

    private static let group: UInt32 = 0xe101_0203

    @Test func groupsAreJoinedLeftAndForgotten() throws {
        var world = Self.snooping()
        let second = PortReference(datapath: 1, port: 2)
        for port in [Self.port, second] {
            _ = world.hub.handle(
                ServiceEvent(.multicast, port, frame: Self.report(0x16, Self.group)), now: 0)
        }
        #expect(world.hub.hasNews)
        try world.write()
        let row = try unwrap(world.rows(SB.IGMPGroup.self).first)
        #expect(row.address == "225.1.2.3")
        #expect(row.protocol == "IGMPv2")
        #expect(row.chassis == world.chassis)
        #expect(row.chassisName == "hv1")
        #expect(row.ports.count == 2)
        #expect(!world.hub.hasNews)
        _ = world.hub.handle(
            ServiceEvent(.multicast, second, frame: Self.report(0x17, Self.group)), now: 50_000)
        try world.write()
        #expect(world.rows(SB.IGMPGroup.self).map(\.ports.count) == [1])
        _ = world.due(now: 100_000)
        try world.write()
        #expect(world.rows(SB.IGMPGroup.self).isEmpty)
    }

    @Test func whatBelongsToOthersStays() throws {
        var world = Self.snooping()
        let foreign = SB.IGMPGroup(
            address: "225.9.9.9", datapath: world.network, chassis: world.other,
            chassisName: "hv2")
        world.database.insert(foreign)
        try world.write()
        #expect(world.rows(SB.IGMPGroup.self) == [foreign])
    }

    @Test func routersAreKnownByTheirQuestions() throws {
        var world = Self.snooping()
        let query = Self.report(0x11, 0)
        _ = world.hub.handle(ServiceEvent(.multicast, Self.port, frame: query), now: 0)
        try world.write()
        #expect(world.rows(SB.IGMPGroup.self).map(\.address) == ["mrouters"])
        _ = world.due(now: 300_000)
        try world.write()
        #expect(world.rows(SB.IGMPGroup.self).isEmpty)
    }

    @Test func theQuerierAsksBothFamilies() throws {
        var world = Self.snooping()
        let first = world.due(now: 0)
        #expect(first.count == 2)
        #expect(!first.contains { !$0.isLocal })
        #expect(
            first.map(\.place)
                == Array(
                    repeating: .to(PortReference(datapath: 1, port: WellKnownGroup.flood)),
                    count: 2))
        #expect(world.hub.deadline == 30_000)
        var silent = Self.snooping { $0.querier = false }
        let asked = silent.due(now: 0)
        #expect(asked.isEmpty)
        #expect(silent.hub.deadline == nil)
    }

    /// The table holds what was confirmed last; local groups never fill it.
    @Test func aFullTableForgetsTheOldest() throws {
        var world = Self.snooping { $0.tableSize = 2 }
        for (time, group) in [
            Self.group, Self.group + 1, Self.group, Self.group + 2, 0xe000_00fb,
        ].enumerated() {
            _ = world.hub.handle(
                ServiceEvent(.multicast, Self.port, frame: Self.report(0x16, group)),
                now: Milliseconds(time))
        }
        try world.write()
        #expect(
            world.rows(SB.IGMPGroup.self).map(\.address).sorted() == ["225.1.2.3", "225.1.2.5"])
    }

    /// A table that becomes smaller keeps what was confirmed last, and takes new groups.
    @Test func aTableMayBecomeSmaller() throws {
        var world = Self.snooping { $0.tableSize = 3 }
        func report(_ group: UInt32, at time: Milliseconds) {
            _ = world.hub.handle(
                ServiceEvent(.multicast, Self.port, frame: Self.report(0x16, group)), now: time)
        }
        for number in 0..<3 as Range<UInt32> {
            report(Self.group + number, at: Milliseconds(number))
        }
        try world.write()
        let row = try unwrap(world.database.replica.only(SB.IPMulticast.self))
        world.database.update(SB.IPMulticast.self, row.uuid) { $0.tableSize = 1 }
        world.configure(now: 5)
        #expect(world.hub.hasNews)
        try world.write()
        #expect(world.rows(SB.IGMPGroup.self).map(\.address) == ["225.1.2.5"])
        report(Self.group + 7, at: 6)
        try world.write()
        #expect(world.rows(SB.IGMPGroup.self).map(\.address) == ["225.1.2.10"])
    }

    @Test func aNewSequenceNumberFlushes() throws {
        var world = Self.snooping()
        _ = world.hub.handle(
            ServiceEvent(.multicast, Self.port, frame: Self.report(0x16, Self.group)), now: 0)
        try world.write()
        let row = try unwrap(world.database.replica.only(SB.IPMulticast.self))
        world.database.update(SB.IPMulticast.self, row.uuid) { $0.seqNo = 1 }
        world.configure(now: 1)
        #expect(world.hub.hasNews)
        try world.write()
        #expect(world.rows(SB.IGMPGroup.self).isEmpty)
    }

    // MARK: - Virtual ports

    @Test func virtualPortsFollowTheirParents() throws {
        var world = ServiceWorld()
        let remote = world.other
        let parent = world.port("p1", 1)
        world.port("p2", 2) { $0.chassis = remote }
        world.port("stranger", 3)
        world.port("v", 4) {
            $0.type = "virtual"
            $0.chassis = nil
            $0.up = false
            $0.options = ["virtual-parents": "p1,p2", "virtual-ip": "10.0.0.9"]
        }
        func show(_ port: UInt32, at time: Int64) throws -> SB.PortBinding {
            _ = world.hub.handle(
                ServiceEvent(.virtualPort("v"), PortReference(datapath: 1, port: port)), now: 0)
            try world.write(wallClock: time)
            return try unwrap(world.rows(SB.PortBinding.self).first { $0.logicalPort == "v" })
        }
        #expect(try show(2, at: 10_000).chassis == nil, "its parent is elsewhere")
        #expect(try show(3, at: 10_000).chassis == nil, "no parent of it")
        let bound = try show(1, at: 10_000)
        #expect(bound.chassis == world.chassis)
        #expect(bound.virtualParent == "p1")
        #expect(bound.up == true)
        #expect(bound.options["vport-last-claim"] == "10000")
        // Another chassis took it; this one comes too soon, and the more so the longer it waits.
        let row = try unwrap(
            world.database.replica.rows(SB.PortBinding.self).first { $0.row.logicalPort == "v" })
        world.database.update(SB.PortBinding.self, row.uuid) {
            $0.chassis = remote
            $0.virtualParent = "p2"
        }
        let refused = try show(1, at: 10_500)
        #expect(refused.chassis == remote)
        #expect(refused.options["vport-backoff"] == "2000")
        #expect(try show(1, at: 12_000).chassis == world.chassis)
        // The parent goes.
        world.database.update(SB.PortBinding.self, parent) { $0.chassis = remote }
        try world.write()
        let released = try unwrap(
            world.rows(SB.PortBinding.self).first { $0.logicalPort == "v" })
        #expect(released.chassis == nil)
        #expect(released.virtualParent == nil)
        #expect(released.up == false)
    }

    @Test func aChassisThatLeavesGivesItsVirtualPortsUp() {
        let world = ServiceWorld()
        let row = SB.PortBinding(
            logicalPort: "v", type: "virtual", tunnelKey: 4, virtualParent: "p1",
            chassis: world.chassis, up: true)
        let released = VirtualPorts.released(row, by: world.identity)
        #expect(released.chassis == nil)
        #expect(released.virtualParent == nil)
        #expect(released.up == false)
        var others = row
        others.chassis = world.other
        #expect(VirtualPorts.released(others, by: world.identity) == others)
        var ordinary = row
        ordinary.type = ""
        #expect(VirtualPorts.released(ordinary, by: world.identity) == ordinary)
    }

    // MARK: - Activated ports

    /// A port forwards from the moment on, and the rows of one that is held elsewhere too tell it.
    @Test func anActivatedPortIsTold() throws {
        var world = ServiceWorld()
        let (own, other) = (world.chassis, world.other)
        let moving = world.port("p1", 1) {
            $0.chassis = other
            $0.additionalChassis = [own]
            $0.options = ["additional-chassis-activated": "hv3"]
        }
        world.port("p2", 2)
        for port: UInt32 in 1...2 {
            _ = world.hub.handle(
                ServiceEvent(.activation, PortReference(datapath: 1, port: port)), now: 0)
        }
        #expect(world.hub.hasNews)
        #expect(world.hub.activated.count == 2)
        try world.write()
        let options = { (world: ServiceWorld) in
            world.rows(SB.PortBinding.self).sorted { $0.logicalPort < $1.logicalPort }
                .map { $0.options["additional-chassis-activated"] }
        }
        #expect(options(world) == ["hv3,hv1", nil])
        #expect(world.hub.activated == [Self.port], "until the row is seen to tell")
        try world.write()
        #expect(world.hub.activated.isEmpty)
        #expect(options(world) == ["hv3,hv1", nil])
        world.database.update(SB.PortBinding.self, moving) { $0.options = [:] }
        try world.write()
        #expect(options(world) == [nil, nil])
    }

    // MARK: - Events

    @Test func eventsAreWrittenOnce() throws {
        var world = ServiceWorld()
        func trigger(_ vip: String, at time: Milliseconds) throws -> [Int] {
            let options = ["vip": vip, "protocol": "tcp", "load_balancer": "x", "meter": "m"]
            _ = world.hub.handle(
                ServiceEvent(.emptyLoadBalancer(options), Self.port), now: time)
            try world.write()
            return world.rows(SB.ControllerEvent.self).map(\.seqNum).sorted()
        }
        #expect(try trigger("1.1.1.1:80", at: 0) == [1])
        #expect(try trigger("1.1.1.1:80", at: 5000) == [1])
        #expect(try trigger("1.1.1.2:80", at: 6000) == [1, 2])
        #expect(try trigger("1.1.1.1:80", at: 20_000) == [1, 2], "its row is there")
        let row = try unwrap(world.rows(SB.ControllerEvent.self).first { $0.seqNum == 1 })
        #expect(row.eventType == "empty_lb_backends")
        #expect(
            row.eventInfo == ["vip": "1.1.1.1:80", "protocol": "tcp", "load_balancer": "x"])
        #expect(row.chassis == world.chassis)
    }
}

/// Learned entries stay as long as somebody uses them.
@Suite struct EntryRefreshTests {
    private static func world() -> ServiceWorld {
        var world = ServiceWorld()
        world.port("lrp", 1, on: world.router)
        world.database.update(SB.DatapathBinding.self, world.router) {
            $0.externalIDs["mac_binding_age_threshold"] = "160"
        }
        world.database.update(SB.DatapathBinding.self, world.network) {
            $0.externalIDs["fdb_age_threshold"] = "16"
        }
        world.database.insert(
            SB.MACBinding(
                logicalPort: "lrp", ip: "10.0.0.1", mac: Frames.a.description, timestamp: 1000,
                datapath: world.router))
        world.database.insert(
            SB.FDB(mac: Frames.b.description, dpKey: 1, portKey: 1, timestamp: 1000))
        return world
    }

    private static let uses: [EntryUse] = [
        .neighbour(
            NeighbourKey(
                port: PortReference(datapath: 2, port: 1),
                address: .v4(IPv4Address(0x0a00_0001)))),
        .station(LearnedAddressKey(datapath: 1, address: Frames.b)),
    ]

    @Test func usedEntriesAreRefreshedWhenDue() throws {
        var world = Self.world()
        func timestamps(at time: Int64, _ uses: [EntryUse]) throws -> [Int] {
            world.hub.used(uses)
            try world.write(wallClock: time)
            return world.rows(SB.MACBinding.self).map(\.timestamp)
                + world.rows(SB.FDB.self).map(\.timestamp)
        }
        #expect(try timestamps(at: 100_000, []) == [1000, 1000])
        #expect(try timestamps(at: 3999, Self.uses) == [1000, 1000])
        #expect(try timestamps(at: 4000, Self.uses) == [1000, 4000])
        #expect(try timestamps(at: 31_000, Self.uses) == [31_000, 31_000])
        #expect(try timestamps(at: 90_000, []) == [31_000, 31_000], "once for each use")
    }

    /// Who is in use has to be known before a router has as many neighbours as it may have.
    @Test(arguments: ["3", "2"])
    func theNeighboursOfACrowdedRouterAreRefreshed(limit: String) throws {
        var world = Self.world()
        world.database.update(SB.DatapathBinding.self, world.router) {
            $0.externalIDs = ["mac_binding_limit": limit]
        }
        func timestamps(at time: Int64) throws -> [Int] {
            world.hub.used(Self.uses)
            try world.write(wallClock: time)
            return world.rows(SB.MACBinding.self).map(\.timestamp)
        }
        #expect(try timestamps(at: 57_000) == [1000], "three sixteenths of five minutes")
        let isCrowded = limit == "2"
        #expect(try timestamps(at: 57_250) == [isCrowded ? 57_250 : 1000])
    }

    @Test func whatDoesNotAgeIsNotWritten() throws {
        var world = Self.world()
        let row = try unwrap(world.database.replica.only(SB.FDB.self))
        world.database.update(SB.FDB.self, row.uuid) { $0.timestamp = .max }
        world.database.update(SB.DatapathBinding.self, world.router) { $0.externalIDs = [:] }
        world.hub.used(Self.uses)
        try world.write(wallClock: 1_000_000)
        #expect(world.rows(SB.FDB.self).map(\.timestamp) == [.max])
        #expect(world.rows(SB.MACBinding.self).map(\.timestamp) == [1000])
    }

    /// A lookup that finds the sender where it is known counts as use, for packets that the kernel
    /// serves too.
    @Test func lookupsAndFlowsCountAsUse() throws {
        let network = ServiceNetwork()
        let station = LearnedAddressKey(datapath: 1, address: Frames.a)
        network.control.view.learnedAddresses[station] = 1
        network.flow("1", "reg0[0] = lookup_fdb(inport, eth.src); next;")
        network.flow("1", "outport = \"p2\"; output;", table: 1)
        var host = network.host()
        let frame = Frames.udp(Frames.a, Frames.b)
        #expect(host.receive(frame, on: 1).effects == [.uses(.station(station))])
        let entry = try unwrap(host.table.entries.values.first)
        #expect(entry.effects == [.uses(.station(station))])
        let elsewhere = host.receive(frame, on: 2)
        #expect(elsewhere.effects.isEmpty)
    }

    @Test func cacheUseLooksTheSenderUp() throws {
        let network = ServiceNetwork()
        network.control.view.routers.insert(1)
        network.control.neighbour(1, 1, "10.0.0.1", Frames.a)
        network.flow("1", "mac_cache_use; outport = \"p2\"; output;")
        let neighbour = NeighbourKey(
            port: PortReference(datapath: 1, port: 1), address: .v4(IPv4Address(0x0a00_0001)))
        var host = network.host()
        #expect(
            host.receive(Frames.udp(Frames.a, Frames.b), on: 1).effects
                == [.uses(.neighbour(neighbour))])
        #expect(host.receive(Frames.udp(Frames.c, Frames.b), on: 1).effects.isEmpty)
        #expect(
            host.receive(Frames.udp(Frames.a, Frames.b, from: "10.0.0.9"), on: 1).effects.isEmpty)
    }
}
