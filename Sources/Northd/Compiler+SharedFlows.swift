import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Flows that are the same on many datapaths, once per group of them.
    func registerSharedFlows() {
        let (inputs, outputs, model, filtering) = (inputs, outputs, model, filtering)
        let (translations, balancing, multicast) = (translations, balancing, multicast)
        let present: Relation<DatapathGroup> = engine.relation("datapath group")
        engine.emitter("datapath traits", over: inputs.datapaths) { key, row, context in
            let profile = context.read(filtering.profiles, key) ?? nil
            let groups =
                row.kind == .router
                ? Compiler.groups(ofRouter: key, model, translations, balancing, context)
                : Compiler.groups(key, row, profile, model, multicast, context)
            for group in groups {
                context.emit(present, group)
                context.emit(outputs.groupMembers, GroupMember(group: group, datapath: key))
            }
        }
        engine.emitter("shared flows", over: engine.collect(present)) { group, _, context in
            switch group {
            case .switches(let trait):
                context.emit(
                    SharedSwitchFlows(trait: trait, settings: inputs.switchSettings(context)),
                    .group(group), to: outputs)
            case .meteredSwitches(let trait, let copp):
                let meters = context.read(inputs.copp, copp)?.meters ?? [:]
                context.emit(
                    SharedSwitchFlows(trait: trait, settings: inputs.switchSettings(context)),
                    .group(group), meters: meters, to: outputs)
            case .meteredRouters(let trait, let copp):
                let meters = context.read(inputs.copp, copp)?.meters ?? [:]
                context.emit(
                    SharedRouterFlows(trait: trait), .group(group), meters: meters, to: outputs)
            case .routers(let trait):
                context.emit(SharedRouterFlows(trait: trait), .group(group), to: outputs)
            case .loadBalancers, .statelessLoadBalancers, .balancedRouters, .portGroup: break
            }
        }
    }

    private static func groups(
        _ key: RowUUID, _ row: DatapathInput, _ profile: SwitchProfile?, _ model: Model,
        _ multicast: Multicast, _ context: Context
    ) -> [DatapathGroup] {
        switch row {
        case .switch(let row):
            var traits: [SwitchTrait] = [.any]
            if row.otherConfig["vlan-passthru"] != "true" { traits.append(.untagged) }
            let floods = context.first(model.unknownPorts, key) != nil
            traits.append(floods ? .floodsUnknown : .dropsUnknown)
            var delivery = context.read(multicast.deliveries, key) ?? []
            if context.read(model.hasHosts, key) != nil { delivery.insert(.hasHosts) }
            if row.otherConfig["broadcast-arps-to-all-routers"] == "false" {
                delivery.insert(.sparesRouters)
                traits.append(.sparesRouters(floodsUnknown: floods))
            }
            traits.append(.multicast(delivery))
            traits += profile?.traits ?? []
            return traits.map { trait in
                guard let copp = row.copp, trait.isMetered else { return .switches(trait) }
                return .meteredSwitches(trait, copp)
            }
        case .router: return []
        }
    }
}

extension SwitchProfile {
    /// The sets of flows that ACLs and load balancers bring.
    fileprivate var traits: [SwitchTrait] {
        var traits: [SwitchTrait] = [
            hasACLs ? .judged(tiers) : tracking.isStateful ? .judgedByTracker : .unjudged
        ]
        traits.append(hasACLs || hasLoadBalancer ? .watched : .unfiltered)
        if hasStatefulACL { traits.append(.tracked) }
        if hasHelper, hasStatefulACL { traits.append(.helped) }
        if tracking.isStateful {
            traits.append(.stateful(tiers, balancesStateless: balancesStateless))
        }
        if hasLoadBalancer {
            traits.append(.balanced)
            if balancesStateless { traits.append(.balancedStateless) }
        }
        return traits
    }
}

extension Inputs {
    fileprivate func switchSettings(_ context: Context) -> SharedSwitchFlows.Settings {
        var settings = SharedSwitchFlows.Settings()
        settings.dropsByDefault = context.read(options, "default_acl_drop") == "true"
        settings.translatesTransport = context.read(options, "acl_ct_translation") == "true"
        settings.dropsInvalid = context.read(options, "use_ct_inv_match") != "false"
        return settings
    }
}
