// A floating IP that is translated on the chassis of its port: packets for its Ethernet address enter
// there, and those that leave don't go by way of the gateway.

import LogicalFlow
import Wire

package struct DistributedTranslation: RouterFeature {
    package let translation: Translation
    package let limit: PacketLimit?
    /// The port behind may be claimed by one of several others.
    package let portIsVirtual: Bool

    package init(
        translation: Translation, limit: PacketLimit? = nil, portIsVirtual: Bool = false
    ) {
        self.translation = translation
        self.limit = limit
        self.portIsVirtual = portIsVirtual
    }

    package func emit(into flows: inout RouterFlows) {
        guard translation.isDistributed, let gateway = translation.gateway,
            let station = translation.rule.station
        else { return }
        enter(gateway, station, &flows)
        leave(gateway, station, &flows)
        if gateway.port.isBridged { askHere(gateway, station, &flows) }
    }

    private func enter(
        _ gateway: GatewayPort, _ station: NATRule.Station, _ flows: inout RouterFlows
    ) {
        flows.admit(
            .both(
                .equal(.ethDst, .ethernet(station.mac)), .inport(gateway.port.name),
                .isChassisResident(station.port)),
            [.load(RouterCell.inportAddress, .ethernet(gateway.port.mac)), .next], limit)
        guard let limit else { return }
        let answer = TooLongAnswer(address: translation.rule.external, mtu: limit.mtu)
        let action = answer.action(
            ethernet: [.move(.ethDst, from: .ethSrc), .load(.ethSrc, station.mac)], ttl: 254,
            after: [
                .outport(gateway.port.name), .load(.flagsLoopback, flag: true), .output,
            ])
        flows.add(
            .inIPInput, 160,
            .all(
                [.inport(gateway.port.name)] + answer.match + [
                    .equal(translation.rule.destination, .ip(translation.rule.external))
                ]),
            ActionList([action]))
    }

    private func leave(
        _ gateway: GatewayPort, _ station: NATRule.Station, _ flows: inout RouterFlows
    ) {
        let rule = translation.rule
        let match = Match.both(
            .equal(rule.source, .ip(rule.logical)), .outport(gateway.port.name))
        if portIsVirtual {
            flows.drop(.inGatewayRedirect, 80, match, because: .unclaimedVirtualPort)
        }
        let source = rule.isIPv4 ? RouterCell.source4 : RouterCell.source6
        flows.add(
            .inGatewayRedirect, 100, .both(match, .isChassisResident(station.port)),
            [.load(.ethSrc, station.mac), .load(source, .ip(rule.external)), .next])
    }

    /// Where others leave questions for the next hop to the gateway's chassis.
    private func askHere(
        _ gateway: GatewayPort, _ station: NATRule.Station, _ flows: inout RouterFlows
    ) {
        let rule = translation.rule
        let nextHop = rule.isIPv4 ? RouterCell.nextHop4 : RouterCell.nextHop6
        flows.add(
            .inNeighbourResolve, 90,
            .both(
                .outport(gateway.port.name), .equal(rule.source, .ip(rule.logical)),
                .isChassisResident(station.port)),
            [
                .getNeighbour(
                    rule.isIPv4 ? .ip4 : .ip6, port: FieldRange(.outport),
                    address: FieldRange(nextHop)), .next,
            ])
    }
}

/// A stateless rule for some peers only: packets of others stay away from the gateway's chassis.
package struct RestrictedTranslation: RouterFeature {
    package let translation: Translation

    package init(translation: Translation) { self.translation = translation }

    package func emit(into flows: inout RouterFlows) {
        let rule = translation.rule
        guard rule.isStateless, let gateway = translation.gateway, !gateway.leadsToVTEP else {
            return
        }
        let leaves = Match.outport(gateway.port.name)
        if let allowed = rule.allowed {
            flows.add(
                .inGatewayRedirect, 75,
                .both(leaves, .equal(rule.source, .addressSet(allowed))),
                [.outport(gateway.redirect), .next])
            flows.drop(
                .inGatewayRedirect, 70,
                .both(.symbol(.ip), .equal(rule.destination, .ip(rule.external))),
                because: .restrictedTranslation)
        } else if let exempted = rule.exempted {
            flows.drop(
                .inGatewayRedirect, 75,
                .both(leaves, .equal(rule.source, .addressSet(exempted))),
                because: .restrictedTranslation)
        }
    }
}
