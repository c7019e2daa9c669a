// Copies of packets for the samples that an ACL asks for (ovn-nb(5), Sample).
//
// One collector, and chassis that sample from registers: one flow per collector and stage, whatever
// the number of ACLs. Otherwise one per ACL, which names its observation point.

import LogicalFlow

package struct ACLSampling: SwitchFeature {
    package let acl: ACL
    package let tracking: Tracking
    package let sampleNew: SampleTarget?
    package let sampleEstablished: SampleTarget?
    /// Sampling_App.id of the two applications; nil if they don't sample.
    package let newDomain: UInt8?
    package let establishedDomain: UInt8?
    package let usesRegisters: Bool

    package func emit(into flows: inout SwitchFlows) {
        let samplesEstablished =
            tracking == .filtered && sampleEstablished != nil && acl.verdict == .allowRelated
        guard sampleNew != nil || samplesEstablished else { return }
        if let sampleNew { addNew(sampleNew, &flows) }
        if isStateful, let sampleEstablished { addEstablished(sampleEstablished, &flows) }
    }

    private var isStateful: Bool { tracking == .filtered && acl.verdict != .allowStateless }

    /// A packet to a port whose connections aren't tracked is new as well.
    private var isNew: [Match] {
        guard isStateful else { return [.symbol(.ip)] }
        let new = Match.symbol(.ctNew)
        return [
            .symbol(.ip),
            acl.stage == .toPort ? .either(new, .not(.symbol(.ctTrk))) : new,
        ]
    }

    private func addNew(_ sample: SampleTarget, _ flows: inout SwitchFlows) {
        if usesRegisters, let collector = sample.single {
            flows.add(
                acl.stage.sampling, isStateful ? 1000 : 900,
                .all(
                    isNew + [
                        .equal(SwitchCell.newCollector, .decimal(UInt64(collector.id))),
                        .equal(SwitchCell.observationStage, stageNumber),
                    ]),
                copies(to: [collector], newDomain ?? 0, .field(SwitchCell.newPoint)))
        } else {
            flows.add(
                acl.stage.sampling, 1100,
                .all(isNew + [.equal(SwitchCell.newPoint, point(of: sample))]),
                actions(sample, newDomain))
        }
    }

    private func addEstablished(_ sample: SampleTarget, _ flows: inout SwitchFlows) {
        let known = Match.both(
            .equal(.flagsPktSampled, 0), .symbol(.ip), .symbol(.ctTrk),
            .either(.symbol(.ctEst), .symbol(.ctRel)))
        let opposite: SwitchStage = acl.stage == .toPort ? .inACLSample : .outACLSample
        let original = Match.not(.symbol(.ctRpl))
        let reply = Match.symbol(.ctRpl)
        let unused = Match.equal(.ctLabelObsUnused, 0)
        if usesRegisters, let collector = sample.single {
            let id = Match.equal(.ctMarkObsCollectorID, .decimal(UInt64(collector.id)))
            let actions = copies(
                to: [collector], establishedDomain ?? 0, .field(FieldRange(.ctLabelObsPointID)))
            flows.add(
                acl.stage.sampling, 1000,
                .both(known, unused, original, id, .equal(.ctMarkObsStage, stageNumber)), actions)
            flows.add(opposite, 1000, .both(known, unused, reply, id), actions)
        } else {
            let label = Match.both(.equal(.ctLabelObsPointID, point(of: sample)), unused)
            let actions = actions(sample, establishedDomain)
            flows.add(acl.stage.sampling, 1200, .both(known, original, label), actions)
            flows.add(opposite, 1200, .both(known, reply, label), actions)
        }
    }

    private var stageNumber: Constant { .decimal(UInt64(acl.stage.rawValue)) }

    private func point(of sample: SampleTarget) -> Constant {
        .decimal(UInt64(acl.label != 0 ? acl.label : sample.point))
    }

    /// Samples of a rule with a label carry it, in domain 0.
    private func actions(_ sample: SampleTarget, _ domain: UInt8?) -> ActionList {
        guard let domain else { return [.next] }
        return acl.label != 0
            ? copies(to: sample.collectors, 0, .number(acl.label))
            : copies(to: sample.collectors, domain, .number(sample.point))
    }

    private func copies(
        to collectors: [SampleTarget.Collector], _ domain: UInt8,
        _ point: Action.Sample.Point
    ) -> ActionList {
        let samples = collectors.map { collector in
            Action.sample(
                Action.Sample(
                    probability: collector.probability, collectorSet: collector.set,
                    domain: domain, point: point))
        }
        let mark: [Action] = samples.isEmpty ? [] : [.load(.flagsPktSampled, flag: true)]
        return ActionList(mark + samples + [.next])
    }
}
