// What the features of services share: allocations, and values parsed once for many ports.

import Incremental
import OVSDBModel
import Schemas

struct Services: Sendable {
    /// Queue of each switch port with shaping, by port.
    let queues: Allocator<StickyKeys>
    /// Tag of each nested port that asks for one, by port.
    let tags: Allocator<StickyKeys>
    /// UDP source port of each BFD session of the configuration.
    let sessionPorts: Allocator<StickyKeys>
    /// The DHCP servers of the configuration; nil for a row that is none.
    let dhcpServers: Function<RowUUID, DHCPServer?>
    /// Meters of what a datapath's flows send to the chassis' control, by protocol.
    let controlMeters: Function<RowUUID, [String: String]>
    /// DNS rows by switch.
    let dnsOfSwitch: Index<RowUUID, RowUUID>
    /// What router ports advertise; nil for a port that can't.
    let advertisements: Function<RowUUID, Advertisement?>
    /// The relays of router ports.
    let relays: Function<RowUUID, DHCPRelay?>
    /// Encapsulations by address.
    let encapsByAddress: Index<String, RowUUID>
    /// Routes by the BFD session that they depend on.
    let routesOfSession: Index<RowUUID, RowUUID>

    init(
        _ engine: Engine, _ inputs: Inputs, _ outputs: Outputs, _ model: Model,
        _ state: StickyState
    ) {
        queues = engine.allocator(
            "queue", of: Services.queueRequests(engine, inputs), policy: state.queues)
        tags = engine.allocator(
            "tag", of: Services.tagRequests(engine, inputs), policy: state.tags)
        sessionPorts = engine.allocator(
            "session port", of: Services.sessionRequests(engine, inputs),
            policy: state.sessionPorts)
        dhcpServers = engine.function("DHCP server", over: inputs.dhcpOptions) {
            key, row, context in
            DHCPServer(row) { column, reason in
                context.emit(outputs.problems, Problem("DHCP_Options", key, column, reason))
            }
        }
        controlMeters = outputs.commons.controlMeters
        dnsOfSwitch = engine.index("DNS of switch", of: inputs.switchesOfDNS) { _, owners in
            owners.all
        }
        encapsByAddress = engine.index("encaps by address", of: inputs.encaps) { _, row in
            [row.ip]
        }
        advertisements = Services.advertisements(engine, inputs, outputs.problems)
        relays = Services.relays(engine, inputs, outputs.problems)
        routesOfSession = engine.index("routes of session", of: inputs.routes) { _, row in
            row.bfd.map { [$0] } ?? []
        }
    }

    /// All meters of a datapath's control traffic.
    func meters(of datapath: RowUUID, _ context: Context) -> [String: String] {
        context.read(controlMeters, datapath) ?? [:]
    }

    /// The meter for a protocol (ovn-nb(5), Copp) on a datapath.
    func meter(_ name: String, on datapath: RowUUID, _ context: Context) -> String? {
        context.read(controlMeters, datapath)?[name]
    }
}

// MARK: - Router ports

extension Services {
    private static func advertisements(
        _ engine: Engine, _ inputs: Inputs, _ problems: Output<Problem>
    ) -> Function<RowUUID, Advertisement?> {
        let ports = engine.subset("advertising ports", of: inputs.routerPorts) { _, row in
            !row.ipv6RAConfigs.isEmpty
        }
        return engine.function("advertisement", over: ports) { key, row, context in
            Advertisement(row.ipv6RAConfigs) { column, reason in
                context.emit(problems, Problem("Logical_Router_Port", key, column, reason))
            }
        }
    }

    private static func relays(
        _ engine: Engine, _ inputs: Inputs, _ problems: Output<Problem>
    ) -> Function<RowUUID, DHCPRelay?> {
        let ports = engine.subset("relaying ports", of: inputs.routerPorts) { _, row in
            row.dhcpRelay != nil
        }
        return engine.function("relay", over: ports) { key, row, context in
            guard let relay = row.dhcpRelay.flatMap({ context.read(inputs.dhcpRelays, $0) }) else {
                return nil
            }
            return DHCPRelay(relay, row) { column, reason in
                context.emit(problems, Problem("Logical_Router_Port", key, column, reason))
            }
        }
    }
}

// MARK: - Requests

extension Services {
    private static func queueRequests(
        _ engine: Engine, _ inputs: Inputs
    ) -> Function<RowUUID, KeyRequest?> {
        let shaped = engine.subset("shaped ports", of: inputs.switchPorts) { _, row in
            row.isShaped
        }
        return engine.function("queue request", over: shaped) { _, row, context in
            KeyRequest(space: .zero, existing: context.read(inputs.queuesInUse, row.name))
        }
    }

    /// Ports that name their tag take part, so that nobody else gets it.
    private static func tagRequests(
        _ engine: Engine, _ inputs: Inputs
    ) -> Function<RowUUID, KeyRequest?> {
        let nested = engine.subset("nested ports", of: inputs.switchPorts) { _, row in
            row.parentName?.isEmpty == false && row.tagRequest != nil
        }
        return engine.function("tag request", over: nested) { key, row, context in
            guard let parent = row.parentName else { return nil }
            let wanted = row.tagRequest.flatMap { $0 > 0 ? $0 : nil }
            return KeyRequest(
                space: SouthboundUUID.named("parent", parent), wanted: wanted,
                existing: wanted == nil ? context.read(inputs.tagsInUse, key) : nil)
        }
    }

    private static func sessionRequests(
        _ engine: Engine, _ inputs: Inputs
    ) -> Function<RowUUID, KeyRequest?> {
        engine.function("session port request", over: inputs.bfd) { _, row, context in
            let key = BFDKey(port: row.logicalPort, address: row.dstIP)
            return KeyRequest(
                space: .zero, existing: context.read(inputs.bfdStates, key)?.sourcePort)
        }
    }
}

extension NB.LogicalSwitchPort {
    /// Asks for shaping of what it sends to the physical network.
    var isShaped: Bool {
        ["qos_min_rate", "qos_max_rate", "qos_burst"].contains { options[$0] != nil }
    }
}
