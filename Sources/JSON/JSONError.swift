/// Why some bytes are not a JSON text that is accepted here, and where.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: String, Hashable, Sendable {
        case unexpectedEnd = "unexpected end of input"
        case unexpectedByte = "unexpected byte"
        case trailingBytes = "trailing bytes after the value"
        case invalidNumber = "invalid number"
        case numberOutOfRange = "number outside the valid range"
        case invalidEscape = "invalid escape in string"
        case invalidSurrogate = "invalid surrogate pair in string"
        case nullByte = "null bytes are not supported in strings"
        case controlByte = "control byte in string"
        case invalidUTF8 = "string is not valid UTF-8"
        case tooDeep = "values nested too deeply"
        case tooLarge = "value larger than the limit"
        case notObjectOrArray = "message is neither an object nor an array"
        case unexpectedValue = "value does not have the expected form"
    }

    public var reason: Reason
    /// Bytes before the one that is at fault.
    public var offset: Int

    public init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    public var description: String { "offset \(offset): \(reason.rawValue)" }
}

/// The limits of the parser. A deeper nesting is refused instead of exhausting the stack.
public enum JSONLimits {
    /// OVSDB nests six levels at most; other implementations stop at 1000 as well.
    public static let depth = 1000
}
