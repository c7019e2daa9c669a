// A row of a known table as a Swift value.
//
// A `Row` is a list of `Datum`s in the column order of its table; a typed row is a struct with one
// stored property per column. The conversion in both directions is total: a column that is absent
// or holds a value of another shape than the table declares reads as that column's default, so
// data of an older or newer schema never stops a reader.

/// A struct with one stored property per column of `table`.
///
/// Shapes: exactly one atom is a scalar, at most one an optional, any other set a sorted array
/// without duplicates, a map a dictionary.
package protocol TypedRow: Hashable, Sendable {
    associatedtype Column: RowColumn

    static var table: TableSchema { get }

    /// A row that holds every column's default.
    init()

    /// Reads a row whose columns are those of `table`, in that order.
    init(row: Row)

    /// The columns of `table`, in that order.
    func row() -> Row

    /// The columns whose values differ from those of `old`, in the order of `table`.
    func changes(from old: Self) -> [ColumnValue]
}

extension TypedRow {
    /// The columns that an insertion has to name: those that differ from their defaults.
    package var insertedColumns: [ColumnValue] { changes(from: Self()) }
}

/// A column of one table; the raw value is its position there.
package protocol RowColumn: RawRepresentable<Int>, CaseIterable, Hashable, Sendable {}

/// A column and the value that it gets.
public struct ColumnValue: Hashable, Sendable {
    public var column: String
    public var value: Datum

    public init(column: String, value: Datum) {
        self.column = column
        self.value = value
    }
}
