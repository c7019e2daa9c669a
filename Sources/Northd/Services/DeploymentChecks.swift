import Incremental
import LogicalFlow
import OVSDBModel
import Schemas

extension Compiler {
    /// Options of NB_Global that are read elsewhere, by chassis or outside of the graph: what is
    /// wrong with them is told here.
    func registerDeploymentChecks() {
        let outputs = outputs
        engine.emitter("options of the deployment", over: inputs.global) { key, row, context in
            func report(_ option: String, _ reason: String) {
                context.emit(
                    outputs.problems, Problem("NB_Global", key, "options:\(option)", reason))
            }
            for option in DeploymentOptions.numbers {
                guard let text = row.options[option], Int(text).map({ $0 < 0 }) ?? true else {
                    continue
                }
                report(option, "no number: \"\(text)\"")
            }
            if let text = row.options["control_limits"] {
                _ = ControlLimits(parsing: text) { report("control_limits", $0) }
            }
        }
    }
}

extension DeploymentOptions {
    /// Options that are numbers, not negative.
    static let numbers = [
        "bfd-decay-min-rx", "bfd-min-rx", "bfd-min-tx", "bfd-mult", "fdb_removal_limit",
        "mac_binding_removal_limit", "northd-backoff-interval-ms", "northd_probe_interval",
    ]
}
