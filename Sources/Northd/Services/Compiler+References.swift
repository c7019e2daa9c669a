// References by name that lead nowhere. They are no errors of a row by itself: the other row may come
// later, and then the problem is gone.

import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    func registerReferences() {
        let outputs = outputs
        engine.emitter("HA group", over: inputs.haChassisGroups) { key, row, context in
            if row.haChassis.isEmpty {
                context.emit(
                    outputs.problems,
                    Problem("HA_Chassis_Group", key, "ha_chassis", "the group has no chassis"))
            }
        }
    }
}

extension Model {
    /// Reports a switch port that leads to no router port.
    func checkRouterPort(
        _ key: RowUUID, _ port: SwitchPort, _ problems: Output<Problem>, _ context: Context
    ) {
        guard case .router(let name) = port.kind else { return }
        func report(_ reason: String) {
            context.emit(
                problems, Problem("Logical_Switch_Port", key, "options:router-port", reason))
        }
        guard let name else { return report("a port to a router must name its port") }
        if context.first(routerPortByName, name) == nil {
            report("no router port is called \"\(name)\"")
        }
    }
}
