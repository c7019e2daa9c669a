// OVSDB speaks JSON for everything: requests, updates of hundreds of megabytes, schemas, the log
// file. The bulk of it is decoded straight into typed rows by `JSONScanner`; this enum is for the
// small rest (requests, schemas, error objects).
//
// Properties that must hold: a number that is an integer of 64 bits stays exactly that integer, on
// the way in and on the way out; members keep the order they arrived in; what `JSONWriter` prints,
// `parse` reads back as an equal value.

/// A JSON value (RFC 8259).
public enum JSON: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A finite number that is not a 64-bit integer: `parse` turns `3.0` into `.integer(3)`.
    case double(Double)
    case string(String)
    case array([JSON])
    case object([Member])

    /// One name/value pair of an object.
    public struct Member: Sendable {
        public var key: String
        public var value: JSON

        @inlinable
        public init(_ key: String, _ value: JSON) {
            self.key = key
            self.value = value
        }
    }
}

extension JSON {
    /// The value of the last member called `key`, as a repeated name replaces the earlier one;
    /// nil if there is none or if this isn't an object.
    @inlinable
    public subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    /// The element at `index`; nil past the end or if this isn't an array.
    @inlinable
    public subscript(index: Int) -> JSON? {
        guard case .array(let elements) = self, elements.indices.contains(index) else {
            return nil
        }
        return elements[index]
    }

    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    public var array: [JSON]? {
        if case .array(let value) = self { value } else { nil }
    }

    public var members: [Member]? {
        if case .object(let value) = self { value } else { nil }
    }

    public var isNull: Bool {
        if case .null = self { true } else { false }
    }
}

/// `nil` is null where a `JSON` is expected: beware of `condition ? nil : json` for a `JSON?`.
extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
    ExpressibleByNilLiteral, ExpressibleByFloatLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(nilLiteral: ()) { self = .null }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}
