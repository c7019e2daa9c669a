// Derives the physical view from Southbound rows and what this host has.
//
// The view is made anew from its inputs and compared with the one before, so that it can't drift;
// its size is that of the local datapaths, not of the deployment.

import LogicalFlow
import OVSDBModel
import Schemas
import Wire

/// What a physical view is made of.
package struct PhysicalInputs {
    /// Local datapaths by row.
    package var datapaths: [RowUUID: SB.DatapathBinding] = [:]
    /// Ports of local datapaths, and peers of their patch ports.
    package var ports: [(RowUUID, SB.PortBinding)] = []
    package var claims: [RowUUID: PortClaim] = [:]
    /// Local interfaces of ports that no chassis claims (localport).
    package var interfaces = LocalInterfaces([])
    package var ownChassis: RowUUID?
    package var chassis: [RowUUID: SB.Chassis] = [:]
    package var encaps: [RowUUID: SB.Encap] = [:]
    /// The shared tunnel devices of this host.
    package var devices: [EncapsulationType: TunnelDevice] = [:]
    package var transportZones: [String] = []
    /// Physical network -> bridge name (`ovn-bridge-mappings`).
    package var bridgeMappings: [String: String] = [:]
    package var bridges: [ProviderBridge] = []
    /// SB_Global.options:always_tunnel.
    package var alwaysTunnels = false
    package var groups: [SB.MulticastGroup] = []
    package var neighbours: [SB.MACBinding] = []
    package var staticNeighbours: [SB.StaticMACBinding] = []
    package var learnedAddresses: [SB.FDB] = []
    package var zones = ZoneNumbers()
    /// Load balancers of local datapaths, with the rows of those.
    package var loadBalancers: [(row: SB.LoadBalancer, datapaths: Set<RowUUID>)] = []
    package var meters: [String: MeterRate] = [:]
    package var registers = RegisterLayout()
    package var dropSampling: DropSampling?
    /// SB_Global.options:control_limits.
    package var limits = ControlLimits()
    /// Physical network -> this chassis' address for it (`ovn-chassis-mac-mappings`).
    package var chassisAddresses: [String: MACAddress] = [:]
    /// Ports that were activated and whose rows don't tell yet.
    package var activated: Set<PortReference> = []
    package var mirrors: [RowUUID: SB.Mirror] = [:]
    /// Kernel ports by the `mirror-id` of their interfaces.
    package var mirrorPorts: [String: UInt32] = [:]
    package var mirrorDevices: [MirrorDevice: UInt32] = [:]

    package init() {}
}

/// A flow-based tunnel device of this host.
package struct TunnelDevice: Hashable, Sendable {
    package let vport: UInt32
    /// The addresses of this chassis' Encap rows of the kind, the default first.
    package let localAddresses: [IPAddress]
    package let doesNotFragment: Bool
    package let service: TunnelService

    package init(
        vport: UInt32, localAddresses: [IPAddress], doesNotFragment: Bool = true,
        service: TunnelService = .standard
    ) {
        self.vport = vport
        self.localAddresses = localAddresses
        self.doesNotFragment = doesNotFragment
        self.service = service
    }
}

