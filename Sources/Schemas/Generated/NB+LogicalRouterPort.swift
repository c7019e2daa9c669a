// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Logical_Router_Port.
    package struct LogicalRouterPort: TypedRow {
        package enum Column: Int, RowColumn {
            case dhcpRelay
            case enabled
            case externalIDs
            case gatewayChassis
            case haChassisGroup
            case ipv6Prefix
            case ipv6RAConfigs
            case mac
            case name
            case networks
            case options
            case peer
            case status
        }

        /// `name`
        package var name: String
        /// `gateway_chassis`: strong reference to Gateway_Chassis
        package var gatewayChassis: [RowUUID]
        /// `ha_chassis_group`: strong reference to HA_Chassis_Group
        package var haChassisGroup: RowUUID?
        /// `options`
        package var options: [String: String]
        /// `networks`
        package var networks: [String]
        /// `mac`
        package var mac: String
        /// `peer`
        package var peer: String?
        /// `enabled`
        package var enabled: Bool?
        /// `ipv6_ra_configs`
        package var ipv6RAConfigs: [String: String]
        /// `ipv6_prefix`
        package var ipv6Prefix: [String]
        /// `dhcp_relay`: strong reference to DHCP_Relay
        package var dhcpRelay: RowUUID?
        /// `external_ids`
        package var externalIDs: [String: String]
        /// `status`
        package var status: [String: String]

        package init(
            name: String = "",
            gatewayChassis: [RowUUID] = [],
            haChassisGroup: RowUUID? = nil,
            options: [String: String] = [:],
            networks: [String] = [],
            mac: String = "",
            peer: String? = nil,
            enabled: Bool? = nil,
            ipv6RAConfigs: [String: String] = [:],
            ipv6Prefix: [String] = [],
            dhcpRelay: RowUUID? = nil,
            externalIDs: [String: String] = [:],
            status: [String: String] = [:]
        ) {
            self.name = name
            self.gatewayChassis = canonicalSet(gatewayChassis)
            self.haChassisGroup = haChassisGroup
            self.options = options
            self.networks = canonicalSet(networks)
            self.mac = mac
            self.peer = peer
            self.enabled = enabled
            self.ipv6RAConfigs = ipv6RAConfigs
            self.ipv6Prefix = canonicalSet(ipv6Prefix)
            self.dhcpRelay = dhcpRelay
            self.externalIDs = externalIDs
            self.status = status
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            dhcpRelay = row.optional(0)
            enabled = row.optional(1)
            externalIDs = row.map(2)
            gatewayChassis = row.set(3)
            haChassisGroup = row.optional(4)
            ipv6Prefix = row.set(5)
            ipv6RAConfigs = row.map(6)
            mac = row.scalar(7)
            name = row.scalar(8)
            networks = row.set(9)
            options = row.map(10)
            peer = row.optional(11)
            status = row.map(12)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 13)
            row.optional(dhcpRelay)
            row.optional(enabled)
            row.map(externalIDs)
            row.set(gatewayChassis)
            row.optional(haChassisGroup)
            row.set(ipv6Prefix)
            row.map(ipv6RAConfigs)
            row.scalar(mac)
            row.scalar(name)
            row.set(networks)
            row.map(options)
            row.optional(peer)
            row.map(status)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if dhcpRelay != old.dhcpRelay {
                changes.optional(0, dhcpRelay)
            }
            if enabled != old.enabled {
                changes.optional(1, enabled)
            }
            if externalIDs != old.externalIDs {
                changes.map(2, externalIDs)
            }
            if gatewayChassis != old.gatewayChassis {
                changes.set(3, gatewayChassis)
            }
            if haChassisGroup != old.haChassisGroup {
                changes.optional(4, haChassisGroup)
            }
            if ipv6Prefix != old.ipv6Prefix {
                changes.set(5, ipv6Prefix)
            }
            if ipv6RAConfigs != old.ipv6RAConfigs {
                changes.map(6, ipv6RAConfigs)
            }
            if mac != old.mac {
                changes.scalar(7, mac)
            }
            if name != old.name {
                changes.scalar(8, name)
            }
            if networks != old.networks {
                changes.set(9, networks)
            }
            if options != old.options {
                changes.map(10, options)
            }
            if peer != old.peer {
                changes.optional(11, peer)
            }
            if status != old.status {
                changes.map(12, status)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Logical_Router_Port",
            columns: [
                .column("name", .string),
                .column("gateway_chassis", .strong("Gateway_Chassis"), .any),
                .column("ha_chassis_group", .strong("HA_Chassis_Group"), .optional),
                .column("options", .string, to: .string, .any),
                .column("networks", .string, .any),
                .column("mac", .string),
                .column("peer", .string, .optional),
                .column("enabled", .boolean, .optional),
                .column("ipv6_ra_configs", .string, to: .string, .any),
                .column("ipv6_prefix", .string, .any),
                .column("dhcp_relay", .strong("DHCP_Relay"), .optional),
                .column("external_ids", .string, to: .string, .any),
                .column("status", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [["name"]])
    }
}
