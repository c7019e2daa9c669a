// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Mirror_Rule.
    package struct MirrorRule: TypedRow {
        package enum Column: Int, RowColumn {
            case action
            case match
            case priority
        }

        package static let actionMirror = "mirror"
        package static let actionSkip = "skip"

        /// `match`
        package var match: String
        /// `action`: one of mirror, skip
        package var action: String
        /// `priority`: 0..32767
        package var priority: Int

        package init(
            match: String = "",
            action: String = "",
            priority: Int = 0
        ) {
            self.match = match
            self.action = action
            self.priority = priority
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            action = row.scalar(0)
            match = row.scalar(1)
            priority = row.scalar(2)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 3)
            row.scalar(action)
            row.scalar(match)
            row.scalar(priority)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if action != old.action {
                changes.scalar(0, action)
            }
            if match != old.match {
                changes.scalar(1, match)
            }
            if priority != old.priority {
                changes.scalar(2, priority)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Mirror_Rule",
            columns: [
                .column("match", .string),
                .column("action", .strings(in: ["mirror", "skip"])),
                .column("priority", .integers(0, 32767)),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}