package struct PhysicalBuilder {
    private let inputs: PhysicalInputs
    private let tunnels: [RowUUID: [TunnelEndpoint]]
    private let byName: [String: (RowUUID, SB.PortBinding)]
    /// The provider network of each switch that reaches one from here.
    private let localnets: [RowUUID: PortReference]
    /// Datapaths with a port that is here and on other chassis.
    private let sharing: Set<RowUUID>
    private let sources: RouterSourceIndex
    private let mirrors: MirrorPlan
    /// Stations of external ports that this chassis has, by datapath.
    private let served: [RowUUID: Set<MACAddress>]
    /// Rows that were skipped, each with its reason.
    package private(set) var problems: [String] = []

    package init(_ inputs: PhysicalInputs) {
        self.inputs = inputs
        tunnels = TunnelChoice(inputs).endpoints
        byName = Dictionary(
            inputs.ports.map { ($0.1.logicalPort, $0) }, uniquingKeysWith: { first, _ in first })
        localnets = inputs.localnets
        sharing = Set(
            inputs.ports.filter { inputs.claims[$0.0] != nil && !$0.1.additionalChassis.isEmpty }
                .map(\.1.datapath))
        sources = RouterSourceIndex(inputs, named: byName)
        mirrors = MirrorPlan(inputs)
        served = inputs.servedStations
        problems = mirrors.problems
    }

    private var otherZones: OtherZones {
        let chassis = tunnels.filter { uuid, endpoints in
            inputs.chassis[uuid]?.isOfOtherZone == true && endpoints[0].encapsulation == .geneve
        }
        return OtherZones(
            ways: chassis.values.map { $0[0] }.sorted(),
            sources: Set(chassis.values.flatMap { $0.map(\.remote) }))
    }

    /// The devices that the mirrors of ports here need.
    package var mirrorDevices: Set<MirrorDevice> { mirrors.devices }

    package mutating func build() -> PhysicalView {
        var view = PhysicalView()
        view.shortestAge = inputs.datapaths.values.compactMap(\.shortestAge).min()
        for (_, datapath) in inputs.datapaths where datapath.isRouter {
            let key = UInt32(truncatingIfNeeded: datapath.tunnelKey)
            view.routers.insert(key)
            if datapath.ages { view.ageingRouters.insert(key) }
            if datapath.learnsAnswersOnly { view.askingRouters.insert(key) }
        }
        for bridge in inputs.bridges { add(bridge, to: &view) }
        var places: [RowUUID: PhysicalPort] = [:]
        for (uuid, row) in inputs.ports {
            guard let port = physicalPort(uuid, row) else { continue }
            places[uuid] = port
            view.ports[port.reference] = port
            attach(port, row, to: &view)
        }
        view.registers = inputs.registers
        view.dropSampling = inputs.dropSampling
        view.limits.deployment = inputs.limits
        for (name, rate) in inputs.meters { view.meters[name] = rate }
        addVirtualServices(to: &view)
        for (uuid, zones) in inputs.zones.datapaths {
            guard let row = inputs.datapaths[uuid] else { continue }
            view.zones[UInt32(truncatingIfNeeded: row.tunnelKey)] = zones
        }
        for (kind, device) in inputs.devices { view.tunnelDevices[device.vport] = kind }
        for endpoints in tunnels.values {
            for endpoint in endpoints { view.tunnelSources.insert(endpoint.remote) }
        }
        view.otherZones = otherZones
        addGroups(to: &view, places: places)
        addNeighbours(to: &view)
        addLearnedAddresses(to: &view)
        return view
    }

    // MARK: Ports

    private func reference(_ row: SB.PortBinding) -> PortReference? { inputs.reference(row) }

    /// Says where the packets of a port come in.
    private mutating func attach(
        _ port: PhysicalPort, _ row: SB.PortBinding, to view: inout PhysicalView
    ) {
        switch port.place {
        case .here(let vport) where row.type != "mirror":
            view.inputs[vport] = port.reference
            view.localPorts.insert(port.name)
            if let text = row.options["control_limits"] {
                view.limits.ports[vport] = ControlLimits(parsing: text)
            }
        case .nested(let vport, let tag):
            view.nestedInputs[vport, default: [:]][tag] = port.reference
            view.localPorts.insert(port.name)
        case .bridge(let name):
            let membership = membership(row)
            view.bridges[name]?.add(
                BridgePort(
                    name: .logical(port.reference), membership: membership, way: .datapath))
        case .remote(let ways):
            guard row.type == "vtep" else { return }
            for way in ways where way.isVTEP {
                view.vteps[way.remote, default: [:]][port.reference.datapath] = port.reference
            }
        case .here, .peer, .redirect, .network, .nowhere: break
        }
    }

    /// How a port to a physical network is a port of its bridge. Its tag goes in front of those that
    /// frames have already (`vlan-passthru`).
    private mutating func membership(_ row: SB.PortBinding) -> VLANMembership {
        let passes = row.options["vlan-passthru"] == "true"
        guard let tag = row.tag, tag != 0 else { return passes ? .trunk() : .trunk([0]) }
        let number = UInt16(clamping: tag)
        let type = row.type == "localnet" ? tagType(row) : EtherType.vlan
        return passes || type != EtherType.vlan
            ? .stacked(number, type: type) : .access(number)
    }

    /// `ethtype`, with the spellings that ovn-controller takes.
    private mutating func tagType(_ row: SB.PortBinding) -> UInt16 {
        switch row.options["ethtype"]?.lowercased() {
        case "802.1ad", "802.11ad": return EtherType.serviceVLAN
        case nil, "802.1q", "802.11q": return EtherType.vlan
        case .some(let other):
            problems.append("Port_Binding \(row.logicalPort): unknown ethtype \"\(other)\"")
            return EtherType.vlan
        }
    }

    private func add(_ bridge: ProviderBridge, to view: inout PhysicalView) {
        view.bridges[bridge.name] = bridge
        for port in bridge.ports {
            guard case .devices(let vports) = port.way else { continue }
            for vport in vports {
                view.bridgeInputs[vport] = BridgeInput(bridge: bridge.name, port: port.name)
            }
        }
    }

    private mutating func physicalPort(_ uuid: RowUUID, _ row: SB.PortBinding) -> PhysicalPort? {
        guard let reference = reference(row) else { return nil }
        let place = place(uuid, row)
        var security: [PortSecurityEntry] = []
        if place.isHere {
            for text in row.portSecurity {
                do {
                    security.append(try PortSecurityEntry(parsing: text))
                } catch {
                    problems.append(
                        "Port_Binding \(row.logicalPort): port_security \"\(error.entry)\": "
                            + "\"\(error.token)\" is no address")
                }
            }
        }
        let isShared = place.isHere && !row.additionalChassis.isEmpty
        var port = PhysicalPort(
            reference: reference, name: row.logicalPort, type: row.type, place: place,
            zone: inputs.zones.ports[row.logicalPort] ?? 0, portSecurity: security,
            alsoAt: isShared ? remoteWays(row) : [])
        port.isShared = isShared
        if sharing.contains(row.datapath), place == throughNetwork(row) {
            port.insteadOfNetwork = remoteWays(row)
        }
        port.sources = sources.sources(at: row)
        if row.type == "localnet" { port.served = served[row.datapath] ?? [] }
        port.activation = activation(of: row, at: reference, inputs.claims[uuid])
        if let vport = place.vport, row.type != "mirror" {
            port.mirrors = mirrors.byInterface[vport] ?? []
        }
        return port
    }

    private mutating func activation(
        of row: SB.PortBinding, at reference: PortReference, _ claim: PortClaim?
    ) -> PortActivation? {
        guard claim?.role == .additional, !inputs.activated.contains(reference),
            let chassis = inputs.ownChassis.flatMap({ inputs.chassis[$0] })
        else { return nil }
        return PortActivation(row, chassis: chassis.name) { problems.append($0) }
    }

    private func place(_ uuid: RowUUID, _ row: SB.PortBinding) -> PortPlace {
        switch row.type {
        case "localnet": return inputs.bridge(of: row).map { .bridge($0) } ?? .nowhere
        case "l2gateway" where inputs.claims[uuid] != nil:
            return inputs.bridge(of: row).map { .bridge($0) } ?? .nowhere
        case "external": return throughNetwork(row) ?? .nowhere
        case "l3gateway" where inputs.claims[uuid] == nil: return elsewhere(row)
        case "mirror":
            if let target = row.mirrorPort.flatMap({ byName[$0] }),
                let vport = inputs.claims[target.0]?.interface?.vport
            {
                return .here(vport: vport)
            }
            return elsewhere(row)
        case "patch", "l3gateway":
            guard let name = row.options["peer"], let peer = byName[name],
                let target = reference(peer.1)
            else { return .nowhere }
            return .peer(target)
        case "chassisredirect" where inputs.claims[uuid] != nil:
            guard let name = row.options["distributed-port"], let port = byName[name],
                let target = reference(port.1)
            else { return .nowhere }
            return .redirect(target)
        case "chassisredirect" where row.options["redirect-type"] == "bridged":
            return network(behind: row) ?? .nowhere
        case "localport":
            return inputs.interfaces.byLogicalPort[row.logicalPort]
                .map { .here(vport: $0.vport) } ?? .nowhere
        case "", "remote", "chassisredirect", "vtep", "l2gateway":
            if let vport = inputs.claims[uuid]?.interface?.vport { return .here(vport: vport) }
            if let parent = inputs.claims[uuid]?.parent, let tag = row.tag {
                return .nested(vport: parent.vport, tag: UInt16(clamping: tag))
            }
            return elsewhere(row)
        default:
            return .nowhere
        }
    }

    /// The physical network that a gateway of another chassis is reached over.
    private func network(behind row: SB.PortBinding) -> PortPlace? {
        guard let port = row.options["distributed-port"].flatMap({ byName[$0] })?.1,
            let peer = port.options["peer"].flatMap({ byName[$0] })?.1,
            let localnet = localnets[peer.datapath],
            let source = row.mac.first.flatMap({ StationAddresses(parsing: $0) })?.mac
        else { return nil }
        return .network(localnet, source: source)
    }

    /// Where the packets for a port of another chassis go: by the provider network that its switch
    /// reaches from here, else through a tunnel.
    private func elsewhere(_ row: SB.PortBinding) -> PortPlace {
        if let place = throughNetwork(row), row.additionalChassis.isEmpty { return place }
        let ways = remoteWays(row)
        return ways.isEmpty ? .nowhere : .remote(ways)
    }

    private func throughNetwork(_ row: SB.PortBinding) -> PortPlace? {
        guard !inputs.alwaysTunnels, let localnet = localnets[row.datapath] else { return nil }
        return .redirect(localnet)
    }

    private func remoteWays(_ row: SB.PortBinding) -> [TunnelEndpoint] {
        let holders = ([row.chassis].compactMap { $0 } + row.additionalChassis)
            .filter { $0 != inputs.ownChassis }
        return holders.compactMap { chassis in
            let all = tunnels[chassis] ?? []
            let wanted = [row.encap].compactMap { $0 } + row.additionalEncap
            let addresses = wanted.compactMap { inputs.encaps[$0]?.ip }
            return all.first { addresses.contains($0.remote.description) } ?? all.first
        }
    }

    private mutating func addVirtualServices(to view: inout PhysicalView) {
        var keys: [RowUUID: UInt32] = [:]
        for (uuid, row) in inputs.datapaths {
            keys[uuid] = UInt32(truncatingIfNeeded: row.tunnelKey)
        }
        var found: [String] = []
        view.virtualServices = VirtualServices(
            inputs.loadBalancers.map { row, datapaths in
                let matters = VirtualServices.differ(byDatapath: row)
                return (row, matters ? datapaths.compactMap { keys[$0] } : [])
            }, problem: { found.append($0) })
        problems += found
    }

    // MARK: Groups, neighbours, learned addresses

    private func addGroups(to view: inout PhysicalView, places: [RowUUID: PhysicalPort]) {
        for group in inputs.groups {
            guard let datapath = inputs.datapaths[group.datapath] else { continue }
            let hasNetwork = localnets[group.datapath] != nil
            var local: [UInt32] = []
            var peers: [UInt32] = []
            var remote: [TunnelEndpoint] = []
            for member in group.ports.compactMap({ places[$0] }) {
                var ways = member.alsoAt
                switch member.place {
                case .here, .nested, .bridge: local.append(member.reference.port)
                case .peer: peers.append(member.reference.port)
                case .remote(let remote): ways = remote
                // Also for packets from other chassis: only this one serves the gateway.
                case .redirect(let port) where member.type == "chassisredirect":
                    local.append(port.port)
                case .redirect, .network, .nowhere: break
                }
                // A provider network brings it to other hosts; a copy by a tunnel would be a second
                // one, which its receiver would put on the network again.
                if hasNetwork, member.type != "remote" { continue }
                for way in ways where !remote.contains(where: { $0.remote == way.remote }) {
                    remote.append(way)
                }
            }
            let reference = PortReference(
                datapath: UInt32(truncatingIfNeeded: datapath.tunnelKey),
                port: UInt32(truncatingIfNeeded: group.tunnelKey))
            view.groups[reference] = MulticastMembers(
                local: local.sorted(), peers: peers.sorted(), remote: remote.sorted())
        }
    }

    private mutating func addNeighbours(to view: inout PhysicalView) {
        func add(_ port: String, _ ip: String, _ mac: String, _ table: String) {
            guard let row = byName[port]?.1, let reference = reference(row) else { return }
            guard let address = IPAddress(parsing: ip), let mac = MACAddress(parsing: mac) else {
                problems.append("\(table) of \(port): \"\(ip)\" at \"\(mac)\" is no binding")
                return
            }
            view.neighbours[NeighbourKey(port: reference, address: address)] = mac
        }
        for row in inputs.staticNeighbours where !row.overrideDynamicMAC {
            add(row.logicalPort, row.ip, row.mac, "Static_MAC_Binding")
        }
        var counts: [RowUUID: Int] = [:]
        for row in inputs.neighbours {
            add(row.logicalPort, row.ip, row.mac, "MAC_Binding")
            counts[row.datapath, default: 0] += 1
        }
        for (uuid, count) in counts { noteCrowding(inputs.datapaths[uuid], count, in: &view) }
        for row in inputs.staticNeighbours where row.overrideDynamicMAC {
            add(row.logicalPort, row.ip, row.mac, "Static_MAC_Binding")
        }
    }

    /// Of a router that has so many neighbours that some will have to go, use is noted as if they aged.
    private func noteCrowding(
        _ router: SB.DatapathBinding?, _ count: Int, in view: inout PhysicalView
    ) {
        guard let router, router.isRouter,
            LearnedLimits.isCrowded(count, limit: router.neighbourLimit ?? LearnedLimits.standard)
        else { return }
        view.ageingRouters.insert(UInt32(truncatingIfNeeded: router.tunnelKey))
    }

    private mutating func addLearnedAddresses(to view: inout PhysicalView) {
        for row in inputs.learnedAddresses {
            guard let mac = MACAddress(parsing: row.mac) else {
                problems.append("FDB of datapath \(row.dpKey): \"\(row.mac)\" is no address")
                continue
            }
            let key = LearnedAddressKey(
                datapath: UInt32(truncatingIfNeeded: row.dpKey), address: mac)
            view.learnedAddresses[key] = UInt32(truncatingIfNeeded: row.portKey)
        }
    }
}

