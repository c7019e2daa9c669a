import Incremental
import OVSDBModel
import Schemas

// Port_Binding rows of router ports, of the switch ports that lead to them, and of what stands for
// either on a gateway chassis.

extension Compiler {
    func registerRouterPortBindings() {
        let (inputs, outputs, model, parts) = (inputs, outputs, model, bindingParts)
        let services = services
        engine.emitter("router port binding", over: model.routerPorts) { key, port, context in
            guard let port, let row = context.read(inputs.routerPorts, key) else { return }
            guard let tunnelKey = context.read(model.routerPortKeys, key) else {
                context.emit(
                    outputs.problems,
                    Problem("Logical_Router_Port", key, "name", "no tunnel key is left"))
                return
            }
            context.report(
                tunnelKey, wanted: row.options["requested-tnl-key"], "Logical_Router_Port", key,
                "options:requested-tnl-key", to: outputs)
            let chassis = (context.read(model.gateways.routers, port.router) ?? nil)?.chassis
            var binding = PortRow(
                name: port.name, datapath: port.router, tunnelKey: tunnelKey,
                type: chassis == nil ? "patch" : "l3gateway")
            binding.mac = [([row.mac] + row.networks).joined(separator: " ")]
            binding.options["peer"] = (context.read(model.attachments, key) ?? nil)?.portName
            binding.options["l3gateway-chassis"] = chassis
            binding.externalIDs = row.externalIDs
            Compiler.addRouterServices(key, port, row, &binding, model, services, context)
            let place = context.read(model.gateways.places, key) ?? .anywhere
            if let gateway = place.gateway {
                if binding.options["peer"] != nil {
                    binding.options["chassis-redirect-port"] = gateway.redirect
                }
                emitRedirect(key, gateway, binding, row, parts, context)
            }
            context.emit(outputs.ports, binding)
        }
    }
}

/// The row of a gateway port on its chassis.
private func emitRedirect(
    _ key: RowUUID, _ gateway: GatewayPort, _ port: PortRow, _ row: NB.LogicalRouterPort,
    _ parts: BindingParts, _ context: Context
) {
    let (model, outputs, groups) = (parts.model, parts.outputs, parts.groups)
    guard let tunnelKey = context.read(model.routerPortKeys, key.companion) else { return }
    var binding = PortRow(
        name: gateway.redirect, datapath: port.datapath, tunnelKey: tunnelKey,
        type: "chassisredirect")
    binding.mac = port.mac
    binding.externalIDs = port.externalIDs
    binding.options["distributed-port"] = port.name
    binding.options["redirect-type"] = row.options["redirect-type"]
    if !gateway.leadsToVTEP && !gateway.port.isBridged
        && context.first(parts.translations.distributed, port.datapath) == nil
        && context.read(parts.routerBalancing.distributed, port.datapath) == nil
    {
        binding.options["always-redirect"] = "true"
    }
    if let group = context.read(groups.ofRouterPort, key) ?? nil {
        binding.haChassisGroup = group.group
    }
    context.emit(outputs.ports, binding)
}

/// What the rows of router ports are made of.
struct BindingParts: Sendable {
    let inputs: Inputs
    let outputs: Outputs
    let model: Model
    let groups: HAChassisGroups
    let translations: Translations
    let balancing: LoadBalancing
    let routerBalancing: RouterBalancing
}

extension Compiler {
    var bindingParts: BindingParts {
        BindingParts(
            inputs: inputs, outputs: outputs, model: model, groups: haChassisGroups,
            translations: translations, balancing: balancing, routerBalancing: routerBalancing)
    }
}

/// What a router at the other side makes of a switch port's row, and the row that stands for the
/// port on the router's gateway chassis.
func emitRouterSide(
    _ key: RowUUID, _ port: SwitchPort, _ row: NB.LogicalSwitchPort, _ binding: inout PortRow,
    _ parts: BindingParts, _ context: Context
) {
    let (model, outputs, groups) = (parts.model, parts.outputs, parts.groups)
    guard let side = context.read(model.routerSides, key) ?? nil else { return }
    binding.natAddresses = canonicalSet(parts.announcements(port, row, side, context))
    if let chassis = (context.read(model.gateways.routers, side.router) ?? nil)?.chassis {
        binding.type = "l3gateway"
        binding.options["l3gateway-chassis"] = chassis
    }
    guard let gateway = context.read(model.gateways.ports, side.port) ?? nil,
        let redirect = gateway.peerRedirect,
        let tunnelKey = context.read(model.portKeys, key.companion)
    else { return }
    var other = PortRow(
        name: redirect, datapath: port.datapath, tunnelKey: tunnelKey, type: "chassisredirect")
    other.options["distributed-port"] = port.name
    other.mac = binding.mac
    other.portSecurity = binding.portSecurity
    other.externalIDs = binding.externalIDs
    other.haChassisGroup = (context.read(groups.ofRouterPort, side.port) ?? nil)?.group
    context.emit(outputs.ports, other)
}

extension Model {
    /// The Port_Binding that packets to the port go to: a gateway chassis's, where there is one.
    func bindingName(_ key: RowUUID, _ port: SwitchPort, _ context: Context) -> String {
        guard port.kind.isRouter, let side = context.read(routerSides, key) ?? nil,
            let gateway = context.read(gateways.ports, side.port) ?? nil,
            let redirect = gateway.peerRedirect
        else { return port.name }
        return redirect
    }
}
