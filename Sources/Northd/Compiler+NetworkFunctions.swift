import Incremental
import OVSDBModel
import Schemas

/// Network_Function_Group.network_function_active: what northd has chosen.
package struct ActiveFunctionRow: FeedbackRow {
    package let target: RowUUID
    package let active: RowUUID?

    package static func settle(
        _ row: inout NB.NetworkFunctionGroup, _ wanted: ActiveFunctionRow?
    ) {
        if let wanted { row.networkFunctionActive = wanted.active }
    }
}

extension Compiler {
    /// The choice of each group, and the flows of the switches whose ACLs use it.
    func registerNetworkFunctions() {
        let (inputs, outputs, model, filtering) = (inputs, outputs, model, filtering)
        let active = engine.function("active network function", over: inputs.functionGroups) {
            key, row, context -> RowUUID? in
            let healthy = row.networkFunction.filter { function in
                model.isHealthy(function, in: row, inputs, context)
            }
            let choice = healthy.first { $0 == row.networkFunctionActive } ?? healthy.first
            context.emit(
                outputs.activeFunctions, ActiveFunctionRow(target: key, active: choice))
            return choice
        }
        let users = engine.subset("ACLs with functions", of: filtering.acls) { _, acl in
            acl?.functionGroup != nil && acl?.verdict.allowsConnection == true
        }
        engine.emitter("network functions", over: users) { key, acl, context in
            guard let acl, let group = acl.functionGroup,
                let row = context.read(inputs.functionGroups, group)
            else { return }
            let choice = context.read(active, group) ?? nil
            for datapath in filtering.switches(of: key, inputs, context) {
                context.emit(
                    NetworkFunctionChain(
                        group: row.id, isIngress: acl.stage.isIngress,
                        isTap: row.mode == NB.NetworkFunctionGroup.modeVtap,
                        failsOpen: row.fallback == "fail-open",
                        active: model.function(choice, on: datapath, inputs, context)),
                    .datapath(datapath), to: outputs)
            }
        }
    }
}

extension Filtering {
    /// The switches that an ACL applies to.
    fileprivate func switches(
        of acl: RowUUID, _ inputs: Inputs, _ context: Context
    ) -> [RowUUID] {
        let groups = context.read(inputs.portGroupsOfACL, acl)?.all ?? []
        return (context.read(inputs.switchesOfACL, acl)?.all ?? [])
            + groups.flatMap { context.members(placesOfGroup, $0).map(\.datapath) }
    }
}

extension Model {
    /// A function works while its ports are up on one chassis and, if it is probed, probes get
    /// through it.
    fileprivate func isHealthy(
        _ key: RowUUID, in group: NB.NetworkFunctionGroup, _ inputs: Inputs, _ context: Context
    ) -> Bool {
        guard let row = context.read(inputs.functions, key) else { return false }
        let isTap = group.mode == NB.NetworkFunctionGroup.modeVtap
        guard isTap == (row.outport == nil) else { return false }
        let names = ([row.inport] + (row.outport.map { [$0] } ?? []))
            .compactMap { (context.read(switchPorts, $0) ?? nil)?.name }
        let states = names.compactMap { context.read(inputs.portStates, $0) }
        guard states.count == (isTap ? 1 : 2), states.allSatisfy({ $0.isUp && $0.chassis != nil }),
            Set(states.map(\.chassis)).count == 1
        else { return false }
        guard row.healthCheck != nil, let last = names.last, !isTap else { return true }
        let probed = ServiceMonitorKey(
            logicalPort: last, address: context.read(inputs.options, "svc_monitor_ip_dst") ?? "",
            port: 0, transport: "icmp")
        return context.read(inputs.serviceStates, probed) == SB.ServiceMonitor.statusOnline
    }

    /// The function as the switch has it: its own ports, or those nested in them.
    fileprivate func function(
        _ key: RowUUID?, on datapath: RowUUID, _ inputs: Inputs, _ context: Context
    ) -> NetworkFunctionChain.Function? {
        guard let key, let row = context.read(inputs.functions, key),
            let input = port(row.inport, on: datapath, inputs, context)
        else { return nil }
        var output: String?
        if let uuid = row.outport {
            guard let name = port(uuid, on: datapath, inputs, context) else { return nil }
            output = name
        }
        return NetworkFunctionChain.Function(id: row.id, input: input, output: output)
    }

    private func port(
        _ key: RowUUID, on datapath: RowUUID, _ inputs: Inputs, _ context: Context
    ) -> String? {
        guard let port = context.read(switchPorts, key) ?? nil else { return nil }
        if port.datapath == datapath { return port.name }
        return context.members(nestedPorts, port.name).lazy
            .compactMap { context.read(self.switchPorts, $0) ?? nil }
            .first { $0.datapath == datapath }?.name
    }
}
