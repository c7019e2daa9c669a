import Incremental
import LogicalFlow
import OVSDBModel
import Schemas

extension Compiler {
    /// The flows of ACLs, one derivation per ACL, wherever it applies.
    func registerACLs() {
        let (outputs, inputs, filtering) = (outputs, inputs, filtering)
        let resolve = aclResolver()
        engine.emitter("ACL", over: filtering.acls) { key, acl, context in
            guard let acl else { return }
            let scopes = filtering.scopes(of: key, acl.stage, inputs, context)
            guard !scopes.isEmpty else { return }
            for (scope, surroundings) in scopes {
                let rule = resolve(key, ACLRule(acl: acl, surroundings: surroundings), context)
                guard let rule else { continue }
                context.emit(rule, scope, hint: key, to: outputs)
                if let log = ACLReplyLog(acl: acl, surroundings: surroundings, log: rule.log) {
                    context.emit(log, scope, hint: key, to: outputs)
                }
            }
        }
        registerACLSampling()
        let numbers = aclNumbers
        engine.emitter("ACL number", over: numbers) { key, number, context in
            context.emit(outputs.aclNumbers, ACLNumberRow(origin: key, number: number))
        }
    }

    private typealias ACLResolver = @Sendable (RowUUID, ACLRule, Context) -> ACLRule?

    /// Completes a rule with what other rows say; nil, after a report, if they contradict it.
    private func aclResolver() -> ACLResolver {
        let (inputs, outputs, model, numbers) = (inputs, outputs, model, aclNumbers)
        let filtering = filtering
        return { key, rule, context in
            var rule = rule
            let acl = rule.acl
            let meter = acl.meter.flatMap { filtering.fairMeter($0, inputs, model, context) }
            if acl.severity != nil, let meter {
                context.emit(outputs.meters, meter.copied(for: key))
            }
            rule.log = acl.logEntry(meter: meter?.copied(for: key).meter ?? acl.meter)
            rule.sampleNew = inputs.sample(acl.sampleNew, context)
            rule.sampleEstablished = inputs.sample(acl.sampleEstablished, context)
            rule.translatesTransport =
                context.read(inputs.options, "acl_ct_translation") == "true"
            if let group = acl.functionGroup {
                guard acl.verdict.allowsConnection, rule.surroundings.tracking.isStateful else {
                    context.emit(
                        outputs.problems,
                        Problem(
                            "ACL", key, "network_function_group",
                            "only a stateful rule that allows can have one"))
                    return nil
                }
                rule.functionGroup = context.read(inputs.functionGroups, group)?.id
            }
            if acl.persistsEstablished {
                if model.deployment.has(.flushLabel, in: context) {
                    rule.persistentID = context.read(numbers, key)
                } else {
                    context.emit(
                        outputs.problems,
                        Problem(
                            "ACL", key, "options:persist-established",
                            "not every chassis can forget connections by label"))
                }
            }
            return rule
        }
    }

    private func registerACLSampling() {
        let (outputs, inputs, filtering, model) = (outputs, inputs, filtering, model)
        let sampled = engine.subset("sampled ACLs", of: filtering.acls) { _, acl in
            acl?.sampleNew != nil || acl?.sampleEstablished != nil
        }
        engine.emitter("ACL sampling", over: sampled) { key, acl, context in
            guard let acl else { return }
            for (scope, surroundings) in filtering.scopes(of: key, acl.stage, inputs, context) {
                let sampling = ACLSampling(
                    acl: acl, tracking: surroundings.tracking,
                    sampleNew: inputs.sample(acl.sampleNew, context),
                    sampleEstablished: inputs.sample(acl.sampleEstablished, context),
                    newDomain: inputs.domain(.newConnections, context),
                    establishedDomain: inputs.domain(.establishedConnections, context),
                    usesRegisters: model.deployment.has(.sampleWithRegisters, in: context))
                context.emit(sampling, scope, to: outputs)
            }
        }
    }

    static func aclNumbers(
        _ engine: Engine, _ inputs: Inputs, _ filtering: Filtering, _ state: StickyState
    ) -> Allocator<StickyKeys> {
        let requests = engine.function("ACL number request", over: filtering.acls) {
            key, acl, context -> KeyRequest? in
            guard acl?.persistsEstablished == true else { return nil }
            return KeyRequest(
                space: .zero, existing: context.read(inputs.aclNumbersInUse, key))
        }
        return engine.allocator("ACL number", of: requests, policy: state.aclNumbers)
    }
}

extension ACL {
    func logEntry(meter: String?) -> Action.LogEntry? {
        guard let severity else { return nil }
        let verdict: Action.LogEntry.Verdict =
            switch verdict {
            case .allow, .allowRelated, .allowStateless: .allow
            case .drop: .drop
            case .reject: .reject
            case .pass: .pass
            }
        return Action.LogEntry(name: name, verdict: verdict, severity: severity, meter: meter)
    }
}

extension Filtering {
    /// The meter of this name, if every user has one of its own (ovn-nb(5), Meter.fair).
    func fairMeter(
        _ name: String, _ inputs: Inputs, _ model: Model, _ context: Context
    ) -> MeterRow? {
        guard let key = context.first(metersByName, name),
            context.read(inputs.meters, key)?.fair == true
        else { return nil }
        return context.read(model.meters, key)
    }
}
