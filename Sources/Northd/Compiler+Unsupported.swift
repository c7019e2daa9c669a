import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Reports what the configuration asks for and nothing here compiles, so that nobody takes a
    /// rule that is ignored for one that is in force.
    func registerUnsupported() {
        let (inputs, outputs) = (inputs, outputs)
        engine.emitter("unsupported of a datapath", over: inputs.datapaths) { key, row, context in
            guard row.switch?.otherConfig["mcast_snoop"] == "true" else { return }
            context.emit(
                outputs.problems,
                Problem(
                    NB.LogicalSwitch.table.name, key, "other_config:mcast_snoop",
                    Problem.unsupported))
        }
    }
}
