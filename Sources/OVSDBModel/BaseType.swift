/// The type of the elements, keys or values of a column, with what constrains them
/// (RFC 7047 §3.2, `<base-type>`).
public struct BaseType: Hashable, Sendable {
    /// A uuid that is the identity of a row of `table`.
    public struct Reference: Hashable, Sendable {
        public enum Strength: String, Hashable, Sendable { case strong, weak }

        public var table: String
        public var strength: Strength

        public init(table: String, strength: Strength = .strong) {
            self.table = table
            self.strength = strength
        }
    }

    public var type: AtomicType
    /// The only values allowed, sorted; empty means any value.
    public var enumeration: [Atom] = []
    public var minimumInteger = Int64.min
    public var maximumInteger = Int64.max
    public var minimumReal = -Double.greatestFiniteMagnitude
    public var maximumReal = Double.greatestFiniteMagnitude
    /// In characters.
    public var minimumLength = 0
    /// In characters.
    public var maximumLength = BaseType.unlimitedLength
    public var reference: Reference?

    /// The wire format's "no limit" (2^32 - 1).
    public static let unlimitedLength = Int(UInt32.max)

    public init(
        _ type: AtomicType, enumeration: [Atom] = [], integers: ClosedRange<Int64>? = nil,
        reals: ClosedRange<Double>? = nil, lengths: ClosedRange<Int>? = nil,
        reference: Reference? = nil
    ) {
        self.type = type
        self.enumeration = enumeration.sorted()
        if let integers {
            (minimumInteger, maximumInteger) = (integers.lowerBound, integers.upperBound)
        }
        if let reals { (minimumReal, maximumReal) = (reals.lowerBound, reals.upperBound) }
        if let lengths { (minimumLength, maximumLength) = (lengths.lowerBound, lengths.upperBound) }
        self.reference = reference
    }

    public static let integer = BaseType(.integer)
    public static let real = BaseType(.real)
    public static let boolean = BaseType(.boolean)
    public static let string = BaseType(.string)
    public static let uuid = BaseType(.uuid)

    public static func strong(_ table: String) -> BaseType {
        BaseType(.uuid, reference: Reference(table: table, strength: .strong))
    }

    public static func weak(_ table: String) -> BaseType {
        BaseType(.uuid, reference: Reference(table: table, strength: .weak))
    }

    public var isWeakReference: Bool { reference?.strength == .weak }
    public var isStrongReference: Bool { reference?.strength == .strong }

    /// True unless the type's name says everything.
    public var hasConstraints: Bool { self != BaseType(type) }
}

extension BaseType {
    /// Throws "constraint violation" unless `atom`, which is of this type, is allowed.
    public func check(_ atom: Atom) throws(OVSDBError) {
        if !enumeration.isEmpty { try checkEnumeration(atom) }
        switch atom {
        case .integer(let value): try check(value)
        case .real(let value): try check(value)
        case .string(let value): try check(value)
        case .boolean, .uuid: return
        }
    }

    private func checkEnumeration(_ atom: Atom) throws(OVSDBError) {
        guard !enumeration.contains(atom) else { return }
        let allowed = enumeration.map(\.description).joined(separator: ", ")
        throw .constraintViolation("\(atom) is not one of the allowed values ([\(allowed)])")
    }

    private func check(_ value: Int64) throws(OVSDBError) {
        guard value < minimumInteger || value > maximumInteger else { return }
        throw BaseType.outOfRange(
            "\(value)",
            minimum: minimumInteger == .min ? nil : "\(minimumInteger)",
            maximum: maximumInteger == .max ? nil : "\(maximumInteger)")
    }

    private func check(_ value: Double) throws(OVSDBError) {
        guard !(value >= minimumReal && value <= maximumReal) else { return }
        let limit = Double.greatestFiniteMagnitude
        throw BaseType.outOfRange(
            Atom.text(value),
            minimum: minimumReal == -limit ? nil : Atom.text(minimumReal),
            maximum: maximumReal == limit ? nil : Atom.text(maximumReal))
    }

    private static func outOfRange(_ value: String, minimum: String?, maximum: String?)
        -> OVSDBError
    {
        switch (minimum, maximum) {
        case (let minimum?, let maximum?):
            .constraintViolation(
                "\(value) is not in the valid range \(minimum) to \(maximum) (inclusive)")
        case (let minimum?, nil):
            .constraintViolation("\(value) is less than minimum allowed value \(minimum)")
        case (nil, let maximum):
            .constraintViolation(
                "\(value) is greater than maximum allowed value \(maximum ?? "")")
        }
    }

    private func check(_ value: String) throws(OVSDBError) {
        guard minimumLength > 0 || maximumLength < BaseType.unlimitedLength else { return }
        let length = value.unicodeScalars.count
        if length < minimumLength {
            throw .constraintViolation(
                "\"\(value)\" length \(length) is less than minimum allowed length "
                    + "\(minimumLength)")
        }
        if length > maximumLength {
            throw .constraintViolation(
                "\"\(value)\" length \(length) is greater than maximum allowed length "
                    + "\(maximumLength)")
        }
    }
}
