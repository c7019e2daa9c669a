// Where a route narrows, a packet that is too long for what follows is answered with the size that
// fits (RFC 1191 §3, RFC 4443 §3.2), without an option that asks for it.
//
// The outgoing port's flow measures the packet and says the size that it has room for; the flow of
// the incoming port answers from its address. So a port is one flow or two, and no pair of ports
// has one.

import LogicalFlow
import Wire

/// A port to a network with shorter packets than other networks of the router have.
package struct NarrowPort: RouterFeature {
    package let port: String
    /// The sizes that other networks exceed.
    package let mtu: NetworkMTU
    /// Length of the Ethernet header.
    package let header: Int
    /// All chassis can keep the connection's state in a register.
    package let savesState: Bool
    /// All chassis can translate the answer.
    package let translates: Bool

    package func emit(into flows: inout RouterFlows) {
        if let v4 = mtu.v4, v4 == mtu.v6 {
            measure(.symbol(.ip), v4, &flows)
        } else {
            if let v4 = mtu.v4 { measure(.symbol(.ip4), v4, &flows) }
            if let v6 = mtu.v6 { measure(.symbol(.ip6), v6, &flows) }
        }
        if translates {
            flows.add(
                .outPostSNAT, 100, .both(.symbol(.icmp), .equal(.flagsICMPSNAT, 1)),
                [.ctCommitNAT(.snat)])
        }
    }

    private func measure(_ family: Match, _ size: Int, _ flows: inout RouterFlows) {
        let save: [Action] =
            savesState ? [.evaluate(RouterCell.savedState, .connection(.state))] : []
        flows.add(
            .inCheckPacketLength, 50, .both(.outport(port), family),
            ActionList(
                [
                    .evaluate(RouterCell.isTooLong, .checkPacketLarger(size + header)),
                    .load(RouterCell.pathMTU, .decimal(UInt64(size))),
                ] + save + [.next]))
    }
}

/// The answers of the port that a packet came in by.
package struct NarrowPathAnswer: RouterFeature {
    package let inport: RouterPort
    /// Sizes of the router's other networks, by family.
    package let sizes4: [Int]
    package let sizes6: [Int]
    package let savesState: Bool

    package func emit(into flows: inout RouterFlows) {
        for address in inport.answeringAddresses {
            for size in address.v4 == nil ? sizes6 : sizes4 { answer(address, size, &flows) }
        }
    }

    private func answer(_ address: IPAddress, _ size: Int, _ flows: inout RouterFlows) {
        let match: [Match] =
            [
                .inport(inport.name),
                .equal(RouterCell.pathMTU, .decimal(UInt64(size))),
            ] + TooLongAnswer(address: address, mtu: size).match
        let clear = Action.load(RouterCell.pathMTU, 0)
        flows.add(
            .inLargerPackets, 140, .all(match + [.isTranslatedReply(savesState: savesState)]),
            ActionList([
                inport.tooLong(address, size, [.load(.flagsICMPSNAT, flag: true), clear])
            ]))
        flows.add(
            .inLargerPackets, 130, .all(match), ActionList([inport.tooLong(address, size, [clear])])
        )
    }
}
