import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Tables that go to the Southbound database much as they are.
    func registerCopies() {
        let (inputs, outputs, model) = (inputs, outputs, model)
        engine.emitter("mirror", over: inputs.mirrors) { key, row, context in
            context.emit(outputs.mirrors, MirrorRow(origin: key, contents: row))
        }
        engine.emitter("template variables", over: inputs.templateVariables) { key, row, context in
            context.emit(
                outputs.templateVariables,
                TemplateVariablesRow(
                    origin: key, chassis: row.chassis, variables: row.variables))
        }
        engine.emitter("static neighbour", over: inputs.staticNeighbours) { key, row, context in
            guard let port = context.first(model.routerPortByName, row.logicalPort),
                let router = (context.read(model.routerPorts, port) ?? nil)?.router
            else {
                return context.emit(
                    outputs.problems,
                    Problem(
                        "Static_MAC_Binding", key, "logical_port",
                        "no router port is called \"\(row.logicalPort)\""))
            }
            context.emit(
                outputs.staticNeighbours,
                StaticNeighbourRow(origin: key, contents: row, router: router))
        }
    }

    /// Rows that depend on nothing are there with the configuration's one global row.
    func registerCatalogues() {
        let (inputs, outputs) = (inputs, outputs)
        let present = engine.function("configuration", over: inputs.global) { _, _, _ in true }
        engine.emitter("catalogues", over: present) { _, _, context in
            for row in DHCPOptionRow.catalogue { context.emit(outputs.dhcpOptions, row) }
            for row in DHCPv6OptionRow.catalogue { context.emit(outputs.dhcpv6Options, row) }
            for row in PermissionRow.agents { context.emit(outputs.permissions, row) }
            context.emit(outputs.roles, RoleRow.agents)
        }
    }
}
