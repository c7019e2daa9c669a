// Brings the kernel datapath's ports to what the bridge plan says: the control thread's hand in
// the kernel. On start it adopts what it finds (the datapath, its ports, the tunnel devices), so
// that flows which another process put go on forwarding.

import AgentCore
import Linux
import Netlink
import Wire

/// The socket on which a port's misses arrive, and the port it serves.
final class UpcallPort: @unchecked Sendable {
    // Made by the control thread, then used by the datapath thread alone; never changed.
    let name: String
    let vport: UInt32
    let socket: UpcallSocket

    init(name: String, vport: UInt32, socket: consuming UpcallSocket) {
        self.name = name
        self.vport = vport
        self.socket = socket
    }
}

/// What a pass over the ports changed.
struct PortChanges {
    var added: [UpcallPort] = []
    var removed: [UInt32] = []
    var isEmpty: Bool { added.isEmpty && removed.isEmpty }
}

final class KernelDriver {
    /// The name that ovs-vswitchd gives the kernel datapath.
    static let datapathName = "ovs-system"

    let control: DatapathControl
    let route: RouteControl
    private let drivers: LinkDriverControl
    private let tracking: TrackingControl
    let datapath: KernelDatapath
    /// Hears the misses while the datapath sends them by processor.
    let fallback: UpcallPort
    /// No port has it.
    static let fallbackNumber = UInt32.max
    var families: DatapathFamilies { control.families }

    /// Ports that have a socket of this process.
    private var served: [String: UInt32] = [:]
    var ports = KernelPorts()
    var mtus = MTUKeeper()
    /// The datapath's capabilities, once the kernel was asked.
    var probed: [String: String]?
    /// Of the devices among `ports`, by name.
    private(set) var counters: [String: InterfaceCounters] = [:]
    /// All ports of the datapath as they were described last.
    var known: [String: KernelPort] = [:]
    /// What keeps others from the datapath; nil while it isn't this process that serves it.
    var ownership: DatapathOwnership?
    var isOwner: Bool { ownership != nil }
    /// Findings of the self-check that were not told yet.
    var divergences: [Divergence] = []
    var applied = AppliedShaping()
    /// Limits on what devices send, by name, and the devices that were looked at.
    var appliedLimits: [String: AppliedLimit] = [:]
    var policedDevices: [String: Int32] = [:]

    init() throws(NetlinkError) {
        control = try DatapathControl.open()
        route = try RouteControl.open()
        drivers = try LinkDriverControl.open()
        tracking = try TrackingControl.open()
        let found: KernelDatapath
        if let existing = try control.datapath(named: Self.datapathName) {
            found = existing
        } else {
            found = try control.createDatapath(
                named: Self.datapathName, features: Self.features)
        }
        datapath = found
        fallback = UpcallPort(
            name: "any", vport: Self.fallbackNumber, socket: try UpcallSocket.open())
    }

    static let features: KernelDatapath.Features = [.unaligned, .portSockets]

