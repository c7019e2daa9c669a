// What leaves a router gets an external address, and replies get the old one back: stages unsnat on
// the way in, post_undnat, snat and post_snat on the way out (ovn-nb(5), NAT of types snat and
// dnat_and_snat).

import LogicalFlow
import Wire

/// Replies to an external address. Of rules with one address one stands for all.
package struct SourceRestoration: RouterFeature {
    package let translation: Translation

    package init(translation: Translation) { self.translation = translation }

    package func emit(into flows: inout RouterFlows) {
        let rule = translation.rule
        guard rule.kind.translatesSource else { return }
        let match = translation.inbound
        let priority = translation.gateway == nil ? 90 : 100
        if rule.isStateless {
            flows.add(.inUnSNAT, priority, match, [.next])
        } else if translation.sharesZone {
            flows.add(
                .inUnSNAT, priority, .both(match, .equal(.flagsLoopback, 0)),
                [.ctNAT(.snatInCommonZone, nil)])
            flows.add(
                .inUnSNAT, priority,
                .both(match, .equal(.flagsLoopback, 1), .equal(.flagsUseSNATZone, 1)),
                [.ctNAT(.snat, nil)])
        } else {
            flows.add(.inUnSNAT, priority, match, [.ctNAT(.snat, nil)])
        }
    }
}

package struct SourceTranslation: RouterFeature {
    package let translation: Translation
    /// All chassis can follow a connection through one zone and commit it to one.
    package let tracksZones: Bool

    package init(translation: Translation, tracksZones: Bool = true) {
        self.translation = translation
        self.tracksZones = tracksZones
    }

    private var rule: NATRule { translation.rule }

    package func emit(into flows: inout RouterFlows) {
        guard rule.kind.translatesSource else { return }
        if let exempted = rule.exempted {
            flows.add(
                .outSNAT, priority + 2,
                .both(outbound, .equal(rule.destination, .addressSet(exempted))), [.next])
        }
        let conditions = Match.both(outbound, allowed(rule.destination), rule.condition)
        if rule.isStateless {
            flows.add(
                .outSNAT, priority, conditions,
                ActionList(station + [.load(rule.source, .ip(rule.external)), .next]))
        } else if translation.sharesZone {
            inSharedZone(.both(conditions, .isOriginal), &flows)
        } else {
            flows.add(
                .outSNAT, priority, .both(conditions, .isOriginal),
                ActionList(station + [.ctNAT(.snat, target)]))
            if translation.gateway != nil && tracksZones {
                track(.both(conditions, .isOriginal), &flows)
            }
        }
    }

    private func inSharedZone(_ match: Match, _ flows: inout RouterFlows) {
        flows.add(
            .outSNAT, priority, match,
            ActionList(station + [.ctNAT(.snatInCommonZone, target)]))
        flows.add(
            .outSNAT, priority + 1,
            .both(match, .equal(RouterCell.isTranslatedHere, 1)),
            ActionList(
                station + [
                    .load(RouterCell.isTranslatedHere, flag: false), .ctNAT(.snat, target),
                ]))
    }

    /// The state of connections to the translated network is known in the zone that translates,
    /// so that what is a reply there isn't translated.
    private func track(_ outgoing: Match, _ flows: inout RouterFlows) {
        let zone: Action.NATZone = rule.kind == .snat ? .snat : .dnat
        let offset = rule.kind == .snat ? 0 : 5
        flows.add(.outPostUnDNAT, 70 + offset, outgoing, [.ctNext(zone)])
        let incoming = Match.both(
            .symbol(.ip), .equal(rule.destination, .ip(rule.logical)),
            translation.enters, allowed(rule.source), rule.condition)
        flows.add(
            .outSNAT, priority + offset, .both(incoming, .isOriginal),
            [.ctNAT(rule.kind == .snat ? .snat : .dnat, nil)])
        flows.add(
            .outPostSNAT, priority + offset, .both(incoming, .symbol(.ctNew)),
            [.ctCommitToZone(zone)])
    }

    // MARK: Parts

    private var outbound: Match {
        .both(.symbol(.ip), .equal(rule.source, .ip(rule.logical)), translation.leaves)
    }

    private func allowed(_ peer: Symbol) -> Match {
        rule.allowed.map { .equal(peer, .addressSet($0)) } ?? .and([])
    }

    private var station: [Action] { translation.stationActions }

    private var target: Action.NATTarget { Action.NATTarget(rule.external, ports: rule.ports) }

    /// The longest network first; a gateway port's before what the router does anywhere.
    private var priority: Int {
        if rule.match != nil { return NATPriority.match + rule.priority }
        return rule.logical.length + 1 + (translation.gateway == nil ? 0 : 128)
    }
}

enum NATPriority {
    /// Rules with a condition of their own, before those without.
    static let match = 300
}

extension NATRule {
    /// The rule's own condition.
    var condition: Match { match ?? .and([]) }
}

extension Match {
    /// Not a reply, as far as is known.
    static let isOriginal = Match.either(.not(.symbol(.ctTrk)), .not(.symbol(.ctRpl)))
}

extension Translation {
    /// Packets to the external address, where they are translated.
    var inbound: Match {
        .both(
            .symbol(.ip), .equal(rule.destination, .ip(rule.external)),
            gateway.map { .inport($0.port.name) } ?? .and([]),
            isDistributed ? .and([]) : .resident(residence))
    }

    /// The packet leaves where it is translated.
    var leaves: Match {
        gateway.map { .both(.outport($0.port.name), .resident(residence)) } ?? .and([])
    }

    /// The packet entered where it is translated.
    var enters: Match {
        gateway.map { .both(.inport($0.port.name), .resident(residence)) } ?? .and([])
    }

    /// A distributed translation has an Ethernet address of its own.
    var stationActions: [Action] {
        guard isDistributed, let station = rule.station else { return [] }
        return [.load(.ethSrc, station.mac)]
    }
}
