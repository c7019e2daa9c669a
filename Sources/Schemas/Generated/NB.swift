// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

/// The tables of OVN_Northbound 7.19.0.
package enum NB {
    package static let schema = DatabaseSchema(
        name: "OVN_Northbound",
        version: "7.19.0",
        checksum: "2631744256 45474",
        tables: rowTypes.map { $0.table })

    package static let rowTypes: [any TypedRow.Type] = [
        NBGlobal.self,
        SampleCollector.self,
        Sample.self,
        Copp.self,
        LogicalSwitch.self,
        LogicalSwitchPort.self,
        NetworkFunctionHealthCheck.self,
        NetworkFunction.self,
        NetworkFunctionGroup.self,
        LogicalSwitchPortHealthCheck.self,
        ForwardingGroup.self,
        AddressSet.self,
        PortGroup.self,
        LoadBalancer.self,
        LoadBalancerGroup.self,
        LoadBalancerHealthCheck.self,
        ACL.self,
        QoS.self,
        Mirror.self,
        MirrorRule.self,
        Meter.self,
        MeterBand.self,
        LogicalRouter.self,
        LogicalRouterPort.self,
        LogicalRouterStaticRoute.self,
        LogicalRouterPolicy.self,
        NAT.self,
        DHCPOptions.self,
        DHCPRelay.self,
        Connection.self,
        DNS.self,
        SSL.self,
        GatewayChassis.self,
        HAChassis.self,
        HAChassisGroup.self,
        BFD.self,
        StaticMACBinding.self,
        ChassisTemplateVar.self,
        SamplingApp.self,
    ]
}
