import Glibc

/// What a message is printed from.
struct LogRecord: Sendable {
    /// Nanoseconds since 1970-01-01 00:00 UTC.
    var wallNanoseconds: Int64
    /// Nanoseconds since the program started.
    var uptimeNanoseconds: Int64
    var number: Int
    var module: String
    var level: LogLevel
    var text: String
    var program: String
    var process: Int32
    /// The thread's name; empty on the main thread.
    var thread: String
}

/// The layout of a line: `%[-][0][width]C[{argument}]` (ovs-appctl(8), "vlog/set PATTERN").
///
/// | C | prints | C | prints |
/// |---|---|---|---|
/// | A | program | c | module |
/// | D | time, UTC, strftime(3) argument, `#` digits of a second | d | as D, local |
/// | m | message | N | number |
/// | n | newline | P | process id |
/// | p | level | r | milliseconds since start |
/// | t | thread, `main` for the first | T | `(thread)`, nothing for the first |
/// | E | host name's place, empty | % | % |
struct LogPattern: Hashable, Sendable, CustomStringConvertible {
    let description: String

    init(_ text: String) { description = text }

    func format(_ record: LogRecord) -> String {
        var cursor = Cursor(rest: Substring(description))
        var line = ""
        while let next = cursor.rest.popFirst() {
            if next == "%", let field = cursor.field() {
                line += field.pad(Self.value(of: field, in: record))
            } else {
                line.append(next)
            }
        }
        return line
    }

    private static func value(of field: Field, in record: LogRecord) -> String {
        switch field.letter {
        case "A": record.program
        case "c": record.module
        case "D": time(field.argument, record.wallNanoseconds, gmtime_r)
        case "d": time(field.argument, record.wallNanoseconds, localtime_r)
        case "m": record.text
        case "N": "\(record.number)"
        case "n": "\n"
        case "P": "\(record.process)"
        case "p": record.level.name
        case "r": "\(record.uptimeNanoseconds / 1_000_000)"
        case "t": record.thread.isEmpty ? "main" : record.thread
        case "T": record.thread.isEmpty ? "" : "(\(record.thread))"
        case "%": "%"
        default: ""
        }
    }

    private static func time(
        _ format: String?, _ nanoseconds: Int64,
        _ convert: (UnsafePointer<time_t>, UnsafeMutablePointer<tm>) -> UnsafeMutablePointer<tm>?
    ) -> String {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var parts = tm()
        guard convert(&seconds, &parts) != nil else { return "" }
        let format = format ?? "%Y-%m-%d %H:%M:%S"
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            let count = strftime(buffer.baseAddress, buffer.count, format, &parts)
            return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        return fraction(text, nanoseconds % 1_000_000_000)
    }

    /// Replaces a run of `#` by as many digits of the second's fraction.
    private static func fraction(_ text: String, _ nanoseconds: Int64) -> String {
        let text = Array(text.utf8)
        let hash = UInt8(ascii: "#")
        guard let start = text.firstIndex(of: hash) else {
            return String(decoding: text, as: UTF8.self)
        }
        let run = text[start...].prefix { $0 == hash }
        let digits = "\(1_000_000_000 + nanoseconds)".utf8.dropFirst().prefix(run.count)
        return String(
            decoding: text[..<start] + Array(digits) + text[run.endIndex...], as: UTF8.self)
    }
}

private struct Field {
    var letter: Character
    var width = 0
    var isLeftAligned = false
    var isZeroPadded = false
    var argument: String?

    func pad(_ text: String) -> String {
        let missing = width - text.count
        if missing <= 0 { return text }
        let filling = String(repeating: isZeroPadded ? "0" : " ", count: missing)
        return isLeftAligned ? text + filling : filling + text
    }
}

private struct Cursor {
    var rest: Substring

    /// The field after a percent sign; nil, with nothing consumed, at the end of the pattern.
    mutating func field() -> Field? {
        var field = Field(letter: " ")
        var scan = rest
        if scan.first == "-" {
            field.isLeftAligned = true
            scan.removeFirst()
        }
        if scan.first == "0" {
            field.isZeroPadded = true
            scan.removeFirst()
        }
        let digits = scan.prefix { $0.isASCII && $0.isNumber }
        field.width = min(Int(digits) ?? 0, 256)
        scan = scan[digits.endIndex...]
        guard let letter = scan.popFirst() else { return nil }
        field.letter = letter
        if scan.first == "{", let end = scan.firstIndex(of: "}") {
            field.argument = String(scan[scan.index(after: scan.startIndex)..<end])
            scan = scan[scan.index(after: end)...]
        }
        rest = scan
        return field
    }
}
