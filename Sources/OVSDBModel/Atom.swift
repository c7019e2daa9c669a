import JSON

/// The five types of atoms (RFC 7047 §3.1).
public enum AtomicType: String, Hashable, Sendable, CaseIterable {
    case integer, real, boolean, string, uuid

    /// What a column of this type holds if nothing was said.
    public var defaultAtom: Atom {
        switch self {
        case .integer: .integer(0)
        case .real: .real(0)
        case .boolean: .boolean(false)
        case .string: .string("")
        case .uuid: .uuid(.zero)
        }
    }
}

/// One value of a column, or one element of its set or map.
///
/// Ordered within a type as the wire format sorts sets: numbers by value, false before true,
/// strings by their bytes. Strings are equal only if their bytes are, unlike Swift's own
/// comparison, which also equates different spellings of one character.
@frozen
public enum Atom: Sendable {
    case integer(Int64)
    case real(Double)
    case boolean(Bool)
    case string(String)
    case uuid(RowUUID)

    public var type: AtomicType {
        switch self {
        case .integer: .integer
        case .real: .real
        case .boolean: .boolean
        case .string: .string
        case .uuid: .uuid
        }
    }
}

extension Atom: Hashable, Comparable {
    @inlinable
    public static func == (left: Atom, right: Atom) -> Bool {
        switch (left, right) {
        case (.integer(let a), .integer(let b)): a == b
        case (.real(let a), .real(let b)): a == b
        case (.boolean(let a), .boolean(let b)): a == b
        case (.string(let a), .string(let b)): equalBytes(a, b)
        case (.uuid(let a), .uuid(let b)): a == b
        default: false
        }
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .integer(let value): hasher.combine(value)
        case .real(let value): hasher.combine(value)
        case .boolean(let value): hasher.combine(value)
        case .string(let value): hasher.combine(value)
        case .uuid(let value): hasher.combine(value)
        }
    }

    /// Atoms of different types are ordered by type, so that any array of atoms can be sorted.
    @inlinable
    public static func < (left: Atom, right: Atom) -> Bool {
        switch (left, right) {
        case (.integer(let a), .integer(let b)): a < b
        case (.real(let a), .real(let b)): a < b
        case (.boolean(let a), .boolean(let b)): !a && b
        case (.string(let a), .string(let b)): precedesInBytes(a, b)
        case (.uuid(let a), .uuid(let b)): a < b
        default: left.rank < right.rank
        }
    }

    @usableFromInline
    var rank: Int {
        switch self {
        case .integer: 0
        case .real: 1
        case .boolean: 2
        case .string: 3
        case .uuid: 4
        }
    }
}

@inlinable
func equalBytes(_ left: String, _ right: String) -> Bool {
    // Different by Swift's rule implies different bytes; equal bytes are found equal at once.
    guard left.utf8.count == right.utf8.count, left == right else { return false }
    return left.utf8.elementsEqual(right.utf8)
}

@inlinable
func precedesInBytes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
}

extension Atom: CustomStringConvertible {
    /// As messages print it: strings quoted unless they are identifiers.
    public var description: String {
        switch self {
        case .integer(let value): "\(value)"
        case .real(let value): Atom.text(value)
        case .boolean(let value): value ? "true" : "false"
        case .string(let value): Atom.text(value)
        case .uuid(let value): value.description
        }
    }

    static func text(_ value: Double) -> String { JSON.double(value).description }

    /// A string stands bare if it looks like a name and can't be taken for something else.
    private static func text(_ value: String) -> String {
        let isName =
            value.utf8.first.map { ObjectReader.isLetter($0) } ?? false
            && value.utf8.allSatisfy {
                ObjectReader.isLetter($0) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2d || $0 == 0x2e
            }
        let isPlain =
            isName && value != "true" && value != "false" && RowUUID(parsing: value) == nil
        return isPlain ? value : JSON.string(value).description
    }
}
