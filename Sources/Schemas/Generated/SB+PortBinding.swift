// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Port_Binding.
    package struct PortBinding: TypedRow {
        package enum Column: Int, RowColumn {
            case additionalChassis
            case additionalEncap
            case chassis
            case datapath
            case encap
            case externalIDs
            case gatewayChassis
            case haChassisGroup
            case logicalPort
            case mac
            case mirrorPort
            case mirrorRules
            case natAddresses
            case options
            case parentPort
            case portSecurity
            case requestedAdditionalChassis
            case requestedChassis
            case tag
            case tunnelKey
            case type
            case up
            case virtualParent
        }

        /// `logical_port`
        package var logicalPort: String
        /// `type`
        package var type: String
        /// `gateway_chassis`: strong reference to Gateway_Chassis
        package var gatewayChassis: [RowUUID]
        /// `ha_chassis_group`: strong reference to HA_Chassis_Group
        package var haChassisGroup: RowUUID?
        /// `options`
        package var options: [String: String]
        /// `datapath`: strong reference to Datapath_Binding
        package var datapath: RowUUID
        /// `tunnel_key`: 1..32767
        package var tunnelKey: Int
        /// `parent_port`
        package var parentPort: String?
        /// `mirror_port`
        package var mirrorPort: String?
        /// `tag`: 1..4095
        package var tag: Int?
        /// `virtual_parent`
        package var virtualParent: String?
        /// `chassis`: weak reference to Chassis
        package var chassis: RowUUID?
        /// `additional_chassis`: weak reference to Chassis
        package var additionalChassis: [RowUUID]
        /// `encap`: weak reference to Encap
        package var encap: RowUUID?
        /// `additional_encap`: weak reference to Encap
        package var additionalEncap: [RowUUID]
        /// `mirror_rules`: weak reference to Mirror
        package var mirrorRules: [RowUUID]
        /// `mac`
        package var mac: [String]
        /// `port_security`
        package var portSecurity: [String]
        /// `nat_addresses`
        package var natAddresses: [String]
        /// `up`
        package var up: Bool?
        /// `external_ids`
        package var externalIDs: [String: String]
        /// `requested_chassis`: weak reference to Chassis
        package var requestedChassis: RowUUID?
        /// `requested_additional_chassis`: weak reference to Chassis
        package var requestedAdditionalChassis: [RowUUID]

        package init(
            logicalPort: String = "",
            type: String = "",
            gatewayChassis: [RowUUID] = [],
            haChassisGroup: RowUUID? = nil,
            options: [String: String] = [:],
            datapath: RowUUID = .zero,
            tunnelKey: Int = 0,
            parentPort: String? = nil,
            mirrorPort: String? = nil,
            tag: Int? = nil,
            virtualParent: String? = nil,
            chassis: RowUUID? = nil,
            additionalChassis: [RowUUID] = [],
            encap: RowUUID? = nil,
            additionalEncap: [RowUUID] = [],
            mirrorRules: [RowUUID] = [],
            mac: [String] = [],
            portSecurity: [String] = [],
            natAddresses: [String] = [],
            up: Bool? = nil,
            externalIDs: [String: String] = [:],
            requestedChassis: RowUUID? = nil,
            requestedAdditionalChassis: [RowUUID] = []
        ) {
            self.logicalPort = logicalPort
            self.type = type
            self.gatewayChassis = canonicalSet(gatewayChassis)
            self.haChassisGroup = haChassisGroup
            self.options = options
            self.datapath = datapath
            self.tunnelKey = tunnelKey
            self.parentPort = parentPort
            self.mirrorPort = mirrorPort
            self.tag = tag
            self.virtualParent = virtualParent
            self.chassis = chassis
            self.additionalChassis = canonicalSet(additionalChassis)
            self.encap = encap
            self.additionalEncap = canonicalSet(additionalEncap)
            self.mirrorRules = canonicalSet(mirrorRules)
            self.mac = canonicalSet(mac)
            self.portSecurity = canonicalSet(portSecurity)
            self.natAddresses = canonicalSet(natAddresses)
            self.up = up
            self.externalIDs = externalIDs
            self.requestedChassis = requestedChassis
            self.requestedAdditionalChassis = canonicalSet(requestedAdditionalChassis)
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            additionalChassis = row.set(0)
            additionalEncap = row.set(1)
            chassis = row.optional(2)
            datapath = row.scalar(3)
            encap = row.optional(4)
            externalIDs = row.map(5)
            gatewayChassis = row.set(6)
            haChassisGroup = row.optional(7)
            logicalPort = row.scalar(8)
            mac = row.set(9)
            mirrorPort = row.optional(10)
            mirrorRules = row.set(11)
            natAddresses = row.set(12)
            options = row.map(13)
            parentPort = row.optional(14)
            portSecurity = row.set(15)
            requestedAdditionalChassis = row.set(16)
            requestedChassis = row.optional(17)
            tag = row.optional(18)
            tunnelKey = row.scalar(19)
            type = row.scalar(20)
            up = row.optional(21)
            virtualParent = row.optional(22)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 23)
            row.set(additionalChassis)
            row.set(additionalEncap)
            row.optional(chassis)
            row.scalar(datapath)
            row.optional(encap)
            row.map(externalIDs)
            row.set(gatewayChassis)
            row.optional(haChassisGroup)
            row.scalar(logicalPort)
            row.set(mac)
            row.optional(mirrorPort)
            row.set(mirrorRules)
            row.set(natAddresses)
            row.map(options)
            row.optional(parentPort)
            row.set(portSecurity)
            row.set(requestedAdditionalChassis)
            row.optional(requestedChassis)
            row.optional(tag)
            row.scalar(tunnelKey)
            row.scalar(type)
            row.optional(up)
            row.optional(virtualParent)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if additionalChassis != old.additionalChassis {
                changes.set(0, additionalChassis)
            }
            if additionalEncap != old.additionalEncap {
                changes.set(1, additionalEncap)
            }
            if chassis != old.chassis {
                changes.optional(2, chassis)
            }
            if datapath != old.datapath {
                changes.scalar(3, datapath)
            }
            if encap != old.encap {
                changes.optional(4, encap)
            }
            if externalIDs != old.externalIDs {
                changes.map(5, externalIDs)
            }
            if gatewayChassis != old.gatewayChassis {
                changes.set(6, gatewayChassis)
            }
            if haChassisGroup != old.haChassisGroup {
                changes.optional(7, haChassisGroup)
            }
            if logicalPort != old.logicalPort {
                changes.scalar(8, logicalPort)
            }
            if mac != old.mac {
                changes.set(9, mac)
            }
            if mirrorPort != old.mirrorPort {
                changes.optional(10, mirrorPort)
            }
            if mirrorRules != old.mirrorRules {
                changes.set(11, mirrorRules)
            }
            if natAddresses != old.natAddresses {
                changes.set(12, natAddresses)
            }
            if options != old.options {
                changes.map(13, options)
            }
            if parentPort != old.parentPort {
                changes.optional(14, parentPort)
            }
            if portSecurity != old.portSecurity {
                changes.set(15, portSecurity)
            }
            if requestedAdditionalChassis != old.requestedAdditionalChassis {
                changes.set(16, requestedAdditionalChassis)
            }
            if requestedChassis != old.requestedChassis {
                changes.optional(17, requestedChassis)
            }
            if tag != old.tag {
                changes.optional(18, tag)
            }
            if tunnelKey != old.tunnelKey {
                changes.scalar(19, tunnelKey)
            }
            if type != old.type {
                changes.scalar(20, type)
            }
            if up != old.up {
                changes.optional(21, up)
            }
            if virtualParent != old.virtualParent {
                changes.optional(22, virtualParent)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Port_Binding",
            columns: [
                .column("logical_port", .string),
                .column("type", .string),
                .column("gateway_chassis", .strong("Gateway_Chassis"), .any),
                .column("ha_chassis_group", .strong("HA_Chassis_Group"), .optional),
                .column("options", .string, to: .string, .any),
                .column("datapath", .strong("Datapath_Binding")),
                .column("tunnel_key", .integers(1, 32767)),
                .column("parent_port", .string, .optional),
                .column("mirror_port", .string, .optional),
                .column("tag", .integers(1, 4095), .optional),
                .column("virtual_parent", .string, .optional),
                .column("chassis", .weak("Chassis"), .optional),
                .column("additional_chassis", .weak("Chassis"), .any),
                .column("encap", .weak("Encap"), .optional),
                .column("additional_encap", .weak("Encap"), .any),
                .column("mirror_rules", .weak("Mirror"), .any),
                .column("mac", .string, .any),
                .column("port_security", .string, .any),
                .column("nat_addresses", .string, .any),
                .column("up", .boolean, .optional),
                .column("external_ids", .string, to: .string, .any),
                .column("requested_chassis", .weak("Chassis"), .optional),
                .column("requested_additional_chassis", .weak("Chassis"), .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["datapath", "tunnel_key"], ["logical_port"]])
    }
}