    /// Adds and removes ports, reads their devices, and tells what changed.
    func reconcile(
        _ plan: BridgePlan, encapsulations: Set<EncapsulationType>, mirrors: Set<MirrorDevice> = []
    ) throws(NetlinkError) -> PortChanges {
        var changes = PortChanges()
        ports.failures = [:]
        let wanted = wantedPorts(plan)
        let tunnels = encapsulations.map(Self.device) + mirrors.map(Self.device)
        let devices = Set(tunnels.map(\.name))
        let links = Dictionary(
            try route.links().map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        try review(links, isWanted: { isWanted($0, wanted, devices) }, &changes)
        for name in known.keys.sorted() where !isWanted(name, wanted, devices) {
            remove(name, &changes)
            try removeTunnelDevice(name)
        }
        for (name, kind) in wanted.sorted(by: { $0.key < $1.key }) {
            ensure(name, kind, links, &changes)
        }
        ports.tunnels = [:]
        for kind in encapsulations.sorted() {
            ports.tunnels[kind] = ensureTunnel(Self.device(kind), &changes)
        }
        ports.mirrors = [:]
        for kind in mirrors.sorted() {
            ports.mirrors[kind] = ensureTunnel(Self.device(kind), &changes)
        }
        try readDevices(wanted)
        return changes
    }

    private func wantedPorts(_ plan: BridgePlan) -> [String: KernelPort.Kind] {
        var wanted: [String: KernelPort.Kind] = [:]
        for interface in plan.interfaces {
            switch interface.kind {
            case .device: wanted[interface.name] = .device
            case .internalDevice: wanted[interface.name] = .internal
            case .patch, .tunnel: break
            }
        }
        return wanted
    }

    private func isWanted(
        _ name: String, _ wanted: [String: KernelPort.Kind], _ devices: Set<String>
    ) -> Bool {
        wanted[name] != nil || name == Self.datapathName || devices.contains(name)
    }

    private func remove(_ name: String, _ changes: inout PortChanges) {
        guard let port = known[name] else { return }
        forget(port, &changes)
        // A port whose device is gone has left the datapath by itself.
        try? control.removePort(port.number, of: datapath)
    }

    // MARK: Self-check

    var servedPorts: [KernelPort] { served.keys.compactMap { known[$0] } }
    /// Whether the datapath makes the device itself.
    func isInternal(_ name: String) -> Bool { known[name]?.kind == .internal }
    var knownNames: Set<String> { Set(known.keys) }

    /// The ports by which packets may come in, as records of sampled packets name them.
    var sampledInterfaces: [UInt32: SampledInterface] {
        var result: [UInt32: SampledInterface] = [:]
        for interface in ports.interfaces.values {
            result[interface.vport] = SampledInterface(
                name: interface.name, index: UInt32(clamping: interface.interfaceIndex))
        }
        for (kind, vport) in ports.tunnels {
            result[vport] = SampledInterface(
                name: Self.device(kind).name, index: 0, tunnel: kind)
        }
        return result
    }

    /// A port that is not there any more, or won't be.
    func forget(_ port: KernelPort, _ changes: inout PortChanges) {
        known[port.name] = nil
        served[port.name] = nil
        ports.interfaces[port.name] = nil
        changes.removed.append(port.number)
    }

    /// A port that another program has added.
    func adopt(_ port: KernelPort) { known[port.name] = port }

    /// Sends a port's misses to the socket of this process again.
    func takeBack(_ port: KernelPort) throws(NetlinkError) {
        known[port.name] = try control.setUpcallSockets(
            port.upcallSockets, ofPort: port.number, of: datapath)
    }

    private func ensure(
        _ name: String, _ kind: KernelPort.Kind, _ links: [String: Link],
        _ changes: inout PortChanges
    ) {
        if kind == .device, links[name] == nil {
            remove(name, &changes)
            ports.failures[name] = PortFailure(
                name: name, reason: "could not open network device \(name) (No such device)")
            return
        }
        do {
            try serve(name, kind, &changes)
        } catch {
            ports.failures[name] = PortFailure(
                name: name, reason: "could not add network device \(name) to ofproto (\(error))")
        }
    }

    /// Adds the port, or gives a port that is there already a socket of this process.
    private func serve(
        _ name: String, _ kind: KernelPort.Kind, _ changes: inout PortChanges
    ) throws(NetlinkError) {
        guard served[name] == nil else { return }
        let socket = try UpcallSocket.open()
        let port: KernelPort
        if let existing = try control.port(named: name), existing.datapathIndex == datapath.index {
            port = try control.setUpcallSockets(
                [socket.portID], ofPort: existing.number, of: datapath)
        } else {
            port = try control.addPort(
                named: name, kind: kind, to: datapath, upcallSockets: [socket.portID])
        }
        known[name] = port
        served[name] = port.number
        changes.added.append(UpcallPort(name: name, vport: port.number, socket: socket))
    }

    /// All that this agent makes.
    private static let devices =
        EncapsulationType.allCases.map(device) + MirrorDevice.allCases.map(device)

    private static func device(_ kind: EncapsulationType) -> Netlink.TunnelDevice {
        switch kind {
        case .geneve: .init(kind: .geneve, port: 6081)
        case .vxlan: .init(kind: .vxlan, port: 4789)
        }
    }

    private static func device(_ kind: MirrorDevice) -> Netlink.TunnelDevice {
        switch kind {
        case .gre: .init(kind: .gre, port: 0)
        case .gre6: .init(kind: .gre6, port: 0)
        case .erspan: .init(kind: .erspan, port: 0)
        case .erspan6: .init(kind: .erspan6, port: 0)
        }
    }

    /// - Returns: the device's port.
    private func ensureTunnel(
        _ device: Netlink.TunnelDevice, _ changes: inout PortChanges
    ) -> UInt32? {
        do {
            _ = try route.ensureTunnel(device)
            try serve(device.name, .device, &changes)
            return served[device.name]
        } catch {
            ports.failures[device.name] = PortFailure(name: device.name, reason: "\(error)")
            return nil
        }
    }

    /// One that no tunnel and no mirror uses any more goes, so that others may have its port.
    private func removeTunnelDevice(_ name: String) throws(NetlinkError) {
        guard Self.devices.contains(where: { $0.name == name }),
            let link = try route.link(named: name)
        else { return }
        try route.deleteLink(index: link.index)
    }

    /// Internal devices of bridges come up as ovs-vswitchd brings them: down, except that nothing
    /// is changed that an administrator has set.
    private func readDevices(_ wanted: [String: KernelPort.Kind]) throws(NetlinkError) {
        var interfaces: [String: KernelInterface] = [:]
        let links = try route.links()
        for link in links {
            guard wanted[link.name] != nil, let vport = served[link.name] else { continue }
            interfaces[link.name] = interface(link, vport)
        }
        ports.interfaces = interfaces
        readCounters(links)
    }

    private func interface(_ link: Link, _ vport: UInt32) -> KernelInterface {
        var result = KernelInterface(
            name: link.name, vport: vport, interfaceIndex: Int(link.index),
            address: link.address ?? .zero, mtu: Int(link.mtu), isUp: link.isUp,
            hasCarrier: link.hasCarrier)
        result.carrierChanges = Int(link.carrierChanges)
        if let driver = drivers.driver(of: link.name) { result.driver = InterfaceDriver(driver) }
        return result
    }

    private func readCounters(_ links: [Link]) {
        var read: [String: InterfaceCounters] = [:]
        for link in links where ports.interfaces[link.name] != nil {
            read[link.name] = InterfaceCounters(link.statistics)
        }
        counters = read
    }

    /// - Returns: whether any has changed.
    func refreshCounters() throws(NetlinkError) -> Bool {
        let before = counters
        readCounters(try route.links())
        return counters != before
    }

    /// Takes everything down that this agent has made: for `exit` without `--restart`.
    func tearDown() throws(NetlinkError) {
        try removeShaping()
        try removePolicing()
        try control.delete(datapath)
        for device in Self.devices { try removeTunnelDevice(device.name) }
    }

    /// Forgets all connections of some zones.
    func flush(zones: Set<UInt16>) throws(NetlinkError) {
        try tracking.delete { zones.contains($0.zone) }
    }

    /// Forgets connections to backends that load balancers have given up, by next hops that are
    /// gone, and of access lists that are gone.
    func cut(_ lost: LostConnections) throws(NetlinkError) {
        try tracking.delete { connection in
            if lost.hasAccessList(label: connection.label) { return true }
            if lost.nextHops.contains(where: {
                $0.isOf(
                    zone: connection.zone, label: connection.label,
                    isIPv6: connection.request?.source.v4 == nil)
            }) {
                return true
            }
            guard let request = connection.request, let reply = connection.reply else {
                return false
            }
            return lost.backends.contains {
                $0.has(
                    proto: request.proto,
                    destination: (request.destination, request.destinationPort),
                    answerFrom: (reply.source, reply.sourcePort))
            }
        }
    }

    /// How many connections zones may have.
    func zoneLimits() throws(NetlinkError) -> [UInt16: UInt32] {
        guard families.conntrackLimit != nil else { return [:] }
        var limits: [UInt16: UInt32] = [:]
        for entry in try control.conntrackLimits(in: datapath) {
            if let zone = entry.zone { limits[zone] = entry.limit }
        }
        return limits
    }

    /// - Parameter known: what the kernel has of them.
    func limit(
        zones wanted: [UInt16: UInt32], known: [UInt16: UInt32]
    ) throws(NetlinkError) {
        let changed = wanted.filter { known[$0.key] != $0.value }.sorted { $0.key < $1.key }
        if !changed.isEmpty {
            try control.setConntrackLimits(
                changed.map { ConntrackLimit(zone: $0.key, limit: $0.value) }, in: datapath)
        }
        let gone = known.keys.filter { wanted[$0] == nil }.sorted()
        if !gone.isEmpty { try control.removeConntrackLimits(zones: gone, in: datapath) }
    }

    /// Counters of the datapath, anew.
    func refreshed() throws(NetlinkError) -> KernelDatapath { try control.refreshed(datapath) }

    func kernelPorts() throws(NetlinkError) -> [KernelPort] { try control.ports(of: datapath) }
}
