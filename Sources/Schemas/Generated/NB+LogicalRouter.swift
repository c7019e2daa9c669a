// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Logical_Router.
    package struct LogicalRouter: TypedRow {
        package enum Column: Int, RowColumn {
            case copp
            case enabled
            case externalIDs
            case loadBalancer
            case loadBalancerGroup
            case name
            case nat
            case options
            case policies
            case ports
            case staticRoutes
        }

        /// `name`
        package var name: String
        /// `ports`: strong reference to Logical_Router_Port
        package var ports: [RowUUID]
        /// `static_routes`: strong reference to Logical_Router_Static_Route
        package var staticRoutes: [RowUUID]
        /// `policies`: strong reference to Logical_Router_Policy
        package var policies: [RowUUID]
        /// `enabled`
        package var enabled: Bool?
        /// `nat`: strong reference to NAT
        package var nat: [RowUUID]
        /// `load_balancer`: weak reference to Load_Balancer
        package var loadBalancer: [RowUUID]
        /// `load_balancer_group`: strong reference to Load_Balancer_Group
        package var loadBalancerGroup: [RowUUID]
        /// `copp`: weak reference to Copp
        package var copp: RowUUID?
        /// `options`
        package var options: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String = "",
            ports: [RowUUID] = [],
            staticRoutes: [RowUUID] = [],
            policies: [RowUUID] = [],
            enabled: Bool? = nil,
            nat: [RowUUID] = [],
            loadBalancer: [RowUUID] = [],
            loadBalancerGroup: [RowUUID] = [],
            copp: RowUUID? = nil,
            options: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.ports = canonicalSet(ports)
            self.staticRoutes = canonicalSet(staticRoutes)
            self.policies = canonicalSet(policies)
            self.enabled = enabled
            self.nat = canonicalSet(nat)
            self.loadBalancer = canonicalSet(loadBalancer)
            self.loadBalancerGroup = canonicalSet(loadBalancerGroup)
            self.copp = copp
            self.options = options
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            copp = row.optional(0)
            enabled = row.optional(1)
            externalIDs = row.map(2)
            loadBalancer = row.set(3)
            loadBalancerGroup = row.set(4)
            name = row.scalar(5)
            nat = row.set(6)
            options = row.map(7)
            policies = row.set(8)
            ports = row.set(9)
            staticRoutes = row.set(10)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 11)
            row.optional(copp)
            row.optional(enabled)
            row.map(externalIDs)
            row.set(loadBalancer)
            row.set(loadBalancerGroup)
            row.scalar(name)
            row.set(nat)
            row.map(options)
            row.set(policies)
            row.set(ports)
            row.set(staticRoutes)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if copp != old.copp {
                changes.optional(0, copp)
            }
            if enabled != old.enabled {
                changes.optional(1, enabled)
            }
            if externalIDs != old.externalIDs {
                changes.map(2, externalIDs)
            }
            if loadBalancer != old.loadBalancer {
                changes.set(3, loadBalancer)
            }
            if loadBalancerGroup != old.loadBalancerGroup {
                changes.set(4, loadBalancerGroup)
            }
            if name != old.name {
                changes.scalar(5, name)
            }
            if nat != old.nat {
                changes.set(6, nat)
            }
            if options != old.options {
                changes.map(7, options)
            }
            if policies != old.policies {
                changes.set(8, policies)
            }
            if ports != old.ports {
                changes.set(9, ports)
            }
            if staticRoutes != old.staticRoutes {
                changes.set(10, staticRoutes)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Logical_Router",
            columns: [
                .column("name", .string),
                .column("ports", .strong("Logical_Router_Port"), .any),
                .column("static_routes", .strong("Logical_Router_Static_Route"), .any),
                .column("policies", .strong("Logical_Router_Policy"), .any),
                .column("enabled", .boolean, .optional),
                .column("nat", .strong("NAT"), .any),
                .column("load_balancer", .weak("Load_Balancer"), .any),
                .column("load_balancer_group", .strong("Load_Balancer_Group"), .any),
                .column("copp", .weak("Copp"), .optional),
                .column("options", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [])
    }
}