extension PhysicalInputs {
    func reference(_ row: SB.PortBinding) -> PortReference? {
        guard let datapath = datapaths[row.datapath] else { return nil }
        return PortReference(
            datapath: UInt32(truncatingIfNeeded: datapath.tunnelKey),
            port: UInt32(truncatingIfNeeded: row.tunnelKey))
    }

    /// The bridge of the port's physical network, if this host has both.
    func bridge(of row: SB.PortBinding) -> String? {
        guard let network = row.options["network_name"], let name = bridgeMappings[network],
            bridges.contains(where: { $0.name == name })
        else { return nil }
        return name
    }

    fileprivate var servedStations: [RowUUID: Set<MACAddress>] {
        var result: [RowUUID: Set<MACAddress>] = [:]
        for (uuid, row) in ports where row.type == "external" && claims[uuid] != nil {
            let own = row.mac.compactMap { StationAddresses(parsing: $0)?.mac }
            result[row.datapath, default: []].formUnion(own)
        }
        return result
    }

    /// The localnet port of each switch that has one with a network of this host.
    fileprivate var localnets: [RowUUID: PortReference] {
        var result: [RowUUID: PortReference] = [:]
        for (_, row) in ports where row.type == "localnet" && bridge(of: row) != nil {
            guard let reference = reference(row) else { continue }
            result[row.datapath] = min(result[row.datapath] ?? reference, reference)
        }
        return result
    }
}

extension SB.DatapathBinding {
    /// Logical_Router.options:mac_binding_only_if_asked, an extension that northd copies.
    fileprivate var learnsAnswersOnly: Bool { externalIDs["mac_binding_only_if_asked"] == "true" }

    fileprivate var ages: Bool {
        ServiceRows.threshold(self, "mac_binding_age_threshold") != nil
    }

    fileprivate var shortestAge: Int? {
        ["mac_binding_age_threshold", "fdb_age_threshold"]
            .compactMap { ServiceRows.threshold(self, $0) }.min()
    }

    /// Whether the datapath is a logical router; an older northd tells only by external_ids.
    package var isRouter: Bool {
        switch type {
        case "logical-router": true
        case .some(let other) where !other.isEmpty: false
        default: externalIDs["logical-router"] != nil
        }
    }
}
