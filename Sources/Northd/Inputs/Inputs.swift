// What the compiler reads: the Northbound tables as they are, and of the Southbound what chassis
// write. Rows are stripped of the columns that northd writes itself, so that its own feedback
// changes no input.

import Incremental
import OVSDBModel
import Schemas

/// A logical switch or a logical router, without the sets of what it contains: members are
/// inputs of their own, so that one that joins is one changed input.
package enum DatapathInput: Hashable, Sendable {
    case `switch`(NB.LogicalSwitch)
    case router(NB.LogicalRouter)

    package var kind: DatapathKind {
        switch self {
        case .switch: .switch
        case .router: .router
        }
    }

    package var router: NB.LogicalRouter? {
        if case .router(let row) = self { row } else { nil }
    }

    package var `switch`: NB.LogicalSwitch? {
        if case .switch(let row) = self { row } else { nil }
    }
}

/// The rows that contain a row. Nearly always one; the least counts.
package struct Owners: Hashable, Sendable {
    package let first: RowUUID
    package let others: [RowUUID]

    package init?(_ owners: some Sequence<RowUUID>) {
        let sorted = owners.sorted()
        guard let first = sorted.first else { return nil }
        self.first = first
        others = Array(sorted.dropFirst())
    }

    package var all: [RowUUID] { [first] + others }
}

/// What the Port_Binding of a name says.
package struct PortState: Hashable, Sendable {
    /// The Northbound row of its datapath.
    package let datapath: RowUUID?
    package let tunnelKey: Int
    package let chassis: RowUUID?
    package let additionalChassis: [RowUUID]
    package let isUp: Bool
}

/// What a BFD session is with: the port that it leaves by, and the address.
package struct BFDKey: Hashable, Sendable {
    package let port: String
    package let address: String

    package init(port: String, address: String) {
        self.port = port
        self.address = address
    }
}

/// What the Southbound database says of a BFD session.
package struct BFDState: Hashable, Sendable {
    package let status: String
    package let sourcePort: Int
}

/// Who wants what is sent to an IP multicast address, as a chassis has heard (IGMP_Group).
package struct MulticastReport: Hashable, Sendable {
    /// By Northbound row.
    package let datapath: RowUUID
    package let address: String
    package let ports: [String]

    /// The address of ports where multicast routers are.
    package static let routers = "mrouters"

    package var isRouterReport: Bool { address == MulticastReport.routers }
}

/// A chassis, as far as northd cares.
package struct ChassisInput: Hashable, Sendable {
    package let name: String
    package let hostname: String
    package let isRemote: Bool
    package let features: Set<ChassisFeature>
}

