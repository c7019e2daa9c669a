/// The identity of a row: 128 bits, ordered as an unsigned number, printed in lower case
/// (RFC 4122 §3).
@frozen
public struct RowUUID: Hashable, Comparable, Sendable, LosslessStringConvertible {
    public var high: UInt64
    public var low: UInt64

    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    public static let zero = RowUUID(high: 0, low: 0)

    /// Every table is keyed by these, and they are random already: two multiplications with secrets
    /// of the process are enough, where the general hash of sixteen bytes takes several times that.
    /// Identities can be chosen by clients, hence the secrets.
    @inlinable
    public func _rawHashValue(seed: Int) -> Int {
        let (a, b) = RowUUID.secrets
        let product = (high ^ a).multipliedFullWidth(by: low ^ b | 1)
        let mixed = (product.high ^ product.low ^ UInt64(bitPattern: Int64(seed)))
            .multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        return Int(truncatingIfNeeded: mixed.high ^ mixed.low)
    }

    @usableFromInline static let secrets = (
        UInt64.random(in: 0 ... .max), UInt64.random(in: 0 ... .max)
    )

    @inlinable
    public static func < (left: RowUUID, right: RowUUID) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }

    /// A random UUID (version 4, RFC 4122 §4.4) made of 122 bits of `generator`.
    @inlinable
    public init(using generator: inout some RandomNumberGenerator) {
        high = generator.next() & ~0xf000 | 0x4000
        low = generator.next() & ~(3 << 62) | 1 << 63
    }
}

extension RowUUID {
    /// Parses exactly 36 characters; hexadecimal digits of either case are accepted.
    @inlinable
    public init?(parsing text: some StringProtocol) {
        var text = String(text)
        let parsed = text.withUTF8 { RowUUID(utf8: UnsafeRawBufferPointer($0)) }
        guard let parsed else { return nil }
        self = parsed
    }

    public init?(_ description: String) { self.init(parsing: description) }

    /// Parses 36 bytes of ASCII.
    @inlinable
    public init?(utf8: UnsafeRawBufferPointer) {
        guard utf8.count == 36, utf8[8] == 0x2d, utf8[13] == 0x2d, utf8[18] == 0x2d,
            utf8[23] == 0x2d
        else { return nil }
        let second =
            UInt64(RowUUID.load32(utf8, 9)) | UInt64(RowUUID.load32(utf8, 14)) << 32
        let third =
            UInt64(RowUUID.load32(utf8, 19)) | UInt64(RowUUID.load32(utf8, 24)) << 32
        guard let a = RowUUID.hexadecimal(RowUUID.load64(utf8, 0)),
            let b = RowUUID.hexadecimal(second), let c = RowUUID.hexadecimal(third),
            let d = RowUUID.hexadecimal(RowUUID.load64(utf8, 28))
        else { return nil }
        self.init(high: a << 32 | b, low: c << 32 | d)
    }

    @inlinable
    static func load64(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inlinable
    static func load32(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// The 32-bit number that eight hexadecimal digits spell, first digit in the lowest byte.
    ///
    /// All eight are classified at once. In each byte, adding 0x80 - c sets the top bit if the
    /// byte is at least c; bytes of 0x80 and above are excluded first, so nothing carries over.
    @inlinable
    static func hexadecimal(_ digits: UInt64) -> UInt64? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = ones &* 0x80
        let lower = digits | ones &* 0x20
        let isDigit = (digits &+ ones &* 0x50) & ~(digits &+ ones &* 0x46)
        let isLetter = (lower &+ ones &* 0x1f) & ~(lower &+ ones &* 0x19)
        guard digits & tops == 0, (isDigit | isLetter) & tops == tops else { return nil }
        let letters = (isLetter & tops) &>> 7
        var value = ((digits & (ones &* 0x0f)) &+ letters &* 9).byteSwapped
        value = (value | value &>> 4) & 0x00ff_00ff_00ff_00ff
        value = (value | value &>> 8) & 0x0000_ffff_0000_ffff
        return (value | value &>> 16) & 0xffff_ffff
    }
}

extension RowUUID: CustomStringConvertible {
    /// 36 characters, lower case.
    public var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            write(into: buffer)
            return 36
        }
    }

    /// Writes 36 bytes of ASCII to the start of `buffer`.
    @inlinable
    public func write(into buffer: UnsafeMutableBufferPointer<UInt8>) {
        precondition(buffer.count >= 36)
        var position = 0
        for nibble in 0..<32 {
            if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                buffer[position] = 0x2d
                position &+= 1
            }
            let word = nibble < 16 ? high : low
            let digit = UInt8(truncatingIfNeeded: word &>> UInt64(60 &- (nibble & 15) &* 4)) & 15
            buffer[position] = digit < 10 ? 0x30 &+ digit : 0x57 &+ digit
            position &+= 1
        }
    }
}
