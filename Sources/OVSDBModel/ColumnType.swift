/// The type of a column: a set of `minimum` to `maximum` keys, or a map if there is a value type
/// (RFC 7047 §3.2, `<type>`).
///
/// Invariant: `minimum` is 0 or 1, `maximum` at least 1.
public struct ColumnType: Hashable, Sendable {
    public var key: BaseType
    public var value: BaseType?
    public var minimum: Int
    /// nil is "unlimited".
    public var maximum: Int?

    public init(key: BaseType, value: BaseType? = nil, minimum: Int = 1, maximum: Int? = 1) {
        precondition(minimum == 0 || minimum == 1)
        precondition(maximum.map { $0 >= 1 } ?? true)
        self.key = key
        self.value = value
        self.minimum = minimum
        self.maximum = maximum
    }

    public static let integer = ColumnType(key: .integer)
    public static let real = ColumnType(key: .real)
    public static let boolean = ColumnType(key: .boolean)
    public static let string = ColumnType(key: .string)
    public static let uuid = ColumnType(key: .uuid)

    public static func scalar(_ key: BaseType) -> ColumnType { ColumnType(key: key) }

    public static func optional(_ key: BaseType) -> ColumnType {
        ColumnType(key: key, minimum: 0, maximum: 1)
    }

    public static func set(of key: BaseType, minimum: Int = 0, maximum: Int? = nil) -> ColumnType {
        ColumnType(key: key, minimum: minimum, maximum: maximum)
    }

    public static func map(
        _ key: BaseType, _ value: BaseType, minimum: Int = 0, maximum: Int? = nil
    ) -> ColumnType {
        ColumnType(key: key, value: value, minimum: minimum, maximum: maximum)
    }

    public var isMap: Bool { value != nil }
    /// Exactly one atom.
    public var isScalar: Bool { value == nil && minimum == 1 && maximum == 1 }
    /// At most one atom.
    public var isOptionalScalar: Bool { value == nil && minimum == 0 && maximum == 1 }
    /// More than one element may be present: differences of such values are symmetric.
    public var isComposite: Bool { maximum != 1 }

    public var hasWeakReference: Bool {
        key.isWeakReference || value?.isWeakReference ?? false
    }

    public var hasStrongReference: Bool {
        key.isStrongReference || value?.isStrongReference ?? false
    }

    /// What a column of this type holds if an insert doesn't mention it (RFC 7047 §5.2.1).
    public var defaultDatum: Datum {
        guard minimum > 0 else { return .empty }
        if let value {
            return .map([MapEntry(key: key.type.defaultAtom, value: value.type.defaultAtom)])
        }
        return .one(key.type.defaultAtom)
    }

    /// "set" or "map", for messages.
    var kindName: String { isMap ? "map" : "set" }

    func allows(count: Int) -> Bool { count >= minimum && count <= maximum ?? .max }

    /// The limit in numbers, with the wire format's 2^32 - 1 for none.
    var maximumCount: Int { maximum ?? Int(UInt32.max) }

    /// The type in English, for messages.
    public var description: String {
        if isScalar { return key.type.rawValue }
        let amount: String
        switch (maximum, minimum) {
        case (nil, 0): amount = " of"
        case (nil, let minimum): amount = " of \(minimum) or more"
        case (let maximum?, 0): amount = " of up to \(maximum)"
        case (let maximum?, let minimum): amount = " of \(minimum) to \(maximum)"
        }
        guard let value else { return "set\(amount) \(key.type.rawValue)s" }
        return "map\(amount) (\(key.type.rawValue), \(value.type.rawValue)) pairs"
    }
}

extension ColumnType {
    /// Throws unless the default of a column of this type satisfies the type's own constraints.
    package func checkDefault() throws(OVSDBError) {
        guard minimum > 0 else { return }
        try key.check(key.type.defaultAtom)
        if let value { try value.check(value.type.defaultAtom) }
    }
}
