// Rows that are copies of Northbound rows, with the same UUID.

import OVSDBModel
import OVSDBSession
import Schemas

/// A DNS row: names that chassis answer for on some switches.
package struct DNSRow: CopiedRow {
    package typealias Row = SB.DNS

    package let origin: RowUUID
    /// By name; the addresses are in lower case, as chassis expect them.
    package let records: [String: String]
    /// Switches by Northbound row, sorted; at least one.
    package let switches: [RowUUID]
    package let isOwned: Bool

    package func row(over actual: SB.DNS?, _ scene: Scene) -> SB.DNS? {
        let datapaths = switches.filter(scene.hasDatapath).map(scene.row(ofDatapath:))
        if datapaths.isEmpty { return nil }
        return SB.DNS(
            records: records, datapaths: canonicalSet(datapaths),
            options: ["ovn-owned": isOwned ? "true" : "false"])
    }
}

/// A Mirror, which ports refer to.
package struct MirrorRow: CopiedRow {
    package typealias Row = SB.Mirror

    package let origin: RowUUID
    package let contents: NB.Mirror

    package func row(over actual: SB.Mirror?, _ scene: Scene) -> SB.Mirror? {
        SB.Mirror(
            name: contents.name, filter: contents.filter, sink: contents.sink,
            type: contents.type, index: contents.index)
    }
}

/// A Chassis_Template_Var: what templates stand for on one chassis.
package struct TemplateVariablesRow: CopiedRow {
    package typealias Row = SB.ChassisTemplateVar

    package let origin: RowUUID
    package let chassis: String
    package let variables: [String: String]

    package func row(over actual: Row?, _ scene: Scene) -> Row? {
        SB.ChassisTemplateVar(chassis: chassis, variables: variables)
    }
}

/// A Static_MAC_Binding of a router port that exists.
package struct StaticNeighbourRow: CopiedRow {
    package typealias Row = SB.StaticMACBinding

    package let origin: RowUUID
    package let contents: NB.StaticMACBinding
    package let router: RowUUID

    package func row(over actual: Row?, _ scene: Scene) -> Row? {
        guard scene.hasDatapath(router) else { return nil }
        return SB.StaticMACBinding(
            logicalPort: contents.logicalPort, ip: contents.ip, mac: contents.mac,
            overrideDynamicMAC: contents.overrideDynamicMAC,
            datapath: scene.row(ofDatapath: router))
    }
}
