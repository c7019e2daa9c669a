// The compiler from Northbound to Southbound, as one graph of derivations.
//
// What it must hold: the rows it shows are a function of the inputs and of the allocated keys. It
// does no I/O and knows no UUID of the Southbound database. Order of registration is the order in
// which the engine settles, so this file reads from the inputs to the outputs.

import Incremental
import OVSDBModel
import OVSDBSession
import Schemas

/// What the compiler derives: rows for both databases, and what is wrong with the input.
package struct Outputs: Sendable {
    package let datapaths: Output<DatapathRow>
    package let ports: Output<PortRow>
    package let flows: Output<FlowRow>
    package let groupMembers: Output<GroupMember>
    package let multicastMembers: Output<MulticastMember>
    package let multicastKeys: Output<MulticastKeyRow>
    package let addressSets: Output<AddressSetRow>
    package let addressSetMembers: Output<AddressSetMember>
    package let portGroupMembers: Output<PortGroupMember>
    package let aclNumbers: Output<ACLNumberRow>
    package let activeFunctions: Output<ActiveFunctionRow>
    package let portsUp: Output<PortUpRow>
    package let haChassisGroups: Output<HAChassisGroupRow>
    package let loadBalancers: Output<LoadBalancerRow>
    package let meters: Output<MeterRow>
    package let dhcpOptions: Output<DHCPOptionRow>
    package let dhcpv6Options: Output<DHCPv6OptionRow>
    package let hostings: Output<HostingRow>
    package let dns: Output<DNSRow>
    package let mirrors: Output<MirrorRow>
    package let templateVariables: Output<TemplateVariablesRow>
    package let staticNeighbours: Output<StaticNeighbourRow>
    package let bfd: Output<BFDRow>
    package let snooping: Output<SnoopingRow>
    package let permissions: Output<PermissionRow>
    package let roles: Output<RoleRow>
    package let serviceMonitors: Output<ServiceMonitorRow>
    package let tags: Output<TagRow>
    package let dynamicAddresses: Output<DynamicAddressRow>
    package let ageing: Output<AgeingRow>
    package let prefixes: Output<DelegatedPrefixRow>
    package let sessions: Output<SessionStatusRow>
    package let portHealth: Output<PortHealthRow>
    package let ecmpNextHops: Output<ECMPNextHopRow>
    package let problems: Output<Problem>
    let commons: FlowCommons

    init(_ engine: Engine, _ inputs: Inputs) {
        datapaths = engine.output("Datapath_Binding")
        ports = engine.output("Port_Binding")
        flows = engine.output("Logical_Flow")
        groupMembers = engine.output("Logical_DP_Group")
        multicastMembers = engine.output("Multicast_Group")
        multicastKeys = engine.output("Multicast_Group.tunnel_key")
        addressSets = engine.output("Address_Set")
        addressSetMembers = engine.output("Address_Set.addresses")
        portGroupMembers = engine.output("Port_Group")
        hostings = engine.output("Logical_Router_Port.status")
        aclNumbers = engine.output("ACL_ID")
        activeFunctions = engine.output("Network_Function_Group.network_function_active")
        portsUp = engine.output("Logical_Switch_Port.up")
        haChassisGroups = engine.output("HA_Chassis_Group")
        loadBalancers = engine.output("Load_Balancer")
        meters = engine.output("Meter")
        dhcpOptions = engine.output("DHCP_Options")
        dhcpv6Options = engine.output("DHCPv6_Options")
        dns = engine.output("DNS")
        mirrors = engine.output("Mirror")
        templateVariables = engine.output("Chassis_Template_Var")
        staticNeighbours = engine.output("Static_MAC_Binding")
        bfd = engine.output("BFD")
        snooping = engine.output("IP_Multicast")
        permissions = engine.output("RBAC_Permission")
        roles = engine.output("RBAC_Role")
        serviceMonitors = engine.output("Service_Monitor")
        tags = engine.output("Logical_Switch_Port.tag")
        dynamicAddresses = engine.output("Logical_Switch_Port.dynamic_addresses")
        ageing = engine.output("ageing")
        prefixes = engine.output("Logical_Router_Port.ipv6_prefix")
        sessions = engine.output("BFD.status")
        portHealth = engine.output("Logical_Switch_Port_Health_Check.status")
        ecmpNextHops = engine.output("ECMP_Nexthop")
        problems = engine.output("problems")
        commons = FlowCommons(engine, inputs, problems)
    }
}

/// The keys that outlive a run: what a compiler starts with.
package struct StickyState: Sendable {
    package var datapathKeys = StickyKeys(KeyRange.datapaths)
    package var portKeys = StickyKeys(KeyRange.ports)
    package var routerPortKeys = StickyKeys(KeyRange.ports)
    /// Numbers of groups of routes that share a prefix, by router.
    package var routeGroups = StickyKeys(KeyRange.routeGroups)
    package var policyGroups = StickyKeys(KeyRange.routeGroups)
    /// Numbers by name.
    package var routeTables = StickyKeys(KeyRange.routeTables)
    package var policyChains = StickyKeys(KeyRange.policyChains)
    package var queues = StickyKeys(KeyRange.queues)
    /// Tags of nested ports, by parent.
    package var tags = StickyKeys(KeyRange.tags)
    package var sessionPorts = StickyKeys(KeyRange.sessionPorts)
    package var addresses = AddressPlan()
    package var multicastKeys = MulticastKeys()
    /// Numbers of ACLs whose connections persist.
    package var aclNumbers = StickyKeys(KeyRange.acls)

    package init() {}
}

