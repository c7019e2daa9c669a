import OVSDBModel

/// What is wrong with one Northbound row. That row, or its part, is left out; the rest works.
package struct Problem: Hashable, Sendable, Comparable {
    package let table: String
    package let row: RowUUID
    package let column: String
    package let reason: String

    package init(_ table: String, _ row: RowUUID, _ column: String, _ reason: String) {
        self.table = table
        self.row = row
        self.column = column
        self.reason = reason
    }

    static let unsupported = "not compiled yet: it has no effect"

    private var order: [String] { [table, row.description, column, reason] }

    package static func < (left: Problem, right: Problem) -> Bool {
        left.order.lexicographicallyPrecedes(right.order)
    }
}

extension Problem: CustomStringConvertible {
    package var description: String { "\(table) \(row) \(column): \(reason)" }
}
