// Load balancers in the graph: parsed, with the backends that are alive, and where they apply.
//
// Property: what a load balancer's flows are on is a datapath group of its origin. A datapath that
// joins a Load_Balancer_Group, or a load balancer put on one more datapath, changes memberships
// and no flow. A status of a backend concerns the load balancers that have it.

import Incremental
import OVSDBModel
import Schemas

/// Where a load balancer applies.
package struct LoadBalancerReach: Hashable, Sendable {
    /// The load balancer itself, if some datapath names it.
    package let direct: RowUUID?
    /// The Load_Balancer_Groups that have it, in order.
    package let groups: [RowUUID]

    package var isEmpty: Bool { direct == nil && groups.isEmpty }

    /// Load balancers that differ only in this share their datapath groups.
    package var name: String {
        ((direct.map { [$0] } ?? []) + groups).map(\.description).joined(separator: "+")
    }
}

/// A datapath of a reach.
package struct LoadBalancerPlace: Hashable, Sendable {
    package let reach: LoadBalancerReach
    package let datapath: RowUUID
}

/// A reach and a kind of datapaths that it covers.
package struct LoadBalancerKinds: Hashable, Sendable {
    package let reach: LoadBalancerReach
    package let kind: DatapathKind
}

package struct LoadBalancing: Sendable {
    package let balancers: Function<RowUUID, LoadBalancer?>
    /// Services with the backends that take connections, in the order of `LoadBalancer.services`. What
    /// another load balancer serves at the same places is left out: the one of least UUID has it.
    package let services: Function<RowUUID, [BalancedService]>
    package let reaches: Function<RowUUID, LoadBalancerReach>
    /// Load balancers in use by a datapath that names them, and by a group that has them.
    package let byDatapath: Index<RowUUID, RowUUID>
    package let byGroup: Index<RowUUID, RowUUID>
    /// Datapaths by the Load_Balancer_Groups that they name.
    package let datapathsOfGroup: Index<RowUUID, RowUUID>
    /// Where each reach in use applies; each place once, however many load balancers share it.
    package let places: Function<LoadBalancerPlace, Nothing>
    /// Datapaths that have a load balancer in use, directly or by a group.
    package let balancedDatapaths: Function<RowUUID, Nothing>
    let kinds: Function<LoadBalancerKinds, Nothing>
    /// Those with a datapath whose control traffic has meters of its own.
    let meteredKinds: Function<LoadBalancerKinds, Nothing>

    init(_ engine: Engine, _ inputs: Inputs, _ outputs: Outputs, _ model: Model) {
        let balancers = LoadBalancing.balancers(engine, inputs, outputs.problems)
        let owners = LoadBalancing.owners(engine, inputs, balancers)
        services = LoadBalancing.services(engine, inputs, balancers, owners, outputs.problems)
        byDatapath = engine.index("load balancers by datapath", of: owners) { _, owners in
            owners.datapaths
        }
        byGroup = engine.index("load balancers by group", of: owners) { _, owners in
            owners.groups
        }
        datapathsOfGroup = engine.index("datapaths by group", of: inputs.datapaths) { _, row in
            row.loadBalancerGroups
        }
        reaches = engine.function("load balancer reach", over: owners) { key, owners, _ in
            LoadBalancerReach(
                direct: owners.datapaths.isEmpty ? nil : key, groups: owners.groups)
        }
        let places = LoadBalancing.places(
            engine, inputs, model, reaches: reaches, owners: owners,
            datapathsOfGroup: datapathsOfGroup)
        let balanced: Incremental.Relation<RowUUID> = engine.relation("balanced datapath")
        let kinds: Incremental.Relation<LoadBalancerKinds> = engine.relation("reach's kind")
        let metered: Incremental.Relation<LoadBalancerKinds> = engine.relation("metered kind")
        engine.emitter("place", over: places) { place, _, context in
            guard let row = context.read(inputs.datapaths, place.datapath) else { return }
            let name = LoadBalancerKinds(reach: place.reach, kind: row.kind)
            context.emit(balanced, place.datapath)
            context.emit(kinds, name)
            if row.copp != nil { context.emit(metered, name) }
        }
        meteredKinds = engine.collect(metered)
        balancedDatapaths = engine.collect(balanced)
        self.kinds = engine.collect(kinds)
        self.places = places
        self.balancers = balancers
    }
}

/// Who names a load balancer that is in use.
private struct LoadBalancerOwners: Hashable {
    let datapaths: [RowUUID]
    let groups: [RowUUID]
}

extension DatapathInput {
    /// Load_Balancer_Groups that the row names.
    package var loadBalancerGroups: [RowUUID] {
        switch self {
        case .switch(let row): row.loadBalancerGroup
        case .router(let row): row.loadBalancerGroup
        }
    }
}