/// The graph and its ends. Owned by one thread.
package final class Compiler {
    package let engine = Engine()
    package let inputs: Inputs
    package let outputs: Outputs
    package let model: Model
    let translations: Translations
    let sessions: Sessions
    let routes: Routes
    let policies: Policies
    package let balancing: LoadBalancing
    let routerBalancing: RouterBalancing
    package let haChassisGroups: HAChassisGroups
    /// Where ports of switches are bound.
    let boundChassis: Incremental.Relation<ChassisOnSwitch>
    let services: Services
    let multicast: Multicast
    package let filtering: Filtering
    let aclNumbers: Allocator<StickyKeys>
    private var southbound: SouthboundEdge

    /// The flow with this UUID, if it is desired.
    func flow(_ id: RowUUID) -> FlowRow? { engine.row(outputs.flows, id: id) }

    package init(_ state: StickyState = StickyState()) {
        inputs = Inputs(engine)
        outputs = Outputs(engine, inputs)
        model = Model(engine, inputs, outputs, state)
        translations = Translations(engine, inputs, model, outputs.problems)
        sessions = Sessions(engine, inputs)
        routes = Routes(engine, inputs, outputs, model, sessions, state)
        policies = Policies(engine, inputs, outputs, model, routes, sessions, state)
        balancing = LoadBalancing(engine, inputs, outputs, model)
        routerBalancing = RouterBalancing(engine, model, balancing, outputs)
        haChassisGroups = HAChassisGroups(engine, inputs, model)
        boundChassis = engine.relation("chassis on switch")
        services = Services(engine, inputs, outputs, model, state)
        multicast = Multicast(engine, inputs, outputs, model, state)
        filtering = Filtering(engine, inputs, outputs, model, balancing)
        aclNumbers = Compiler.aclNumbers(engine, inputs, filtering, state)
        southbound = SouthboundEdge(inputs: inputs, engine: engine)
        registerDatapaths()
        registerPortBindings()
        registerGateways()
        registerGatewayReferences(boundChassis)
        registerGroups()
        registerUnsupported()
        registerLoadBalancers()
        registerACLs()
        registerSwitchRules()
        registerSpecialPorts()
        registerNetworkFunctions()
        registerSharedFlows()
        registerSwitchFeatures()
        registerRouterFeatures()
        registerServices()
        registerComplaints()
        engine.set(inputs.deployment, 0, true)
    }

    /// Takes changes of the Northbound database.
    package func northbound(_ changes: [TableChange]) {
        NorthboundEdge(inputs: inputs, engine: engine).apply(changes)
    }

    /// Takes changes of the Southbound database, its own included.
    package func southbound(_ changes: [TableChange]) { southbound.apply(changes) }

    /// What is remembered now, for a compiler that starts from here.
    package var state: StickyState {
        var state = StickyState()
        state.datapathKeys = engine.policy(of: model.datapathKeys)
        state.portKeys = engine.policy(of: model.portKeys)
        state.routerPortKeys = engine.policy(of: model.routerPortKeys)
        state.routeGroups = engine.policy(of: routes.groups)
        state.policyGroups = engine.policy(of: policies.groups)
        state.routeTables = engine.policy(of: routes.tables.numbers)
        state.policyChains = engine.policy(of: policies.chains.numbers)
        state.addresses = engine.policy(of: model.givenAddresses.grants)
        state.multicastKeys = engine.policy(of: multicast.keys)
        state.queues = engine.policy(of: services.queues)
        state.tags = engine.policy(of: services.tags)
        state.sessionPorts = engine.policy(of: services.sessionPorts)
        state.aclNumbers = engine.policy(of: aclNumbers)
        return state
    }

    /// Replaces what is remembered, before the first run.
    package func start(with state: StickyState) {
        engine.setPolicy(state.datapathKeys, of: model.datapathKeys)
        engine.setPolicy(state.portKeys, of: model.portKeys)
        engine.setPolicy(state.routerPortKeys, of: model.routerPortKeys)
        engine.setPolicy(state.routeGroups, of: routes.groups)
        engine.setPolicy(state.policyGroups, of: policies.groups)
        engine.setPolicy(state.routeTables, of: routes.tables.numbers)
        engine.setPolicy(state.policyChains, of: policies.chains.numbers)
        engine.setPolicy(state.addresses, of: model.givenAddresses.grants)
        engine.setPolicy(state.multicastKeys, of: multicast.keys)
        engine.setPolicy(state.queues, of: services.queues)
        engine.setPolicy(state.tags, of: services.tags)
        engine.setPolicy(state.sessionPorts, of: services.sessionPorts)
        engine.setPolicy(state.aclNumbers, of: aclNumbers)
    }
}
