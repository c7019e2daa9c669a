import Incremental
import OVSDBModel
import OVSDBSession
import Schemas

/// Feeds the Northbound tables into the engine. Rows are parsed here and nowhere else.
struct NorthboundEdge {
    let inputs: Inputs
    let engine: Engine

    /// The tables that northd reads, apart from what `Northd` itself reads of NB_Global.
    static let tables: [any TypedRow.Type] =
        [
            NB.NBGlobal.self, NB.LogicalSwitch.self, NB.LogicalSwitchPort.self,
            NB.LogicalRouter.self, NB.LogicalRouterPort.self, NB.LogicalRouterStaticRoute.self,
            NB.AddressSet.self, NB.PortGroup.self, NB.LoadBalancer.self, NB.LoadBalancerGroup.self,
            NB.LoadBalancerHealthCheck.self, NB.SamplingApp.self,
        ] + plain.map(\.type)

    func apply(_ changes: [TableChange]) {
        for change in changes.of(NB.NBGlobal.self) {
            set(inputs.global, change.uuid, change.new.map(Self.global))
            let new = change.new?.options ?? [:]
            for key in Set(new.keys).union(change.old?.options.keys ?? [:].keys) {
                engine.set(inputs.options, key, new[key])
            }
        }
        for change in changes.of(NB.LogicalSwitch.self) { applySwitch(change) }
        for change in changes.of(NB.LogicalSwitchPort.self) {
            set(inputs.switchPorts, change.uuid, change.new.map(Self.switchPort))
            applyTrunk(change)
            let tag = change.new.flatMap { $0.tagRequest == 0 ? $0.tag : nil }
            set(inputs.tagsInUse, change.uuid, tag)
            set(inputs.givenAddresses, change.uuid, change.new?.dynamicAddresses)
            Membership(table: inputs.portOfHealthCheck).change(
                change.uuid, from: change.old?.healthChecks ?? [],
                to: change.new?.healthChecks ?? [], in: engine)
        }
        for change in changes.of(NB.LogicalRouter.self) { applyRouter(change) }
        for change in changes.of(NB.LogicalRouterPort.self) {
            set(inputs.routerPorts, change.uuid, change.new.map(Self.routerPort))
        }
        for change in changes.of(NB.LogicalRouterStaticRoute.self) {
            set(inputs.routes, change.uuid, change.new)
        }
        for change in changes.of(NB.AddressSet.self) {
            set(inputs.addressSets, change.uuid, change.new)
        }
        for change in changes.of(NB.PortGroup.self) { applyPortGroup(change) }
        applySampling(changes)
        applyLoadBalancers(changes)
        for table in Self.plain { table.apply(changes, inputs, engine) }
    }

    private func set<Value: Equatable & Sendable>(
        _ table: Table<RowUUID, Value>, _ uuid: RowUUID, _ value: Value?
    ) {
        engine.set(table, uuid, value)
    }

    private func applySwitch(_ change: TypedChange<NB.LogicalSwitch>) {
        Membership(table: inputs.switchOfPort).change(
            change.uuid, from: change.old?.ports ?? [], to: change.new?.ports ?? [], in: engine)
        Membership(table: inputs.datapathsOfLoadBalancer).change(
            change.uuid, from: change.old?.loadBalancer ?? [],
            to: change.new?.loadBalancer ?? [], in: engine)
        Membership(table: inputs.switchesOfACL).change(
            change.uuid, from: change.old?.acls ?? [], to: change.new?.acls ?? [], in: engine)
        Membership(table: inputs.switchesOfQoS).change(
            change.uuid, from: change.old?.qosRules ?? [], to: change.new?.qosRules ?? [],
            in: engine)
        var row = change.new
        row?.ports = []
        row?.acls = []
        row?.qosRules = []
        row?.loadBalancer = []
        Membership(table: inputs.switchesOfDNS).change(
            change.uuid, from: change.old?.dnsRecords ?? [], to: change.new?.dnsRecords ?? [],
            in: engine)
        Membership(table: inputs.switchOfForwardingGroup).change(
            change.uuid, from: change.old?.forwardingGroups ?? [],
            to: change.new?.forwardingGroups ?? [], in: engine)
        row?.dnsRecords = []
        row?.forwardingGroups = []
        set(inputs.datapaths, change.uuid, row.map(DatapathInput.switch))
    }

