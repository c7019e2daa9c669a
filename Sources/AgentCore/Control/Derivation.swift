import OVSDBModel
import OVSDBSession

/// What was derived last, and from what: it is derived again only from something else.
///
/// A source names all that the value follows from; of databases the revisions of the tables that
/// are read (`Replica.revisions`).
package struct Derivation<Source: Equatable, Value> {
    private var last: (source: Source, value: Value)?

    package init() {}

    /// Nil if it would be another.
    package func known(of source: Source) -> Value? {
        guard let last, last.source == source else { return nil }
        return last.value
    }

    package mutating func keep(_ source: Source, _ value: Value) { last = (source, value) }

    package mutating func forget() { last = nil }

    package mutating func value(of source: Source, make: () -> Value) -> Value {
        if let value = known(of: source) { return value }
        let value = make()
        keep(source, value)
        return value
    }
}

/// Rows of some tables, as far as their revisions tell, and what is given besides.
package struct RowSource<Given: Equatable>: Equatable {
    private let rows: TableRevisions
    package let given: Given

    package init(_ tables: [any TypedRow.Type], of replica: Replica, and given: Given) {
        rows = replica.revisions(of: tables)
        self.given = given
    }
}
