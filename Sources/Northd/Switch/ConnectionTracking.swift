// How packets of switches with stateful ACLs or load balancers meet conntrack, and what the state
// of their connections says to the ACLs.

import LogicalFlow

/// Matches of a connection's state.
enum Connections {
    private static let isEstablished = Match.symbol(.ctEst)
    private static let isNotNew = Match.not(.symbol(.ctNew))
    static let isUnblocked = Match.equal(.ctMarkBlocked, 0)
    static let isBlocked = Match.equal(.ctMarkBlocked, 1)

    static let isReply = Match.both(
        isEstablished, .not(.symbol(.ctRel)), .symbol(.ctRpl), isUnblocked)
    static let isRelated = Match.both(
        .not(isEstablished), .symbol(.ctRel), isNotNew, isUnblocked)
    static let isNew = Match.both(.symbol(.ctNew), .not(isEstablished))
    static let isOriginal = Match.both(isNotNew, isEstablished, .not(.symbol(.ctRpl)))
    static let isBlockedReply = Match.both(isEstablished, .symbol(.ctRpl), isBlocked)
}

/// All IP packets are tracked, except control traffic: on switches with a stateful ACL.
package struct FilteredTracking: SwitchFeature {
    /// NB_Global.options:acl_ct_translation: matches then need a tracked packet, so multicast is
    /// tracked too.
    package let translatesTransport: Bool

    package func emit(into flows: inout SwitchFlows) {
        let solicit = Match.both(
            .symbol(.udp), .equal(.udpSrc, 546), .equal(.udpDst, 547))
        for stage in [SwitchStage.inPreACL, .outPreACL] {
            flows.add(stage, 110, .either(.neighbourDiscovery, solicit), [.next])
            if !translatesTransport { flows.add(stage, 110, .symbol(.ethMcast), [.next]) }
            flows.add(
                stage, 100, .symbol(.ip), [.load(SwitchCell.mustTrack, flag: true), .next])
        }
        flows.add(.inPreACL, 110, .isTunnelTooBig, [.next])
    }
}

/// Hints for the ACLs and verdicts that come before them: on switches whose traffic is tracked.
package struct StatefulFiltering: SwitchFeature {
    package let tiers: ACLTiers
    /// Drops packets that conntrack can't make sense of: NB_Global.options:use_ct_inv_match.
    package let dropsInvalid: Bool

    package func emit(into flows: inout SwitchFlows) {
        for stage in [SwitchStage.inACLHint, .outACLHint] { hints(stage, &flows) }
        for stage in [ACLStage.fromPort, .toPort] {
            standing(stage, &flows)
            established(stage, &flows)
        }
        for cell in [SwitchCell.isAnswer, SwitchCell.isPersisted] {
            flows.add(
                .inACLAfterLoadBalancerEval, 65532, .equal(cell, 1),
                [.load(SwitchCell.isAllowed, flag: true), .next])
        }
    }

    private func hints(_ stage: SwitchStage, _ flows: inout SwitchFlows) {
        let new = [SwitchCell.mayBeNew, SwitchCell.mayBeDropped, SwitchCell.mustCommit]
        let established = Match.symbol(.ctEst)
        let table: [(Int, Match, [FieldRange])] = [
            (7, Connections.isNew, new),
            (6, .both(Connections.isOriginal, Connections.isBlocked), new),
            (5, .not(.symbol(.ctTrk)), [SwitchCell.mayBeAllowed, SwitchCell.mayBeDropped]),
            (
                4, .both(Connections.isOriginal, Connections.isUnblocked),
                [SwitchCell.mayBeAllowed, SwitchCell.mayBeBlocked]
            ),
            (3, .not(established), [SwitchCell.mayBeDropped]),
            (2, .both(established, Connections.isBlocked), [SwitchCell.mayBeDropped]),
            (1, .both(established, Connections.isUnblocked), [SwitchCell.mayBeBlocked]),
        ]
        for (priority, match, cells) in table {
            flows.add(
                stage, priority, match,
                ActionList(cells.map { .load($0, flag: true) } + [.next]))
        }
    }

    /// What no rule decides: new connections by the default, blocked ones are let through again
    /// once every tier was asked.
    private func standing(_ stage: ACLStage, _ flows: inout SwitchFlows) {
        let highest = tiers[stage]
        let tier: [Match] =
            highest > 0 ? [.equal(SwitchCell.tier, .decimal(UInt64(highest)))] : []
        flows.add(
            stage.evaluation, 1,
            .all([.symbol(.ip), .symbol(.ctEst), Connections.isBlocked] + tier),
            [.load(SwitchCell.isAllowed, flag: true), .next])
        flows.add(
            stage.evaluation, 1, .both(.symbol(.ip), .not(.symbol(.ctEst))), [.next])
    }

    /// Before any rule: what is invalid or blocked goes, replies and related packets pass.
    private func established(_ stage: ACLStage, _ flows: inout SwitchFlows) {
        let allow = Action.load(SwitchCell.isAllowed, flag: true)
        let redirect = Action.move(SwitchCell.isRedirected, from: FieldRange(.ctLabelNF))
        let isIngress = stage.isIngress
        let answered: [Action] = isIngress ? [.load(SwitchCell.isAnswer, flag: true)] : []
        let persisted: [Action] = isIngress ? [.load(SwitchCell.isPersisted, flag: true)] : []
        let unhinted: [Action] =
            isIngress
            ? [
                .load(SwitchCell.mayBeDropped, flag: false),
                .load(SwitchCell.mayBeBlocked, flag: false),
            ] : []
        flows.add(
            stage.evaluation, 65532,
            dropsInvalid
                ? .either(.symbol(.ctInv), Connections.isBlockedReply)
                : Connections.isBlockedReply,
            [.load(SwitchCell.isDropped, flag: true), .next])
        flows.add(
            stage.evaluation, 65532, Connections.isReply,
            ActionList(unhinted + answered + [redirect, allow, .next]))
        flows.add(
            stage.evaluation, 65532, Connections.isRelated,
            ActionList(answered + [redirect, allow, .ctCommitNAT(nil)]))
        flows.add(
            stage.evaluation, 65532,
            .both(.symbol(.ctEst), .equal(.ctMarkAllowEstablished, 1)),
            ActionList(persisted + [redirect, allow, .next]))
    }
}

