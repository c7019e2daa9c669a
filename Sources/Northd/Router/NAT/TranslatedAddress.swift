// What follows for a router from having an external address, whichever rules have it: answers to
// questions for it, packets between hosts behind one gateway port that use it, and the end of those
// that nothing translated.

import LogicalFlow
import Wire

package struct TranslatedAddress: RouterFeature {
    package let translation: Translation
    /// The shared zone of destination and source translation is in use.
    package let sharesZone: Bool

    package init(translation: Translation, sharesZone: Bool = false) {
        self.translation = translation
        self.sharesZone = sharesZone
    }

    private var rule: NATRule { translation.rule }

    package func emit(into flows: inout RouterFlows) {
        answers(&flows)
        if sharesZone {
            flows.add(
                .outCheckDNATLocal, 50, .both(.symbol(.ip), .equal(.ctMarkNatted, 1)),
                markHere)
        }
        guard let gateway = translation.gateway else { return }
        resolution(gateway, &flows)
        hairpin(gateway, &flows)
        if rule.kind == .snat {
            flows.add(
                .inIPInput, 120,
                .both(.inport(gateway.port.name), .equal(rule.source, .ip(rule.external))), [.next])
        }
        if sharesZone {
            flows.add(
                .outCheckDNATLocal, 50,
                .both(
                    .symbol(.ip), .equal(rule.destination, .ip(rule.external)),
                    .resident(translation.residence)),
                markHere)
        }
    }

    private var markHere: ActionList {
        [.load(RouterCell.isTranslatedHere, flag: true), .next]
    }

    // MARK: Neighbours

    /// At a gateway port only the chassis that translates answers, so that the network learns
    /// where the address is. At other ports the router answers anywhere, with the port's address.
    private func answers(_ flows: inout RouterFlows) {
        answer(
            [], NeighbourAnswer.inport.arp, NeighbourAnswer.inport.advertisement(by: .ndNA), 90,
            &flows)
        guard let gateway = translation.gateway, gateway.peerRedirect == nil else { return }
        let station = rule.station
        let own = station.map { NeighbourAnswer.station($0.mac) } ?? .inport
        let inport: [Match] = [.inport(gateway.port.name)]
        answer(inport, .drop, .drop, 91, &flows)
        answer(
            inport, own.arp, own.advertisement(by: .ndNA), 92, &flows,
            .isChassisResident(station?.port ?? gateway.redirect))
    }

    private func answer(
        _ match: [Match], _ arp: ActionList, _ advertisement: ActionList, _ priority: Int,
        _ flows: inout RouterFlows, _ residence: Match = .and([])
    ) {
        switch rule.external {
        case .v4(let address):
            let request: [Match] = [.equal(.arpOp, 1), .equal(.arpTPA, .ip4(address))]
            flows.add(
                .inIPInput, priority, .all(match + request + [residence]), arp,
                ifDropped: .answeredElsewhere)
        case .v6(let address):
            let request: [Match] = [
                .equal(.ip6Dst, [.ip6(address), .ip6(address.solicitedNodeMulticast)]),
                .symbol(.ndNS), .equal(.ndTarget, .ip6(address)),
            ]
            flows.add(
                .inIPInput, priority, .all(match + request + [residence]), advertisement,
                ifDropped: .answeredElsewhere)
        }
    }

    /// From outside, what still has the external address found no translation; from inside, it
    /// goes out to be looped back.
    private func resolution(_ gateway: GatewayPort, _ flows: inout RouterFlows) {
        let name = gateway.port.name
        flows.drop(
            .inNeighbourResolve, 150,
            .both(
                .inport(name), .outport(name), .equal(rule.destination, .ip(rule.external))),
            because: .translatedByNothing)
        let nextHop = rule.isIPv4 ? RouterCell.nextHop4 : RouterCell.nextHop6
        let mac = translation.isDistributed ? rule.station?.mac : nil
        flows.add(
            .inNeighbourResolve, 100,
            .both(.outport(name), .equal(nextHop, .ip(rule.external))),
            [.load(.ethDst, mac ?? gateway.port.mac), .next])
    }

    /// A packet that leaves for an external address of the same port starts again as if it had
    /// come from outside.
    private func hairpin(_ gateway: GatewayPort, _ flows: inout RouterFlows) {
        var actions: [Action] = [
            .ctClear, .move(.inport, from: .outport), .load(.outport, .string("")),
            .exchange(.ethDst, .ethSrc), .load(.flags, 0), .load(.flagsLoopback, flag: true),
        ]
        if sharesZone {
            actions.append(
                .move(FieldRange(.flagsUseSNATZone), from: RouterCell.isTranslatedHere))
        }
        let registers: [Symbol] = [
            .reg0, .reg1, .reg2, .reg3, .reg4, .reg5, .reg6, .reg7, .reg8, .reg9,
        ]
        actions += registers.map { .load($0, 0) }
        actions += [
            .load(RouterCell.isLoopedBack, flag: true), RouterStage.inAdmission.jump,
        ]
        flows.add(
            .outEgressLoopback, 100,
            .both(
                .equal(rule.destination, .ip(rule.external)), .outport(gateway.port.name),
                .resident(translation.residence)),
            [.clone(actions)])
    }
}
