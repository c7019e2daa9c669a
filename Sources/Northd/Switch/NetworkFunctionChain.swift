// Packets that an ACL sends through a network function (ovn-nb(5), Network_Function_Group): a pair of
// ports that they enter and leave by, or, of a tap, one port that gets copies.
//
// The ACL stages have marked the packet with the group, or found its function in the label of its
// connection. What comes out of the function must not go in again, nor be tracked twice.

import LogicalFlow

package struct NetworkFunctionChain: SwitchFeature {
    /// The function that is in use.
    package struct Function: Hashable, Sendable {
        package let id: Int
        package let input: String
        /// Nil of a tap.
        package let output: String?
    }

    /// Network_Function_Group.id.
    package let group: Int
    /// The ACL is of direction from-lport.
    package let isIngress: Bool
    package let isTap: Bool
    package let failsOpen: Bool
    package let active: Function?

    package func emit(into flows: inout SwitchFlows) {
        let marked = isMarked + [.equal(SwitchCell.networkFunction, number(group))]
        let stage: SwitchStage = isIngress ? .inPreNetworkFunction : .outPreNetworkFunction
        if failsOpen || isTap {
            flows.add(
                stage, 10, .all(marked),
                [
                    .load(SwitchCell.isRedirected, flag: false),
                    .load(SwitchCell.networkFunction, 0), .next,
                ])
        }
        guard let active else { return }
        flows.add(
            stage, 99, .all(marked),
            [.load(SwitchCell.networkFunction, number(active.id)), .next])
        redirect(active, &flows)
        isTap ? tap(active, &flows) : inline(active, &flows)
    }

    private var isMarked: [Match] {
        [.equal(SwitchCell.isRedirected, 1), .equal(SwitchCell.isOriginalDirection, 1)]
    }

    /// Numbers of functions and groups have eight bits.
    private func number(_ value: Int) -> Constant { .decimal(UInt64(UInt8(clamping: value))) }

    /// Requests go in one way, replies the other.
    private func redirect(_ active: Function, _ flows: inout SwitchFlows) {
        let output = active.output ?? active.input
        let forth = isIngress ? active.input : output
        let back = isIngress ? output : active.input
        flows.add(
            isIngress ? .inNetworkFunction : .outNetworkFunction, 99,
            .all(isMarked + [.equal(SwitchCell.networkFunction, number(active.id))]),
            send(to: forth, fromIngress: isIngress))
        flows.add(
            isIngress ? .outNetworkFunction : .inNetworkFunction, 99,
            .both(
                .equal(SwitchCell.isRedirected, 1), .equal(SwitchCell.isOriginalDirection, 0),
                .equal(.ctLabelNFID, number(active.id))),
            send(to: back, fromIngress: !isIngress))
    }

    private func send(to port: String, fromIngress: Bool) -> ActionList {
        let actions: [Action] =
            fromIngress
            ? [.outport(port), .output]
            : [
                .outport(port), .load(SwitchCell.isRedirectedFromEgress, flag: true),
                SwitchStage.inL2Lookup.jump,
            ]
        return isTap ? [.clone(actions), .next] : ActionList(actions)
    }

    private func tap(_ active: Function, _ flows: inout SwitchFlows) {
        flows.drop(.inNetworkFunction, 100, .inport(active.input), because: .tapSends)
        flows.add(.outNetworkFunction, 100, .outport(active.input), [.next])
        flows.add(
            .outPreACL, 110, .both(.symbol(.ip), .outport(active.input)), [.ctClear, .next])
    }

    private func inline(_ active: Function, _ flows: inout SwitchFlows) {
        for port in [active.input, active.output ?? active.input] {
            flows.add(
                .inNetworkFunction, 100, .inport(port),
                [.move(SwitchCell.tunnelPort, from: FieldRange(.ctLabelTunIfID)), .next])
            flows.add(.outNetworkFunction, 100, .outport(port), [.next])
            for isLabelled in [false, true] { rememberTunnel(port, isLabelled, &flows) }
        }
        flows.add(
            .outPreACL, 110, .inport(active.input), [SwitchStage.outCheckPortSecurity.jump])
    }

    /// Replies go back by the tunnel that the connection came in by.
    private func rememberTunnel(
        _ port: String, _ isLabelled: Bool, _ flows: inout SwitchFlows
    ) {
        flows.add(
            .outStateful, 120,
            .both(.outport(port), .equal(SwitchCell.isLabelled, isLabelled ? 1 : 0)),
            [
                .ctCommit(
                    ConntrackActions.persistence
                        + [.move(FieldRange(.ctLabelACLID), from: SwitchCell.aclID)]
                        + (isLabelled ? ConntrackActions.observation : [])
                        + [.move(FieldRange(.ctLabelTunIfID), from: SwitchCell.tunnelPort)]),
                .next,
            ])
    }
}

/// What every switch does with packets for network functions.
package struct NetworkFunctionDefaults: SwitchFeature {
    package init() {}

    package func emit(into flows: inout SwitchFlows) {
        let isRedirected = Match.equal(SwitchCell.isRedirected, 1)
        flows.add(
            .inL2Lookup, 100, .equal(SwitchCell.isRedirectedFromEgress, 1), [.output])
        for stage in [SwitchStage.inPreNetworkFunction, .outPreNetworkFunction] {
            flows.add(
                stage, 1, .both(isRedirected, .equal(SwitchCell.isOriginalDirection, 1)),
                [.load(SwitchCell.networkFunction, 0), .next])
        }
        for stage in [SwitchStage.inNetworkFunction, .outNetworkFunction] {
            flows.add(stage, 100, .both(isRedirected, .symbol(.ethMcast)), [.next])
            flows.drop(stage, 1, isRedirected, because: .noFunction)
        }
    }
}
