// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Sample_Collector.
    package struct SampleCollector: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case id
            case name
            case probability
            case setID
        }

        /// `id`: 1..255
        package var id: Int
        /// `name`
        package var name: String
        /// `probability`: 0..65535
        package var probability: Int
        /// `set_id`: 1..4294967295
        package var setID: Int
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            id: Int = 0,
            name: String = "",
            probability: Int = 0,
            setID: Int = 0,
            externalIDs: [String: String] = [:]
        ) {
            self.id = id
            self.name = name
            self.probability = probability
            self.setID = setID
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            externalIDs = row.map(0)
            id = row.scalar(1)
            name = row.scalar(2)
            probability = row.scalar(3)
            setID = row.scalar(4)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 5)
            row.map(externalIDs)
            row.scalar(id)
            row.scalar(name)
            row.scalar(probability)
            row.scalar(setID)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if externalIDs != old.externalIDs {
                changes.map(0, externalIDs)
            }
            if id != old.id {
                changes.scalar(1, id)
            }
            if name != old.name {
                changes.scalar(2, name)
            }
            if probability != old.probability {
                changes.scalar(3, probability)
            }
            if setID != old.setID {
                changes.scalar(4, setID)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Sample_Collector",
            columns: [
                .column("id", .integers(1, 255)),
                .column("name", .string),
                .column("probability", .integers(0, 65535)),
                .column("set_id", .integers(1, 4294967295)),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["id"]])
    }
}
