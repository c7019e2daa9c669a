// Packets to an external address go to the logical one, and replies from there get the external
// address back: stages dnat on the way in, undnat on the way out (ovn-nb(5), NAT of types dnat and
// dnat_and_snat).

import LogicalFlow
import Wire

package struct DestinationTranslation: RouterFeature {
    package let translation: Translation
    /// What is translated gets the gateway router's own source too.
    package let forcesSource: Bool

    package init(translation: Translation, forcesSource: Bool = false) {
        self.translation = translation
        self.forcesSource = forcesSource
    }

    private var rule: NATRule { translation.rule }

    package func emit(into flows: inout RouterFlows) {
        guard rule.kind.translatesDestination else { return }
        let priority = rule.match == nil ? 100 : NATPriority.match + rule.priority
        let inbound = translation.inbound
        if let exempted = rule.exempted {
            flows.add(
                .inDNAT, priority + 2,
                .both(inbound, .equal(rule.source, .addressSet(exempted))), [.next])
        }
        let allowed: Match =
            rule.allowed.map { .equal(rule.source, .addressSet($0)) } ?? .and([])
        let match = Match.both(inbound, allowed, rule.condition)
        if rule.isStateless {
            stateless(match, priority, &flows)
        } else {
            let kind: Action.NATKind = translation.sharesZone ? .dnatInCommonZone : .dnat
            let target = Action.NATTarget(rule.logical.address, ports: rule.ports)
            flows.add(.inDNAT, priority, match, ActionList(flags + [.ctNAT(kind, target)]))
        }
        restore(&flows)
    }

    /// A gateway router may send the packet out of the port that it came in by.
    private var flags: [Action] {
        guard translation.gateway == nil else { return [] }
        let force: [Action] =
            forcesSource ? [.load(.flagsForceSNATForDNAT, flag: true)] : []
        return force + [.load(.flagsLoopback, flag: true)]
    }

    /// Errors quote a packet from the external address; the host behind sent it from its own.
    private func stateless(_ match: Match, _ priority: Int, _ flows: inout RouterFlows) {
        let rewrite = Action.load(rule.destination, .ip(rule.logical.address))
        flows.add(.inDNAT, priority, match, ActionList(flags + [rewrite, .next]))
        guard rule.isIPv4, rule.fixesErrors else { return }
        flows.add(
            .inDNAT, priority + 1,
            .both(match, .symbol(.icmp4), .equal(.icmp4Type, [3, 11, 12])),
            [rewrite, .load(.icmp4InnerIP4Src, .ip(rule.logical.address)), .next])
    }

    /// Replies; a gateway router sends all of its packets through the zone.
    private func restore(_ flows: inout RouterFlows) {
        guard let gateway = translation.gateway else { return }
        let restore: Action =
            rule.isStateless
            ? .next : .ctNAT(translation.sharesZone ? .dnatInCommonZone : .dnat, nil)
        flows.add(
            .outUnDNAT, 100,
            .both(
                .symbol(.ip), .equal(rule.source, .ip(rule.logical)),
                .outport(gateway.port.name),
                translation.isDistributed ? .and([]) : .resident(gateway.redirect)),
            ActionList(translation.stationActions + [restore]))
    }
}
