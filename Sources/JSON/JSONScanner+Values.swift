// Numbers and whole values.

extension JSONScanner {
    /// A number: exact if it is an integer of 64 bits, however it is spelled (`30`, `3.0e1`).
    public enum Number: Hashable, Sendable {
        case integer(Int64)
        case double(Double)
    }

    @inlinable
    public mutating func number() throws(JSONError) -> Number {
        skipWhitespace()
        let start = position
        let isNegative = position < count && byte(position) == 0x2d
        if isNegative { position &+= 1 }
        let firstDigit = position
        var magnitude: UInt64 = 0
        // Eighteen digits can't overflow; longer numbers take the slow path.
        while position < count, position &- firstDigit < 18 {
            let digit = byte(position) &- 0x30
            if digit > 9 { break }
            magnitude = magnitude &* 10 &+ UInt64(digit)
            position &+= 1
        }
        let digits = position &- firstDigit
        if digits == 0 { throw failure(.invalidNumber) }
        if digits > 1 && byte(firstDigit) == 0x30 {
            throw JSONError(.invalidNumber, at: firstDigit)
        }
        if position < count, JSONScanner.continuesNumber(byte(position)) {
            position = start
            return try slowNumber()
        }
        let value = Int64(truncatingIfNeeded: magnitude)
        return .integer(isNegative ? 0 &- value : value)
    }

    /// A number that has to be an integer.
    @inlinable
    public mutating func integer() throws(JSONError) -> Int64 {
        let start = position
        guard case .integer(let value) = try number() else {
            throw JSONError(.unexpectedValue, at: start)
        }
        return value
    }

    @inlinable
    static func continuesNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x2e, 0x65, 0x45, 0x2b, 0x2d: true
        default: false
        }
    }

    @usableFromInline
    mutating func slowNumber() throws(JSONError) -> Number {
        let start = position
        let isFraction = try skipNumber()
        let bytes = UnsafeRawBufferPointer(start: base + start, count: position - start)
        let text = String(decoding: bytes, as: UTF8.self)
        if !isFraction, let integer = Int64(text) { return .integer(integer) }
        guard let double = Double(text), double.isFinite else {
            throw JSONError(.numberOutOfRange, at: start)
        }
        return double.wholeNumber.map { .integer($0) } ?? .double(double)
    }

    /// Moves over a number as RFC 8259 §6 spells it; true if it has a fraction or an exponent.
    private mutating func skipNumber() throws(JSONError) -> Bool {
        if position < count, byte(position) == 0x2d { position += 1 }
        let first = position
        try skipDigits()
        if byte(first) == 0x30, position - first > 1 { throw JSONError(.invalidNumber, at: first) }
        var isFraction = false
        if position < count, byte(position) == 0x2e {
            isFraction = true
            position += 1
            try skipDigits()
        }
        if position < count, byte(position) | 0x20 == UInt8(ascii: "e") {
            isFraction = true
            position += 1
            if position < count, byte(position) == 0x2b || byte(position) == 0x2d { position += 1 }
            try skipDigits()
        }
        return isFraction
    }

    private mutating func skipDigits() throws(JSONError) {
        let start = position
        while position < count, byte(position) &- 0x30 <= 9 { position += 1 }
        guard position > start else { throw failure(.invalidNumber) }
    }
}

extension JSONScanner {
    /// Reads any value as a tree.
    public mutating func value() throws(JSONError) -> JSON {
        var strings = StringCache(capacity: 1)
        return try value(depth: 0, &strings)
    }

    /// Reads any value as a tree whose strings are shared through `strings`.
    public mutating func value(_ strings: inout StringCache) throws(JSONError) -> JSON {
        try value(depth: 0, &strings)
    }

