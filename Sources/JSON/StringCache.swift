// A database holds the same texts over and over: keys of maps, matches and actions of flows. Making
// each of them once saves the memory of the copies and the time to allocate them.
//
// The cache is a table of fixed size with one place per hash value; a text that comes to a taken
// place replaces what was there. So it needs no upkeep, holds no more than its size, and whoever
// chooses the texts can make it useless but not slow.

/// Recently made strings, found by their bytes.
public struct StringCache: Sendable {
    /// Texts up to 15 bytes need no memory of their own, and long ones seldom repeat.
    @usableFromInline static let sharedLengths = 16...1024

    @usableFromInline var slots: [String]
    @usableFromInline let mask: UInt64

    /// `capacity` is rounded up to a power of two.
    public init(capacity: Int = 1 << 13) {
        var size = 1
        while size < capacity { size <<= 1 }
        slots = Array(repeating: "", count: size)
        mask = UInt64(size - 1)
    }

    /// The string with these bytes; nil if they aren't valid UTF-8.
    @inlinable
    public mutating func string(_ utf8: UnsafeRawBufferPointer) -> String? {
        guard StringCache.sharedLengths.contains(utf8.count) else {
            return StringCache.makeString(utf8)
        }
        let slot = Int(truncatingIfNeeded: StringCache.hash(utf8) & mask)
        if StringCache.isEqual(slots[slot], utf8) { return slots[slot] }
        guard let string = StringCache.makeString(utf8) else { return nil }
        slots[slot] = string
        return string
    }

    /// The general way to validate costs several times as much as making the string, and nearly
    /// all texts are ASCII.
    @inlinable
    static func makeString(_ utf8: UnsafeRawBufferPointer) -> String? {
        utf8.withMemoryRebound(to: UInt8.self) { bytes in
            isASCII(utf8)
                ? String(decoding: bytes, as: UTF8.self) : String(validating: bytes, as: UTF8.self)
        }
    }

    @inlinable
    static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var seen: UInt64 = 0
        var offset = 0
        while bytes.count &- offset >= 8 {
            seen |= bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            offset &+= 8
        }
        while offset < bytes.count {
            seen |= UInt64(bytes[offset])
            offset &+= 1
        }
        return seen & 0x8080_8080_8080_8080 == 0
    }

    /// Mixes eight bytes at a time; the last eight may overlap those before.
    @inlinable
    static func hash(_ utf8: UnsafeRawBufferPointer) -> UInt64 {
        var state = UInt64(truncatingIfNeeded: utf8.count) &* 0x9e37_79b9_7f4a_7c15
        var offset = 0
        let last = utf8.count &- 8
        while offset < last {
            state = mix(state, utf8.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset &+= 8
        }
        return mix(state, utf8.loadUnaligned(fromByteOffset: last, as: UInt64.self))
    }

    @inlinable
    static func mix(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let product = (state ^ word).multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
        return product.high ^ product.low
    }

    @inlinable
    static func isEqual(_ string: String, _ utf8: UnsafeRawBufferPointer) -> Bool {
        guard string.utf8.count == utf8.count else { return false }
        let isEqual = string.utf8.withContiguousStorageIfAvailable { own in
            areEqual(UnsafeRawBufferPointer(own), utf8)
        }
        return isEqual ?? string.utf8.elementsEqual(utf8)
    }

    /// Both have the same length, at least eight.
    @inlinable
    static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        let last = left.count &- 8
        var offset = 0
        while offset < last {
            if left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                != right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            {
                return false
            }
            offset &+= 8
        }
        return left.loadUnaligned(fromByteOffset: last, as: UInt64.self)
            == right.loadUnaligned(fromByteOffset: last, as: UInt64.self)
    }
}

extension JSONScanner {
    /// Reads a string, taking it from `cache` if it is there.
    @inlinable
    public mutating func string(_ cache: inout StringCache) throws(JSONError) -> String {
        let start = position
        return try withStringBytes { (bytes) throws(JSONError) -> String in
            guard let string = cache.string(bytes) else {
                throw JSONError(.invalidUTF8, at: start)
            }
            return string
        }
    }
}
