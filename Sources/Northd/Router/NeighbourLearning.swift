// Which packets teach a router where its neighbours are: replies always; requests too, unless the
// router has options:always_learn_from_arp_request=false, and then only those that ask for the
// router itself or whose sender it has in its table.

import LogicalFlow
import Wire

/// What one port adds: requests from its networks. A gateway port learns where it is.
package struct NeighbourLearning: RouterFeature {
    package let port: RouterPort
    package let learnsFromRequests: Bool
    package let place: RouterPlace

    package init(
        port: RouterPort, learnsFromRequests: Bool = true, place: RouterPlace = .anywhere
    ) {
        self.port = port
        self.learnsFromRequests = learnsFromRequests
        self.place = place
    }

    package func emit(into flows: inout RouterFlows) {
        if let redirect = place.redirect {
            flows.add(
                .inLookupNeighbour, 120,
                .both(
                    .inport(port.name), .either(.symbol(.ndNA), .symbol(.ndNS)),
                    .symbol(.ethMcast), .not(.isChassisResident(redirect))),
                [.load(RouterCell.isKnownNeighbour, flag: true), .next])
        }
        for network in port.networks4 {
            let request = Match.both(
                .inport(port.name), .equal(.arpSPA, .ip4(network.network)), .equal(.arpOp, 1),
                .resident(place.redirect))
            let lookup = Self.look(.ip4, .arpSPA, .arpSHA)
            if learnsFromRequests {
                flows.add(.inLookupNeighbour, 100, request, [lookup, .next])
                continue
            }
            flows.add(
                .inLookupNeighbour, 100, request,
                [lookup, Self.lookAddress(.ip4, .arpSPA), .next])
            flows.add(
                .inLookupNeighbour, 110, .both(request, .equal(.arpTPA, .ip4(network.address))),
                [lookup, .load(RouterCell.mayLearnNeighbour, flag: true), .next])
        }
    }

    /// Replies, advertisements and solicitations on any port.
    static func lookUp(_ trait: RouterTrait, _ flows: inout RouterFlows) {
        let isStrict = trait == .learnsFromReplies
        let may: [Action] = isStrict ? [.load(RouterCell.mayLearnNeighbour, flag: true)] : []
        let advertised = look(.ip6, .ndTarget, .ndTLL)
        let advertisedBySender = look(.ip6, .ndTarget, .ethSrc)
        let withoutAddress = Match.equal(.ndTLL, 0)
        flows.add(
            .inLookupNeighbour, 105, .both(.symbol(.ndNA), withoutAddress),
            ActionList([advertisedBySender] + may + [.next]))
        flows.add(
            .inLookupNeighbour, 100, .equal(.arpOp, 2),
            ActionList([look(.ip4, .arpSPA, .arpSHA)] + may + [.next]))
        flows.add(
            .inLookupNeighbour, 100, .symbol(.ndNA), ActionList([advertised] + may + [.next]))
        let known = isStrict ? [lookAddress(.ip6, .ip6Src)] : []
        flows.add(
            .inLookupNeighbour, 100, .symbol(.ndNS),
            ActionList([look(.ip6, .ip6Src, .ndSLL)] + known + [.next]))
        if isStrict { unsolicited(advertised, advertisedBySender, withoutAddress, &flows) }
        flows.fallback(
            .inLookupNeighbour, [.load(RouterCell.isKnownNeighbour, flag: true), .next])
        flows.add(
            .inLearnNeighbour, 100,
            isStrict
                ? .either(
                    .equal(RouterCell.isKnownNeighbour, 1), .equal(RouterCell.mayLearnNeighbour, 0))
                : .equal(RouterCell.isKnownNeighbour, 1),
            [.macCacheUse, .next])
    }

    /// Advertisements that nobody asked for (RFC 4861 §7.2.6) teach only about those known.
    private static func unsolicited(
        _ advertised: Action, _ advertisedBySender: Action, _ withoutAddress: Match,
        _ flows: inout RouterFlows
    ) {
        let match = Match.both(
            .symbol(.ndNA),
            .equal(.ip6Src, .ip6(IPv6Prefix(IPv6Address(high: 0xfe80 << 48, low: 0), length: 10))),
            .equal(.ip6Dst, .ip6(IPv6Prefix(IPv6Address(high: 0xff00 << 48, low: 0), length: 8))))
        let known = lookAddress(.ip6, .ndTarget)
        flows.add(
            .inLookupNeighbour, 115, .both(match, withoutAddress),
            [advertisedBySender, known, .next])
        flows.add(.inLookupNeighbour, 110, match, [advertised, known, .next])
    }

    /// What is learned of a neighbour that isn't known.
    static func learn(_ flows: inout RouterFlows) {
        flows.add(
            .inLearnNeighbour, 95,
            .both(.symbol(.ndNS), .either(.equal(.ip6Src, 0), .equal(.ndSLL, 0))), [.next])
        flows.add(
            .inLearnNeighbour, 95, .both(.symbol(.ndNA), .equal(.ndTLL, 0)),
            [put(.ip6, .ndTarget, .ethSrc), .next])
        flows.add(.inLearnNeighbour, 90, .symbol(.arp), [put(.ip4, .arpSPA, .arpSHA), .next])
        flows.add(.inLearnNeighbour, 90, .symbol(.ndNA), [put(.ip6, .ndTarget, .ndTLL), .next])
        flows.add(.inLearnNeighbour, 90, .symbol(.ndNS), [put(.ip6, .ip6Src, .ndSLL), .next])
        flows.drop(.inLearnNeighbour, 0, .always, because: .nothingToLearn)
    }

    private static func look(
        _ family: Action.Family, _ address: Symbol, _ ethernet: Symbol
    ) -> Action {
        .evaluate(
            RouterCell.isKnownNeighbour,
            .lookupNeighbour(
                family, port: FieldRange(.inport), address: FieldRange(address),
                ethernet: FieldRange(ethernet)))
    }

    private static func lookAddress(_ family: Action.Family, _ address: Symbol) -> Action {
        .evaluate(
            RouterCell.mayLearnNeighbour,
            .lookupNeighbourAddress(
                family, port: FieldRange(.inport), address: FieldRange(address)))
    }

    private static func put(
        _ family: Action.Family, _ address: Symbol, _ ethernet: Symbol
    ) -> Action {
        .putNeighbour(
            family, port: FieldRange(.inport), address: FieldRange(address),
            ethernet: FieldRange(ethernet))
    }
}
