// Quoted strings, with the escapes of JSON (RFC 8259 §7).

extension Lexer {
    /// From the opening quote to just past the closing one.
    mutating func scanString() -> Token {
        position += 1
        var content: [UInt8] = []
        while let next = byte() {
            position += 1
            switch next {
            case "\"": return .string(String(decoding: content, as: UTF8.self))
            case "\\":
                if let problem = scanEscape(into: &content) { return skipString(problem) }
            default: content.append(UInt8(truncatingIfNeeded: next.value))
            }
        }
        return .invalid("Input ends inside quoted string.")
    }

    /// The rest of a string that has been found faulty.
    private mutating func skipString(_ problem: String) -> Token {
        while let next = byte() {
            position += 1
            if next == "\"" { break }
            if next == "\\" { position = min(position + 1, bytes.count) }
        }
        return .invalid(problem)
    }

    /// Appends what an escape stands for; returns what is wrong with it.
    private mutating func scanEscape(into content: inout [UInt8]) -> String? {
        guard let kind = byte() else { return nil }
        position += 1
        switch kind {
        case "\"", "\\", "/": content.append(UInt8(truncatingIfNeeded: kind.value))
        case "b": content.append(0x08)
        case "f": content.append(0x0c)
        case "n": content.append(0x0a)
        case "r": content.append(0x0d)
        case "t": content.append(0x09)
        case "u": return scanUnicodeEscape(into: &content)
        default: return "Invalid escape in quoted string."
        }
        return nil
    }

    private mutating func scanUnicodeEscape(into content: inout [UInt8]) -> String? {
        let problem = "Malformed \\u escape in quoted string."
        guard var code = takeFourDigits() else { return problem }
        if code >> 10 == 0x36 {
            guard byte() == "\\", byte(at: 1) == "u" else { return problem }
            position += 2
            guard let low = takeFourDigits(), low >> 10 == 0x37 else { return problem }
            code = 0x10000 + ((code & 0x3ff) << 10 | (low & 0x3ff))
        }
        guard let scalar = Unicode.Scalar(code) else { return problem }
        content.append(contentsOf: String(scalar).utf8)
        return nil
    }

    private mutating func takeFourDigits() -> UInt32? {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = byte()?.hexadecimalValue else { return nil }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }
}
