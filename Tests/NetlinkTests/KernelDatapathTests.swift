import CLinux
import Datapath
import Linux
import Testing
import Wire

@testable import Netlink

@Suite(.serialized, .enabled(if: isGuest, "needs a kernel with openvswitch: Tools/vm"))
struct KernelDatapathTests {
    @Test func aDatapathIsCreatedFoundAndDeleted() throws {
        let host = try Host()
        let found = try host.control.datapath(named: Host.datapathName)
        #expect(found?.index == host.datapath.index)
        #expect(found?.features.contains(.portSockets) == true)
        let listed = try host.control.datapaths()
        #expect(listed.map(\.name) == [Host.datapathName])

        do {
            _ = try host.control.createDatapath(named: Host.datapathName)
            Issue.record("two datapaths of one name")
        } catch {
            #expect(error.code == .exists)
        }
        try host.control.delete(host.datapath)
        let gone = try host.control.datapath(named: Host.datapathName)
        #expect(gone == nil)
    }

    @Test func namespacesDoNotSeeEachOther() throws {
        let first = try Host()
        let second = try Host()
        let listed = try first.control.datapaths()
        #expect(listed.count == 1)
        try second.control.delete(second.datapath)
        let still = try first.control.datapath(named: Host.datapathName)
        #expect(still != nil)
    }

    @Test func aRefusalCarriesTheKernelsText() throws {
        let host = try Host()
        do {
            _ = try host.control.createDatapath(named: "longer-than-fifteen-bytes")
            Issue.record("a name beyond IFNAMSIZ was taken")
        } catch {
            guard case .refused(_, let text) = error.cause else {
                Issue.record("\(error)")
                return
            }
            #expect(text == "Attribute failed policy validation")
            #expect(error.description.contains("datapath create longer-than-fifteen-bytes"))
        }
    }

    @Test func portsAreAddedChangedAndRemoved() throws {
        let host = try Host()
        let socket = try host.openUpcallSocket()
        try host.namespace.shell("ip link add va type veth peer name vb")
        let port = try host.control.addPort(
            named: "va", to: host.datapath, number: 77, upcallSockets: [socket.portID])
        #expect(port.number == 77)
        #expect(port.kind == .device)
        #expect(port.upcallSockets == [socket.portID])
        let link = try host.route.link(named: "va")
        #expect(link?.masterIndex == host.datapath.index)
        #expect(port.interfaceIndex == link?.index)

        let automatic = try host.control.addPort(named: "vb", to: host.datapath)
        #expect(automatic.number == 1)
        #expect(automatic.upcallSockets.isEmpty)
        let inner = try host.control.addPort(named: "int0", kind: .internal, to: host.datapath)
        #expect(inner.kind == .internal)
        let device = try host.route.link(named: "int0")
        #expect(device != nil)

        let ports = try host.control.ports(of: host.datapath)
        #expect(ports.map(\.name) == [Host.datapathName, "vb", "int0", "va"])
        let silent = try host.control.setUpcallSockets([], ofPort: 77, of: host.datapath)
        #expect(silent.upcallSockets.isEmpty)

        try host.control.removePort(77, of: host.datapath)
        let byNumber = try host.control.port(77, of: host.datapath)
        let byName = try host.control.port(named: "va")
        #expect(byNumber == nil)
        #expect(byName == nil)
        let left = try host.route.link(named: "va")
        #expect(left?.masterIndex == nil)
    }

    @Test func aPortWithoutDeviceIsRefused() throws {
        let host = try Host()
        do {
            _ = try host.control.addPort(named: "nothing", to: host.datapath)
            Issue.record("a device that does not exist was attached")
        } catch {
            #expect(error.code == .noSuchDevice)
            #expect(error.place == "nothing")
        }
    }

    @Test func aMonitorHearsOfPorts() throws {
        let host = try Host()
        let families = host.control.families
        let monitor = try inside(host.namespace) { () throws(NetlinkError) in
            try PortMonitor.open(families)
        }
        let quiet = try monitor.events()
        #expect(quiet.isEmpty)
        let port = try host.control.addPort(named: "int0", kind: .internal, to: host.datapath)
        _ = try host.control.setUpcallSockets([1], ofPort: port.number, of: host.datapath)
        try host.control.removePort(port.number, of: host.datapath)
        #expect(waitUntilReadable(monitor.rawDescriptor))
        let events = try monitor.events()
        let texts = events.map { event in
            switch event {
            case .added(let port): "added \(port.name)"
            case .changed(let port): "changed \(port.name) \(port.upcallSockets)"
            case .removed(let port): "removed \(port.name)"
            case .lost: "lost"
            }
        }
        #expect(texts == ["added int0", "changed int0 [1]", "removed int0"])
    }

    @Test func theKernelTellsItsFeatures() throws {
        let host = try Host()
        let features = try KernelFeatures.probe(host.control, &host.channel)
        print("kernel features \(features)")
        #expect(features.release == KernelFeatures.kernelRelease())
        // Every kernel since 5.2, with connection tracking built in.
        for feature in [
            KernelFeatures.Feature.connectionTracking, .addressTranslation, .clearTracking,
            .originalTuple, .clone, .truncate, .sample, .checkLength, .meter, .twoTags,
            .originalTupleIPv6, .connectionMark, .connectionLabel, .eventMask,
        ] {
            #expect(features.has(feature), "\(feature)")
        }
        #expect(features.meterLimits.meters > 0)
        let left = try host.flows()
        #expect(left.isEmpty)
    }

    @Test func metersAreSetReadAndDeleted() throws {
        let host = try Host()
        let meter = Meter(unit: .packetsPerSecond, bands: [Meter.Band(rate: 10, burst: 5)])
        try host.control.setMeter(3, to: meter, in: host.datapath)
        let fresh = try host.control.meterStatistics(3, in: host.datapath)
        #expect(fresh?.packets == 0)
        try host.control.deleteMeter(3, in: host.datapath)
        let gone = try host.control.meterStatistics(3, in: host.datapath)
        #expect(gone == nil)
    }

    @Test func connectionsPerZoneAreLimited() throws {
        let host = try Host()
        try host.control.setConntrackLimits(
            [.init(zone: nil, limit: 1000), .init(zone: 5, limit: 10)], in: host.datapath)
        let limits = try host.control.conntrackLimits(in: host.datapath)
        #expect(limits == [.init(zone: nil, limit: 1000), .init(zone: 5, limit: 10)])
        try host.control.removeConntrackLimits(zones: [5], in: host.datapath)
        let rest = try host.control.conntrackLimits(in: host.datapath)
        #expect(rest.map(\.zone) == [nil])
    }
}
