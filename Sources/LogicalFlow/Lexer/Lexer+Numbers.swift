import Wire

// Numeric constants: decimal, hexadecimal of any length up to 1024 bits, IPv4, IPv6 and Ethernet
// addresses, each with an optional mask of the same kind or a prefix length.

extension Lexer {
    /// A literal without its mask.
    private enum Literal {
        case number(UInt128, Number.Format)
        /// Hexadecimal digits without leading zeros, more than 32 of them.
        case wide([UInt8])
    }

    mutating func scanNumber() -> Token {
        switch takeLiteral() {
        case .failure(let problem): return .invalid(problem.text)
        case .success(let value):
            guard byte() == "/", let next = byte(at: 1), next.isAlphanumeric || next == ":" else {
                return token(value)
            }
            position += 1
            switch takeLiteral() {
            case .failure(let problem): return .invalid(problem.text)
            case .success(let mask): return maskedToken(value, mask)
            }
        }
    }

    private struct Problem: Error {
        let text: String
    }

    private mutating func takeLiteral() -> Result<Literal, Problem> {
        let text = takeExtent()
        if let address = ethernet(text) { return .success(.number(address, .ethernet)) }
        if text.allSatisfy({ Unicode.Scalar($0).isDecimalDigit }), !text.isEmpty {
            return decimal(text)
        }
        if text.count >= 2, text[0] == 0x30, text[1] | 0x20 == 0x78 {
            return hexadecimal(text.dropFirst(2))
        }
        return text.withUnsafeBufferPointer { text in
            if let address = IPv4Address(parsing: text) {
                return .success(.number(UInt128(address.bits), .ip4))
            }
            if let address = IPv6Address(parsing: text) {
                return .success(.number(address.bits, .ip6))
            }
            return .failure(Problem(text: "Invalid numeric constant."))
        }
    }

    /// Letters and digits; colons as long as no dot came; dots that don't begin an ellipsis.
    private mutating func takeExtent() -> ArraySlice<UInt8> {
        let start = position
        var sawDot = false
        while let next = byte() {
            if next == "." {
                if byte(at: 1) == "." { break }
                sawDot = true
            } else if next == ":" ? sawDot : !next.isAlphanumeric {
                break
            }
            position += 1
        }
        return rebased(bytes[start..<position])
    }

    /// The same bytes, indexed from zero.
    private func rebased(_ slice: ArraySlice<UInt8>) -> ArraySlice<UInt8> { Array(slice)[...] }

    /// `xx:xx:xx:xx:xx:xx`, two digits in each part.
    private func ethernet(_ text: ArraySlice<UInt8>) -> UInt128? {
        guard text.count == 17 else { return nil }
        var value: UInt128 = 0
        for (index, byte) in text.enumerated() {
            if index % 3 == 2 {
                guard byte == 0x3a else { return nil }
            } else {
                guard let digit = Unicode.Scalar(byte).hexadecimalValue else { return nil }
                value = value << 4 | UInt128(digit)
            }
        }
        return value
    }

    private func decimal(_ text: ArraySlice<UInt8>) -> Result<Literal, Problem> {
        if text.count > 1, text[0] == 0x30 {
            return .failure(Problem(text: "Decimal constants must not have leading zeros."))
        }
        var value: UInt64 = 0
        for byte in text {
            let (product, carry) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.addingReportingOverflow(UInt64(byte - 0x30))
            if carry || overflow {
                return .failure(Problem(text: "Decimal constants must be less than 2**64."))
            }
            value = sum
        }
        return .success(.number(UInt128(value), .decimal))
    }

    private func hexadecimal(_ text: ArraySlice<UInt8>) -> Result<Literal, Problem> {
        if text.isEmpty { return .failure(Problem(text: "Hex digits expected following 0x.")) }
        let digits = text.compactMap { Unicode.Scalar($0).hexadecimalValue }
        guard digits.count == text.count else {
            return .failure(Problem(text: "Invalid numeric constant."))
        }
        let significant = Array(digits.drop { $0 == 0 })
        if significant.count > 256 {
            return .failure(
                Problem(text: "Hexadecimal constant requires more than 1024 bits."))
        }
        return .success(Self.narrow(significant))
    }

    private static func narrow(_ digits: [UInt8]) -> Literal {
        let significant = Array(digits.drop { $0 == 0 })
        if significant.count > 32 { return .wide(significant) }
        return .number(significant.reduce(0) { $0 << 4 | UInt128($1) }, .hexadecimal)
    }

    private static func digits(_ literal: Literal) -> [UInt8] {
        switch literal {
        case .wide(let digits): return digits
        case .number(let value, _):
            return (0..<32).reversed().map {
                UInt8(truncatingIfNeeded: value >> UInt128(4 * $0)) & 15
            }
        }
    }
}

// MARK: - Tokens

extension Lexer {
    private func token(_ literal: Literal) -> Token {
        switch literal {
        case .number(let value, let format): .number(Number(value, format: format))
        case .wide(let digits): .wideNumber(Self.text(digits), width: Self.width(digits))
        }
    }

    private func maskedToken(_ value: Literal, _ mask: Literal) -> Token {
        let mismatch = Token.invalid("Value and mask have incompatible formats.")
        switch (value, mask) {
        case (.number(let value, let format), .number(let mask, let maskFormat)):
            return masked(value, format, mask, maskFormat).map(Token.number) ?? mismatch
        case (.number(0, .decimal), .wide), (.number(_, .hexadecimal), .wide), (.wide, .wide),
            (.wide, .number(_, .hexadecimal)):
            return wideMasked(Self.digits(value), Self.digits(mask))
        case (.number, .wide), (.wide, .number): return mismatch
        }
    }

    private func masked(
        _ value: UInt128, _ format: Number.Format, _ mask: UInt128, _ maskFormat: Number.Format
    ) -> Number? {
        if format == maskFormat { return Number(value, mask: mask, format: format) }
        switch (format, maskFormat) {
        case (.ip4, .decimal) where mask <= 32, (.ip6, .decimal) where mask <= 128:
            let hostBits = format.width - Int(mask)
            let prefix = UInt128.ones(Int(mask)) << UInt128(hostBits)
            return Number(value, mask: prefix, format: format)
        case (.decimal, .hexadecimal) where value == 0:
            return Number(0, mask: mask, format: .hexadecimal)
        case (.decimal, _), (.hexadecimal, _), (.ip4, _), (.ip6, _), (.ethernet, _): return nil
        }
    }

    private func wideMasked(_ value: [UInt8], _ mask: [UInt8]) -> Token {
        let count = max(value.count, mask.count)
        let left = Array(repeating: 0, count: count - value.count) + value
        let right = Array(repeating: 0, count: count - mask.count) + mask
        let bits = zip(left, right).map { $0 & $1 }
        switch (Self.narrow(bits), Self.narrow(right)) {
        case (.number(let value, _), .number(let mask, _)):
            return .number(Number(value, mask: mask, format: .hexadecimal))
        default:
            return .wideNumber(
                Self.text(bits) + "/" + Self.text(right), width: Self.width(right))
        }
    }

    private static func text(_ digits: [UInt8]) -> String {
        let significant = digits.drop { $0 == 0 }
        if significant.isEmpty { return "0" }
        return "0x" + significant.map { String($0, radix: 16) }.joined()
    }

    private static func width(_ digits: [UInt8]) -> Int {
        let significant = Array(digits.drop { $0 == 0 })
        guard let first = significant.first else { return 0 }
        return 4 * (significant.count - 1) + (8 - first.leadingZeroBitCount)
    }
}
