// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Chassis.
    package struct Chassis: TypedRow {
        package enum Column: Int, RowColumn {
            case encaps
            case externalIDs
            case hostname
            case name
            case nbCfg
            case otherConfig
            case transportZones
            case vtepLogicalSwitches
        }

        /// `name`
        package var name: String
        /// `hostname`
        package var hostname: String
        /// `encaps`: strong reference to Encap; at least one
        package var encaps: [RowUUID]
        /// `vtep_logical_switches`
        package var vtepLogicalSwitches: [String]
        /// `nb_cfg`
        package var nbCfg: Int
        /// `external_ids`
        package var externalIDs: [String: String]
        /// `other_config`
        package var otherConfig: [String: String]
        /// `transport_zones`
        package var transportZones: [String]

        package init(
            name: String = "",
            hostname: String = "",
            encaps: [RowUUID] = [],
            vtepLogicalSwitches: [String] = [],
            nbCfg: Int = 0,
            externalIDs: [String: String] = [:],
            otherConfig: [String: String] = [:],
            transportZones: [String] = []
        ) {
            self.name = name
            self.hostname = hostname
            self.encaps = canonicalSet(encaps)
            self.vtepLogicalSwitches = canonicalSet(vtepLogicalSwitches)
            self.nbCfg = nbCfg
            self.externalIDs = externalIDs
            self.otherConfig = otherConfig
            self.transportZones = canonicalSet(transportZones)
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            encaps = row.set(0)
            externalIDs = row.map(1)
            hostname = row.scalar(2)
            name = row.scalar(3)
            nbCfg = row.scalar(4)
            otherConfig = row.map(5)
            transportZones = row.set(6)
            vtepLogicalSwitches = row.set(7)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 8)
            row.set(encaps)
            row.map(externalIDs)
            row.scalar(hostname)
            row.scalar(name)
            row.scalar(nbCfg)
            row.map(otherConfig)
            row.set(transportZones)
            row.set(vtepLogicalSwitches)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if encaps != old.encaps {
                changes.set(0, encaps)
            }
            if externalIDs != old.externalIDs {
                changes.map(1, externalIDs)
            }
            if hostname != old.hostname {
                changes.scalar(2, hostname)
            }
            if name != old.name {
                changes.scalar(3, name)
            }
            if nbCfg != old.nbCfg {
                changes.scalar(4, nbCfg)
            }
            if otherConfig != old.otherConfig {
                changes.map(5, otherConfig)
            }
            if transportZones != old.transportZones {
                changes.set(6, transportZones)
            }
            if vtepLogicalSwitches != old.vtepLogicalSwitches {
                changes.set(7, vtepLogicalSwitches)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Chassis",
            columns: [
                .column("name", .string),
                .column("hostname", .string),
                .column("encaps", .strong("Encap"), .some),
                .column("vtep_logical_switches", .string, .any),
                .column("nb_cfg", .integer),
                .column("external_ids", .string, to: .string, .any),
                .column("other_config", .string, to: .string, .any),
                .column("transport_zones", .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["name"]])
    }
}