extension LoadBalancing {
    private static func balancers(
        _ engine: Engine, _ inputs: Inputs, _ problems: Output<Problem>
    ) -> Function<RowUUID, LoadBalancer?> {
        engine.function("load balancer", over: inputs.loadBalancers) { key, row, context in
            let checks = row.healthCheck.compactMap { context.read(inputs.healthChecks, $0) }
            return LoadBalancer(row, healthChecks: checks) { column, reason in
                context.emit(problems, Problem("Load_Balancer", key, column, reason))
            }
        }
    }

    /// Of an address that is probed a backend counts once a chassis has said that it is online; a
    /// distributed load balancer knows only backends whose port it knows.
    private static func services(
        _ engine: Engine, _ inputs: Inputs, _ balancers: Function<RowUUID, LoadBalancer?>,
        _ owners: Function<RowUUID, LoadBalancerOwners>, _ problems: Output<Problem>
    ) -> Function<RowUUID, [BalancedService]> {
        let byName = engine.index("load balancers by service", of: balancers) { _, balancer in
            balancer?.serviceNames ?? []
        }
        return engine.function("balanced services", over: balancers) { key, balancer, context in
            guard let balancer else { return [] }
            return zip(balancer.services, balancer.serviceNames).compactMap { service, name in
                let others = context.members(byName, name).prefix { $0 < key }
                if others.contains(where: {
                    context.read(owners, $0) == context.read(owners, key)
                }) {
                    context.emit(
                        problems,
                        Problem(
                            "Load_Balancer", key, "vips",
                            "\(service.text) is that of another load balancer at the same places"))
                    return nil
                }
                let active = service.backends.filter { backend in
                    if balancer.options.isDistributed, backend.placement == nil { return false }
                    guard service.healthCheck != nil else { return true }
                    guard let key = balancer.monitor(of: backend, in: service) else { return false }
                    return context.read(inputs.serviceStates, key) == "online"
                }
                return BalancedService(service: service, active: active)
            }
        }
    }

    private static func owners(
        _ engine: Engine, _ inputs: Inputs, _ balancers: Function<RowUUID, LoadBalancer?>
    ) -> Function<RowUUID, LoadBalancerOwners> {
        engine.function("load balancer owners", over: balancers) { key, balancer, context in
            guard balancer?.isInUse == true else {
                return LoadBalancerOwners(datapaths: [], groups: [])
            }
            return LoadBalancerOwners(
                datapaths: context.read(inputs.datapathsOfLoadBalancer, key)?.all ?? [],
                groups: context.read(inputs.groupsOfLoadBalancer, key)?.all ?? [])
        }
    }

    private static func places(
        _ engine: Engine, _ inputs: Inputs, _ model: Model,
        reaches: Function<RowUUID, LoadBalancerReach>,
        owners: Function<RowUUID, LoadBalancerOwners>,
        datapathsOfGroup: Index<RowUUID, RowUUID>
    ) -> Function<LoadBalancerPlace, Nothing> {
        let inUse: Incremental.Relation<LoadBalancerReach> = engine.relation("reaches in use")
        engine.emitter("reach in use", over: reaches) { _, reach, context in
            if !reach.isEmpty { context.emit(inUse, reach) }
        }
        let relation: Incremental.Relation<LoadBalancerPlace> = engine.relation(
            "load balancer place")
        engine.emitter("reach's datapaths", over: engine.collect(inUse)) { reach, _, context in
            let direct = reach.direct.flatMap { context.read(owners, $0)?.datapaths } ?? []
            let members = reach.groups.flatMap { context.members(datapathsOfGroup, $0) }
            for datapath in direct + members {
                context.emit(relation, LoadBalancerPlace(reach: reach, datapath: datapath))
                for neighbour in model.spread(from: datapath, inputs, context) {
                    context.emit(relation, LoadBalancerPlace(reach: reach, datapath: neighbour))
                }
            }
        }
        return engine.collect(relation)
    }
}

extension Model {
    /// The switches that get a router's load balancers too, if the deployment wants that
    /// (NB_Global.options:install_ls_lb_from_router); of a switch none.
    func spread(from router: RowUUID, _ inputs: Inputs, _ context: Context) -> [RowUUID] {
        guard context.read(inputs.options, "install_ls_lb_from_router") == "true" else { return [] }
        return context.members(portsOfRouter, router).compactMap { port in
            (context.read(attachments, port) ?? nil)?.switchDatapath
        }
    }
}

extension LoadBalancer {
    /// What the services are called, each once; in their order.
    fileprivate var serviceNames: [String] {
        services.map { "\($0.port == nil ? "" : transport.rawValue) \($0.text)" }
    }

    /// The Service_Monitor row that tells about the backend, if it is probed.
    package func monitor(
        of backend: ServiceBackend, in service: VirtualService
    ) -> ServiceMonitorKey? {
        guard service.healthCheck != nil, let placement = backend.placement,
            placement.source != nil, let port = backend.port
        else { return nil }
        return ServiceMonitorKey(
            logicalPort: placement.logicalPort, address: backend.address.description,
            port: Int(port), transport: transport.rawValue)
    }
}
