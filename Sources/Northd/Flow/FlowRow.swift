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

/// One logical flow as it goes into the Southbound database, texts printed.
package struct FlowRow: Hashable, Sendable {
    package var scope: FlowScope
    package let device: DatapathKind
    package let pipeline: Action.Pipeline
    package let table: UInt8
    package let priority: UInt16
    package let match: String
    package private(set) var actions: String
    /// The stage's name.
    package let stage: String
    /// The Northbound object that the flow comes from.
    package let hint: FlowHint?
    /// Port that must be relevant to a chassis for the flow to be so: tags:in_out_port.
    package let port: String?
    /// Meter of what the flow sends to the chassis' control: controller_meter.
    package var meter: String?
    /// Transport ports in the match are those of the connection: tags:acl_ct_translation.
    package var translatesTransport = false
}

extension FlowRow {
    /// The flow with a sample of what it drops.
    package func sampled(by sample: String) -> FlowRow {
        var row = self
        row.actions = actions == "drop;" ? sample : "\(actions) \(sample)"
        return row
    }
}

extension FlowRow: CustomStringConvertible {
    package var description: String { "\(stage) [\(priority)] \(match) -> \(actions)" }
}
