// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Logical_Switch.
    package struct LogicalSwitch: TypedRow {
        package enum Column: Int, RowColumn {
            case acls
            case copp
            case dnsRecords
            case externalIDs
            case forwardingGroups
            case loadBalancer
            case loadBalancerGroup
            case name
            case otherConfig
            case ports
            case qosRules
        }

        /// `name`
        package var name: String
        /// `ports`: strong reference to Logical_Switch_Port
        package var ports: [RowUUID]
        /// `acls`: strong reference to ACL
        package var acls: [RowUUID]
        /// `qos_rules`: strong reference to QoS
        package var qosRules: [RowUUID]
        /// `load_balancer`: weak reference to Load_Balancer
        package var loadBalancer: [RowUUID]
        /// `load_balancer_group`: strong reference to Load_Balancer_Group
        package var loadBalancerGroup: [RowUUID]
        /// `dns_records`: weak reference to DNS
        package var dnsRecords: [RowUUID]
        /// `copp`: weak reference to Copp
        package var copp: RowUUID?
        /// `other_config`
        package var otherConfig: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]
        /// `forwarding_groups`: strong reference to Forwarding_Group
        package var forwardingGroups: [RowUUID]

        package init(
            name: String = "",
            ports: [RowUUID] = [],
            acls: [RowUUID] = [],
            qosRules: [RowUUID] = [],
            loadBalancer: [RowUUID] = [],
            loadBalancerGroup: [RowUUID] = [],
            dnsRecords: [RowUUID] = [],
            copp: RowUUID? = nil,
            otherConfig: [String: String] = [:],
            externalIDs: [String: String] = [:],
            forwardingGroups: [RowUUID] = []
        ) {
            self.name = name
            self.ports = canonicalSet(ports)
            self.acls = canonicalSet(acls)
            self.qosRules = canonicalSet(qosRules)
            self.loadBalancer = canonicalSet(loadBalancer)
            self.loadBalancerGroup = canonicalSet(loadBalancerGroup)
            self.dnsRecords = canonicalSet(dnsRecords)
            self.copp = copp
            self.otherConfig = otherConfig
            self.externalIDs = externalIDs
            self.forwardingGroups = canonicalSet(forwardingGroups)
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            acls = row.set(0)
            copp = row.optional(1)
            dnsRecords = row.set(2)
            externalIDs = row.map(3)
            forwardingGroups = row.set(4)
            loadBalancer = row.set(5)
            loadBalancerGroup = row.set(6)
            name = row.scalar(7)
            otherConfig = row.map(8)
            ports = row.set(9)
            qosRules = row.set(10)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 11)
            row.set(acls)
            row.optional(copp)
            row.set(dnsRecords)
            row.map(externalIDs)
            row.set(forwardingGroups)
            row.set(loadBalancer)
            row.set(loadBalancerGroup)
            row.scalar(name)
            row.map(otherConfig)
            row.set(ports)
            row.set(qosRules)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if acls != old.acls {
                changes.set(0, acls)
            }
            if copp != old.copp {
                changes.optional(1, copp)
            }
            if dnsRecords != old.dnsRecords {
                changes.set(2, dnsRecords)
            }
            if externalIDs != old.externalIDs {
                changes.map(3, externalIDs)
            }
            if forwardingGroups != old.forwardingGroups {
                changes.set(4, forwardingGroups)
            }
            if loadBalancer != old.loadBalancer {
                changes.set(5, loadBalancer)
            }
            if loadBalancerGroup != old.loadBalancerGroup {
                changes.set(6, loadBalancerGroup)
            }
            if name != old.name {
                changes.scalar(7, name)
            }
            if otherConfig != old.otherConfig {
                changes.map(8, otherConfig)
            }
            if ports != old.ports {
                changes.set(9, ports)
            }
            if qosRules != old.qosRules {
                changes.set(10, qosRules)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Logical_Switch",
            columns: [
                .column("name", .string),
                .column("ports", .strong("Logical_Switch_Port"), .any),
                .column("acls", .strong("ACL"), .any),
                .column("qos_rules", .strong("QoS"), .any),
                .column("load_balancer", .weak("Load_Balancer"), .any),
                .column("load_balancer_group", .strong("Load_Balancer_Group"), .any),
                .column("dns_records", .weak("DNS"), .any),
                .column("copp", .weak("Copp"), .optional),
                .column("other_config", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
                .column("forwarding_groups", .strong("Forwarding_Group"), .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [])
    }
}
