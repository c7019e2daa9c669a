// Conditions (RFC 7047 §5.1). In the operations of a transaction the clauses of a `where` are all
// required; in monitors any of them suffices. Both rules are here, so that both sides of the wire
// evaluate them alike.

/// What a clause or a list of columns can name: a column of the schema or one that every table has.
public enum ColumnReference: Hashable, Sendable {
    case uuid
    case version
    /// A position in `TableSchema.columns`.
    case column(Int)
}

extension TableSchema {
    /// The column called `name`, `_uuid` and `_version` included.
    public func reference(_ name: String) -> ColumnReference? {
        switch name {
        case "_uuid": .uuid
        case "_version": .version
        default: columnIndex(name).map { .column($0) }
        }
    }

    public func name(of reference: ColumnReference) -> String {
        switch reference {
        case .uuid: "_uuid"
        case .version: "_version"
        case .column(let index): columns[index].name
        }
    }

    public func type(of reference: ColumnReference) -> ColumnType {
        switch reference {
        case .uuid, .version: .uuid
        case .column(let index): columns[index].type
        }
    }
}

/// One clause of a `where`.
public struct Condition: Hashable, Sendable {
    public enum Function: String, Hashable, Sendable, CaseIterable {
        case alwaysTrue = "true"
        case alwaysFalse = "false"
        case less = "<"
        case lessOrEqual = "<="
        case equal = "=="
        case notEqual = "!="
        case greaterOrEqual = ">="
        case greater = ">"
        case includes
        case excludes
    }

    /// Meaningless for the functions that are constant.
    public var column: ColumnReference
    public var function: Function
    public var argument: Datum

    public init(_ column: ColumnReference, _ function: Function, _ argument: Datum) {
        self.column = column
        self.function = function
        self.argument = argument
    }

    public static func constant(_ value: Bool) -> Condition {
        Condition(.uuid, value ? .alwaysTrue : .alwaysFalse, .empty)
    }
}

extension Condition {
    /// Whether the row with the identity `uuid` satisfies this clause.
    public func matches(uuid: RowUUID, version: RowUUID, row: Row) -> Bool {
        switch column {
        case .uuid: matches(.one(.uuid(uuid)))
        case .version: matches(.one(.uuid(version)))
        case .column(let index): matches(row[index])
        }
    }

    /// Whether a column with the value `datum` satisfies this clause.
    public func matches(_ datum: Datum) -> Bool {
        switch function {
        case .alwaysTrue: true
        case .alwaysFalse: false
        case .equal: datum == argument
        case .notEqual: datum != argument
        case .includes: datum.includesAll(of: argument)
        case .excludes: datum.excludesAll(of: argument)
        case .less: compare(datum, <)
        case .lessOrEqual: compare(datum, <=)
        case .greaterOrEqual: compare(datum, >=)
        case .greater: compare(datum, >)
        }
    }

    /// False if either side is an empty optional scalar.
    private func compare(_ datum: Datum, _ holds: (Atom, Atom) -> Bool) -> Bool {
        guard let left = datum.atom, let right = argument.atom else { return false }
        return holds(left, right)
    }
}

extension Datum {
    /// Whether every atom or pair of `other` is in this value.
    public func includesAll(of other: Datum) -> Bool {
        switch other {
        case .empty: true
        case .one(let atom): contains(atom)
        case .many(let atoms): atoms.allSatisfy { contains($0) }
        case .map(let entries): entries.allSatisfy { self[$0.key] == $0.value }
        }
    }

    /// Whether no atom or pair of `other` is in this value.
    public func excludesAll(of other: Datum) -> Bool {
        switch other {
        case .empty: true
        case .one(let atom): !contains(atom)
        case .many(let atoms): !atoms.contains { contains($0) }
        case .map(let entries): !entries.contains { self[$0.key] == $0.value }
        }
    }
}

extension [Condition] {
    /// The rule of transactions: every clause holds.
    public func matchesAll(uuid: RowUUID, version: RowUUID, row: Row) -> Bool {
        allSatisfy { $0.matches(uuid: uuid, version: version, row: row) }
    }

    /// The rule of monitors: one clause holds, or there is none.
    public func matchesAny(uuid: RowUUID, version: RowUUID, row: Row) -> Bool {
        isEmpty || contains { $0.matches(uuid: uuid, version: version, row: row) }
    }
}
