// Policies override routes: stages policy and policy_ecmp.

import LogicalFlow
import Wire

package struct AppliedPolicy: RouterFeature {
    package enum Effect: Hashable, Sendable {
        case allow, drop
        case reroute([RouteHop])
        /// Number of the chain.
        case jump(Int)
    }

    package let priority: Int
    package let match: Match
    package let effect: Effect
    package let mark: UInt32?
    /// Number of the policy's chain; nil where the router has none.
    package let chain: Int?
    /// Names the group of next hops where the configuration has several.
    package let group: Int

    package func emit(into flows: inout RouterFlows) {
        let begin: [Action] = mark.map { [.load(.pktMark, .decimal(UInt64($0)))] } ?? []
        let actions: [Action]
        switch effect {
        case .drop: actions = []
        case .allow: actions = begin + [.load(RouterCell.ecmpGroup, 0), .next]
        case .jump(let number):
            actions = [
                .load(RouterCell.policyChain, .decimal(UInt64(number))),
                RouterStage.inPolicy.jump,
            ]
        case .reroute(let hops):
            if group == 0 {
                actions = begin + hops[0].rerouting(isGroup: false)
            } else {
                actions = share(hops, begin, &flows)
            }
        }
        flows.add(
            .inPolicy, priority, condition, ActionList(actions), ifDropped: .discardingPolicy)
    }

    private var condition: Match {
        guard let chain else { return match }
        return .both(.equal(RouterCell.policyChain, .decimal(UInt64(chain))), match)
    }

    private func share(
        _ hops: [RouteHop], _ begin: [Action], _ flows: inout RouterFlows
    ) -> [Action] {
        let number = Constant.decimal(UInt64(group))
        for (index, hop) in hops.enumerated() {
            flows.add(
                .inPolicyECMP, 100,
                .both(
                    .equal(RouterCell.ecmpGroup, number),
                    .equal(RouterCell.ecmpMember, .decimal(UInt64(index + 1)))),
                ActionList(begin + hop.rerouting(isGroup: true)))
        }
        let choose: [Action] =
            hops.count == 1
            ? [.load(RouterCell.ecmpMember, 1), .next]
            : [
                .select(
                    RouterCell.ecmpMember,
                    Action.Selection(Action.Selection.Member.numbered(hops.count, from: 1)))
            ]
        return [.load(RouterCell.ecmpGroup, number)] + choose
    }
}

extension RouteHop {
    fileprivate func rerouting(isGroup: Bool) -> [Action] {
        let actions = self.actions(loopback: true)
        if isGroup { return actions }
        // As a route leaves it: no group to choose from.
        return Array(actions.dropLast(2)) + [.load(RouterCell.ecmpGroup, 0)]
            + actions.suffix(2)
    }
}
