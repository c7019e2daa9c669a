// Strings: found eight bytes at a time; the common case, no escapes, is read in place.

/// The bytes of `word` that end a run of plain string bytes, as the top bit of each byte.
///
/// A byte is marked if it is a quote, a backslash or below 0x20. The lowest mark is exact; the
/// borrows of the subtractions can only set marks above a true one.
@inlinable
func stringRunEnds(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quote = word ^ (ones &* 0x22)
    let backslash = word ^ (ones &* 0x5c)
    let zeroes = ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
    let controls = (word &- ones &* 0x20) & ~word
    return (zeroes | controls) & (ones &* 0x80)
}

extension JSONScanner {
    /// Reads a string and passes its bytes, escapes replaced but UTF-8 not yet checked.
    @inlinable
    public mutating func withStringBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws(JSONError) -> Result
    ) throws(JSONError) -> Result {
        try expect("\"")
        let start = position
        skipPlainRun()
        guard position < count else { throw failure(.unexpectedEnd) }
        if byte(position) == 0x22 {
            let bytes = UnsafeRawBufferPointer(start: base + start, count: position &- start)
            position &+= 1
            return try body(bytes)
        }
        try unescape(from: start)
        return try unescaped.withUnsafeBufferPointer { (bytes) throws(JSONError) -> Result in
            try body(UnsafeRawBufferPointer(bytes))
        }
    }

    /// Reads a string.
    @inlinable
    public mutating func string() throws(JSONError) -> String {
        let start = position
        return try withStringBytes { (bytes) throws(JSONError) -> String in
            try JSONScanner.makeString(bytes, at: start)
        }
    }

    @inlinable
    public static func makeString(
        _ bytes: UnsafeRawBufferPointer, at offset: Int
    ) throws(JSONError) -> String {
        guard let text = StringCache.makeString(bytes) else {
            throw JSONError(.invalidUTF8, at: offset)
        }
        return text
    }

    /// Moves to the next quote, backslash or control byte, or to the end.
    @inlinable
    mutating func skipPlainRun() {
        while count &- position >= 8 {
            let ends = stringRunEnds(word(position))
            if ends != 0 {
                position &+= ends.trailingZeroBitCount &>> 3
                return
            }
            position &+= 8
        }
        while position < count {
            let next = byte(position)
            if next == 0x22 || next == 0x5c || next < 0x20 { return }
            position &+= 1
        }
    }
}

extension JSONScanner {
    /// Copies the string that began at `start` into `unescaped`; stands behind its quote after.
    @usableFromInline
    mutating func unescape(from start: Int) throws(JSONError) {
        unescaped.removeAll(keepingCapacity: true)
        var runStart = start
        while true {
            skipPlainRun()
            unescaped.append(
                contentsOf: UnsafeRawBufferPointer(
                    start: base + runStart, count: position - runStart))
            guard position < count else { throw failure(.unexpectedEnd) }
            switch byte(position) {
            case 0x22:
                position += 1
                return
            case 0x5c: try escape()
            default: throw failure(.controlByte)
            }
            runStart = position
        }
    }

    /// Stands at a backslash; appends what the escape means.
    private mutating func escape() throws(JSONError) {
        position += 1
        guard position < count else { throw failure(.unexpectedEnd) }
        let letter = byte(position)
        position += 1
        switch letter {
        case 0x22, 0x5c, 0x2f: unescaped.append(letter)
        case UInt8(ascii: "b"): unescaped.append(0x08)
        case UInt8(ascii: "f"): unescaped.append(0x0c)
        case UInt8(ascii: "n"): unescaped.append(0x0a)
        case UInt8(ascii: "r"): unescaped.append(0x0d)
        case UInt8(ascii: "t"): unescaped.append(0x09)
        case UInt8(ascii: "u"): try unicodeEscape()
        default: throw JSONError(.invalidEscape, at: position - 1)
        }
    }

    private mutating func unicodeEscape() throws(JSONError) {
        var code = try fourHexDigits()
        if code & 0xfc00 == 0xd800 {
            guard count - position >= 6, byte(position) == 0x5c,
                byte(position + 1) == UInt8(ascii: "u")
            else { throw JSONError(.invalidSurrogate, at: position) }
            position += 2
            let low = try fourHexDigits()
            guard low & 0xfc00 == 0xdc00 else { throw JSONError(.invalidSurrogate, at: position) }
            code = 0x10000 + (code & 0x3ff) << 10 + low & 0x3ff
        }
        guard code != 0 else { throw JSONError(.nullByte, at: position) }
        guard let scalar = Unicode.Scalar(code), let bytes = UTF8.encode(scalar) else {
            throw JSONError(.invalidSurrogate, at: position)
        }
        unescaped.append(contentsOf: bytes)
    }

    private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
        guard count - position >= 4 else { throw JSONError(.unexpectedEnd, at: count) }
        var code: UInt32 = 0
        for index in 0..<4 {
            let digit: UInt8
            switch byte(position + index) {
            case let c where c >= 0x30 && c <= 0x39: digit = c - 0x30
            case let c where c >= 0x41 && c <= 0x46: digit = c - 0x37
            case let c where c >= 0x61 && c <= 0x66: digit = c - 0x57
            default: throw JSONError(.invalidEscape, at: position + index)
            }
            code = code << 4 | UInt32(digit)
        }
        position += 4
        return code
    }
}
