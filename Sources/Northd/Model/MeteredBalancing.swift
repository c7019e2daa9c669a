import Incremental
import OVSDBModel

extension LoadBalancing {
    /// The datapaths of a reach one by one, if some of them have meters for what load balancers send
    /// to the chassis' control (ovn-nb(5), Copp); none otherwise, and then a group does for all.
    func apart(
        _ reach: LoadBalancerReach, _ kind: DatapathKind, _ scene: MeteringScene,
        _ context: Context, where isMember: (RowUUID) -> Bool = { _ in true }
    ) -> [MeteredScope] {
        let name = LoadBalancerKinds(reach: reach, kind: kind)
        guard context.read(meteredKinds, name) != nil else { return [] }
        return datapaths(of: reach, scene.inputs, scene.model, context)
            .filter { context.read(scene.inputs.datapaths, $0)?.kind == kind && isMember($0) }
            .map { datapath in
                MeteredScope(
                    datapath: datapath,
                    meters: context.read(scene.outputs.commons.controlMeters, datapath) ?? [:])
            }
    }

    /// All datapaths of a reach, in order.
    private func datapaths(
        of reach: LoadBalancerReach, _ inputs: Inputs, _ model: Model, _ context: Context
    ) -> [RowUUID] {
        let direct =
            reach.direct.flatMap { context.read(inputs.datapathsOfLoadBalancer, $0)?.all } ?? []
        let named = direct + reach.groups.flatMap { context.members(datapathsOfGroup, $0) }
        let all =
            named
            + named.flatMap { datapath in
                model.spread(from: datapath, inputs, context)
            }
        return Set(all).sorted()
    }
}

/// What is read to find the meters of a load balancer's datapaths.
struct MeteringScene: Sendable {
    let inputs: Inputs
    let outputs: Outputs
    let model: Model
}
