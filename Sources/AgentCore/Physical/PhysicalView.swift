// Where logical ports are, as one immutable value: what the translator needs to know beside the
// compiled pipeline to get a packet from a kernel port into a logical pipeline and out again.
//
// The control thread derives a new view whenever a binding, a tunnel end, a neighbour or a learned
// address changes; the maps are persistent, so a new view shares all that stayed the same. A
// megaflow records which entries it read, by the keys used here (present or absent), and is
// translated again when one of them differs between two views (`PhysicalView.changes(from:)`).

import HashTreeCollections
import Wire

/// A logical port or multicast group by its numbers: tunnel keys of the Southbound database.
package struct PortReference: Hashable, Sendable, Comparable, BitwiseCopyable {
    /// Datapath_Binding.tunnel_key, 24 bits.
    package let datapath: UInt32
    /// Port_Binding.tunnel_key (1…32767) or Multicast_Group.tunnel_key (32768…65535).
    package let port: UInt32

    package init(datapath: UInt32, port: UInt32) {
        self.datapath = datapath
        self.port = port
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.datapath, left.port) < (right.datapath, right.port)
    }
}

/// One way to another chassis: the outer header that a packet gets, and the device that adds it.
package struct TunnelEndpoint: Hashable, Sendable, Comparable {
    package let encapsulation: EncapsulationType
    /// The kernel datapath's port of the shared, flow-based device of this kind.
    package let vport: UInt32
    package let remote: IPAddress
    package let local: IPAddress?
    /// Whether the outer UDP checksum is computed (the remote's Encap.options:csum).
    package let hasChecksum: Bool
    package let doesNotFragment: Bool
    package let service: TunnelService
    /// A hardware VTEP: its tunnel keys have the datapath alone.
    package let isVTEP: Bool

    package init(
        encapsulation: EncapsulationType, vport: UInt32, remote: IPAddress, local: IPAddress?,
        hasChecksum: Bool = true, doesNotFragment: Bool = true,
        service: TunnelService = .standard, isVTEP: Bool = false
    ) {
        self.isVTEP = isVTEP
        self.encapsulation = encapsulation
        self.vport = vport
        self.remote = remote
        self.local = local
        self.hasChecksum = hasChecksum
        self.doesNotFragment = doesNotFragment
        self.service = service
    }

    package static func < (left: Self, right: Self) -> Bool { left.remote < right.remote }
}

/// Where the packets for a logical port go.
package enum PortPlace: Hashable, Sendable {
    /// To a port of the kernel datapath here.
    case here(vport: UInt32)
    /// To a port of the kernel datapath here, with a VLAN tag that the other side tells it by.
    case nested(vport: UInt32, tag: UInt16)
    /// Out by a bridge of this host, of which the logical port is a port too.
    case bridge(String)
    /// Into another logical datapath, as if received on its port.
    case peer(PortReference)
    /// To another port of the same logical datapath: the gateway's chassis sends what is for the
    /// gateway on by the distributed port.
    case redirect(PortReference)
    /// Out by a port to a physical network, of the switch behind a gateway that another chassis
    /// has: from the gateway's address.
    case network(PortReference, source: MACAddress)
    /// To other chassis, one copy each (more than one only during a live migration).
    case remote([TunnelEndpoint])
    /// Nobody holds the port: packets are dropped.
    case nowhere

    /// The kernel's port, of one that is here.
    package var vport: UInt32? {
        switch self {
        case .here(let vport), .nested(let vport, _): vport
        case .bridge, .peer, .redirect, .network, .remote, .nowhere: nil
        }
    }

    /// Whether the port's workload is on this chassis.
    package var isHere: Bool {
        switch self {
        case .here, .nested: true
        case .bridge, .peer, .redirect, .network, .remote, .nowhere: false
        }
    }
}

