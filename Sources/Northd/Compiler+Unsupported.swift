import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Reports what the configuration asks for and nothing here compiles, so that nobody takes a
    /// rule that is ignored for one that is in force.
    func registerUnsupported() {
        let (inputs, outputs) = (inputs, outputs)
        engine.emitter("unsupported of a datapath", over: inputs.datapaths) { key, row, context in
            switch row {
            case .switch(let row):
                guard row.otherConfig["dynamic-routing-vni"] != nil else { return }
                context.emit(
                    outputs.problems,
                    Problem(
                        NB.LogicalSwitch.table.name, key, "other_config:dynamic-routing-vni",
                        Problem.unsupported))
            case .router(let row):
                guard row.options["dynamic-routing"] == "true" else { return }
                context.emit(
                    outputs.problems,
                    Problem(
                        NB.LogicalRouter.table.name, key, "options:dynamic-routing",
                        Problem.unsupported))
            }
        }
    }
}
