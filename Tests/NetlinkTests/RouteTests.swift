import Glibc
import Linux
import Testing
import Wire

@testable import Netlink

private let isRoot = getuid() == 0

@Suite(.enabled(if: isRoot, "network namespaces need root"))
struct RouteTests {
    @Test func theLoopbackDeviceIsListed() throws {
        let namespace = try NetworkNamespace.create()
        let control = try inside(namespace) { () throws(NetlinkError) in try RouteControl.open() }
        let links = try control.links()
        let loopback = try #require(links.first { $0.name == "lo" })
        #expect(loopback.index == 1)
        #expect(!loopback.isUp)
        #expect(loopback.mtu == 65536)
        let again = try control.link(index: 1)
        #expect(again?.name == "lo")
    }

    @Test func whatDoesNotExistIsNil() throws {
        let namespace = try NetworkNamespace.create()
        let control = try inside(namespace) { () throws(NetlinkError) in try RouteControl.open() }
        let byName = try control.link(named: "no-such-link")
        let byIndex = try control.link(index: 12345)
        #expect(byName == nil)
        #expect(byIndex == nil)
    }

    @Test func aDeviceIsChangedAndDeleted() throws {
        let namespace = try NetworkNamespace.create()
        try namespace.shell("ip link add va type veth peer name vb")
        let control = try inside(namespace) { () throws(NetlinkError) in try RouteControl.open() }
        let first = try control.link(named: "va")
        let link = try #require(first)
        #expect(link.kind == "veth")
        #expect(!link.isUp)
        #expect(!link.hasCarrier)

        let address = MACAddress(0x0200_0000_0a0b)
        try control.setAddress(address, index: link.index)
        try control.setMTU(1400, index: link.index)
        try control.setUp(true, index: link.index)
        try namespace.shell("ip link set vb up")
        let second = try control.link(index: link.index)
        let changed = try #require(second)
        #expect(changed.address == address)
        #expect(changed.mtu == 1400)
        #expect(changed.isUp)
        #expect(changed.hasCarrier)
        #expect(changed.state == .up)

        try control.setUp(false, index: link.index)
        let third = try control.link(index: link.index)
        #expect(third?.isUp == false)
        try control.deleteLink(index: link.index)
        let gone = try control.link(named: "vb")
        #expect(gone == nil)
    }

    @Test func whatPassesAClassIsCounted() throws {
        let namespace = try NetworkNamespace.create()
        try namespace.shell(
            "ip link add va type veth peer name vb; ip link set va up; ip link set vb up")
        let control = try inside(namespace) { () throws(NetlinkError) in try RouteControl.open() }
        let found = try control.link(named: "va")
        let index = try #require(found).index
        try control.addHTB(linkIndex: index, handle: 0x10000, standardClass: 1)
        try control.setHTBClass(
            linkIndex: index,
            HTBRecord(
                handle: 0x10001, parent: 0xffff_ffff,
                parameters: HTBParameters(
                    rate: 1_000_000, ceiling: 1_000_000, rateBuffer: 1_000_000,
                    ceilingBuffer: 1_000_000, quantum: 1500, priority: 0)))
        let before = try control.htbStatistics(linkIndex: index)
        // Nobody answers: the questions themselves are what passes.
        try namespace.shell(
            "ip addr add 192.0.2.1/24 dev va; ping -c 2 -i 0.2 -W 1 192.0.2.2 || true")
        let after = try control.htbStatistics(linkIndex: index)
        let first = try #require(before[0x10001])
        let counts = try #require(after[0x10001])
        #expect(counts.packets > first.packets)
        #expect(counts.bytes >= first.bytes + 28 * (counts.packets - first.packets))
        #expect(counts.drops == 0)
    }

    @Test func aRefusalCarriesTheKernelsText() throws {
        let namespace = try NetworkNamespace.create()
        try namespace.shell("ip link add va type veth peer name vb")
        let control = try inside(namespace) { () throws(NetlinkError) in try RouteControl.open() }
        let found = try control.link(named: "va")
        let link = try #require(found)
        do {
            try control.setMTU(1 << 30, index: link.index)
            Issue.record("an absurd MTU was taken")
        } catch {
            #expect(error.code == .invalid)
            #expect(error.operation == "link set mtu")
            #expect(error.description.contains("mtu greater than device maximum"))
        }
        // The socket is in order afterwards.
        let links = try control.links()
        #expect(links.contains { $0.name == "lo" })
    }

    @Test func aDeviceMovesToAnotherNamespace() throws {
        let here = try NetworkNamespace.create()
        let there = try NetworkNamespace.create()
        try here.shell("ip link add va type veth peer name vb")
        let control = try inside(here) { () throws(NetlinkError) in try RouteControl.open() }
        let remote = try inside(there) { () throws(NetlinkError) in try RouteControl.open() }
        let found = try control.link(named: "vb")
        let link = try #require(found)
        try control.move(index: link.index, to: there)
        let left = try control.link(named: "vb")
        let arrived = try remote.link(named: "vb")
        #expect(left == nil)
        #expect(arrived?.kind == "veth")
    }

