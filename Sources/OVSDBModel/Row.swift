/// The contents of a row: one value per column, in the order of its `TableSchema.columns`.
///
/// The row's identity and its `_version` are not part of it.
@frozen
public struct Row: Hashable, Sendable {
    public var values: [Datum]

    @inlinable
    public init(_ values: [Datum]) { self.values = values }

    /// `column` is a position in `TableSchema.columns`.
    @inlinable
    public subscript(column: Int) -> Datum {
        get { values[column] }
        set { values[column] = newValue }
    }

    @inlinable
    public var count: Int { values.count }
}
