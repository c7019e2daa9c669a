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

@usableFromInline
func equalBytes(_ left: String, _ right: String) -> Bool {
    guard left.utf8.count == right.utf8.count else { return false }
    return withBytes(left, right) { a, b in
        a.baseAddress == b.baseAddress || firstDifference(a, b) == a.count
    } ?? left.utf8.elementsEqual(right.utf8)
}

@usableFromInline
func precedesInBytes(_ left: String, _ right: String) -> Bool {
    withBytes(left, right) { a, b in
        let index = firstDifference(a, b)
        return index < min(a.count, b.count) ? a[index] < b[index] : a.count < b.count
    } ?? left.utf8.lexicographicallyPrecedes(right.utf8)
}

/// Every string of Swift's own is in contiguous memory; nil for others.
private func withBytes(
    _ left: String, _ right: String,
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool
) -> Bool? {
    left.utf8.withContiguousStorageIfAvailable { a in
        right.utf8.withContiguousStorageIfAvailable { b in
            body(UnsafeRawBufferPointer(a), UnsafeRawBufferPointer(b))
        }
    } ?? nil
}

/// The first index at which the two differ, at most the smaller count.
private func firstDifference(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
    let count = min(a.count, b.count)
    var index = 0
    while count &- index >= 8 {
        let left = a.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        let right = b.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        if left != right { break }
        index &+= 8
    }
    while index < count, a[index] == b[index] { index &+= 1 }
    return index
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