/// The input tables of the compiler.
package struct Inputs: Sendable {
    package let global: Table<RowUUID, NB.NBGlobal>
    /// NB_Global.options, one by one.
    package let options: Table<String, String>
    /// One entry, which is always there, for what holds for the whole deployment.
    package let deployment: Table<Int, Bool>
    package let datapaths: Table<RowUUID, DatapathInput>
    package let switchPorts: Table<RowUUID, NB.LogicalSwitchPort>
    package let switchOfPort: Table<RowUUID, Owners>
    package let routerPorts: Table<RowUUID, NB.LogicalRouterPort>
    package let routerOfPort: Table<RowUUID, Owners>
    package let nats: Table<RowUUID, NB.NAT>
    package let routerOfNAT: Table<RowUUID, Owners>
    package let policies: Table<RowUUID, NB.LogicalRouterPolicy>
    package let routerOfPolicy: Table<RowUUID, Owners>
    package let routes: Table<RowUUID, NB.LogicalRouterStaticRoute>
    package let routerOfRoute: Table<RowUUID, Owners>
    package let addressSets: Table<RowUUID, NB.AddressSet>
    /// Without their ports.
    package let portGroups: Table<RowUUID, NB.PortGroup>
    package let groupsOfPort: Table<RowUUID, Owners>
    package let acls: Table<RowUUID, NB.ACL>
    package let switchesOfACL: Table<RowUUID, Owners>
    package let portGroupsOfACL: Table<RowUUID, Owners>
    package let qosRules: Table<RowUUID, NB.QoS>
    package let switchesOfQoS: Table<RowUUID, Owners>
    package let functionGroups: Table<RowUUID, NB.NetworkFunctionGroup>
    package let functions: Table<RowUUID, NB.NetworkFunction>
    package let functionChecks: Table<RowUUID, NB.NetworkFunctionHealthCheck>
    package let samples: Table<RowUUID, NB.Sample>
    package let collectors: Table<RowUUID, NB.SampleCollector>
    package let samplingDomains: Table<SamplingApplication, Int>
    package let loadBalancers: Table<RowUUID, NB.LoadBalancer>
    /// The switches and routers that name a load balancer.
    package let datapathsOfLoadBalancer: Table<RowUUID, Owners>
    package let groupsOfLoadBalancer: Table<RowUUID, Owners>
    package let healthChecks: Table<RowUUID, NB.LoadBalancerHealthCheck>
    package let haChassisGroups: Table<RowUUID, NB.HAChassisGroup>
    package let haChassis: Table<RowUUID, NB.HAChassis>
    package let gatewayChassis: Table<RowUUID, NB.GatewayChassis>
    package let meters: Table<RowUUID, NB.Meter>
    package let meterBands: Table<RowUUID, NB.MeterBand>
    package let dhcpOptions: Table<RowUUID, NB.DHCPOptions>
    package let dns: Table<RowUUID, NB.DNS>
    package let switchesOfDNS: Table<RowUUID, Owners>
    package let mirrors: Table<RowUUID, NB.Mirror>
    package let mirrorRules: Table<RowUUID, NB.MirrorRule>
    package let bfd: Table<RowUUID, NB.BFD>
    package let copp: Table<RowUUID, NB.Copp>
    package let templateVariables: Table<RowUUID, NB.ChassisTemplateVar>
    package let staticNeighbours: Table<RowUUID, NB.StaticMACBinding>
    package let dhcpRelays: Table<RowUUID, NB.DHCPRelay>
    package let forwardingGroups: Table<RowUUID, NB.ForwardingGroup>
    package let switchOfForwardingGroup: Table<RowUUID, Owners>
    package let portHealthChecks: Table<RowUUID, NB.LogicalSwitchPortHealthCheck>
    package let portOfHealthCheck: Table<RowUUID, Owners>
    /// Logical_Switch_Port.tag where northd gives it.
    package let tagsInUse: Table<RowUUID, Int>
    /// Logical_Switch_Port.dynamic_addresses.
    package let givenAddresses: Table<RowUUID, String>

    /// By Port_Binding.logical_port.
    package let portStates: Table<String, PortState>
    package let chassis: Table<RowUUID, ChassisInput>
    /// Service_Monitor.status; "" where no chassis has said anything.
    package let serviceStates: Table<ServiceMonitorKey, String>
    package let encaps: Table<RowUUID, SB.Encap>
    package let multicastReports: Table<RowUUID, MulticastReport>
    /// Multicast_Group.tunnel_key of addresses.
    package let multicastKeysInUse: Table<MulticastAddress, Int>
    /// Port_Binding.options:qdisc_queue_id by logical_port.
    package let queuesInUse: Table<String, Int>
    /// Port_Binding.options:ipv6_ra_pd_list by logical_port.
    package let delegatedPrefixes: Table<String, String>
    package let bfdStates: Table<BFDKey, BFDState>
    /// MAC_Binding.mac by port and address.
    package let neighbours: Table<BFDKey, String>
    /// ACL_ID.id by ACL.
    package let aclNumbersInUse: Table<RowUUID, Int>
    /// Datapath_Binding.tunnel_key by Northbound row.
    package let datapathKeysInUse: Table<RowUUID, Int>

    init(_ engine: Engine) {
        global = engine.table("NB_Global", durability: .durable)
        options = engine.table("NB_Global.options", durability: .durable)
        deployment = engine.table("deployment", durability: .durable)
        datapaths = engine.table("Datapath")
        switchPorts = engine.table("Logical_Switch_Port")
        switchOfPort = engine.table("Logical_Switch.ports", beside: switchPorts)
        routerPorts = engine.table("Logical_Router_Port")
        routerOfPort = engine.table("Logical_Router.ports", beside: routerPorts)
        nats = engine.table("NAT")
        routerOfNAT = engine.table("Logical_Router.nat", beside: nats)
        policies = engine.table("Logical_Router_Policy")
        routerOfPolicy = engine.table("Logical_Router.policies", beside: policies)
        routes = engine.table("Logical_Router_Static_Route")
        routerOfRoute = engine.table("Logical_Router.static_routes", beside: routes)
        addressSets = engine.table("Address_Set")
        portGroups = engine.table("Port_Group")
        groupsOfPort = engine.table("Port_Group.ports", beside: switchPorts)
        haChassisGroups = engine.table("HA_Chassis_Group")
        haChassis = engine.table("HA_Chassis")
        gatewayChassis = engine.table("Gateway_Chassis")
        meters = engine.table("Meter")
        meterBands = engine.table("Meter_Band")
        dhcpOptions = engine.table("DHCP_Options")
        dns = engine.table("DNS")
        switchesOfDNS = engine.table("Logical_Switch.dns_records", beside: dns)
        mirrors = engine.table("Mirror")
        mirrorRules = engine.table("Mirror_Rule")
        bfd = engine.table("BFD")
        copp = engine.table("Copp")
        templateVariables = engine.table("Chassis_Template_Var")
        staticNeighbours = engine.table("Static_MAC_Binding")
        dhcpRelays = engine.table("DHCP_Relay")
        forwardingGroups = engine.table("Forwarding_Group")
        switchOfForwardingGroup = engine.table(
            "Logical_Switch.forwarding_groups", beside: forwardingGroups)
        portHealthChecks = engine.table("Logical_Switch_Port_Health_Check")
        portOfHealthCheck = engine.table(
            "Logical_Switch_Port.health_checks", beside: portHealthChecks)
        tagsInUse = engine.table("Logical_Switch_Port.tag", beside: switchPorts)
        givenAddresses = engine.table(
            "Logical_Switch_Port.dynamic_addresses", beside: switchPorts)
        portStates = engine.table("Port_Binding")
        acls = engine.table("ACL")
        switchesOfACL = engine.table("Logical_Switch.acls", beside: acls)
        portGroupsOfACL = engine.table("Port_Group.acls", beside: acls)
        qosRules = engine.table("QoS")
        switchesOfQoS = engine.table("Logical_Switch.qos_rules", beside: qosRules)
        functionGroups = engine.table("Network_Function_Group")
        functions = engine.table("Network_Function")
        functionChecks = engine.table("Network_Function_Health_Check")
        samples = engine.table("Sample")
        collectors = engine.table("Sample_Collector")
        samplingDomains = engine.table("Sampling_App")
        loadBalancers = engine.table("Load_Balancer")
        datapathsOfLoadBalancer = engine.table("Datapath.load_balancer", beside: loadBalancers)
        groupsOfLoadBalancer = engine.table(
            "Load_Balancer_Group.load_balancer", beside: loadBalancers)
        healthChecks = engine.table("Load_Balancer_Health_Check")
        chassis = engine.table("Chassis")
        serviceStates = engine.table("Service_Monitor")
        encaps = engine.table("Encap")
        multicastReports = engine.table("IGMP_Group")
        multicastKeysInUse = engine.table("Multicast_Group")
        queuesInUse = engine.table("Port_Binding.options:qdisc_queue_id")
        delegatedPrefixes = engine.table("Port_Binding.options:ipv6_ra_pd_list")
        bfdStates = engine.table("BFD.status")
        neighbours = engine.table("MAC_Binding")
        aclNumbersInUse = engine.table("ACL_ID", beside: acls)
        datapathKeysInUse = engine.table("Datapath_Binding", beside: datapaths)
    }
}
