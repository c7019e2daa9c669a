import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Logical_Router_Port.status:hosting-chassis.
    func registerGateways() {
        let (inputs, outputs, model) = (inputs, outputs, model)
        engine.emitter("hosting chassis", over: model.gateways.ports) { key, port, context in
            guard let port else { return }
            let chassis = context.read(inputs.portStates, port.redirect)?.chassis
            let name = chassis.flatMap { context.read(inputs.chassis, $0)?.name }
            context.emit(outputs.hostings, HostingRow(port: key, chassis: name))
        }
    }
}
