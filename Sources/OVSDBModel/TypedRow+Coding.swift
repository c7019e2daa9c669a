// How the generated rows read and write their columns. All of it is total: a `Datum` of another
// shape than expected gives the type's default. It is public and inlinable because every row that
// a daemon reads or writes comes through here, and generic code is fast only where it is
// specialised.

/// A Swift type that stands for one OVSDB atomic type.
public protocol AtomRepresentable: Hashable, Sendable {
    /// What a column holds when nobody wrote it.
    static var zero: Self { get }
    /// Nil if `atom` is of another type.
    init?(atom: Atom)
    var atom: Atom { get }
    /// OVSDB's order: numeric, false before true, strings by bytes.
    static func precedes(_ left: Self, _ right: Self) -> Bool
}

extension Int: AtomRepresentable {
    @inlinable
    public init?(atom: Atom) {
        guard case .integer(let value) = atom else { return nil }
        self = Int(value)
    }

    @inlinable

    public var atom: Atom { .integer(Int64(self)) }

    @inlinable

    public static func precedes(_ left: Int, _ right: Int) -> Bool { left < right }
}

extension Double: AtomRepresentable {
    @inlinable
    public init?(atom: Atom) {
        guard case .real(let value) = atom else { return nil }
        self = value
    }

    @inlinable

    public var atom: Atom { .real(self) }

    @inlinable

    public static func precedes(_ left: Double, _ right: Double) -> Bool { left < right }
}

extension Bool: AtomRepresentable {
    @inlinable
    public static var zero: Bool { false }

    @inlinable

    public init?(atom: Atom) {
        guard case .boolean(let value) = atom else { return nil }
        self = value
    }

    @inlinable

    public var atom: Atom { .boolean(self) }

    @inlinable

    public static func precedes(_ left: Bool, _ right: Bool) -> Bool { !left && right }
}

extension String: AtomRepresentable {
    @inlinable
    public static var zero: String { "" }

    @inlinable

    public init?(atom: Atom) {
        guard case .string(let value) = atom else { return nil }
        self = value
    }

    @inlinable

    public var atom: Atom { .string(self) }

    @inlinable

    public static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}

extension RowUUID: AtomRepresentable {
    @inlinable
    public init?(atom: Atom) {
        guard case .uuid(let value) = atom else { return nil }
        self = value
    }

    @inlinable

    public var atom: Atom { .uuid(self) }

    @inlinable

    public static func precedes(_ left: RowUUID, _ right: RowUUID) -> Bool { left < right }
}

/// `elements` in OVSDB's order, each once.
@inlinable
public func canonicalSet<Element: AtomRepresentable>(_ elements: [Element]) -> [Element] {
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
    @inlinable
    public static func ofScalar<Value: AtomRepresentable>(_ value: Value) -> Datum {
        .one(value.atom)
    }

    @inlinable

    public static func ofOptional<Value: AtomRepresentable>(_ value: Value?) -> Datum {
        if let value { .one(value.atom) } else { .empty }
    }

    /// `values` in any order; duplicates count once.
    @inlinable
    public static func ofSet<Value: AtomRepresentable>(_ values: [Value]) -> Datum {
        let canonical = canonicalSet(values)
        guard let first = canonical.first else { return .empty }
        return canonical.count == 1 ? .one(first.atom) : .many(canonical.map { $0.atom })
    }

    @inlinable

    public static func ofMap<Key: AtomRepresentable, Value: AtomRepresentable>(
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
    @inlinable
    func datum(_ column: Int) -> Datum {
        column < values.count ? values[column] : .empty
    }

    @inlinable

    public func scalar<Value: AtomRepresentable>(_ column: Int) -> Value {
        optional(column) ?? .zero
    }

    @inlinable

    public func optional<Value: AtomRepresentable>(_ column: Int) -> Value? {
        guard case .one(let atom) = datum(column) else { return nil }
        return Value(atom: atom)
    }

    @inlinable

    public func set<Value: AtomRepresentable>(_ column: Int) -> [Value] {
        switch datum(column) {
        case .empty, .map: []
        case .one(let atom): Value(atom: atom).map { [$0] } ?? []
        case .many(let atoms): atoms.compactMap { Value(atom: $0) }
        }
    }

    @inlinable

    public func map<Key: AtomRepresentable, Value: AtomRepresentable>(
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
@frozen
public struct RowBuilder {
    @usableFromInline var values: [Datum] = []

    @inlinable

    public init(count: Int) { values.reserveCapacity(count) }

    @inlinable

    public mutating func scalar<Value: AtomRepresentable>(_ value: Value) {
        values.append(.ofScalar(value))
    }

    @inlinable

    public mutating func optional<Value: AtomRepresentable>(_ value: Value?) {
        values.append(.ofOptional(value))
    }

    @inlinable

    public mutating func set<Value: AtomRepresentable>(_ value: [Value]) {
        values.append(.ofSet(value))
    }

    @inlinable

    public mutating func map<Key: AtomRepresentable, Value: AtomRepresentable>(
        _ value: [Key: Value]
    ) {
        values.append(.ofMap(value))
    }

    @inlinable

    public func finished() -> Row { Row(values) }
}

/// Collects the columns of a row that get a new value.
@frozen
public struct ColumnChanges {
    @usableFromInline let table: TableSchema
    @usableFromInline var changes: [ColumnValue] = []

    @inlinable

    public init(table: TableSchema) { self.table = table }

    @usableFromInline
    mutating func append(_ column: Int, _ value: Datum) {
        changes.append(ColumnValue(column: table.columns[column].name, value: value))
    }

    @inlinable

    public mutating func scalar<Value: AtomRepresentable>(_ column: Int, _ value: Value) {
        append(column, .ofScalar(value))
    }

    @inlinable

    public mutating func optional<Value: AtomRepresentable>(_ column: Int, _ value: Value?) {
        append(column, .ofOptional(value))
    }

    @inlinable

    public mutating func set<Value: AtomRepresentable>(_ column: Int, _ value: [Value]) {
        append(column, .ofSet(value))
    }

    @inlinable

    public mutating func map<Key: AtomRepresentable, Value: AtomRepresentable>(
        _ column: Int, _ value: [Key: Value]
    ) {
        append(column, .ofMap(value))
    }

    @inlinable

    public func finished() -> [ColumnValue] { changes }
}