/// A logical port of a local datapath.
package struct PhysicalPort: Hashable, Sendable {
    package let reference: PortReference
    package let name: String
    /// Port_Binding.type; "" is an ordinary VIF.
    package let type: String
    package let place: PortPlace
    /// The conntrack zone of the port's switch pipelines; zero for a port that has none.
    package let zone: UInt16
    /// Port_Binding.port_security, empty when unrestricted; enforced only where the workload is.
    package let portSecurity: [PortSecurityEntry]
    /// Ways to other chassis that hold a port that is here, too: while it moves, each of them gets
    /// what is sent to it.
    package let alsoAt: [TunnelEndpoint]
    /// Ways to the chassis of a port that is reached over a physical network, for packets of ports
    /// that are on several chassis: to switches outside their address must not move.
    package var insteadOfNetwork: [TunnelEndpoint] = []
    /// Whether other chassis hold the port, too.
    package var isShared = false
    /// What a port to a physical network replaces.
    package var sources: RouterSources?
    /// What the port waits for before it forwards anything; nil once it does.
    package var activation: PortActivation?
    /// Of a port to a physical network: stations of external ports that are served here, whom ports
    /// of this host alone may answer.
    package var served: Set<MACAddress> = []
    /// Of the interface behind it.
    package var mirrors: [PortMirror] = []

    package init(
        reference: PortReference, name: String, type: String = "", place: PortPlace,
        zone: UInt16 = 0, portSecurity: [PortSecurityEntry] = [], alsoAt: [TunnelEndpoint] = []
    ) {
        self.reference = reference
        self.name = name
        self.type = type
        self.place = place
        self.zone = zone
        self.portSecurity = portSecurity
        self.alsoAt = alsoAt
    }
}

/// The members of a multicast group as this chassis serves them.
package struct MulticastMembers: Hashable, Sendable {
    /// Keys of the members that are ports here, ascending: their egress pipeline runs here,
    /// whether the packet was sent here or came through a tunnel.
    package let local: [UInt32]
    /// Keys of the members that lead into another datapath, ascending. Only the chassis that
    /// sends expands them; a packet from a tunnel must not enter the peer a second time.
    package let peers: [UInt32]
    /// One way to each other chassis that has members; it expands its own.
    package let remote: [TunnelEndpoint]

    package init(local: [UInt32], peers: [UInt32] = [], remote: [TunnelEndpoint]) {
        self.local = local
        self.peers = peers
        self.remote = remote
    }
}

/// A neighbour that a router port knows: MAC_Binding or Static_MAC_Binding.
package struct NeighbourKey: Hashable, Sendable, Comparable {
    package let port: PortReference
    package let address: IPAddress

    package init(port: PortReference, address: IPAddress) {
        self.port = port
        self.address = address
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.port, left.address) < (right.port, right.address)
    }
}

/// An address that a switch has learned (FDB).
package struct LearnedAddressKey: Hashable, Sendable, Comparable {
    package let datapath: UInt32
    package let address: MACAddress

    package init(datapath: UInt32, address: MACAddress) {
        self.datapath = datapath
        self.address = address
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.datapath, left.address) < (right.datapath, right.address)
    }
}

/// The conntrack zones of a datapath (ovn-controller(8), `ct-zone`).
package struct DatapathZones: Hashable, Sendable {
    package var dnat: UInt16
    package var snat: UInt16
    /// The datapath asks for one of its zones by number; translations that share a zone use it.
    package var hasRequestedZone: Bool

    package init(dnat: UInt16, snat: UInt16, hasRequestedZone: Bool = false) {
        self.dnat = dnat
        self.snat = snat
        self.hasRequestedZone = hasRequestedZone
    }

    /// The zone of `ct_dnat_in_czone` and `ct_snat_in_czone`.
    package var common: UInt16 { hasRequestedZone ? snat : dnat }
}

