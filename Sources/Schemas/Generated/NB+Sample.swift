// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Sample.
    package struct Sample: TypedRow {
        package enum Column: Int, RowColumn {
            case collectors
            case metadata
        }

        /// `collectors`: strong reference to Sample_Collector
        package var collectors: [RowUUID]
        /// `metadata`: 1..4294967295
        package var metadata: Int

        package init(
            collectors: [RowUUID] = [],
            metadata: Int = 0
        ) {
            self.collectors = canonicalSet(collectors)
            self.metadata = metadata
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            collectors = row.set(0)
            metadata = row.scalar(1)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 2)
            row.set(collectors)
            row.scalar(metadata)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if collectors != old.collectors {
                changes.set(0, collectors)
            }
            if metadata != old.metadata {
                changes.scalar(1, metadata)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Sample",
            columns: [
                .column("collectors", .strong("Sample_Collector"), .any),
                .column("metadata", .integers(1, 4294967295)),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [["metadata"]])
    }
}
