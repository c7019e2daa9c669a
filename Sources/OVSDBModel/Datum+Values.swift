// From and to Swift values, for code that knows what its columns hold. A property is nil or leaves
// out elements where the datum holds something else.

extension Datum {
    public init(_ value: Int64) { self = .one(.integer(value)) }
    public init(_ value: Int) { self = .one(.integer(Int64(value))) }
    public init(_ value: Double) { self = .one(.real(value)) }
    public init(_ value: Bool) { self = .one(.boolean(value)) }
    public init(_ value: String) { self = .one(.string(value)) }
    public init(_ value: RowUUID) { self = .one(.uuid(value)) }

    public init(_ value: Int64?) { self = value.map { .one(.integer($0)) } ?? .empty }
    public init(_ value: Int?) { self = value.map { .one(.integer(Int64($0))) } ?? .empty }
    public init(_ value: Double?) { self = value.map { .one(.real($0)) } ?? .empty }
    public init(_ value: Bool?) { self = value.map { .one(.boolean($0)) } ?? .empty }
    public init(_ value: String?) { self = value.map { .one(.string($0)) } ?? .empty }
    public init(_ value: RowUUID?) { self = value.map { .one(.uuid($0)) } ?? .empty }

    public init(_ values: [Int64]) { self.init(set: values.map { .integer($0) }) }
    public init(_ values: [Int]) { self.init(set: values.map { .integer(Int64($0)) }) }
    public init(_ values: [Double]) { self.init(set: values.map { .real($0) }) }
    public init(_ values: [Bool]) { self.init(set: values.map { .boolean($0) }) }
    public init(_ values: [String]) { self.init(set: values.map { .string($0) }) }
    public init(_ values: [RowUUID]) { self.init(set: values.map { .uuid($0) }) }

    public init(_ values: [String: String]) {
        self.init(entries: values.map { MapEntry(key: .string($0.key), value: .string($0.value)) })
    }
    public init(_ values: [String: Int]) {
        self.init(
            entries: values.map { MapEntry(key: .string($0.key), value: .integer(Int64($0.value))) }
        )
    }
    public init(_ values: [Int: Int]) {
        self.init(
            entries: values.map {
                MapEntry(key: .integer(Int64($0.key)), value: .integer(Int64($0.value)))
            })
    }
    public init(_ values: [String: RowUUID]) {
        self.init(entries: values.map { MapEntry(key: .string($0.key), value: .uuid($0.value)) })
    }
    public init(_ values: [Int: RowUUID]) {
        self.init(
            entries: values.map { MapEntry(key: .integer(Int64($0.key)), value: .uuid($0.value)) })
    }
    public init(_ values: [Int: String]) {
        self.init(
            entries: values.map { MapEntry(key: .integer(Int64($0.key)), value: .string($0.value)) }
        )
    }
}

extension Datum {
    /// The only atom of a scalar or of a set of one.
    @inlinable
    public var atom: Atom? {
        if case .one(let atom) = self { atom } else { nil }
    }

    public var integer: Int64? {
        if case .one(.integer(let value)) = self { value } else { nil }
    }

    public var real: Double? {
        if case .one(.real(let value)) = self { value } else { nil }
    }

    public var boolean: Bool? {
        if case .one(.boolean(let value)) = self { value } else { nil }
    }

    public var string: String? {
        if case .one(.string(let value)) = self { value } else { nil }
    }

    public var uuid: RowUUID? {
        if case .one(.uuid(let value)) = self { value } else { nil }
    }

    /// Sorted by value.
    public var integers: [Int64] {
        elements { if case .integer(let value) = $0 { value } else { nil } }
    }

    /// Sorted by value.
    public var reals: [Double] {
        elements { if case .real(let value) = $0 { value } else { nil } }
    }

    /// Sorted by bytes.
    public var strings: [String] {
        elements { if case .string(let value) = $0 { value } else { nil } }
    }

    /// Sorted.
    public var uuids: [RowUUID] {
        elements { if case .uuid(let value) = $0 { value } else { nil } }
    }

    private func elements<Element>(_ transform: (Atom) -> Element?) -> [Element] {
        switch self {
        case .empty, .map: []
        case .one(let atom): transform(atom).map { [$0] } ?? []
        case .many(let atoms): atoms.compactMap(transform)
        }
    }

    public var stringMap: [String: String] {
        dictionary { entry in
            guard case (.string(let key), .string(let value)) = (entry.key, entry.value) else {
                return nil
            }
            return (key, value)
        }
    }

    public var integerMap: [String: Int64] {
        dictionary { entry in
            guard case (.string(let key), .integer(let value)) = (entry.key, entry.value) else {
                return nil
            }
            return (key, value)
        }
    }

    /// Builds a dictionary of the pairs for which `transform` gives one.
    public func dictionary<Key: Hashable, Value>(
        _ transform: (MapEntry) -> (Key, Value)?
    ) -> [Key: Value] {
        Dictionary(entries.compactMap(transform)) { first, _ in first }
    }
}
