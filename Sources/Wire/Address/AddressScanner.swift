// Addresses arrive as text in every database row, so they are parsed over the bytes of the
// string, without substrings and without a number parser that accepts more than the notation.
// The property that must hold: what a scanner method accepts is exactly the notation it names,
// and a failed method leaves a scanner that nobody uses again.

/// A cursor over the UTF-8 bytes of one address.
struct AddressScanner {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// Runs `body` over the bytes of `text` and returns its value if all bytes were used.
    static func scan<Value>(
        _ text: some StringProtocol, _ body: (inout AddressScanner) -> Value?
    ) -> Value? {
        var text = String(text)
        return text.withUTF8 { scan($0, body) }
    }

    static func scan<Value>(
        _ bytes: UnsafeBufferPointer<UInt8>, _ body: (inout AddressScanner) -> Value?
    ) -> Value? {
        var scanner = AddressScanner(bytes)
        guard let value = body(&scanner), scanner.isAtEnd else { return nil }
        return value
    }

    var isAtEnd: Bool { position == bytes.count }

    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// The byte after the next one.
    var peekSecond: UInt8? { position + 1 < bytes.count ? bytes[position + 1] : nil }

    var place: Int {
        get { position }
        set { position = newValue }
    }

    mutating func accept(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    /// One to `maximum` hexadecimal digits.
    mutating func hexadecimal(maximumDigits maximum: Int) -> UInt32? {
        var value: UInt32 = 0
        var digits = 0
        while digits < maximum, let byte = peek, let digit = hexadecimalDigit(byte) {
            value = value << 4 | UInt32(digit)
            digits += 1
            position += 1
        }
        return digits > 0 ? value : nil
    }

    /// A decimal number without leading zeros, at most `maximum`.
    mutating func decimal(maximum: UInt32) -> UInt32? {
        let start = position
        var value: UInt32 = 0
        while let byte = peek, byte >= 0x30, byte <= 0x39 {
            if position > start, bytes[start] == 0x30 { return nil }
            value = value &* 10 &+ UInt32(byte - 0x30)
            guard value <= maximum else { return nil }
            position += 1
        }
        return position > start ? value : nil
    }

    /// Four decimal bytes separated by dots, as one 32-bit number.
    mutating func dottedQuad() -> UInt32? {
        var value: UInt32 = 0
        for index in 0..<4 {
            if index > 0, !accept(0x2e) { return nil }
            guard let part = decimal(maximum: 255) else { return nil }
            value = value << 8 | part
        }
        return value
    }

    /// True if a dot comes before the next colon, slash or the end.
    var dotComesFirst: Bool {
        var index = position
        while index < bytes.count {
            switch bytes[index] {
            case 0x2e: return true
            case 0x3a, 0x2f: return false
            default: index += 1
            }
        }
        return false
    }
}

func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
}
