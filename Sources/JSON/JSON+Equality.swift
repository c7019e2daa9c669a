// Two objects are equal if they hold the same names with equal values, in whatever order: peers
// print members in the order of their hash tables, and an identifier of a monitor or a request,
// which may be any JSON value, has to compare equal all the same.

extension JSON: Hashable {
    public static func == (left: JSON, right: JSON) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.double(let a), .double(let b)): a == b
        case (.string(let a), .string(let b)): a == b
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): equalObjects(a, b)
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .integer(let value): hasher.combine(value)
        case .double(let value): hasher.combine(value)
        case .string(let value): hasher.combine(value)
        case .array(let elements): hasher.combine(elements)
        case .object(let members):
            for member in JSON.canonicalMembers(members) {
                hasher.combine(member.key)
                hasher.combine(member.value)
            }
        }
    }

    private static func equalObjects(_ left: [Member], _ right: [Member]) -> Bool {
        let left = canonicalMembers(left)
        let right = canonicalMembers(right)
        return left.count == right.count
            && zip(left, right).allSatisfy { $0.key == $1.key && $0.value == $1.value }
    }

    /// The members sorted by the UTF-8 bytes of their names, the last one of each name only.
    static func canonicalMembers(_ members: [Member]) -> [Member] {
        let sorted = members.enumerated().sorted {
            ($0.element.key, $0.offset) < ($1.element.key, $1.offset)
        }
        var result: [Member] = []
        result.reserveCapacity(sorted.count)
        for (_, member) in sorted {
            if result.last?.key == member.key { result.removeLast() }
            result.append(member)
        }
        return result
    }

    /// The same value with the members of every object sorted by name, each name once.
    public var canonical: JSON {
        switch self {
        case .null, .bool, .integer, .double, .string: self
        case .array(let elements): .array(elements.map(\.canonical))
        case .object(let members):
            .object(
                JSON.canonicalMembers(members).map { Member($0.key, $0.value.canonical) })
        }
    }
}
