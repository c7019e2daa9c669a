import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Load_Balancer rows, and the datapath groups that load balancers are on.
    func registerLoadBalancers() {
        let (inputs, outputs, balancing) = (inputs, outputs, balancing)
        let stateless: Incremental.Relation<LoadBalancerReach> = engine.relation(
            "stateless reaches")
        engine.emitter("load balancer member", over: balancing.places) { place, _, context in
            guard let row = context.read(inputs.datapaths, place.datapath) else { return }
            let group = DatapathGroup.loadBalancers(row.kind, place.reach.name)
            context.emit(
                outputs.groupMembers, GroupMember(group: group, datapath: place.datapath))
            if row.switch?.otherConfig["enable-stateless-acl-with-lb"] == "true" {
                context.emit(stateless, place.reach)
                context.emit(
                    outputs.groupMembers,
                    GroupMember(
                        group: .statelessLoadBalancers(place.reach.name),
                        datapath: place.datapath))
            }
        }
        registerSwitchBalancing(engine.collect(stateless))
        engine.emitter("load balancer row", over: balancing.reaches) { key, reach, context in
            guard !reach.isEmpty, let contents = context.read(inputs.loadBalancers, key) else {
                return
            }
            let groups = Dictionary(
                uniqueKeysWithValues: DatapathKind.allCases.compactMap { kind in
                    balancing.group(kind, of: reach, context).map { (kind, $0) }
                })
            guard !groups.isEmpty else { return }
            context.emit(
                outputs.loadBalancers,
                LoadBalancerRow(
                    origin: key, contents: contents, switches: groups[.switch],
                    routers: groups[.router]))
        }
    }
}

extension Compiler {
    /// The flows of load balancers on switches, once per load balancer.
    private func registerSwitchBalancing(_ stateless: Function<LoadBalancerReach, Nothing>) {
        let (inputs, outputs, balancing) = (inputs, outputs, balancing)
        let scene = MeteringScene(inputs: inputs, outputs: outputs, model: model)
        engine.emitter("switch load balancing", over: balancing.services) {
            key, services, context in
            guard let balancer = context.read(balancing.balancers, key) ?? nil,
                let reach = context.read(balancing.reaches, key), !reach.isEmpty,
                let group = balancing.group(.switch, of: reach, context)
            else { return }
            let announces =
                balancer.options.announcesEmpty
                || context.read(inputs.options, "controller_event") == "true"
            let apart =
                balancer.options.rejects || announces
                ? balancing.apart(reach, .switch, scene, context) : []
            for service in services {
                context.emit(
                    SwitchLoadBalancing(
                        balancer: balancer, service: service,
                        announcedAs: announces ? key : nil),
                    .group(group), hint: key, apart: apart, to: outputs)
            }
            for template in balancer.templates {
                context.emit(
                    TemplateLoadBalancing(balancer: balancer, service: template),
                    .group(group), hint: key, to: outputs)
            }
        }
        engine.emitter("stateless load balancing", over: balancing.balancers) {
            key, balancer, context in
            guard let balancer, let reach = context.read(balancing.reaches, key),
                context.read(stateless, reach) != nil
            else { return }
            for service in balancer.services {
                context.emit(
                    StatelessLoadBalancing(
                        balancer: balancer, service: service,
                        hairpinSource: balancer.options.hairpinSource(of: service.address)),
                    .group(.statelessLoadBalancers(reach.name)), hint: key, to: outputs)
            }
        }
    }
}

extension LoadBalancing {
    /// The group of the datapaths of one kind that a reach covers, if there are any.
    func group(
        _ kind: DatapathKind, of reach: LoadBalancerReach, _ context: Context
    ) -> DatapathGroup? {
        let key = LoadBalancerKinds(reach: reach, kind: kind)
        return context.read(kinds, key) == nil ? nil : .loadBalancers(kind, reach.name)
    }
}