/// Which registers and marks the logical flows use: those of northd from 25.09 on, or earlier ones.
package struct RegisterLayout: Hashable, Sendable {
    package var isOld = false
    /// Load balancers mark connections in ct_label.
    package var marksLabels = false

    package init() {}

    /// The number of the register with the virtual IPv4 address of a packet.
    package var virtualAddress4: Int { isOld ? 1 : 4 }

    /// - Parameter options: SB_Global.options.
    package init(options: [String: String]) {
        let version = options["northd_internal_version"]?.split(separator: ".").first
        let major = version.flatMap { Int($0) }
        isOld = options["register_consolidation"] != "true" && (major ?? 99) < 25
        marksLabels = options["lb_hairpin_use_ct_mark"] == "false"
    }
}

package struct PhysicalView: Sendable {
    /// The logical ports of local datapaths.
    package var ports: TreeDictionary<PortReference, PhysicalPort> = [:]
    /// Kernel port number -> the logical port whose packets arrive there.
    package var inputs: TreeDictionary<UInt32, PortReference> = [:]
    /// Kernel port number -> the logical ports of tagged packets that arrive there, by VLAN.
    package var nestedInputs: TreeDictionary<UInt32, [UInt16: PortReference]> = [:]
    /// Kernel port number -> the port of a provider bridge that it is.
    package var bridgeInputs: TreeDictionary<UInt32, BridgeInput> = [:]
    /// Provider bridges by name, with the logical ports that reach their networks.
    package var bridges: TreeDictionary<String, ProviderBridge> = [:]
    /// Kernel port number of a shared tunnel device -> its kind.
    package var tunnelDevices: TreeDictionary<UInt32, EncapsulationType> = [:]
    package var groups: TreeDictionary<PortReference, MulticastMembers> = [:]
    /// Addresses of chassis from which tunnelled packets are accepted.
    package var tunnelSources: TreeSet<IPAddress> = []
    /// Addresses of hardware VTEPs -> their ports by datapath.
    package var vteps: TreeDictionary<IPAddress, [UInt32: PortReference]> = [:]
    package var otherZones = OtherZones()
    package var neighbours: TreeDictionary<NeighbourKey, MACAddress> = [:]
    package var learnedAddresses: TreeDictionary<LearnedAddressKey, UInt32> = [:]
    /// Datapath keys of logical routers among the local datapaths; all others are switches.
    package var routers: TreeSet<UInt32> = []
    /// Those of them whose neighbours age (`mac_binding_age_threshold`), or
    /// are nearly as many as they may be (`LearnedLimits`).
    package var ageingRouters: TreeSet<UInt32> = []
    /// Seconds that the learned entry lives that goes soonest unless it is used; nil if none ages.
    package var shortestAge: Int?
    /// Routers that learn answers to their questions only (`mac_binding_only_if_asked`).
    package var askingRouters: TreeSet<UInt32> = []
    package var virtualServices = VirtualServices()
    /// Where the logical flows keep what the side lookups read.
    package var registers = RegisterLayout()
    package var meters: TreeDictionary<String, MeterRate> = [:]
    /// Names of the ports of this chassis.
    package var localPorts: TreeSet<String> = []
    /// Conntrack zones by datapath key.
    package var zones: TreeDictionary<UInt32, DatapathZones> = [:]
    /// Flow_Sample_Collector_Set.id -> who gets its samples.
    package var collectorSets: TreeDictionary<UInt32, CollectorSet> = [:]
    package var dropSampling: DropSampling?
    /// No dependency of any flow.
    package var services = ServiceView()
    /// No dependency of any flow either.
    package var limits = ConfiguredLimits()

    package init() {}
}