    private mutating func value(
        depth: Int, _ strings: inout StringCache
    ) throws(JSONError) -> JSON {
        guard depth < JSONLimits.depth else { throw JSONError(.tooDeep, at: position) }
        switch peek() {
        case 0x22: return .string(try string(&strings))
        case 0x5b: return .array(try elements(depth: depth, &strings))
        case 0x7b: return .object(try members(depth: depth, &strings))
        case UInt8(ascii: "t"):
            try expectLiteral("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try expectLiteral("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try expectLiteral("null")
            return .null
        case 0x2d, .some(0x30...0x39):
            switch try number() {
            case .integer(let value): return .integer(value)
            case .double(let value): return .double(value)
            }
        default: throw failure(.unexpectedByte)
        }
    }

    private mutating func elements(
        depth: Int, _ strings: inout StringCache
    ) throws(JSONError) -> [JSON] {
        try expect("[")
        var elements: [JSON] = []
        if accept("]") { return elements }
        elements.reserveCapacity(2)
        repeat {
            elements.append(try value(depth: depth + 1, &strings))
        } while accept(",")
        try expect("]")
        return elements
    }

    private mutating func members(
        depth: Int, _ strings: inout StringCache
    ) throws(JSONError) -> [JSON.Member] {
        try expect("{")
        var members: [JSON.Member] = []
        if accept("}") { return members }
        members.reserveCapacity(4)
        repeat {
            skipWhitespace()
            let key = try string(&strings)
            try expect(":")
            members.append(JSON.Member(key, try value(depth: depth + 1, &strings)))
        } while accept(",")
        try expect("}")
        return members
    }

    /// Moves over any value, checking its form but building nothing.
    public mutating func skipValue() throws(JSONError) {
        try skipValue(depth: 0)
    }

    private mutating func skipValue(depth: Int) throws(JSONError) {
        guard depth < JSONLimits.depth else { throw JSONError(.tooDeep, at: position) }
        switch peek() {
        case 0x22: try withStringBytes { _ throws(JSONError) in }
        case 0x5b:
            try expect("[")
            if accept("]") { return }
            repeat { try skipValue(depth: depth + 1) } while accept(",")
            try expect("]")
        case 0x7b:
            try expect("{")
            if accept("}") { return }
            repeat {
                try withStringBytes { _ throws(JSONError) in }
                try expect(":")
                try skipValue(depth: depth + 1)
            } while accept(",")
            try expect("}")
        case UInt8(ascii: "t"): try expectLiteral("true")
        case UInt8(ascii: "f"): try expectLiteral("false")
        case UInt8(ascii: "n"): try expectLiteral("null")
        case 0x2d, .some(0x30...0x39): _ = try number()
        default: throw failure(.unexpectedByte)
        }
    }
}

extension JSON {
    /// Parses exactly one JSON text, with white space around it allowed.
    public static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSON {
        try JSONScanner.scan(bytes) { (scanner) throws(JSONError) in try scanner.whole() }
    }

    public static func parse(_ bytes: ArraySlice<UInt8>) throws(JSONError) -> JSON {
        try JSONScanner.scan(bytes) { (scanner) throws(JSONError) in try scanner.whole() }
    }

    public static func parse(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> JSON {
        try JSONScanner.scan(bytes) { (scanner) throws(JSONError) in try scanner.whole() }
    }

    public static func parse(_ text: String) throws(JSONError) -> JSON {
        try parse(Array(text.utf8))
    }

    /// Parses a text whose strings are shared with those that came through `strings` before.
    public static func parse(
        _ bytes: ArraySlice<UInt8>, strings: inout StringCache
    ) throws(JSONError) -> JSON {
        try JSONScanner.scan(bytes) { (scanner) throws(JSONError) in
            let value = try scanner.value(&strings)
            try scanner.expectEnd()
            return value
        }
    }
}

extension JSONScanner {
    fileprivate mutating func whole() throws(JSONError) -> JSON {
        let value = try value()
        try expectEnd()
        return value
    }
}

extension Double {
    /// The same number as an integer if it is whole and fits; minus zero is zero.
    package var wholeNumber: Int64? {
        guard self >= -0x1p63, self < 0x1p63 else { return nil }
        let integer = Int64(self)
        return Double(integer) == self ? integer : nil
    }
}
