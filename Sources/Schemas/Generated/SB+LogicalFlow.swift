// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Logical_Flow.
    package struct LogicalFlow: TypedRow {
        package enum Column: Int, RowColumn {
            case actions
            case controllerMeter
            case externalIDs
            case flowDesc
            case logicalDatapath
            case logicalDPGroup
            case match
            case pipeline
            case priority
            case tableID
            case tags
        }

        package static let pipelineEgress = "egress"
        package static let pipelineIngress = "ingress"

        /// `logical_datapath`: strong reference to Datapath_Binding
        package var logicalDatapath: RowUUID?
        /// `logical_dp_group`: strong reference to Logical_DP_Group
        package var logicalDPGroup: RowUUID?
        /// `pipeline`: one of egress, ingress
        package var pipeline: String
        /// `table_id`: 0..34
        package var tableID: Int
        /// `priority`: 0..65535
        package var priority: Int
        /// `match`
        package var match: String
        /// `actions`
        package var actions: String
        /// `tags`
        package var tags: [String: String]
        /// `controller_meter`
        package var controllerMeter: String?
        /// `external_ids`
        package var externalIDs: [String: String]
        /// `flow_desc`
        package var flowDesc: String?

        package init(
            logicalDatapath: RowUUID? = nil,
            logicalDPGroup: RowUUID? = nil,
            pipeline: String = "",
            tableID: Int = 0,
            priority: Int = 0,
            match: String = "",
            actions: String = "",
            tags: [String: String] = [:],
            controllerMeter: String? = nil,
            externalIDs: [String: String] = [:],
            flowDesc: String? = nil
        ) {
            self.logicalDatapath = logicalDatapath
            self.logicalDPGroup = logicalDPGroup
            self.pipeline = pipeline
            self.tableID = tableID
            self.priority = priority
            self.match = match
            self.actions = actions
            self.tags = tags
            self.controllerMeter = controllerMeter
            self.externalIDs = externalIDs
            self.flowDesc = flowDesc
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            actions = row.scalar(0)
            controllerMeter = row.optional(1)
            externalIDs = row.map(2)
            flowDesc = row.optional(3)
            logicalDatapath = row.optional(4)
            logicalDPGroup = row.optional(5)
            match = row.scalar(6)
            pipeline = row.scalar(7)
            priority = row.scalar(8)
            tableID = row.scalar(9)
            tags = row.map(10)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 11)
            row.scalar(actions)
            row.optional(controllerMeter)
            row.map(externalIDs)
            row.optional(flowDesc)
            row.optional(logicalDatapath)
            row.optional(logicalDPGroup)
            row.scalar(match)
            row.scalar(pipeline)
            row.scalar(priority)
            row.scalar(tableID)
            row.map(tags)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if actions != old.actions {
                changes.scalar(0, actions)
            }
            if controllerMeter != old.controllerMeter {
                changes.optional(1, controllerMeter)
            }
            if externalIDs != old.externalIDs {
                changes.map(2, externalIDs)
            }
            if flowDesc != old.flowDesc {
                changes.optional(3, flowDesc)
            }
            if logicalDatapath != old.logicalDatapath {
                changes.optional(4, logicalDatapath)
            }
            if logicalDPGroup != old.logicalDPGroup {
                changes.optional(5, logicalDPGroup)
            }
            if match != old.match {
                changes.scalar(6, match)
            }
            if pipeline != old.pipeline {
                changes.scalar(7, pipeline)
            }
            if priority != old.priority {
                changes.scalar(8, priority)
            }
            if tableID != old.tableID {
                changes.scalar(9, tableID)
            }
            if tags != old.tags {
                changes.map(10, tags)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Logical_Flow",
            columns: [
                .column("logical_datapath", .strong("Datapath_Binding"), .optional),
                .column("logical_dp_group", .strong("Logical_DP_Group"), .optional),
                .column("pipeline", .strings(in: ["egress", "ingress"])),
                .column("table_id", .integers(0, 34)),
                .column("priority", .integers(0, 65535)),
                .column("match", .string),
                .column("actions", .string),
                .column("tags", .string, to: .string, .any),
                .column("controller_meter", .string, .optional),
                .column("external_ids", .string, to: .string, .any),
                .column("flow_desc", .string, .optional),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [])
    }
}
