/// What a switch must be for a set of flows to be on it.
package enum SwitchTrait: Hashable, Sendable {
    case any
    /// Drops tagged packets: no other_config:vlan-passthru.
    case untagged
    /// Some port accepts packets to unknown stations.
    case floodsUnknown
    /// None does.
    case dropsUnknown
    /// How it delivers IP multicast packets.
    case multicast(MulticastDelivery)
    /// Requests go to no router that isn't asked: other_config:broadcast-arps-to-all-routers=false.
    case sparesRouters(floodsUnknown: Bool)
    /// Has neither ACLs nor load balancers.
    case unfiltered
    /// Has one of both, which must not stop health checks.
    case watched
    /// Has neither ACLs nor load balancers, so there is no verdict.
    case unjudged
    /// Has no ACLs, but the connection tracker may call a packet invalid.
    case judgedByTracker
    case judged(ACLTiers)
    /// Has an allow-related ACL.
    case tracked
    /// Its traffic is tracked, for ACLs or for load balancers.
    case stateful(ACLTiers, balancesStateless: Bool)
    /// Has a load balancer with addresses.
    case balanced
    /// And stateless ACLs that its traffic shall pass nevertheless.
    case balancedStateless
    /// Has an ACL with a helper.
    case helped

    /// Some flow of these sends packets to the chassis' control, where Copp limits them.
    package var isMetered: Bool {
        switch self {
        case .any, .judged: true
        case .multicast(let delivery): delivery.contains(.snoops)
        case .untagged, .floodsUnknown, .dropsUnknown, .sparesRouters, .unfiltered, .watched,
            .unjudged, .judgedByTracker, .tracked, .stateful, .balanced, .balancedStateless,
            .helped:
            false
        }
    }

    package var name: String {
        switch self {
        case .any: "any"
        case .untagged: "untagged"
        case .floodsUnknown: "floodsUnknown"
        case .dropsUnknown: "dropsUnknown"
        case .multicast(let delivery): "multicast/\(delivery.rawValue)"
        case .sparesRouters(let floods): "sparesRouters/\(floods)"
        case .unfiltered: "unfiltered"
        case .watched: "watched"
        case .unjudged: "unjudged"
        case .judgedByTracker: "judgedByTracker"
        case .judged(let tiers): "judged/\(tiers.name)"
        case .tracked: "tracked"
        case .stateful(let tiers, let balances): "stateful/\(tiers.name)/\(balances)"
        case .balanced: "balanced"
        case .balancedStateless: "balancedStateless"
        case .helped: "helped"
        }
    }
}
