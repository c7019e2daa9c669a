import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// options:routing-protocol-redirect.
    func registerRoutingProtocols() {
        let (outputs, model) = (outputs, model)
        let ports = engine.subset("ports with a routing daemon", of: inputs.routerPorts) {
            _, row in row.options["routing-protocol-redirect"] != nil
        }
        engine.emitter("routing protocol redirect", over: ports) { key, row, context in
            guard let target = row.options["routing-protocol-redirect"],
                let side = model.side(of: key, context)
            else { return }
            let report = { (option: String, reason: String) in
                context.emit(
                    outputs.problems,
                    Problem("Logical_Router_Port", key, "options:\(option)", reason))
            }
            guard let daemon = context.first(model.switchPortByName, target),
                (context.read(model.switchPorts, daemon) ?? nil)?.datapath == side.port.datapath
            else {
                return report(
                    "routing-protocol-redirect",
                    "the router's switch has no port \"\(target)\"")
            }
            let names = row.options["routing-protocols"] ?? ""
            let protocols = names.split(separator: ",").compactMap { name in
                let found = RoutingProtocolRedirect.RoutingProtocol(rawValue: String(name))
                if found == nil { report("routing-protocols", "unknown protocol \"\(name)\"") }
                return found
            }
            context.emit(
                RoutingProtocolRedirect(
                    target: target, port: side.port.name, addresses: side.router.addresses,
                    protocols: protocols),
                .datapath(side.port.datapath), hint: key, to: outputs)
        }
    }
}
