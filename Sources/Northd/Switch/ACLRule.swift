// The evaluation of one ACL (ovn-nb(5), ACL) on the switches of one scope.
//
// The stage before has left hints in registers: whether the packet may begin a connection, belongs
// to one that was let through, or to one that wasn't. So each rule matches its own condition and
// one bit, and the verdict is one bit that the stage after acts on.

import LogicalFlow
import OVSDBModel

package struct ACLRule: SwitchFeature {
    package let acl: ACL
    package let surroundings: ACLSurroundings
    package var log: Action.LogEntry?
    package var sampleNew: SampleTarget?
    package var sampleEstablished: SampleTarget?
    /// Of a rule with persist-established: its number in the connection's label.
    package var persistentID: Int?
    /// Network_Function_Group.id.
    package var functionGroup: Int?
    /// Ports are to be those of the connection: NB_Global.options:acl_ct_translation.
    package var translatesTransport = false

    package init(acl: ACL, surroundings: ACLSurroundings) {
        self.acl = acl
        self.surroundings = surroundings
    }

    package func emit(into flows: inout SwitchFlows) {
        let tracking = surroundings.tracking
        if acl.verdict == .allowStateless, tracking.isStateful {
            flows.add(
                acl.stage.isIngress ? .inPreACL : .outPreACL, acl.priority + 1000,
                text: acl.condition.text(),
                [.load(SwitchCell.isStateless, flag: true), .next])
        }
        if !tracking.isStateful || acl.verdict == .pass || acl.verdict == .allowStateless {
            return add([], decided + observation(established: nil) + [.next], false, &flows)
        }
        acl.verdict.refuses ? refuse(&flows) : allow(&flows)
    }

    /// The verdict and what is logged with it.
    private var decided: [Action] {
        var actions: [Action] = log.map { [.log($0)] } ?? []
        switch acl.verdict {
        case .allow, .allowRelated, .allowStateless:
            actions.append(.load(SwitchCell.isAllowed, flag: true))
        case .drop: actions.append(.load(SwitchCell.isDropped, flag: true))
        case .reject: actions.append(.load(SwitchCell.isRejected, flag: true))
        case .pass: break
        }
        return actions
    }

    /// New connections, and old ones that were let through; an old one is committed again if what
    /// it carries may have changed.
    private func allow(_ flows: inout SwitchFlows) {
        let persistence: [Action] =
            persistentID.map {
                [
                    .load(SwitchCell.aclID, .decimal(UInt64($0))),
                    .load(SwitchCell.isPersistent, flag: true),
                ]
            } ?? []
        let rest = observation(established: sampleEstablished) + redirection + help + [.next]
        add([.equal(SwitchCell.mayBeNew, 1)], decided + persistence + rest, true, &flows)
        let isMarked = acl.label != 0 || sampleEstablished != nil || functionGroup != nil
        let commit: [Action] = isMarked ? [.load(SwitchCell.mustCommit, flag: true)] : []
        add([.equal(SwitchCell.mayBeAllowed, 1)], decided + commit + rest, true, &flows)
    }

    /// A connection that was let through before is marked, so that its replies stop too.
    private func refuse(_ flows: inout SwitchFlows) {
        let observed = decided + observation(established: nil)
        add([.equal(SwitchCell.mayBeDropped, 1)], observed + [.next], true, &flows)
        let point = Constant.decimal(UInt64(sampleEstablished?.point ?? 0))
        let block = Action.ctCommit([
            .load(.ctMarkBlocked, 1), .load(.ctLabelObsPointID, point),
        ])
        add([.equal(SwitchCell.mayBeBlocked, 1)], observed + [block, .next], true, &flows)
    }

    private func add(
        _ hint: [Match], _ actions: [Action], _ isStateful: Bool, _ flows: inout SwitchFlows
    ) {
        let tier: [Match] =
            surroundings.isTiered
            ? [.equal(SwitchCell.tier, .decimal(UInt64(acl.tier)))] : []
        flows.add(
            acl.stage.evaluation, acl.priority + 1000, text: acl.condition.text(after: tier + hint),
            ActionList(actions), translatesTransport: isStateful && translatesTransport)
    }

    /// What later stages need to know to sample the packet or to label its connection.
    private func observation(established: SampleTarget?) -> [Action] {
        guard acl.label != 0 || sampleNew != nil || established != nil else { return [] }
        let isLabelled = acl.label != 0
        let points = [sampleNew, established].map { sample in
            isLabelled ? acl.label : sample?.point ?? 0
        }
        let collectors = [sampleNew, established].map { sample in
            isLabelled ? 0 : sample?.single?.id ?? 0
        }
        return [
            .load(SwitchCell.isLabelled, flag: true),
            .load(SwitchCell.newPoint, .decimal(UInt64(points[0]))),
            .load(SwitchCell.establishedPoint, .decimal(UInt64(points[1]))),
            .load(SwitchCell.newCollector, .decimal(UInt64(collectors[0]))),
            .load(SwitchCell.establishedCollector, .decimal(UInt64(collectors[1]))),
            .load(SwitchCell.observationStage, .decimal(UInt64(acl.stage.rawValue))),
        ]
    }

    private var help: [Action] { acl.helper.map { [.load(SwitchCell.helper, $0.number)] } ?? [] }

    private var redirection: [Action] {
        guard let functionGroup else { return [] }
        return [
            .load(SwitchCell.isRedirected, flag: true),
            .load(SwitchCell.isOriginalDirection, flag: true),
            .load(SwitchCell.networkFunction, .decimal(UInt64(functionGroup))),
        ]
    }
}

extension ACLStage {
    var evaluation: SwitchStage {
        switch self {
        case .fromPort: .inACLEval
        case .afterLoadBalancing: .inACLAfterLoadBalancerEval
        case .toPort: .outACLEval
        }
    }

    var sampling: SwitchStage {
        switch self {
        case .fromPort: .inACLSample
        case .afterLoadBalancing: .inACLAfterLoadBalancerSample
        case .toPort: .outACLSample
        }
    }

    var action: SwitchStage {
        switch self {
        case .fromPort: .inACLAction
        case .afterLoadBalancing: .inACLAfterLoadBalancerAction
        case .toPort: .outACLAction
        }
    }
}
