import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Port_Binding rows, the ports' places in multicast groups, and Logical_Switch_Port.up.
    func registerPortBindings() {
        registerSwitchPortBindings()
        registerRouterPortBindings()
        registerMulticastGroups()
        registerPortStates()
    }

    private func registerSwitchPortBindings() {
        let (inputs, outputs, model, parts) = (inputs, outputs, model, bindingParts)
        let portServices = PortServices(
            inputs: inputs, outputs: outputs, model: model, services: services,
            haChassisGroups: haChassisGroups)
        engine.emitter("switch port binding", over: model.switchPorts) { key, port, context in
            guard let port, let row = context.read(inputs.switchPorts, key) else { return }
            guard let tunnelKey = context.read(model.portKeys, key) else {
                context.emit(
                    outputs.problems,
                    Problem("Logical_Switch_Port", key, "name", "no tunnel key is left"))
                return
            }
            context.report(
                tunnelKey, wanted: row.options["requested-tnl-key"], "Logical_Switch_Port", key,
                "options:requested-tnl-key", to: outputs)
            var binding = PortRow(
                name: port.name, datapath: port.datapath, tunnelKey: tunnelKey,
                type: port.kind.bindingType)
            binding.options = Compiler.bindingOptions(port, row)
            binding.mac = row.addresses
            binding.portSecurity = row.portSecurity
            binding.parentPort = row.parentName
            binding.tag = row.tag ?? row.tagRequest.flatMap { $0 > 0 ? $0 : nil }
            binding.externalIDs = row.externalIDs
            binding.externalIDs["name"] = row.externalIDs["neutron:port_name"]
            binding.requestedChassis = model.chassis(
                named: row.options["requested-chassis"], context)
            if port.kind.isRouter {
                emitRouterSide(key, port, row, &binding, parts, context)
            }
            Compiler.addServices(key, port, row, &binding, portServices, context)
            context.emit(outputs.ports, binding)
        }
    }

    /// Options of a router port are made here; those of other ports are the configuration's.
    private static func bindingOptions(
        _ port: SwitchPort, _ row: NB.LogicalSwitchPort
    ) -> [String: String] {
        switch port.kind {
        case .router(let peer):
            var options: [String: String] = [:]
            options["peer"] = peer
            options["enable_router_port_acl"] = row.options["enable_router_port_acl"]
            return options
        case .switch(let peer):
            var options = row.options
            options["peer"] = peer
            return options
        case .vif, .localnet, .localport, .virtual, .external, .l2gateway, .vtep, .remote,
            .unknown:
            return row.options
        }
    }

    private func registerMulticastGroups() {
        let (outputs, model) = (outputs, model)
        engine.emitter("multicast membership", over: model.switchPorts) { key, port, context in
            guard let port, port.takesFloods, context.read(model.portKeys, key) != nil else {
                return
            }
            var groups: [MulticastGroup] = [.flood]
            if !port.kind.isRouter { groups.append(.floodL2) }
            if port.hasUnknown { groups.append(.unknown) }
            let name = model.bindingName(key, port, context)
            for group in groups {
                context.emit(
                    outputs.multicastMembers,
                    MulticastMember(datapath: port.datapath, group: group, port: name))
            }
        }
    }

    private func registerPortStates() {
        let (inputs, outputs, model, bound) = (inputs, outputs, model, boundChassis)
        engine.emitter("port state", over: model.switchPorts) { key, port, context in
            guard let port else { return }
            let state = context.read(inputs.portStates, port.name)
            let chassis = state?.chassis.flatMap { context.read(inputs.chassis, $0) }
            let isUp =
                !port.kind.isClaimed
                || state?.chassis != nil && (state?.isUp == true || chassis?.isRemote == true)
            context.emit(outputs.portsUp, PortUpRow(port: key, isUp: isUp))
            let holders = (state?.chassis.map { [$0] } ?? []) + (state?.additionalChassis ?? [])
            for chassis in holders {
                context.emit(bound, ChassisOnSwitch(datapath: port.datapath, chassis: chassis))
            }
        }
    }
}

extension Context {
    /// Reports a key that was asked for and isn't the one that the object got.
    func report(
        _ granted: Int, wanted text: String?, _ table: String, _ key: RowUUID, _ column: String,
        to outputs: Outputs
    ) {
        guard let text, Int(text) != granted else { return }
        emit(
            outputs.problems,
            Problem(table, key, column, "key \"\(text)\" can't be given; it is \(granted)"))
    }
}
