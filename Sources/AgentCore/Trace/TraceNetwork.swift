import LogicalFlow
import OVSDBModel
import OVSDBSession
import Pipeline
import Schemas
import Wire

// A whole logical network, as the Southbound database has it: every datapath's compiled pipeline,
// every port as if it were here. Nothing physical is in it: a packet goes from datapath to datapath
// over patch ports and gateway ports wherever their chassis are.

package struct TraceNetwork {
    package struct Datapath: Sendable {
        package var name: String
        /// Has a port that ties it to one chassis.
        package var isGateway = false
    }

    package struct Port: Sendable {
        package let reference: PortReference
        /// Port_Binding.logical_port.
        package let name: String
        package let friendlyName: String
        package let type: String
        /// The other end of a patch.
        package var peer: PortReference?
        /// Where packets for a chassisredirect port go in the end.
        package var distributed: PortReference?
    }

    package struct Group: Sendable {
        package let name: String
        /// Sorted by name.
        package let ports: [PortReference]
    }

    package struct VirtualAddress: Sendable {
        package let address: IPAddress
        package let port: UInt16
        /// As the database writes it, without the port.
        package let text: String
    }

    let replica: Replica
    private(set) var snapshot: TranslationSnapshot
    let directory: FlowDirectory
    private let feed = PipelineFeed()
    private(set) var templates = TraceTemplates()
    private(set) var datapaths: [UInt32: Datapath] = [:]
    private(set) var ports: [PortReference: Port] = [:]
    private(set) var groups: [PortReference: Group] = [:]
    private(set) var neighbours: [NeighbourKey: MACAddress] = [:]
    private(set) var stations: [LearnedAddressKey: UInt32] = [:]
    private(set) var virtualAddresses: [VirtualAddress] = []
    private var names: [String: PortReference] = [:]
    private var groupKeys: [UInt32: [String: UInt32]] = [:]
    private let usesFriendlyNames: Bool

    /// - Parameter usesFriendlyNames: whether ports and datapaths are called by the names that the
    ///   management system gave them.
    package init(_ replica: Replica, usesFriendlyNames: Bool = true) {
        self.replica = replica
        self.usesFriendlyNames = usesFriendlyNames
        directory = FlowDirectory(replica)
        let keys = Dictionary(
            uniqueKeysWithValues: replica.rows(SB.DatapathBinding.self).map {
                ($0.uuid, UInt32(truncatingIfNeeded: $0.row.tunnelKey))
            })
        let bindings = replica.rows(SB.PortBinding.self).map(\.row)
        snapshot = TranslationSnapshot(
            revision: 1, pipeline: feed.everywhere(replica), view: Self.view(bindings, keys))
        addDatapaths()
        addPorts(bindings, keys)
        link(bindings)
        addGroups(keys)
        addNeighbours()
        addStations()
        addVirtualAddresses()
    }

    /// The same network with the template variables of the chassis that a packet comes from.
    func entered(at port: PortReference) -> TraceNetwork {
        guard feed.hasTemplates else { return self }
        var network = self
        let name = ports[port].flatMap { chassis(of: $0) }
        network.snapshot = TranslationSnapshot(
            revision: 1, pipeline: feed.everywhere(replica, name: name), view: snapshot.view)
        network.templates = TraceTemplates(
            chassis: name, variables: name.map { replica.templateVariables(of: $0) } ?? [:],
            missing: feed.missingVariables)
        return network
    }

    /// The name of the chassis that a port is bound to.
    private func chassis(of port: Port) -> String? {
        replica.rows(SB.PortBinding.self).first { $0.row.logicalPort == port.name }?.row.chassis
            .flatMap { replica[SB.Chassis.self, $0]?.name }
    }

    /// Every port resident, with its security.
    private static func view(
        _ bindings: [SB.PortBinding], _ keys: [RowUUID: UInt32]
    ) -> PhysicalView {
        var view = PhysicalView()
        for row in bindings {
            guard let key = keys[row.datapath] else { continue }
            let reference = PortReference(
                datapath: key, port: UInt32(truncatingIfNeeded: row.tunnelKey))
            view.ports[reference] = PhysicalPort(
                reference: reference, name: row.logicalPort, type: row.type,
                place: .here(vport: reference.port),
                portSecurity: row.portSecurity.compactMap { try? PortSecurityEntry(parsing: $0) })
        }
        return view
    }
}

// MARK: - Reading

extension TraceNetwork {
    private mutating func addDatapaths() {
        for entry in replica.rows(SB.DatapathBinding.self) {
            let row = entry.row
            let identifier = row.northboundID ?? "\(entry.uuid)"
            let name = usesFriendlyNames ? row.friendlyName ?? identifier : identifier
            datapaths[UInt32(truncatingIfNeeded: row.tunnelKey)] = Datapath(
                name: row.externalIDs["name"] == nil && row.externalIDs["name2"] == nil
                    && usesFriendlyNames ? FriendlyName.shortened(name) : name)
        }
    }

