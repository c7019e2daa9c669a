// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

/// The tables of Open_vSwitch 8.8.0.
package enum OVS {
    package static let schema = DatabaseSchema(
        name: "Open_vSwitch",
        version: "8.8.0",
        checksum: "2823623553 27869",
        tables: rowTypes.map { $0.table })

    package static let rowTypes: [any TypedRow.Type] = [
        OpenVSwitch.self,
        Bridge.self,
        Port.self,
        Interface.self,
        FlowTable.self,
        QoS.self,
        Queue.self,
        Mirror.self,
        NetFlow.self,
        SFlow.self,
        IPFIX.self,
        FlowSampleCollectorSet.self,
        Controller.self,
        Manager.self,
        Datapath.self,
        CTZone.self,
        CTTimeoutPolicy.self,
        SSL.self,
        AutoAttach.self,
    ]
}