    /// The VLANs of a trunk are rows of their own.
    private func applyTrunk(_ change: TypedChange<NB.LogicalSwitchPort>) {
        let old = change.old?.vlans(of: change.uuid) ?? [:]
        let new = change.new?.vlans(of: change.uuid) ?? [:]
        for key in old.keys.sorted() where new[key] == nil {
            engine.set(inputs.switchPorts, key, nil)
        }
        for key in new.keys.sorted() where new[key] != old[key] {
            engine.set(inputs.switchPorts, key, new[key])
        }
    }

    /// A disabled router is as if it weren't there.
    private func applyRouter(_ change: TypedChange<NB.LogicalRouter>) {
        let old = change.old.flatMap { $0.enabled == false ? nil : $0 }
        var new = change.new.flatMap { $0.enabled == false ? nil : $0 }
        Membership(table: inputs.routerOfPort).change(
            change.uuid, from: old?.ports ?? [], to: new?.ports ?? [], in: engine)
        Membership(table: inputs.routerOfRoute).change(
            change.uuid, from: old?.staticRoutes ?? [], to: new?.staticRoutes ?? [], in: engine)
        Membership(table: inputs.datapathsOfLoadBalancer).change(
            change.uuid, from: old?.loadBalancer ?? [], to: new?.loadBalancer ?? [], in: engine)
        Membership(table: inputs.routerOfNAT).change(
            change.uuid, from: old?.nat ?? [], to: new?.nat ?? [], in: engine)
        Membership(table: inputs.routerOfPolicy).change(
            change.uuid, from: old?.policies ?? [], to: new?.policies ?? [], in: engine)
        new?.ports = []
        new?.staticRoutes = []
        new?.nat = []
        new?.policies = []
        new?.loadBalancer = []
        set(inputs.datapaths, change.uuid, new.map(DatapathInput.router))
    }

    private func applyPortGroup(_ change: TypedChange<NB.PortGroup>) {
        Membership(table: inputs.groupsOfPort).change(
            change.uuid, from: change.old?.ports ?? [], to: change.new?.ports ?? [], in: engine)
        Membership(table: inputs.portGroupsOfACL).change(
            change.uuid, from: change.old?.acls ?? [], to: change.new?.acls ?? [], in: engine)
        var row = change.new
        row?.ports = []
        row?.acls = []
        set(inputs.portGroups, change.uuid, row)
    }

    private func applySampling(_ changes: [TableChange]) {
        for change in changes.of(NB.SamplingApp.self) {
            if let old = change.old.flatMap({ SamplingApplication(rawValue: $0.type) }) {
                engine.set(inputs.samplingDomains, old, nil)
            }
            if let row = change.new, let type = SamplingApplication(rawValue: row.type) {
                engine.set(inputs.samplingDomains, type, row.id)
            }
        }
    }

    private func applyLoadBalancers(_ changes: [TableChange]) {
        for change in changes.of(NB.LoadBalancer.self) {
            set(inputs.loadBalancers, change.uuid, change.new)
        }
        for change in changes.of(NB.LoadBalancerGroup.self) {
            Membership(table: inputs.groupsOfLoadBalancer).change(
                change.uuid, from: change.old?.loadBalancer ?? [],
                to: change.new?.loadBalancer ?? [], in: engine)
        }
        for change in changes.of(NB.LoadBalancerHealthCheck.self) {
            set(inputs.healthChecks, change.uuid, change.new)
        }
    }

    private static func global(_ row: NB.NBGlobal) -> NB.NBGlobal {
        NB.NBGlobal(name: row.name, options: row.options, ipsec: row.ipsec)
    }

    private static func switchPort(_ row: NB.LogicalSwitchPort) -> NB.LogicalSwitchPort {
        var row = row
        row.up = nil
        row.dynamicAddresses = nil
        if row.tagRequest != nil { row.tag = nil }
        // Only northd says that a row is a trunk's VLAN.
        row.options[TrunkOption.port] = nil
        return row
    }

    private static func routerPort(_ row: NB.LogicalRouterPort) -> NB.LogicalRouterPort {
        var row = row
        row.status = [:]
        row.ipv6Prefix = []
        return row
    }
}