    private mutating func addPorts(_ bindings: [SB.PortBinding], _ keys: [RowUUID: UInt32]) {
        for row in bindings {
            guard let key = keys[row.datapath] else { continue }
            let reference = PortReference(
                datapath: key, port: UInt32(truncatingIfNeeded: row.tunnelKey))
            names[row.logicalPort] = reference
            ports[reference] = Port(
                reference: reference, name: row.logicalPort,
                friendlyName: usesFriendlyNames ? row.friendlyName : row.logicalPort,
                type: row.type)
            if row.type == "l3gateway" { datapaths[key]?.isGateway = true }
        }
    }

    private mutating func link(_ bindings: [SB.PortBinding]) {
        for row in bindings {
            guard let own = names[row.logicalPort] else { continue }
            switch row.type {
            case "patch", "l3gateway":
                guard let peer = row.options["peer"].flatMap({ names[$0] }) else { continue }
                ports[own]?.peer = peer
                ports[peer]?.peer = own
            case "chassisredirect":
                let target = row.options["distributed-port"].flatMap { names[$0] }
                if let target, target.datapath == own.datapath {
                    ports[own]?.distributed = target
                }
            default: break
            }
        }
    }

    private mutating func addGroups(_ keys: [RowUUID: UInt32]) {
        for row in replica.rows(SB.MulticastGroup.self).map(\.row) {
            guard let key = keys[row.datapath] else { continue }
            let members = row.ports.compactMap { replica[SB.PortBinding.self, $0] }
                .compactMap { names[$0.logicalPort] }
                .filter { $0.datapath == key }
                .sorted { ports[$0]?.name ?? "" < ports[$1]?.name ?? "" }
            let reference = PortReference(
                datapath: key, port: UInt32(truncatingIfNeeded: row.tunnelKey))
            groups[reference] = Group(name: row.name, ports: members)
            groupKeys[key, default: [:]][row.name] = reference.port
        }
    }

    /// A static binding gives way to a dynamic one unless it says otherwise.
    private mutating func addNeighbours() {
        let statics = replica.rows(SB.StaticMACBinding.self).map(\.row)
        for row in statics where !row.overrideDynamicMAC {
            addNeighbour(row.logicalPort, row.ip, row.mac)
        }
        for row in replica.rows(SB.MACBinding.self).map(\.row) {
            addNeighbour(row.logicalPort, row.ip, row.mac)
        }
        for row in statics where row.overrideDynamicMAC {
            addNeighbour(row.logicalPort, row.ip, row.mac)
        }
    }

    private mutating func addNeighbour(_ port: String, _ address: String, _ mac: String) {
        guard let port = names[port], let address = IPAddress(parsing: address),
            let mac = MACAddress(parsing: mac)
        else { return }
        neighbours[NeighbourKey(port: port, address: address)] = mac
    }

    private mutating func addStations() {
        for row in replica.rows(SB.FDB.self).map(\.row) {
            guard let mac = MACAddress(parsing: row.mac) else { continue }
            let key = LearnedAddressKey(
                datapath: UInt32(truncatingIfNeeded: row.dpKey), address: mac)
            stations[key] = UInt32(truncatingIfNeeded: row.portKey)
        }
    }

    private mutating func addVirtualAddresses() {
        let texts = replica.rows(SB.LoadBalancer.self).flatMap { $0.row.vips.keys }.sorted()
        virtualAddresses = texts.compactMap(VirtualAddress.init)
    }
}

extension TraceNetwork.VirtualAddress {
    /// `ADDRESS`, `IPV4:PORT` or `[IPV6]:PORT`.
    init?(parsing text: String) {
        if let address = IPAddress(parsing: text) {
            self.init(address: address, port: 0, text: text)
            return
        }
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        let bare = text[..<colon].filter { $0 != "[" && $0 != "]" }
        guard let address = IPAddress(parsing: bare) else { return nil }
        self.init(address: address, port: port, text: bare)
    }
}

// MARK: - Asking

extension TraceNetwork {
    func datapathName(_ key: UInt32) -> String { datapaths[key]?.name ?? "" }

    /// The name of the port with this key, as a title has it.
    func portName(_ reference: PortReference) -> String {
        if reference.port == 0 { return "" }
        return ports[reference]?.friendlyName ?? "(unnamed)"
    }

    /// The key that a name in a flow of a datapath stands for; nil if it stands for nothing there.
    func key(of name: String, in datapath: UInt32) -> UInt32? {
        if name.isEmpty || name == noPortName { return 0 }
        if let port = names[name] { return port.datapath == datapath ? port.port : nil }
        return groupKeys[datapath]?[name]
    }

    /// The port that an operator means: by its name, its friendly name or its UUID.
    func port(called name: String) -> PortReference? {
        if let exact = names[name] { return exact }
        let found = replica.ports(called: name)
        return found.count == 1 ? found.first.flatMap { names[$0.row.logicalPort] } : nil
    }

    func port(named name: String) -> PortReference? { names[name] }

    /// A match or an action with the names of ports replaced by friendlier ones.
    func friendly(_ text: String) -> String {
        guard usesFriendlyNames, text.contains("\"") else { return text }
        let pieces = text.split(separator: "\"", omittingEmptySubsequences: false)
        var result = ""
        for (index, piece) in pieces.enumerated() {
            if index > 0 { result += "\"" }
            let isName = index % 2 == 1
            result +=
                isName
                ? names[String(piece)].flatMap { ports[$0]?.friendlyName } ?? String(piece)
                : String(piece)
        }
        return result
    }
}