/// One entry of a view, by its key: what a megaflow depends on.
package enum PhysicalDependency: Hashable, Sendable {
    case port(PortReference)
    case input(vport: UInt32)
    case tunnelDevice(vport: UInt32)
    case group(PortReference)
    case tunnelSource(IPAddress)
    /// All chassis of other availability zones.
    case otherZones
    case neighbour(NeighbourKey)
    case learnedAddress(LearnedAddressKey)
    case router(datapath: UInt32)
    case zones(datapath: UInt32)
    case localPort(String)
    case virtualService(VirtualServiceKey)
    /// The set of all routers that learn answers only.
    case askingRouters
    /// The set of all sources that hairpins may have.
    case hairpinSources
    case registers
    case meter(String)
    case collectorSet(UInt32)
    /// Who gets what no logical flow drops.
    case dropSampling
    case bridge(String)
    /// No parts of a view: the datapath thread's own.
    case station(StationKey)
    case affinity(AffinityKey)
    case nextHop(ConnectionKey)

    /// Whether it comes and goes with packets, and few flows depend on it. All else is configuration,
    /// which every flow of a path has in common.
    var isParticular: Bool {
        switch self {
        case .neighbour, .learnedAddress, .station, .affinity, .nextHop: true
        default: false
        }
    }
}

extension PhysicalView {
    /// The entries that are absent on one side or differ; cost follows the difference where the
    /// persistent maps share structure.
    package func changes(from old: PhysicalView) -> Set<PhysicalDependency> {
        var result: Set<PhysicalDependency> = []
        Self.compare(old.ports, ports) { result.insert(.port($0)) }
        Self.compare(old.inputs, inputs) { result.insert(.input(vport: $0)) }
        Self.compare(old.nestedInputs, nestedInputs) { result.insert(.input(vport: $0)) }
        Self.compare(old.bridgeInputs, bridgeInputs) { result.insert(.input(vport: $0)) }
        Self.compare(old.bridges, bridges) { result.insert(.bridge($0)) }
        Self.compare(old.tunnelDevices, tunnelDevices) { result.insert(.tunnelDevice(vport: $0)) }
        Self.compare(old.groups, groups) { result.insert(.group($0)) }
        Self.compare(old.vteps, vteps) { result.insert(.tunnelSource($0)) }
        if old.otherZones != otherZones { result.insert(.otherZones) }
        Self.compare(old.neighbours, neighbours) { result.insert(.neighbour($0)) }
        Self.compare(old.learnedAddresses, learnedAddresses) {
            result.insert(.learnedAddress($0))
        }
        for name in localPorts.symmetricDifference(old.localPorts) {
            result.insert(.localPort(name))
        }
        Self.compare(old.virtualServices.services, virtualServices.services) {
            result.insert(.virtualService($0))
        }
        if old.virtualServices.sources4 != virtualServices.sources4
            || old.virtualServices.sources6 != virtualServices.sources6
        {
            result.insert(.hairpinSources)
        }
        if old.registers != registers { result.insert(.registers) }
        Self.compare(old.meters, meters) { result.insert(.meter($0)) }
        Self.compare(old.collectorSets, collectorSets) { result.insert(.collectorSet($0)) }
        if old.dropSampling != dropSampling || old.droppedSet != droppedSet {
            result.insert(.dropSampling)
        }
        Self.compare(old.zones, zones) { result.insert(.zones(datapath: $0)) }
        for source in tunnelSources.symmetricDifference(old.tunnelSources) {
            result.insert(.tunnelSource(source))
        }
        for datapath in routers.symmetricDifference(old.routers) {
            result.insert(.router(datapath: datapath))
        }
        for datapath in ageingRouters.symmetricDifference(old.ageingRouters) {
            result.insert(.router(datapath: datapath))
        }
        if askingRouters != old.askingRouters { result.insert(.askingRouters) }
        return result
    }

    /// The set that gets what no logical flow drops.
    private var droppedSet: CollectorSet? {
        dropSampling.flatMap { collectorSets[$0.collectorSet] }
    }

    private static func compare<Key: Hashable, Value: Equatable>(
        _ old: TreeDictionary<Key, Value>, _ new: TreeDictionary<Key, Value>,
        _ report: (Key) -> Void
    ) {
        // At once where they are the same tree, as after most changes.
        if old == new { return }
        for key in old.keys.subtracting(new.keys) { report(key) }
        for (key, value) in new where old[key] != value { report(key) }
    }
}
