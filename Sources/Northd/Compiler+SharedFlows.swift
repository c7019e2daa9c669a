import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Flows that are the same on many datapaths, once per group of them.
    func registerSharedFlows() {
        let (inputs, outputs, model) = (inputs, outputs, model)
        let present: Relation<DatapathGroup> = engine.relation("datapath group")
        engine.emitter("datapath traits", over: inputs.datapaths) { key, row, context in
            for group in Compiler.groups(key, row, model, context) {
                context.emit(present, group)
                context.emit(outputs.groupMembers, GroupMember(group: group, datapath: key))
            }
        }
        engine.emitter("shared flows", over: engine.collect(present)) { group, _, context in
            switch group {
            case .switches(let trait):
                context.emit(SharedSwitchFlows(trait: trait), .group(group), to: outputs)
            case .routers(let trait):
                context.emit(SharedRouterFlows(trait: trait), .group(group), to: outputs)
            case .loadBalancers: break
            }
        }
    }

    private static func groups(
        _ key: RowUUID, _ row: DatapathInput, _ model: Model, _ context: Context
    ) -> [DatapathGroup] {
        switch row {
        case .switch(let row):
            var traits: [SwitchTrait] = [.any]
            if row.otherConfig["vlan-passthru"] != "true" { traits.append(.untagged) }
            let floods = context.first(model.unknownPorts, key) != nil
            traits.append(floods ? .floodsUnknown : .dropsUnknown)
            return traits.map(DatapathGroup.switches)
        case .router(let row):
            let learnsLittle = row.options["always_learn_from_arp_request"] == "false"
            return [
                .routers(.any), .routers(learnsLittle ? .learnsFromReplies : .learnsFromRequests),
            ]
        }
    }
}

extension Context {
    /// Contributes the flows of a feature.
    func emit(
        _ feature: some SwitchFeature, _ scope: FlowScope, hint: RowUUID? = nil,
        to outputs: Outputs
    ) {
        var flows = SwitchFlows(scope, hint: hint)
        feature.emit(into: &flows)
        for row in flows.rows { emit(outputs.flows, row) }
    }

    /// Contributes the flows of a feature.
    func emit(
        _ feature: some RouterFeature, _ scope: FlowScope, hint: RowUUID? = nil,
        to outputs: Outputs
    ) {
        var flows = RouterFlows(scope, hint: hint)
        feature.emit(into: &flows)
        for row in flows.rows { emit(outputs.flows, row) }
    }
}
