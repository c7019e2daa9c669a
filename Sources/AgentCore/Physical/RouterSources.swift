// On a network with VLANs every chassis routes, so switches outside would see one router's address
// behind many ports. A chassis with an address of its own for the network
// (`ovn-chassis-mac-mappings`) sends its routers' packets from that one, and puts the router's back
// into what another chassis has sent so. The property that must hold: workloads and gateways see
// the router, switches outside see each address behind one port.

import OVSDBModel
import Schemas
import Wire

/// Sources that packets of routers have on a physical network and behind it.
package struct RouterSources: Hashable, Sendable {
    /// Addresses of routers' ports on the switch that this chassis replaces.
    package var routers: Set<MACAddress> = []
    /// By this; nil where the chassis has none.
    package var own: MACAddress?
    /// Addresses that other chassis have for their networks.
    package var others: Set<MACAddress> = []
    /// The router's, for what comes from those.
    package var router: MACAddress?

    package init() {}

    /// What a packet with that source leaves from; nil for what it has.
    func replacement(leaving source: MACAddress) -> MACAddress? {
        routers.contains(source) ? own : nil
    }

    func replacement(arriving source: MACAddress) -> MACAddress? {
        others.contains(source) ? router : nil
    }
}

/// `NETWORK:MAC,…`, the value of `ovn-chassis-mac-mappings`.
package struct ChassisAddresses: Hashable, Sendable {
    package private(set) var byNetwork: [String: MACAddress] = [:]
    /// Elements that are none.
    package private(set) var refused: [String] = []

    package init(parsing text: String) {
        for element in text.split(separator: ",").map(\.trimmed) where !element.isEmpty {
            let parts = element.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let mac = MACAddress(parsing: parts[1].trimmed) else {
                refused.append(element)
                continue
            }
            byNetwork[parts[0].trimmed] = mac
        }
    }
}

/// What is known of a deployment's addresses, once for all switches.
struct RouterSourceIndex {
    /// Routers' ports at a switch, by the switch.
    private var routers: [RowUUID: [(name: String, mac: MACAddress, isHere: Bool)]] = [:]
    private let own: [String: MACAddress]
    private let others: Set<MACAddress>

    init(_ inputs: PhysicalInputs, named: [String: (RowUUID, SB.PortBinding)]) {
        own = inputs.chassisAddresses
        var others: Set<MACAddress> = []
        for (uuid, row) in inputs.chassis where uuid != inputs.ownChassis {
            guard let text = row.otherConfig["ovn-chassis-mac-mappings"] else { continue }
            others.formUnion(ChassisAddresses(parsing: text).byNetwork.values)
        }
        self.others = others
        guard !own.isEmpty || !others.isEmpty else { return }
        for (_, row) in inputs.ports where row.type == "patch" || row.type == "l3gateway" {
            guard let peer = row.options["peer"].flatMap({ named[$0] })?.1,
                inputs.datapaths[peer.datapath]?.isRouter == true,
                let mac = peer.mac.first.flatMap({ StationAddresses(parsing: $0) })?.mac
            else { continue }
            let gateway = named["cr-\(peer.logicalPort)"]?.0
            let isHere = gateway.map { inputs.claims[$0] != nil } ?? false
            routers[row.datapath, default: []].append((peer.logicalPort, mac, isHere))
        }
    }

    /// - Parameter localnet: a port to a physical network.
    /// - Returns: nil if nothing is replaced there.
    func sources(at localnet: SB.PortBinding) -> RouterSources? {
        guard localnet.type == "localnet", let routers = routers[localnet.datapath] else {
            return nil
        }
        var result = RouterSources()
        result.own = localnet.options["network_name"].flatMap { own[$0] }
        // The one gateway of a router is behind one port anyway.
        result.routers = Set(routers.filter { !$0.isHere }.map(\.mac))
        result.others = others
        result.router = routers.min { $0.name < $1.name }?.mac
        return result
    }
}
