// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Logical_Switch_Port.
    package struct LogicalSwitchPort: TypedRow {
        package enum Column: Int, RowColumn {
            case addresses
            case dhcpv4Options
            case dhcpv6Options
            case dynamicAddresses
            case enabled
            case externalIDs
            case haChassisGroup
            case healthChecks
            case mirrorRules
            case name
            case options
            case parentName
            case peer
            case portSecurity
            case tag
            case tagRequest
            case type
            case up
        }

        /// `name`
        package var name: String
        /// `type`
        package var type: String
        /// `options`
        package var options: [String: String]
        /// `parent_name`
        package var parentName: String?
        /// `tag_request`: 0..4095
        package var tagRequest: Int?
        /// `tag`: 1..4095
        package var tag: Int?
        /// `addresses`
        package var addresses: [String]
        /// `dynamic_addresses`
        package var dynamicAddresses: String?
        /// `port_security`
        package var portSecurity: [String]
        /// `peer`
        package var peer: String?
        /// `up`
        package var up: Bool?
        /// `enabled`
        package var enabled: Bool?
        /// `dhcpv4_options`: weak reference to DHCP_Options
        package var dhcpv4Options: RowUUID?
        /// `dhcpv6_options`: weak reference to DHCP_Options
        package var dhcpv6Options: RowUUID?
        /// `mirror_rules`: weak reference to Mirror
        package var mirrorRules: [RowUUID]
        /// `ha_chassis_group`: strong reference to HA_Chassis_Group
        package var haChassisGroup: RowUUID?
        /// `health_checks`: strong reference to Logical_Switch_Port_Health_Check
        package var healthChecks: [RowUUID]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String = "",
            type: String = "",
            options: [String: String] = [:],
            parentName: String? = nil,
            tagRequest: Int? = nil,
            tag: Int? = nil,
            addresses: [String] = [],
            dynamicAddresses: String? = nil,
            portSecurity: [String] = [],
            peer: String? = nil,
            up: Bool? = nil,
            enabled: Bool? = nil,
            dhcpv4Options: RowUUID? = nil,
            dhcpv6Options: RowUUID? = nil,
            mirrorRules: [RowUUID] = [],
            haChassisGroup: RowUUID? = nil,
            healthChecks: [RowUUID] = [],
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.type = type
            self.options = options
            self.parentName = parentName
            self.tagRequest = tagRequest
            self.tag = tag
            self.addresses = canonicalSet(addresses)
            self.dynamicAddresses = dynamicAddresses
            self.portSecurity = canonicalSet(portSecurity)
            self.peer = peer
            self.up = up
            self.enabled = enabled
            self.dhcpv4Options = dhcpv4Options
            self.dhcpv6Options = dhcpv6Options
            self.mirrorRules = canonicalSet(mirrorRules)
            self.haChassisGroup = haChassisGroup
            self.healthChecks = canonicalSet(healthChecks)
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            addresses = row.set(0)
            dhcpv4Options = row.optional(1)
            dhcpv6Options = row.optional(2)
            dynamicAddresses = row.optional(3)
            enabled = row.optional(4)
            externalIDs = row.map(5)
            haChassisGroup = row.optional(6)
            healthChecks = row.set(7)
            mirrorRules = row.set(8)
            name = row.scalar(9)
            options = row.map(10)
            parentName = row.optional(11)
            peer = row.optional(12)
            portSecurity = row.set(13)
            tag = row.optional(14)
            tagRequest = row.optional(15)
            type = row.scalar(16)
            up = row.optional(17)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 18)
            row.set(addresses)
            row.optional(dhcpv4Options)
            row.optional(dhcpv6Options)
            row.optional(dynamicAddresses)
            row.optional(enabled)
            row.map(externalIDs)
            row.optional(haChassisGroup)
            row.set(healthChecks)
            row.set(mirrorRules)
            row.scalar(name)
            row.map(options)
            row.optional(parentName)
            row.optional(peer)
            row.set(portSecurity)
            row.optional(tag)
            row.optional(tagRequest)
            row.scalar(type)
            row.optional(up)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if addresses != old.addresses {
                changes.set(0, addresses)
            }
            if dhcpv4Options != old.dhcpv4Options {
                changes.optional(1, dhcpv4Options)
            }
            if dhcpv6Options != old.dhcpv6Options {
                changes.optional(2, dhcpv6Options)
            }
            if dynamicAddresses != old.dynamicAddresses {
                changes.optional(3, dynamicAddresses)
            }
            if enabled != old.enabled {
                changes.optional(4, enabled)
            }
            if externalIDs != old.externalIDs {
                changes.map(5, externalIDs)
            }
            if haChassisGroup != old.haChassisGroup {
                changes.optional(6, haChassisGroup)
            }
            if healthChecks != old.healthChecks {
                changes.set(7, healthChecks)
            }
            if mirrorRules != old.mirrorRules {
                changes.set(8, mirrorRules)
            }
            if name != old.name {
                changes.scalar(9, name)
            }
            if options != old.options {
                changes.map(10, options)
            }
            if parentName != old.parentName {
                changes.optional(11, parentName)
            }
            if peer != old.peer {
                changes.optional(12, peer)
            }
            if portSecurity != old.portSecurity {
                changes.set(13, portSecurity)
            }
            if tag != old.tag {
                changes.optional(14, tag)
            }
            if tagRequest != old.tagRequest {
                changes.optional(15, tagRequest)
            }
            if type != old.type {
                changes.scalar(16, type)
            }
            if up != old.up {
                changes.optional(17, up)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Logical_Switch_Port",
            columns: [
                .column("name", .string),
                .column("type", .string),
                .column("options", .string, to: .string, .any),
                .column("parent_name", .string, .optional),
                .column("tag_request", .integers(0, 4095), .optional),
                .column("tag", .integers(1, 4095), .optional),
                .column("addresses", .string, .any),
                .column("dynamic_addresses", .string, .optional),
                .column("port_security", .string, .any),
                .column("peer", .string, .optional),
                .column("up", .boolean, .optional),
                .column("enabled", .boolean, .optional),
                .column("dhcpv4_options", .weak("DHCP_Options"), .optional),
                .column("dhcpv6_options", .weak("DHCP_Options"), .optional),
                .column("mirror_rules", .weak("Mirror"), .any),
                .column("ha_chassis_group", .strong("HA_Chassis_Group"), .optional),
                .column("health_checks", .strong("Logical_Switch_Port_Health_Check"), .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [["name"]])
    }
}
