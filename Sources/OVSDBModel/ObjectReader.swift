import JSON

/// Reads the members of a JSON object that must have exactly the members that are asked for.
///
/// The first fault is remembered and thrown by `finish`, so that a reader states what it expects
/// and checks once; a member that nobody asked for is a fault as well.
package struct ObjectReader {
    /// What a member may be.
    package struct Kind: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }

        package static let null = Kind(rawValue: 1)
        package static let boolean = Kind(rawValue: 2)
        package static let integer = Kind(rawValue: 4)
        package static let real = Kind(rawValue: 8)
        package static let string = Kind(rawValue: 16)
        package static let array = Kind(rawValue: 32)
        package static let object = Kind(rawValue: 64)
        /// A string that is an identifier: `[A-Za-z_][A-Za-z0-9_]*`.
        package static let identifier = Kind(rawValue: 128)
        package static let number: Kind = [.integer, .real]
        package static let any = Kind(rawValue: 127)
    }

    package let json: JSON
    private let name: () -> String
    private let members: [JSON.Member]
    private var used: [String] = []
    package private(set) var error: OVSDBError?

    /// `name` says in messages what is being parsed.
    package init(_ json: JSON, name: @autoclosure @escaping () -> String) {
        self.json = json
        self.name = name
        self.members = json.members ?? []
        if json.members == nil { raise("Object expected.") }
    }

    /// The member called `key`; nil, and a fault, if it is missing or of another kind.
    package mutating func required(_ key: String, _ kind: Kind) -> JSON? {
        guard error == nil else { return nil }
        guard let value = json[key] else {
            raise("Required '\(key)' member is missing.")
            return nil
        }
        return checked(key, value, kind)
    }

    /// The member called `key`; nil if it is missing, and a fault if it is of another kind.
    package mutating func optional(_ key: String, _ kind: Kind) -> JSON? {
        guard let value = json[key] else { return nil }
        return checked(key, value, kind)
    }

    private mutating func checked(_ key: String, _ value: JSON, _ kind: Kind) -> JSON? {
        guard ObjectReader.matches(value, kind) else {
            raise("Type mismatch for member '\(key)'.")
            return nil
        }
        used.append(key)
        return value
    }

    /// Remembers a fault found by the caller, unless there is one already.
    package mutating func raise(_ message: String) {
        guard error == nil else { return }
        error = .syntax(
            "Parsing \(name()) failed: \(message)", in: json.members.map { _ in json })
    }

    /// Remembers an error found by the caller, unless there is one already.
    package mutating func put(_ error: OVSDBError) {
        if self.error == nil { self.error = error }
    }

    /// Throws the first fault; a member that was not asked for is one.
    package mutating func finish() throws(OVSDBError) {
        if error == nil, members.count > used.count { raiseUnused() }
        if let error { throw error }
    }

    private mutating func raiseUnused() {
        let unused = Set(members.map(\.key)).subtracting(used).sorted()
        guard let first = unused.first else { return }
        switch unused.count - 1 {
        case 0: raise("Member '\(first)' is present but not allowed here.")
        case 1:
            raise("Member '\(first)' and 1 other member are present but not allowed here.")
        case let others:
            raise("Member '\(first)' and \(others) other members are present but not allowed here.")
        }
    }

    private static func matches(_ value: JSON, _ kind: Kind) -> Bool {
        switch value {
        case .null: kind.contains(.null)
        case .bool: kind.contains(.boolean)
        case .integer: kind.contains(.integer)
        case .double: kind.contains(.real)
        case .string(let text):
            kind.contains(.string) || kind.contains(.identifier) && isIdentifier(text)
        case .array: kind.contains(.array)
        case .object: kind.contains(.object)
        }
    }

    /// RFC 7047 §3.1, `<id>`.
    package static func isIdentifier(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy { isLetter($0) || ($0 >= 0x30 && $0 <= 0x39) }
    }

    static func isLetter(_ byte: UInt8) -> Bool {
        byte == 0x5f || (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
    }
}