/// The stages that do what earlier ones asked for: track, translate, commit. On every switch.
package struct ConntrackActions: SwitchFeature {
    package init() {}

    package func emit(into flows: inout SwitchFlows) {
        let translate = Match.equal(SwitchCell.mustTranslate, 1)
        let balance = Action.ctLoadBalance(Action.LoadBalance(.mark))
        flows.add(
            .inPreStateful, 115, .both(translate, .symbol(.ipIsFrag)),
            [.load(SwitchCell.isFragment, flag: true), balance])
        for stage in [SwitchStage.inPreStateful, .outPreStateful] {
            flows.add(stage, 110, translate, [balance])
            flows.add(stage, 100, .equal(SwitchCell.mustTrack, 1), [.ctNext(nil)])
        }
        for stage in [SwitchStage.inStateful, .outStateful] {
            for isLabelled in [false, true] {
                commit(stage, isLabelled, isRedirected: false, &flows)
                commit(stage, isLabelled, isRedirected: true, &flows)
            }
        }
    }

    private func commit(
        _ stage: SwitchStage, _ isLabelled: Bool, isRedirected: Bool,
        helper: ConnectionHelper? = nil, _ flows: inout SwitchFlows
    ) {
        var match: [Match] = [
            .equal(SwitchCell.mustCommit, 1),
            .equal(SwitchCell.isLabelled, isLabelled ? 1 : 0),
        ]
        if isRedirected { match.append(.equal(SwitchCell.isRedirected, 1)) }
        if let helper { match.append(.equal(SwitchCell.helper, helper.number)) }
        flows.add(
            stage, (isRedirected ? 110 : 100) + (helper == nil ? 0 : 5), .all(match),
            [
                .ctCommit(
                    ConntrackActions.persistence
                        + (isLabelled ? ConntrackActions.observation : [])
                        + ConntrackActions.label(isRedirected)), .next,
            ], helper: helper)
    }

    /// The same for connections that a helper follows.
    fileprivate func help(_ helper: ConnectionHelper, _ flows: inout SwitchFlows) {
        for stage in [SwitchStage.inStateful, .outStateful] {
            for isLabelled in [false, true] {
                for isRedirected in [false, true] {
                    commit(stage, isLabelled, isRedirected: isRedirected, helper: helper, &flows)
                }
            }
        }
    }

    static let persistence: [Action] = [
        .load(.ctMarkBlocked, 0),
        .move(FieldRange(.ctMarkAllowEstablished), from: SwitchCell.isPersistent),
    ]

    static let observation: [Action] = [
        .move(FieldRange(.ctMarkObsStage), from: SwitchCell.observationStage),
        .move(FieldRange(.ctMarkObsCollectorID), from: SwitchCell.establishedCollector),
        .move(FieldRange(.ctLabelObsPointID), from: SwitchCell.establishedPoint),
    ]

    private static func label(_ isRedirected: Bool) -> [Action] {
        let acl = Action.move(FieldRange(.ctLabelACLID), from: SwitchCell.aclID)
        return isRedirected
            ? [
                acl, .load(.ctLabelNF, 1),
                .move(FieldRange(.ctLabelNFID), from: SwitchCell.networkFunction),
            ]
            : [acl, .load(.ctLabelNF, 0), .load(.ctLabelNFID, 0)]
    }
}

/// Connections that a helper follows, and those that they open: on switches that have an ACL with
/// a helper (options:ct_helper, an extension). What a connection opens passes as it does itself,
/// though no rule matches it.
package struct HelpedConnections: SwitchFeature {
    package init() {}

    package func emit(into flows: inout SwitchFlows) {
        for helper in ConnectionHelper.allCases { ConntrackActions().help(helper, &flows) }
        let allow: [Action] = [.load(SwitchCell.isAllowed, flag: true), .next]
        let isOpened = Match.both(
            .symbol(.ctRel), .either(.symbol(.ctNew), .symbol(.ctEst)), Connections.isUnblocked)
        for stage in [ACLStage.fromPort, .toPort] {
            let answered: [Action] =
                stage.isIngress ? [.load(SwitchCell.isAnswer, flag: true)] : []
            flows.add(stage.evaluation, 65532, isOpened, ActionList(answered + allow))
        }
    }
}