    @Test func addressesAndRoutes() throws {
        let namespace = try NetworkNamespace.create()
        try namespace.shell(
            "ip link add va type veth peer name vb; ip link set va up; ip link set vb up")
        let control = try inside(namespace) { () throws(NetlinkError) in try RouteControl.open() }
        let found = try control.link(named: "va")
        let link = try #require(found)
        let texts = ["10.9.0.1/24", "fd00:9::1/64"]
        let own = try texts.map {
            LinkAddress(linkIndex: link.index, prefix: try #require(IPPrefix(parsing: $0)))
        }
        for address in own { try control.addAddress(address) }
        let listed = try control.addresses()
        #expect(own.allSatisfy { listed.contains($0) })

        let near = try control.route(to: .v4(IPv4Address(0x0a09_0005)))
        #expect(near.linkIndex == link.index)
        #expect(near.source == .v4(IPv4Address(0x0a09_0001)))
        #expect(near.gateway == nil)
        #expect(!near.isLocal)
        let local = try control.route(to: .v4(IPv4Address(0x0a09_0001)))
        #expect(local.isLocal)

        try control.removeAddress(own[0])
        let rest = try control.addresses()
        #expect(!rest.contains(own[0]))
        do {
            _ = try control.route(to: .v4(IPv4Address(0x0a09_0005)))
            Issue.record("a route without an address")
        } catch {
            #expect(error.code?.name == "ENETUNREACH")
        }
    }

    @Test func aMonitorHearsChangesInOrder() throws {
        let namespace = try NetworkNamespace.create()
        let monitor = try inside(namespace) { () throws(NetlinkError) in try LinkMonitor.open() }
        let quiet = try monitor.events()
        #expect(quiet.isEmpty)
        try namespace.shell(
            "ip link add va type veth peer name vb; ip link set va mtu 1300; ip link del va")
        #expect(waitUntilReadable(monitor.rawDescriptor))
        let events = try monitor.events()
        let names = events.compactMap { event -> String? in
            switch event {
            case .changed(let link): link.name == "va" ? "changed \(link.mtu)" : nil
            case .removed(let link): link.name == "va" ? "removed" : nil
            case .lost: "lost"
            }
        }
        #expect(names.first == "changed 1500")
        #expect(names.contains("changed 1300"))
        #expect(names.last == "removed")
    }
}

@Suite(.enabled(if: isRoot, "network namespaces need root"))
struct TunnelDeviceTests {
    private static func reasonAgainst(_ kind: TunnelDevice.Kind) -> String? {
        guard let namespace = try? NetworkNamespace.create(),
            (try? namespace.succeeds("ip link add probe type \(kind.rawValue) external")) == true
        else { return "this kernel has no \(kind.rawValue) devices" }
        return nil
    }

    @Test(arguments: [TunnelDevice.Kind.vxlan, .geneve])
    func aTunnelDeviceIsMadeOnceAndFoundAgain(_ kind: TunnelDevice.Kind) throws {
        if let reason = Self.reasonAgainst(kind) {
            print("skipped: \(reason)")
            return
        }
        let namespace = try NetworkNamespace.create()
        let control = try inside(namespace) { () throws(NetlinkError) in try RouteControl.open() }
        let device = TunnelDevice(kind: kind, port: kind == .geneve ? 6081 : 4789)
        let link = try control.ensureTunnel(device)
        #expect(link.name == (kind == .geneve ? "genev_sys_6081" : "vxlan_sys_4789"))
        #expect(link.kind == kind.rawValue)
        #expect(link.mtu == 65000)
        #expect(link.isUp)
        let again = try control.ensureTunnel(device)
        #expect(again.index == link.index)
        let details = try namespace.shell("ip -d link show \(link.name)")
        #expect(details.contains("external"))
        #expect(details.contains("dstport \(device.port)"))
        #expect(details.contains("udp6zerocsumrx"))
    }

    @Test(arguments: [TunnelDevice.Kind.gre, .gre6, .erspan, .erspan6])
    func aDeviceForMirrorsIsMadeOnceAndFoundAgain(_ kind: TunnelDevice.Kind) throws {
        if let reason = Self.reasonAgainst(kind) {
            print("skipped: \(reason)")
            return
        }
        let namespace = try NetworkNamespace.create()
        let control = try inside(namespace) { () throws(NetlinkError) in try RouteControl.open() }
        let device = TunnelDevice(kind: kind, port: 0)
        let link = try control.ensureTunnel(device)
        #expect(["gre_sys", "ip6gre_sys", "erspan_sys", "ip6erspan_sys"].contains(link.name))
        #expect(link.kind == kind.rawValue)
        #expect(link.isUp)
        let again = try control.ensureTunnel(device)
        #expect(again.index == link.index)
        #expect(try namespace.shell("ip -d link show \(link.name)").contains("external"))
    }

    @Test func aDriverNamesItselfAndItsLink() throws {
        let namespace = try NetworkNamespace.create()
        try namespace.shell("ip link add va type veth peer name vb")
        let drivers = try inside(namespace) { () throws(NetlinkError) in
            try LinkDriverControl.open()
        }
        let driver = drivers.driver(of: "va")
        #expect(driver?.name == "veth")
        #expect(driver?.speed == 10_000_000_000)
        #expect(driver?.isFullDuplex == true)
        let missing = drivers.driver(of: "no-such-link")
        #expect(missing == nil)
    }

    @Test func aDeviceOfAnotherKindIsNotTaken() throws {
        let namespace = try NetworkNamespace.create()
        try namespace.shell("ip link add genev_sys_6081 type veth peer name b")
        let control = try inside(namespace) { () throws(NetlinkError) in try RouteControl.open() }
        do {
            _ = try control.ensureTunnel(TunnelDevice(kind: .geneve, port: 6081))
            Issue.record("a veth was taken for a tunnel")
        } catch {
            #expect(error.code == .exists)
        }
    }
}
