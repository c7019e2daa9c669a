// How the generated rows read and write their columns. All of it is total: a `Datum` of another
// shape than expected gives the type's default.

/// A Swift type that stands for one OVSDB atomic type.
package protocol AtomRepresentable: Hashable, Sendable {
    /// What a column holds when nobody wrote it.
    static var zero: Self { get }
    /// Nil if `atom` is of another type.
    init?(atom: Atom)
    var atom: Atom { get }
    /// OVSDB's order: numeric, false before true, strings by bytes.
    static func precedes(_ left: Self, _ right: Self) -> Bool
}

extension Int: AtomRepresentable {
    package init?(atom: Atom) {
        guard case .integer(let value) = atom else { return nil }
        self = Int(value)
    }

    package var atom: Atom { .integer(Int64(self)) }

    package static func precedes(_ left: Int, _ right: Int) -> Bool { left < right }
}

extension Double: AtomRepresentable {
    package init?(atom: Atom) {
        guard case .real(let value) = atom else { return nil }
        self = value
    }

    package var atom: Atom { .real(self) }

    package static func precedes(_ left: Double, _ right: Double) -> Bool { left < right }
}

extension Bool: AtomRepresentable {
    package static var zero: Bool { false }

    package init?(atom: Atom) {
        guard case .boolean(let value) = atom else { return nil }
        self = value
    }

    package var atom: Atom { .boolean(self) }

    package static func precedes(_ left: Bool, _ right: Bool) -> Bool { !left && right }
}

extension String: AtomRepresentable {
    package static var zero: String { "" }

    package init?(atom: Atom) {
        guard case .string(let value) = atom else { return nil }
        self = value
    }

    package var atom: Atom { .string(self) }

    package static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}

extension RowUUID: AtomRepresentable {
    package init?(atom: Atom) {
        guard case .uuid(let value) = atom else { return nil }
        self = value
    }

    package var atom: Atom { .uuid(self) }

    package static func precedes(_ left: RowUUID, _ right: RowUUID) -> Bool { left < right }
}

/// `elements` in OVSDB's order, each once.
package func canonicalSet<Element: AtomRepresentable>(_ elements: [Element]) -> [Element] {
    let isCanonical = zip(elements, elements.dropFirst()).allSatisfy {
        Element.precedes($0, $1)
    }
    if isCanonical { return elements }
    var canonical: [Element] = []
    for element in elements.sorted(by: Element.precedes) where element != canonical.last {
        canonical.append(element)
    }
    return canonical
}

extension Datum {
    package static func ofScalar<Value: AtomRepresentable>(_ value: Value) -> Datum {
        .one(value.atom)
    }

    package static func ofOptional<Value: AtomRepresentable>(_ value: Value?) -> Datum {
        if let value { .one(value.atom) } else { .empty }
    }

    /// `values` in any order; duplicates count once.
    package static func ofSet<Value: AtomRepresentable>(_ values: [Value]) -> Datum {
        let canonical = canonicalSet(values)
        guard let first = canonical.first else { return .empty }
        return canonical.count == 1 ? .one(first.atom) : .many(canonical.map { $0.atom })
    }

    package static func ofMap<Key: AtomRepresentable, Value: AtomRepresentable>(
        _ entries: [Key: Value]
    ) -> Datum {
        if entries.isEmpty { return .empty }
        return .map(
            entries.sorted { Key.precedes($0.key, $1.key) }.map {
                MapEntry(key: $0.key.atom, value: $0.value.atom)
            })
    }
}

extension Row {
    private func datum(_ column: Int) -> Datum {
        column < values.count ? values[column] : .empty
    }

    package func scalar<Value: AtomRepresentable>(_ column: Int) -> Value {
        optional(column) ?? .zero
    }

    package func optional<Value: AtomRepresentable>(_ column: Int) -> Value? {
        guard case .one(let atom) = datum(column) else { return nil }
        return Value(atom: atom)
    }

    package func set<Value: AtomRepresentable>(_ column: Int) -> [Value] {
        switch datum(column) {
        case .empty, .map: []
        case .one(let atom): Value(atom: atom).map { [$0] } ?? []
        case .many(let atoms): atoms.compactMap { Value(atom: $0) }
        }
    }

    package func map<Key: AtomRepresentable, Value: AtomRepresentable>(
        _ column: Int
    ) -> [Key: Value] {
        guard case .map(let entries) = datum(column) else { return [:] }
        var result = [Key: Value](minimumCapacity: entries.count)
        for entry in entries {
            guard let key = Key(atom: entry.key), let value = Value(atom: entry.value) else {
                continue
            }
            result[key] = value
        }
        return result
    }
}

/// Collects the columns of a row in table order.
package struct RowBuilder {
    private var values: [Datum] = []

    package init(count: Int) { values.reserveCapacity(count) }

    package mutating func scalar<Value: AtomRepresentable>(_ value: Value) {
        values.append(.ofScalar(value))
    }

    package mutating func optional<Value: AtomRepresentable>(_ value: Value?) {
        values.append(.ofOptional(value))
    }

    package mutating func set<Value: AtomRepresentable>(_ value: [Value]) {
        values.append(.ofSet(value))
    }

    package mutating func map<Key: AtomRepresentable, Value: AtomRepresentable>(
        _ value: [Key: Value]
    ) {
        values.append(.ofMap(value))
    }

    package func finished() -> Row { Row(values) }
}

/// Collects the columns of a row that get a new value.
package struct ColumnChanges {
    private let table: TableSchema
    private var changes: [ColumnValue] = []

    package init(table: TableSchema) { self.table = table }

    private mutating func append(_ column: Int, _ value: Datum) {
        changes.append(ColumnValue(column: table.columns[column].name, value: value))
    }

    package mutating func scalar<Value: AtomRepresentable>(_ column: Int, _ value: Value) {
        append(column, .ofScalar(value))
    }

    package mutating func optional<Value: AtomRepresentable>(_ column: Int, _ value: Value?) {
        append(column, .ofOptional(value))
    }

    package mutating func set<Value: AtomRepresentable>(_ column: Int, _ value: [Value]) {
        append(column, .ofSet(value))
    }

    package mutating func map<Key: AtomRepresentable, Value: AtomRepresentable>(
        _ column: Int, _ value: [Key: Value]
    ) {
        append(column, .ofMap(value))
    }

    package func finished() -> [ColumnValue] { changes }
}
