// What a chassis may write, for servers that hold sessions to it (ovn-sb(5), RBAC_Role and
// RBAC_Permission). A session's identity is the name in its certificate.

import OVSDBModel
import OVSDBSession
import Schemas

/// What members of the role may do with one table.
package struct PermissionRow: OwnedRow {
    package typealias Row = SB.RBACPermission

    package let table: String
    /// Column that must say who the session is; "" lets anybody.
    package let authorization: String
    package let mayInsert: Bool
    /// Columns that may be changed.
    package let columns: [String]

    package var name: RowName { RowName(table) }

    package static func claim(on row: Identified<SB.RBACPermission>, _ places: Places) -> RowClaim {
        .own(RowName(row.row.table))
    }

    package func row(over actual: Row?, _ scene: Scene) -> SB.RBACPermission? {
        SB.RBACPermission(
            table: table, authorization: [authorization], insertDelete: mayInsert,
            update: canonicalSet(columns))
    }
}

/// A role with permissions for some tables.
package struct RoleRow: OwnedRow {
    package typealias Row = SB.RBACRole

    package let role: String
    /// Sorted.
    package let tables: [String]

    package var name: RowName { RowName(role) }

    package static func claim(on row: Identified<SB.RBACRole>, _ places: Places) -> RowClaim {
        .own(RowName(row.row.name))
    }

    package func row(over actual: SB.RBACRole?, _ scene: Scene) -> SB.RBACRole? {
        var permissions: [String: RowUUID] = [:]
        for table in tables {
            permissions[table] = scene.row(of: SB.RBACPermission.self, named: RowName(table))
        }
        return SB.RBACRole(name: role, permissions: permissions)
    }
}

extension PermissionRow {
    /// What agents write.
    static let agents: [PermissionRow] = [
        PermissionRow(
            table: "Chassis", authorization: "name", mayInsert: true,
            columns: [
                "nb_cfg", "external_ids", "encaps", "vtep_logical_switches", "other_config",
                "transport_zones",
            ]),
        PermissionRow(
            table: "Chassis_Private", authorization: "name", mayInsert: true,
            columns: ["nb_cfg", "nb_cfg_timestamp", "chassis", "external_ids"]),
        PermissionRow(
            table: "Encap", authorization: "chassis_name", mayInsert: true,
            columns: ["type", "options", "ip"]),
        PermissionRow(
            table: "Controller_Event", authorization: "", mayInsert: true,
            columns: ["chassis", "event_info", "event_type", "seq_num"]),
        PermissionRow(
            table: "FDB", authorization: "", mayInsert: true,
            columns: ["dp_key", "mac", "port_key", "timestamp"]),
        PermissionRow(
            table: "Port_Binding", authorization: "", mayInsert: false,
            columns: [
                "chassis", "additional_chassis", "encap", "additional_encap", "up",
                "virtual_parent", "options",
            ]),
        PermissionRow(
            table: "MAC_Binding", authorization: "", mayInsert: true,
            columns: ["logical_port", "ip", "mac", "datapath", "timestamp"]),
        PermissionRow(
            table: "Service_Monitor", authorization: "chassis_name", mayInsert: false,
            columns: ["status"]),
        PermissionRow(
            table: "IGMP_Group", authorization: "chassis_name", mayInsert: true,
            columns: ["address", "protocol", "chassis", "datapath", "ports"]),
        PermissionRow(
            table: "BFD", authorization: "chassis_name", mayInsert: false, columns: ["status"]),
        PermissionRow(
            table: "Learned_Route", authorization: "", mayInsert: true,
            columns: ["datapath", "logical_port", "ip_prefix", "nexthop", "external_ids"]),
    ]
}

extension RoleRow {
    static let agents = RoleRow(
        role: "ovn-controller", tables: PermissionRow.agents.map(\.table).sorted())
}
