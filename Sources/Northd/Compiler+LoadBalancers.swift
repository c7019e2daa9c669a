import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Load_Balancer rows, and the datapath groups that load balancers are on.
    func registerLoadBalancers() {
        let (inputs, outputs, balancing) = (inputs, outputs, balancing)
        engine.emitter("load balancer member", over: balancing.places) { place, _, context in
            guard let kind = context.read(inputs.datapaths, place.datapath)?.kind else { return }
            context.emit(
                outputs.groupMembers,
                GroupMember(
                    group: .loadBalancers(kind, place.reach.name), datapath: place.datapath))
        }
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

extension LoadBalancing {
    /// The group of the datapaths of one kind that a reach covers, if there are any.
    func group(
        _ kind: DatapathKind, of reach: LoadBalancerReach, _ context: Context
    ) -> DatapathGroup? {
        let key = LoadBalancerKinds(reach: reach, kind: kind)
        return context.read(kinds, key) == nil ? nil : .loadBalancers(kind, reach.name)
    }
}
