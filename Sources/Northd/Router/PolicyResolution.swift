import Incremental
import OVSDBModel
import Schemas
import Wire

/// Routing policies in the graph, one derivation per policy.
///
/// Property: a policy that changes concerns itself, except the first one with a chain, with which
/// all policies of the router say what chain they are in.
struct Policies: Sendable {
    let groups: Allocator<StickyKeys>
    let chains: NameNumbers

    init(
        _ engine: Engine, _ inputs: Inputs, _ outputs: Outputs, _ model: Model, _ routes: Routes,
        _ sessions: Sessions, _ state: StickyState
    ) {
        let parsed = engine.function("policy", over: inputs.policies) {
            key, row, context -> RoutePolicy? in
            guard let owner = context.read(inputs.routerOfPolicy, key) else { return nil }
            return RoutePolicy(row, of: owner.first) { column, reason in
                context.emit(
                    outputs.problems, Problem("Logical_Router_Policy", key, column, reason))
            }
        }
        let chained = engine.index("chained policies", of: parsed) { _, policy in
            policy.flatMap { $0.chain.isEmpty ? nil : [$0.router] } ?? []
        }
        let names: Incremental.Relation<RowUUID> = engine.relation("policy chain")
        engine.emitter("chain of policy", over: parsed) { _, policy, context in
            guard let policy, !policy.chain.isEmpty else { return }
            context.emit(names, NameNumbers.key(policy.chain))
        }
        chains = NameNumbers(
            "policy chain", engine, of: engine.collect(names), state.policyChains)
        let requests = engine.function("policy group request", over: parsed) {
            _, policy, _ -> KeyRequest? in
            guard let policy, case .reroute(let hops) = policy.verdict, hops.count > 1 else {
                return nil
            }
            return KeyRequest(space: policy.router, start: .name)
        }
        groups = engine.allocator("policy group", of: requests, policy: state.policyGroups)
        let (groups, chains) = (groups, chains)
        engine.emitter("policy flows", over: parsed) { key, policy, context in
            guard let policy else { return }
            let report = { (column: String, reason: String) in
                context.emit(
                    outputs.problems, Problem("Logical_Router_Policy", key, column, reason))
            }
            let isChained = context.first(chained, policy.router) != nil
            let resolver = PolicyResolver(
                inputs: inputs, model: model, nextHops: routes.nextHops, sessions: sessions,
                chains: chains)
            guard let chain = isChained ? chains.number(policy.chain, context) : 0,
                let effect = resolver.effect(of: policy, key, context, report)
            else { return }
            context.emit(
                AppliedPolicy(
                    priority: policy.priority, match: policy.match, effect: effect,
                    mark: policy.mark, chain: isChained ? chain : nil,
                    group: context.read(groups, key) ?? 0),
                .datapath(policy.router), hint: key, to: outputs)
        }
    }
}

/// Finds where a policy leads.
private struct PolicyResolver {
    let inputs: Inputs
    let model: Model
    let nextHops: NextHops
    let sessions: Sessions
    let chains: NameNumbers

    func effect(
        of policy: RoutePolicy, _ key: RowUUID, _ context: Context,
        _ report: (_ column: String, _ reason: String) -> Void
    ) -> AppliedPolicy.Effect? {
        switch policy.verdict {
        case .allow: return .allow
        case .drop: return .drop
        case .jump(let name):
            if let number = chains.number(name, context) { return .jump(number) }
            report("jump_chain", "there is no chain \"\(name)\"")
            return nil
        case .reroute(let addresses):
            let port = context.read(inputs.policies, key)?.outputPort.flatMap {
                (context.read(model.routerPorts, $0) ?? nil)?.name
            }
            let hops = addresses.compactMap { hop(to: $0, port, policy, context, report) }
            return hops.isEmpty ? nil : .reroute(hops)
        }
    }

    /// A next hop counts while its session, if it has one, is up.
    private func hop(
        to address: IPAddress, _ name: String?, _ policy: RoutePolicy, _ context: Context,
        _ report: (_ column: String, _ reason: String) -> Void
    ) -> RouteHop? {
        guard
            let way = nextHops.port(of: policy.router, to: address, named: name, context),
            let source = way.port.source(for: address)
                ?? (name == nil ? nil : way.port.anySource(like: address))
        else {
            report("nexthops", "no port leads to next hop \(address)")
            return nil
        }
        if let session = sessions.session(
            of: policy.sessions, at: way.port.name, to: address, context),
            !sessions.isUp(session, context)
        {
            return nil
        }
        return RouteHop(
            portName: way.port.name, mac: way.port.mac, source: source, nextHop: address)
    }
}
