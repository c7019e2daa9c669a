import LogicalFlow

/// What becomes of a packet once the ACLs of a stage have been asked: the verdict, the next tier if
/// there is none, or the default.
package struct ACLVerdicts: SwitchFeature {
    package let tiers: ACLTiers
    /// NB_Global.options:default_acl_drop.
    package let dropsByDefault: Bool
    /// There are rules, which may refuse a packet.
    package var rejects = true

    package func emit(into flows: inout SwitchFlows) {
        for stage in ACLStage.allCases { emit(stage, &flows) }
    }

    private func emit(_ stage: ACLStage, _ flows: inout SwitchFlows) {
        let highest = tiers[stage]
        var clear: [Action] = [
            .load(SwitchCell.isAllowed, flag: false), .load(SwitchCell.isDropped, flag: false),
            .load(SwitchCell.isRejected, flag: false),
        ]
        if highest > 0 { clear.append(.load(SwitchCell.tier, 0)) }
        flows.add(
            stage.action, 1000, .equal(SwitchCell.isAllowed, 1), ActionList(clear + [.next]))
        flows.drop(
            stage.action, 1000, .equal(SwitchCell.isDropped, 1), because: .refusedByRules,
            after: clear)
        if rejects {
            flows.add(
                stage.action, 1000, .equal(SwitchCell.isRejected, 1),
                ActionList(clear + ACLVerdicts.reject(isIngress: stage.isIngress)))
        }
        for tier in 0..<highest {
            flows.add(
                stage.action, 500, .equal(SwitchCell.tier, .decimal(UInt64(tier))),
                [.load(SwitchCell.tier, .decimal(UInt64(tier + 1))), stage.evaluation.jump])
        }
        if dropsByDefault {
            flows.drop(stage.action, 0, .always, because: .allowedByNoRule, after: clear)
        } else {
            flows.fallback(stage.action, ActionList(clear + [.next]))
        }
    }

    /// The answer takes the way back from the stage after the other pipeline's ACLs, which so
    /// can't refuse it in turn.
    static func reject(isIngress: Bool) -> [Action] {
        let stage: SwitchStage = isIngress ? .outQoS : .inL2Lookup
        return [
            .load(.reg0, 0), .generate(.reject, [.exchange(.outport, .inport), stage.jump]),
        ]
    }
}
