import LogicalFlow
import OVSDBModel

/// A set of datapaths that has an owner, and therefore a name that outlives its members.
///
/// Flows that many datapaths share point at the group of their origin. A datapath that joins
/// changes one row, the group's, and no flow.
package enum DatapathGroup: Hashable, Sendable {
    case switches(SwitchTrait)
    case routers(RouterTrait)
    /// Switches whose control traffic has the limits of one Copp.
    case meteredSwitches(SwitchTrait, RowUUID)
    /// Routers whose control traffic has the limits of one Copp.
    case meteredRouters(RouterTrait, RowUUID)
    /// What load balancers of one origin are on; the name is that of a `LoadBalancerReach`.
    case loadBalancers(DatapathKind, String)
    /// The switches among them with other_config:enable-stateless-acl-with-lb.
    case statelessLoadBalancers(String)
    /// What the ACLs of a port group are on, as far as they are in these surroundings.
    case portGroup(RowUUID, ACLSurroundings)
    /// The routers among them that are of one kind.
    case balancedRouters(String, BalancedVariant)

    /// Names the group in its row's identity.
    package var name: String {
        switch self {
        case .switches(let trait): "switches/\(trait.name)"
        case .routers(let trait): "routers/\(trait.rawValue)"
        case .meteredSwitches(let trait, let copp): "switches/\(trait.name)/\(copp)"
        case .meteredRouters(let trait, let copp): "routers/\(trait.rawValue)/\(copp)"
        case .loadBalancers(let kind, let name): "\(kind.rawValue) load balancers/\(name)"
        case .statelessLoadBalancers(let name): "stateless load balancers/\(name)"
        case .portGroup(let group, let surroundings): "ACLs/\(group)/\(surroundings.name)"
        case .balancedRouters(let name, let variant):
            "routers \(variant.name) load balancers/\(name)"
        }
    }
}

/// What a router must be for a set of flows to be on it.
package enum RouterTrait: String, CaseIterable, Hashable, Sendable {
    case any
    /// Learns neighbours from requests too.
    case learnsFromRequests
    /// Learns from requests only if they ask for the router or the sender is known already.
    case learnsFromReplies
    case relaysMulticast
    case dropsMulticast
    /// Relays multicast, and has ports that get all of it.
    case floodsMulticast
    /// Has load balancers.
    case balances
    /// A gateway router with rules or load balancers.
    case translates
    /// The same, without options:ct-commit-all.
    case tracksReplies
    /// A gateway router with options:ct-commit-all.
    case commitsAll
}

/// The datapaths that have a flow: one, by its Northbound row, or a group.
package enum FlowScope: Hashable, Sendable {
    case datapath(RowUUID)
    case group(DatapathGroup)
}

/// The first eight digits of a Northbound row's UUID: Logical_Flow.external_ids:stage-hint.
package struct FlowHint: Hashable, Sendable, CustomStringConvertible {
    private let digits: UInt32

    package init(_ uuid: RowUUID) { digits = UInt32(uuid.high >> 32) }

    package init?(parsing text: String) {
        guard text.utf8.count == 8, let digits = UInt32(text, radix: 16) else { return nil }
        self.digits = digits
    }

    package var description: String {
        let text = String(digits, radix: 16)
        return String(repeating: "0", count: 8 - text.count) + text
    }
}

/// One logical flow as it goes into the Southbound database, texts printed. Its UUID there is a
/// digest of all it says, so the UUID alone tells it from others.
package final class FlowRow: Identifiable, Sendable {
    package let id: RowUUID
    package let scope: FlowScope
    package let device: DatapathKind
    package let pipeline: Action.Pipeline
    package let table: UInt8
    package let priority: UInt16
    package let match: String
    package let actions: String
    /// The stage's name.
    package let stage: String
    /// The Northbound object that the flow comes from.
    package let hint: FlowHint?
    /// Port that must be relevant to a chassis for the flow to be so: tags:in_out_port.
    package let port: String?
    /// Meter of what the flow sends to the chassis' control: controller_meter.
    package let meter: String?
    /// Transport ports in the match are those of the connection: tags:acl_ct_translation.
    package let translatesTransport: Bool
    /// Follows the connections that the flow commits: tags:ct_helper, an extension.
    package let helper: ConnectionHelper?
    /// Why its packets end here: flow_desc.
    package let reason: DropReason?

    package init(
        scope: FlowScope, device: DatapathKind, pipeline: Action.Pipeline, table: UInt8,
        priority: UInt16, match: String, actions: String, stage: String, hint: FlowHint?,
        port: String?, meter: String? = nil, translatesTransport: Bool = false,
        helper: ConnectionHelper? = nil, reason: DropReason? = nil
    ) {
        self.scope = scope
        self.device = device
        self.pipeline = pipeline
        self.table = table
        self.priority = priority
        self.match = match
        self.actions = actions
        self.stage = stage
        self.hint = hint
        self.port = port
        self.meter = meter
        self.translatesTransport = translatesTransport
        self.helper = helper
        self.reason = reason
        var digest = ContentDigest()
        digest.add("Logical_Flow")
        switch scope {
        case .datapath(let uuid): digest.add(uuid)
        case .group(let group): digest.add(group.name)
        }
        digest.add(stage)
        digest.add(UInt64(table) << 16 | UInt64(priority))
        digest.add(match)
        digest.add(actions)
        digest.add(port ?? "")
        digest.add(hint?.description ?? "")
        if let meter { digest.add(meter) }
        if translatesTransport { digest.add(1) }
        if let helper { digest.add(helper.rawValue) }
        if let reason { digest.add(reason.rawValue) }
        id = digest.uuid
    }
}

extension FlowRow: Hashable {
    package static func == (left: FlowRow, right: FlowRow) -> Bool { left.id == right.id }

    package func hash(into hasher: inout Hasher) { hasher.combine(id) }

    /// As `Engine.row(_:id:)` asks.
    package func _rawHashValue(seed: Int) -> Int { id._rawHashValue(seed: seed) }
}

/// A protocol whose connections open others, which the kernel finds out from what they carry.
package enum ConnectionHelper: String, CaseIterable, Hashable, Sendable {
    case ftp, tftp

    package static let option = "ct_helper"

    /// `reg8[24..25]` of a packet whose rule asks for it.
    var number: Constant {
        switch self {
        case .ftp: 1
        case .tftp: 2
        }
    }

    /// What an option of an ACL or load balancer names; nil, after a report, if that is none.
    package init?(
        option options: [String: String], report: (_ column: String, _ reason: String) -> Void
    ) {
        guard let text = options[Self.option] else { return nil }
        guard let helper = ConnectionHelper(rawValue: text) else {
            report("options:\(Self.option)", "neither ftp nor tftp: \"\(text)\"")
            return nil
        }
        self = helper
    }
}

extension FlowRow {
    /// The flow with a sample of what it drops.
    package func sampled(by sample: String) -> FlowRow {
        copy(scope, actions: actions == "drop;" ? sample : "\(actions) \(sample)", meter)
    }

    package func metered(by meter: String?, on scope: FlowScope) -> FlowRow {
        copy(scope, actions: actions, meter)
    }

    private func copy(_ scope: FlowScope, actions: String, _ meter: String?) -> FlowRow {
        FlowRow(
            scope: scope, device: device, pipeline: pipeline, table: table, priority: priority,
            match: match, actions: actions, stage: stage, hint: hint, port: port, meter: meter,
            translatesTransport: translatesTransport, helper: helper, reason: reason)
    }
}

extension FlowRow: CustomStringConvertible {
    package var description: String { "\(stage) [\(priority)] \(match) -> \(actions)" }
}
