/// A row as one run of bytes: a fraction of the memory, for tables with many rows that are hardly
/// ever read again.
///
/// Each value begins with its shape; integers and lengths are in seven-bit groups, the lowest
/// first, strings in UTF-8 after their length, or as the number that the table's texts have for them.
package struct PackedRow: Sendable {
    private let bytes: [UInt8]

    /// What is packed with `texts` has to be read with them.
    package init(_ row: Row, _ texts: inout PackedTexts) {
        var writer = PackedWriter()
        for value in row.values { writer.append(value, &texts) }
        bytes = writer.exactBytes
    }

    package func row(_ texts: PackedTexts) -> Row {
        bytes.withUnsafeBufferPointer { buffer in
            var reader = PackedReader(bytes: buffer, texts: texts)
            var values: [Datum] = []
            while !reader.isAtEnd { values.append(reader.value()) }
            return Row(values)
        }
    }
}

/// The first byte of a value.
private enum PackedShape {
    static let empty: UInt8 = 0
    static let many: UInt8 = 1
    static let map: UInt8 = 2
    /// A single atom: this plus its `PackedAtom`.
    static let one: UInt8 = 3
}

/// The first byte of an atom within a set or map.
private enum PackedAtom {
    static let integer: UInt8 = 0
    static let real: UInt8 = 1
    static let no: UInt8 = 2
    static let yes: UInt8 = 3
    static let string: UInt8 = 4
    static let uuid: UInt8 = 5
    /// A string by its number.
    static let shared: UInt8 = 6
}

private struct PackedWriter {
    private var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(512) }

    /// Without room to grow.
    var exactBytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: bytes.count) { buffer, count in
            _ = buffer.initialize(from: bytes)
            count = bytes.count
        }
    }

    mutating func append(_ value: Datum, _ texts: inout PackedTexts) {
        switch value {
        case .empty: bytes.append(PackedShape.empty)
        case .one(let atom): append(atom, after: PackedShape.one)
        case .many(let atoms):
            bytes.append(PackedShape.many)
            append(UInt64(atoms.count))
            for atom in atoms { append(atom, after: 0) }
        case .map(let entries):
            bytes.append(PackedShape.map)
            append(UInt64(entries.count))
            for entry in entries {
                appendShared(entry.key, &texts)
                appendShared(entry.value, &texts)
            }
        }
    }

    /// Keys of maps and their values are often the same from row to row.
    private mutating func appendShared(_ atom: Atom, _ texts: inout PackedTexts) {
        guard case .string(let text) = atom, let number = texts.number(of: text) else {
            return append(atom, after: 0)
        }
        bytes.append(PackedAtom.shared)
        append(UInt64(number))
    }

    private mutating func append(_ atom: Atom, after shape: UInt8) {
        switch atom {
        case .integer(let value):
            bytes.append(shape + PackedAtom.integer)
            append(UInt64(bitPattern: value << 1 ^ value >> 63))
        case .real(let value):
            bytes.append(shape + PackedAtom.real)
            appendWord(value.bitPattern)
        case .boolean(let value): bytes.append(shape + (value ? PackedAtom.yes : PackedAtom.no))
        case .string(var text):
            bytes.append(shape + PackedAtom.string)
            text.withUTF8 { utf8 in
                append(UInt64(utf8.count))
                bytes.append(contentsOf: utf8)
            }
        case .uuid(let uuid):
            bytes.append(shape + PackedAtom.uuid)
            appendWord(uuid.high)
            appendWord(uuid.low)
        }
    }

    private mutating func append(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func appendWord(_ word: UInt64) {
        withUnsafeBytes(of: word) { bytes.append(contentsOf: $0) }
    }
}

/// Reads what `PackedWriter` wrote.
private struct PackedReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let texts: PackedTexts
    private var position = 0

    init(bytes: UnsafeBufferPointer<UInt8>, texts: PackedTexts) {
        self.bytes = bytes
        self.texts = texts
    }

    var isAtEnd: Bool { position == bytes.count }

    mutating func value() -> Datum {
        let shape = byte()
        switch shape {
        case PackedShape.empty: return .empty
        case PackedShape.many:
            let count = Int(number())
            return .many((0..<count).map { _ in atom(byte()) })
        case PackedShape.map:
            let count = Int(number())
            return .map((0..<count).map { _ in MapEntry(key: atom(byte()), value: atom(byte())) })
        default: return .one(atom(shape - PackedShape.one))
        }
    }

    private mutating func atom(_ kind: UInt8) -> Atom {
        switch kind {
        case PackedAtom.integer:
            let folded = number()
            return .integer(Int64(bitPattern: folded >> 1) ^ -Int64(bitPattern: folded & 1))
        case PackedAtom.real: return .real(Double(bitPattern: word()))
        case PackedAtom.no: return .boolean(false)
        case PackedAtom.yes: return .boolean(true)
        case PackedAtom.string:
            let count = Int(number())
            defer { position += count }
            let utf8 = UnsafeBufferPointer(rebasing: bytes[position..<position + count])
            return .string(String(decoding: utf8, as: UTF8.self))
        case PackedAtom.shared: return .string(texts[Int(number())])
        default: return .uuid(RowUUID(high: word(), low: word()))
        }
    }

    private mutating func byte() -> UInt8 {
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func number() -> UInt64 {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = byte()
            result |= UInt64(next & 0x7f) << shift
            if next < 0x80 { return result }
            shift += 7
        }
    }

    private mutating func word() -> UInt64 {
        defer { position += 8 }
        return UnsafeRawBufferPointer(bytes).loadUnaligned(
            fromByteOffset: position, as: UInt64.self)
    }
}
