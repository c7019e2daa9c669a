import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Rows of a switch's own that are one rule each.
    func registerSwitchRules() {
        let (inputs, outputs) = (inputs, outputs)
        engine.emitter("QoS rule", over: inputs.qosRules) { key, row, context in
            let owners = context.read(inputs.switchesOfQoS, key)?.all ?? []
            let rule = QoSRule(row) { column, reason in
                context.emit(outputs.problems, Problem("QoS", key, column, reason))
            }
            guard let rule else { return }
            for owner in owners { context.emit(rule, .datapath(owner), hint: key, to: outputs) }
        }
        engine.emitter("forwarding group", over: inputs.forwardingGroups) { key, row, context in
            let owners = context.read(inputs.switchOfForwardingGroup, key)?.all ?? []
            let group = ForwardingGroup(row) { column, reason in
                context.emit(outputs.problems, Problem("Forwarding_Group", key, column, reason))
            }
            guard let group else { return }
            for owner in owners { context.emit(group, .datapath(owner), hint: key, to: outputs) }
        }
    }
}
