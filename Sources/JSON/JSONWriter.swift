// Prints JSON into one growing buffer of bytes: no tree needs to exist, and a fragment that was
// printed once can be shared by every message that contains it.

/// Appends JSON tokens to a buffer; commas and colons are its own business.
///
/// The caller keeps begin and end balanced and puts a `key` before each value of an object.
public struct JSONWriter: Sendable {
    /// What has been printed so far.
    public private(set) var bytes: [UInt8]
    /// True if a value has just been completed, so that the next item needs a comma first.
    @usableFromInline var followsValue = false

    public init() { bytes = [] }

    /// Starts with room for `capacity` bytes.
    public init(capacity: Int) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    @inline(__always)
    private mutating func beginItem() {
        if followsValue { bytes.append(0x2c) }
    }

    public mutating func beginObject() {
        beginItem()
        bytes.append(0x7b)
        followsValue = false
    }

    public mutating func endObject() {
        bytes.append(0x7d)
        followsValue = true
    }

    public mutating func beginArray() {
        beginItem()
        bytes.append(0x5b)
        followsValue = false
    }

    public mutating func endArray() {
        bytes.append(0x5d)
        followsValue = true
    }

    public mutating func key(_ name: String) {
        string(name)
        bytes.append(0x3a)
        followsValue = false
    }

    /// A member's name that was printed before: `"name":`.
    public mutating func key(fragment: [UInt8]) {
        beginItem()
        bytes.append(contentsOf: fragment)
        followsValue = false
    }

    /// A member's name as bytes that are valid UTF-8.
    public mutating func key(_ utf8: UnsafeRawBufferPointer) {
        string(utf8)
        bytes.append(0x3a)
        followsValue = false
    }

    public mutating func null() { literal("null") }

    public mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }

    public mutating func literal(_ text: StaticString) {
        beginItem()
        bytes.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        followsValue = true
    }

    /// Appends the beginning of a value, up to where its next element or member follows.
    public mutating func open(_ text: StaticString) {
        literal(text)
        followsValue = false
    }

    /// Appends a value that was printed before.
    public mutating func fragment(_ value: some Collection<UInt8>) {
        beginItem()
        bytes.append(contentsOf: value)
        followsValue = true
    }

    /// Appends a byte between values, such as the newline after a record.
    public mutating func separator(_ byte: UInt8) {
        bytes.append(byte)
        followsValue = false
    }

    /// Empties the buffer, keeping its memory.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        followsValue = false
    }
}

extension JSONWriter {
    public mutating func integer(_ value: Int64) {
        beginItem()
        followsValue = true
        if value < 0 { bytes.append(0x2d) }
        var magnitude = value.magnitude
        if magnitude < 10 {
            bytes.append(0x30 &+ UInt8(truncatingIfNeeded: magnitude))
            return
        }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var start = 20
            while magnitude != 0 {
                let (quotient, remainder) = magnitude.quotientAndRemainder(dividingBy: 10)
                start -= 1
                digits[start] = 0x30 &+ UInt8(truncatingIfNeeded: remainder)
                magnitude = quotient
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start..<20]))
        }
    }

    /// Prints the shortest text that reads back as the same number; a whole number without
    /// fraction, as stock servers do. JSON has no text for infinities: they become null.
    public mutating func double(_ value: Double) {
        if let integer = value.wholeNumber, integer.magnitude < 1 << 53 {
            self.integer(integer)
        } else if value.isFinite {
            beginItem()
            bytes.append(contentsOf: value.description.utf8)
            followsValue = true
        } else {
            null()
        }
    }

    public mutating func string(_ value: String) {
        var value = value
        value.withUTF8 { string(UnsafeRawBufferPointer($0)) }
    }

    /// Prints a string whose bytes are valid UTF-8.
    public mutating func string(_ utf8: UnsafeRawBufferPointer) {
        beginItem()
        bytes.append(0x22)
        var start = 0
        while true {
            let end = JSONWriter.plainRunEnd(utf8, from: start)
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: utf8[start..<end]))
            if end == utf8.count { break }
            escape(utf8[end])
            start = end + 1
        }
        bytes.append(0x22)
        followsValue = true
    }

    private static func plainRunEnd(_ utf8: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while utf8.count &- index >= 8 {
            let word = utf8.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let ends = stringRunEnds(UInt64(littleEndian: word))
            if ends != 0 { return index &+ ends.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < utf8.count {
            let byte = utf8[index]
            if byte == 0x22 || byte == 0x5c || byte < 0x20 { break }
            index &+= 1
        }
        return index
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(0x5c)
        switch byte {
        case 0x22, 0x5c: bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0a: bytes.append(UInt8(ascii: "n"))
        case 0x0c: bytes.append(UInt8(ascii: "f"))
        case 0x0d: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(JSONWriter.hexDigit(byte >> 4))
            bytes.append(JSONWriter.hexDigit(byte & 15))
        }
    }

    private static func hexDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? 0x30 + nibble : 0x57 + nibble
    }
}

extension JSONWriter {
    public mutating func value(_ value: JSON) {
        switch value {
        case .null: null()
        case .bool(let value): bool(value)
        case .integer(let value): integer(value)
        case .double(let value): double(value)
        case .string(let value): string(value)
        case .array(let elements):
            beginArray()
            for element in elements { self.value(element) }
            endArray()
        case .object(let members):
            beginObject()
            for member in members {
                key(member.key)
                self.value(member.value)
            }
            endObject()
        }
    }
}

extension JSON: CustomStringConvertible {
    /// The value printed without white space, members in their order.
    public var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }

    public var description: String { String(decoding: bytes, as: UTF8.self) }
}
