// What may enter a router at a port, and leave it there. At a distributed gateway port it may only
// on the chassis that has the port, where nothing else is said.

import LogicalFlow
import Wire

package struct RouterPortAdmission: RouterFeature {
    package let port: RouterPort
    package let place: RouterPlace
    package let limit: PacketLimit?
    package let relaysMulticast: Bool
    /// Another Ethernet address that the switch answers requests with.
    package let proxy: MACAddress?

    package init(
        port: RouterPort, place: RouterPlace = .anywhere, limit: PacketLimit? = nil,
        relaysMulticast: Bool = false, proxy: MACAddress? = nil
    ) {
        self.port = port
        self.place = place
        self.limit = limit
        self.relaysMulticast = relaysMulticast
        self.proxy = proxy
    }

    package func emit(into flows: inout RouterFlows) {
        guard port.isEnabled else { return }
        if let redirect = place.redirect { pathMessages(redirect, &flows) }
        flows.add(
            .inAdmission, 50, .both(.symbol(.ethMcast), .inport(port.name)), ActionList(accept))
        let addresses = (proxy.map { [$0] } ?? []) + [port.mac]
        let own = Match.both(
            .equal(.ethDst, addresses.map(Constant.ethernet)), .inport(port.name),
            .resident(place.admitting))
        flows.admit(own, accept, limit)
        if relaysMulticast {
            flows.add(
                .outDelivery, 110, .both(.multicast, .outport(port.name)),
                [.load(.ethSrc, port.mac), .output])
        }
        flows.add(.outDelivery, 100, .outport(port.name), [.output])
        identifyNetworks(&flows)
    }

    private var accept: [Action] {
        [.load(RouterCell.inportAddress, .ethernet(port.mac)), .next]
    }

    /// A tunnel's path said that a packet was too big; the message goes back the way of the
    /// packet, which entered here on another chassis.
    private func pathMessages(_ redirect: String, _ flows: inout RouterFlows) {
        flows.add(
            .inAdmission, 120,
            .both(
                .isTooBigMessage, .equal(.ethDst, .ethernet(port.mac)),
                .not(.isChassisResident(redirect)), .equal(.flagsTunnelRx, 1)),
            [.exchange(.outport, .inport), .load(.inport, .string(port.name)), .next])
    }

    /// Four bits carry the index of the network that a packet leaves to.
    private func identifyNetworks(_ flows: inout RouterFlows) {
        for (index, network) in port.networks4.enumerated() {
            identify(.symbol(.ip4), .equal(RouterCell.nextHop4, .ip4(network)), index, &flows)
        }
        for (index, network) in port.networks6.enumerated() {
            identify(.symbol(.ip6), .equal(RouterCell.nextHop6, .ip6(network)), index, &flows)
        }
    }

    private func identify(
        _ family: Match, _ isOnNetwork: Match, _ index: Int, _ flows: inout RouterFlows
    ) {
        flows.add(
            .inNetworkID, 110, .both(.outport(port.name), family, isOnNetwork),
            [.load(.flagsNetworkID, .decimal(port.networkID(index))), .next])
    }
}

extension RouterPort {
    /// The number of the network with this index, of 16 that there are.
    func networkID(_ index: Int) -> UInt64 { index > 15 ? 0 : UInt64(index) }
}

extension Match {
    /// The chassis has this port; of none, a condition that a conjunction leaves out.
    static func resident(_ port: String?) -> Match {
        port.map(Match.isChassisResident) ?? .and([])
    }
}
