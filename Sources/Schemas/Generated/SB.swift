// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

/// The tables of OVN_Southbound 21.11.0.
package enum SB {
    package static let schema = DatabaseSchema(
        name: "OVN_Southbound",
        version: "21.11.0",
        checksum: "4289271680 36997",
        tables: rowTypes.map { $0.table })

    package static let rowTypes: [any TypedRow.Type] = [
        SBGlobal.self,
        Chassis.self,
        ChassisPrivate.self,
        Encap.self,
        AddressSet.self,
        PortGroup.self,
        LogicalFlow.self,
        LogicalDPGroup.self,
        MulticastGroup.self,
        Mirror.self,
        Meter.self,
        MeterBand.self,
        DatapathBinding.self,
        PortBinding.self,
        MACBinding.self,
        DHCPOptions.self,
        DHCPv6Options.self,
        Connection.self,
        SSL.self,
        DNS.self,
        RBACRole.self,
        RBACPermission.self,
        GatewayChassis.self,
        HAChassis.self,
        HAChassisGroup.self,
        ControllerEvent.self,
        IPMulticast.self,
        IGMPGroup.self,
        ServiceMonitor.self,
        LoadBalancer.self,
        BFD.self,
        FDB.self,
        StaticMACBinding.self,
        ECMPNexthop.self,
        ChassisTemplateVar.self,
        AdvertisedRoute.self,
        LearnedRoute.self,
        ACLID.self,
        AdvertisedMACBinding.self,
    ]
}
