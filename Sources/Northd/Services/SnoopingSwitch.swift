// How a switch delivers IP multicast: to everybody, or, if it snoops, to those who asked for it
// (RFC 4541 §2.1.2). Chassis look into reports and queries; the rest is flows.

import LogicalFlow
import OVSDBModel
import Wire

/// What all switches of one kind do with it. Nothing is for the group of hosts where there is none.
package struct MulticastSwitch: SwitchFeature {
    package let delivery: MulticastDelivery

    package func emit(into flows: inout SwitchFlows) {
        if delivery.contains(.snoops) { snoop(&flows) }
        let mcast = Match.symbol(.ethMcast)
        flows.add(
            .inL2Lookup, 71, .both(mcast, .symbol(.ip)), actions(delivery.copies + toHosts),
            ifDropped: .noDestination)
        flows.add(
            .inL2Lookup, 70, mcast, actions(toHosts), ifDropped: .noDestination)
        // Routers alone ask each other, over IPv6 as with ARP.
        if delivery.isDisjoint(with: [.hasHosts, .sparesRouters]) {
            flows.add(
                .inL2Lookup, 72, .both(mcast, .symbol(.ndNS)),
                ActionList(Action.output(to: MulticastGroup.flood.name)))
        }
    }

    private var toHosts: [Action] {
        delivery.contains(.hasHosts) ? Action.output(to: MulticastGroup.floodL2.name) : []
    }

    private func actions(_ list: [Action]) -> ActionList {
        list.isEmpty ? .drop : ActionList(list)
    }

    private func snoop(_ flows: inout SwitchFlows) {
        let isFirst = Match.equal(.flagsIGMPLoopback, 0)
        flows.add(.inL2Lookup, 100, .both(isFirst, .symbol(.igmp)), [.igmp])
        flows.add(
            .inL2Lookup, 100, .both(isFirst, .either(.symbol(.mldv1), .symbol(.mldv2))), [.igmp])
        // The members of these never ask.
        let local = IPv4Prefix(IPv4Address(0xe000_0000), length: 24)
        flows.add(
            .inL2Lookup, 85, .both(.symbol(.ip4Mcast), .equal(.ip4Dst, .ip4(local))),
            actions(toHosts), ifDropped: .noDestination)
        flows.add(
            .inL2Lookup, 85, .symbol(.ip6McastFlood),
            ActionList(Action.output(to: MulticastGroup.flood.name)))
        if !delivery.contains(.floodsUnregistered) {
            flows.add(.inL2Lookup, 80, .multicast, unregistered, ifDropped: .unregisteredGroup)
        }
    }

    private var unregistered: ActionList {
        var list: [Action] = []
        if delivery.contains(.relays) {
            list.append(.clone(Action.output(to: MulticastGroup.mrouterFlood.name)))
        }
        if delivery.contains(.hasStaticPorts) {
            list += Action.output(to: MulticastGroup.static.name)
        }
        return actions(list)
    }
}

extension MulticastDelivery {
    /// What relaying routers and ports that want everything get of any packet.
    fileprivate var copies: [Action] {
        var groups: [MulticastGroup] = []
        if contains(.relays) { groups.append(.mrouterFlood) }
        if contains(.hasStaticPorts) { groups.append(.static) }
        return groups.map { .clone(Action.output(to: $0.name)) }
    }
}

/// Delivery of an address on a snooping switch.
package struct AddressDelivery: SwitchFeature {
    package let address: IPAddress
    /// The address as chassis report it, which names the group.
    package let group: String
    package let delivery: MulticastDelivery

    package func emit(into flows: inout SwitchFlows) {
        guard !address.isFloodedGroup else { return }
        let isIPv4 = address.v4 != nil
        flows.add(
            .inL2Lookup, 90,
            .both(
                .symbol(.ethMcast), .symbol(isIPv4 ? .ip4 : .ip6),
                .equal(isIPv4 ? .ip4Dst : .ip6Dst, .ip(address))),
            ActionList(delivery.copies + Action.output(to: group)))
    }
}

/// Reports that come from another zone: the transit switch there has delivered them, so they are
/// seen in the egress pipeline only.
package struct RemoteReports: SwitchFeature {
    package let port: String

    package func emit(into flows: inout SwitchFlows) {
        for message in [Match.symbol(.igmp), .either(.symbol(.mldv1), .symbol(.mldv2))] {
            flows.add(
                .outPreLoadBalancer, 120,
                .both(.inport(port), message, .equal(.flagsIGMPLoopback, 0)),
                [.clone([.igmp]), .next])
        }
    }
}
