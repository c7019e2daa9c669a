// A cursor over the bytes of one JSON text. It reads the tokens that the caller expects next, so a
// decoder that knows the schema turns bytes into typed rows with no tree between: this is where a
// server's start and a client's first synchronisation spend their time.
//
// Strings are searched eight bytes at a time for the next quote, backslash or control byte.
// Everything is checked against `count` before it is read; an error never moves outside the input.

/// Reads the tokens of one JSON text out of memory that the caller keeps alive and unchanged.
///
/// Obtain it through `withScanner(of:)`.
@frozen
public struct JSONScanner: ~Copyable {
    // The island: `base` is valid for `count` bytes as long as the closure of `withScanner` runs,
    // every read is preceded by a comparison with `count`, and nothing stores the pointer.
    @usableFromInline let base: UnsafeRawPointer
    @usableFromInline let count: Int
    /// Bytes consumed so far.
    @usableFromInline var position: Int
    /// Holds a string whose escapes have been replaced, until the next one is read.
    @usableFromInline var unescaped: [UInt8]

    @inlinable
    init(base: UnsafeRawPointer, count: Int) {
        self.base = base
        self.count = count
        self.position = 0
        self.unescaped = []
    }

    /// Bytes consumed so far.
    @inlinable public var offset: Int { position }

    @inlinable public var isAtEnd: Bool { position == count }

    @inlinable
    public func failure(_ reason: JSONError.Reason) -> JSONError {
        JSONError(position >= count ? .unexpectedEnd : reason, at: position)
    }

    @inlinable
    func byte(_ index: Int) -> UInt8 {
        assert(index >= 0 && index < count)
        return base.load(fromByteOffset: index, as: UInt8.self)
    }

    @inlinable
    func word(_ index: Int) -> UInt64 {
        assert(index >= 0 && index + 8 <= count)
        return UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
    }
}

extension JSONScanner {
    /// Runs `body` on a scanner of `bytes`, which may be any contiguous collection.
    @inlinable
    public static func scan<Result>(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (inout JSONScanner) throws(JSONError) -> Result
    ) throws(JSONError) -> Result {
        guard let base = bytes.baseAddress else { throw JSONError(.unexpectedEnd, at: 0) }
        var scanner = JSONScanner(base: base, count: bytes.count)
        return try body(&scanner)
    }

    /// Runs `body` on a scanner of `bytes`.
    @inlinable
    public static func scan<Result>(
        _ bytes: [UInt8],
        _ body: (inout JSONScanner) throws(JSONError) -> Result
    ) throws(JSONError) -> Result {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> Result in
            try scan(UnsafeRawBufferPointer(buffer), body)
        }
    }

    /// Runs `body` on a scanner of `bytes`.
    @inlinable
    public static func scan<Result>(
        _ bytes: ArraySlice<UInt8>,
        _ body: (inout JSONScanner) throws(JSONError) -> Result
    ) throws(JSONError) -> Result {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> Result in
            try scan(UnsafeRawBufferPointer(buffer), body)
        }
    }
}

extension JSONScanner {
    @inlinable
    public mutating func skipWhitespace() {
        while position < count {
            switch byte(position) {
            case 0x20, 0x09, 0x0a, 0x0d: position &+= 1
            default: return
            }
        }
    }

    /// The next byte that is not white space, without consuming it; nil at the end.
    @inlinable
    public mutating func peek() -> UInt8? {
        skipWhitespace()
        return position < count ? byte(position) : nil
    }

    /// Consumes `wanted` if it is the next byte that is not white space.
    @inlinable
    public mutating func accept(_ wanted: Unicode.Scalar) -> Bool {
        skipWhitespace()
        guard position < count, UInt32(byte(position)) == wanted.value else { return false }
        position &+= 1
        return true
    }

    @inlinable
    public mutating func expect(_ wanted: Unicode.Scalar) throws(JSONError) {
        guard accept(wanted) else { throw failure(.unexpectedByte) }
    }

    /// Consumes exactly the bytes of `literal`, such as `true`.
    @inlinable
    public mutating func expectLiteral(_ literal: StaticString) throws(JSONError) {
        let length = literal.utf8CodeUnitCount
        guard count &- position >= length else { throw JSONError(.unexpectedEnd, at: count) }
        for index in 0..<length where byte(position &+ index) != literal.utf8Start[index] {
            throw failure(.unexpectedByte)
        }
        position &+= length
    }

    /// Consumes the next eight bytes if they are `word`, first byte lowest. White space is not
    /// skipped: this is a short cut for text in the usual spelling.
    @inlinable
    public mutating func acceptWord(_ wanted: UInt64) -> Bool {
        guard count &- position >= 8, word(position) == wanted else { return false }
        position &+= 8
        return true
    }

    /// Fails unless only white space is left.
    @inlinable
    public mutating func expectEnd() throws(JSONError) {
        skipWhitespace()
        guard position == count else { throw failure(.trailingBytes) }
    }
}
