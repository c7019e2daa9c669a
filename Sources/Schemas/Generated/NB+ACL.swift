// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table ACL.
    package struct ACL: TypedRow {
        package enum Column: Int, RowColumn {
            case action
            case direction
            case externalIDs
            case label
            case log
            case match
            case meter
            case name
            case networkFunctionGroup
            case options
            case priority
            case sampleEst
            case sampleNew
            case severity
            case tier
        }

        package static let directionFromLport = "from-lport"
        package static let directionToLport = "to-lport"
        package static let actionAllow = "allow"
        package static let actionAllowRelated = "allow-related"
        package static let actionAllowStateless = "allow-stateless"
        package static let actionDrop = "drop"
        package static let actionPass = "pass"
        package static let actionReject = "reject"
        package static let severityAlert = "alert"
        package static let severityDebug = "debug"
        package static let severityInfo = "info"
        package static let severityNotice = "notice"
        package static let severityWarning = "warning"

        /// `name`: length ..63
        package var name: String?
        /// `priority`: 0..32767
        package var priority: Int
        /// `direction`: one of from-lport, to-lport
        package var direction: String
        /// `match`
        package var match: String
        /// `action`: one of allow, allow-related, allow-stateless, drop, pass, reject
        package var action: String
        /// `network_function_group`: strong reference to Network_Function_Group
        package var networkFunctionGroup: RowUUID?
        /// `log`
        package var log: Bool
        /// `severity`: one of alert, debug, info, notice, warning
        package var severity: String?
        /// `meter`
        package var meter: String?
        /// `label`: 0..4294967295
        package var label: Int
        /// `tier`: 0..3
        package var tier: Int
        /// `sample_new`: strong reference to Sample
        package var sampleNew: RowUUID?
        /// `sample_est`: strong reference to Sample
        package var sampleEst: RowUUID?
        /// `options`
        package var options: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String? = nil,
            priority: Int = 0,
            direction: String = "",
            match: String = "",
            action: String = "",
            networkFunctionGroup: RowUUID? = nil,
            log: Bool = false,
            severity: String? = nil,
            meter: String? = nil,
            label: Int = 0,
            tier: Int = 0,
            sampleNew: RowUUID? = nil,
            sampleEst: RowUUID? = nil,
            options: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.priority = priority
            self.direction = direction
            self.match = match
            self.action = action
            self.networkFunctionGroup = networkFunctionGroup
            self.log = log
            self.severity = severity
            self.meter = meter
            self.label = label
            self.tier = tier
            self.sampleNew = sampleNew
            self.sampleEst = sampleEst
            self.options = options
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            action = row.scalar(0)
            direction = row.scalar(1)
            externalIDs = row.map(2)
            label = row.scalar(3)
            log = row.scalar(4)
            match = row.scalar(5)
            meter = row.optional(6)
            name = row.optional(7)
            networkFunctionGroup = row.optional(8)
            options = row.map(9)
            priority = row.scalar(10)
            sampleEst = row.optional(11)
            sampleNew = row.optional(12)
            severity = row.optional(13)
            tier = row.scalar(14)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 15)
            row.scalar(action)
            row.scalar(direction)
            row.map(externalIDs)
            row.scalar(label)
            row.scalar(log)
            row.scalar(match)
            row.optional(meter)
            row.optional(name)
            row.optional(networkFunctionGroup)
            row.map(options)
            row.scalar(priority)
            row.optional(sampleEst)
            row.optional(sampleNew)
            row.optional(severity)
            row.scalar(tier)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if action != old.action {
                changes.scalar(0, action)
            }
            if direction != old.direction {
                changes.scalar(1, direction)
            }
            if externalIDs != old.externalIDs {
                changes.map(2, externalIDs)
            }
            if label != old.label {
                changes.scalar(3, label)
            }
            if log != old.log {
                changes.scalar(4, log)
            }
            if match != old.match {
                changes.scalar(5, match)
            }
            if meter != old.meter {
                changes.optional(6, meter)
            }
            if name != old.name {
                changes.optional(7, name)
            }
            if networkFunctionGroup != old.networkFunctionGroup {
                changes.optional(8, networkFunctionGroup)
            }
            if options != old.options {
                changes.map(9, options)
            }
            if priority != old.priority {
                changes.scalar(10, priority)
            }
            if sampleEst != old.sampleEst {
                changes.optional(11, sampleEst)
            }
            if sampleNew != old.sampleNew {
                changes.optional(12, sampleNew)
            }
            if severity != old.severity {
                changes.optional(13, severity)
            }
            if tier != old.tier {
                changes.scalar(14, tier)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "ACL",
            columns: [
                .column("name", .lengths(nil, 63), .optional),
                .column("priority", .integers(0, 32767)),
                .column("direction", .strings(in: ["from-lport", "to-lport"])),
                .column("match", .string),
                .column(
                    "action",
                    .strings(in: [
                        "allow", "allow-related", "allow-stateless", "drop", "pass", "reject",
                    ])),
                .column("network_function_group", .strong("Network_Function_Group"), .optional),
                .column("log", .boolean),
                .column(
                    "severity",
                    .strings(in: [
                        "alert", "debug", "info", "notice", "warning",
                    ]), .optional),
                .column("meter", .string, .optional),
                .column("label", .integers(0, 4294967295)),
                .column("tier", .integers(0, 3)),
                .column("sample_new", .strong("Sample"), .optional),
                .column("sample_est", .strong("Sample"), .optional),
                .column("options", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}
