import LogicalFlow
import OVSDBModel
import Schemas
import Wire

/// A routing policy, parsed once from its Northbound row (ovn-nb(5), Logical_Router_Policy); where
/// it leads is derived later.
package struct RoutePolicy: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        case allow, drop
        case reroute([IPAddress])
        case jump(String)
    }

    package let router: RowUUID
    package let priority: Int
    package let match: Match
    package let verdict: Verdict
    /// "" is where every packet begins.
    package let chain: String
    /// pkt.mark of what is allowed or rerouted.
    package let mark: UInt32?
    package let sessions: [RowUUID]

    package init?(
        _ row: NB.LogicalRouterPolicy, of router: RowUUID,
        report: (_ column: String, _ reason: String) -> Void
    ) {
        do throws(LanguageError) {
            match = try Match(parsing: row.match)
        } catch {
            report("match", error.description)
            return nil
        }
        if row.nexthop?.isEmpty == false {
            report("nexthop", "this column has no effect; the policy isn't applied: use nexthops")
            return nil
        }
        guard let verdict = RoutePolicy.verdict(row, report) else { return nil }
        self.verdict = verdict
        self.router = router
        priority = row.priority.clamped(to: SchemaRange.priority)
        chain = row.chain ?? ""
        sessions = row.bfdSessions
        mark = row.options["pkt_mark"].flatMap { UInt32($0) }.flatMap { $0 > 0 ? $0 : nil }
    }

    private static func verdict(
        _ row: NB.LogicalRouterPolicy, _ report: (_ column: String, _ reason: String) -> Void
    ) -> Verdict? {
        switch row.action {
        case "allow": return .allow
        case "drop": return .drop
        case "jump":
            if let chain = row.jumpChain, !chain.isEmpty { return .jump(chain) }
            report("jump_chain", "a jump to no chain")
            return nil
        case "reroute": return reroute(row, report)
        default:
            report("action", "unknown action \"\(row.action)\"")
            return nil
        }
    }

    private static func reroute(
        _ row: NB.LogicalRouterPolicy, _ report: (_ column: String, _ reason: String) -> Void
    ) -> Verdict? {
        let hops = row.nexthops.compactMap { text -> IPAddress? in
            let hop = IPAddress(parsing: text)
            if hop == nil { report("nexthops", "no address: \"\(text)\"") }
            return hop
        }
        if hops.isEmpty {
            report("nexthops", "nowhere to go")
        } else if row.outputPort != nil && hops.count > 1 {
            report("output_port", "several next hops have no one port")
        } else if Set(hops.map { $0.v4 != nil }).count > 1 {
            report("nexthops", "next hops are of different families")
        } else {
            return .reroute(hops)
        }
        return nil
    }
}
