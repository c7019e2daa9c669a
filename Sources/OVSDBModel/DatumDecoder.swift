import JSON

// Values of columns straight from bytes, for what comes in bulk: updates and log records. The type
// of the column says what to expect, so no tree is built between. What is accepted is exactly what
// `Datum(json:type:)` accepts and gives the same value; a fault is reported only as a place, and
// whoever needs OVSDB's words for it parses again with the tree.

/// Reads values of one type. A class, so that handing it on costs one reference count and not one
/// for each part of the type.
public final class DatumDecoder: Sendable {
    public let type: ColumnType
    @usableFromInline let key: AtomicType
    @usableFromInline let value: AtomicType?
    @usableFromInline let hasConstraints: Bool
    /// The number of elements allowed in a value, and in a difference.
    @usableFromInline let counts: ClosedRange<Int>
    @usableFromInline let differenceCounts: ClosedRange<Int>

    public init(_ type: ColumnType) {
        self.type = type
        self.key = type.key.type
        self.value = type.value?.type
        self.hasConstraints =
            type.key.restrictsValues || type.value?.restrictsValues ?? false
        self.counts = type.minimum...(type.maximum ?? .max)
        self.differenceCounts = type.isComposite ? 0 ... .max : counts
    }

    /// Reads a value, or a difference, which may have any number of elements.
    public func decode(
        _ scanner: inout JSONScanner, _ strings: inout StringCache, isDifference: Bool
    ) throws(JSONError) -> Datum {
        let start = scanner.offset
        let allowed = isDifference ? differenceCounts : counts
        let datum: Datum
        if let value {
            datum = try map(&scanner, &strings, value, allowed)
        } else {
            datum = try setOrAtom(&scanner, &strings, allowed)
        }
        if hasConstraints { try checkConstraints(datum, at: start) }
        return datum
    }
}

extension BaseType {
    /// Whether there are atoms of this type that are refused; a reference refuses none.
    var restrictsValues: Bool {
        var other = self
        other.reference = nil
        return other.hasConstraints
    }
}

extension DatumDecoder {
    // ["uuid", and ["set", and ["map", as numbers, first byte lowest.
    private static let uuidTag: UInt64 = 0x2c22_6469_7575_225b

    private func setOrAtom(
        _ scanner: inout JSONScanner, _ strings: inout StringCache, _ allowed: ClosedRange<Int>
    ) throws(JSONError) -> Datum {
        guard scanner.peek() == 0x5b else {
            return .one(try DatumDecoder.atom(key, &scanner, &strings))
        }
        if key == .uuid, scanner.acceptWord(DatumDecoder.uuidTag) {
            return .one(.uuid(try DatumDecoder.uuidRest(&scanner)))
        }
        switch try DatumDecoder.tag(&scanner) {
        case .set: return try set(&scanner, &strings, allowed)
        case .uuid where key == .uuid:
            return .one(.uuid(try DatumDecoder.uuidRest(&scanner)))
        case .uuid, .map, nil: throw scanner.failure(.unexpectedValue)
        }
    }

    /// Stands behind the comma of ["set", and reads the rest.
    private func set(
        _ scanner: inout JSONScanner, _ strings: inout StringCache, _ allowed: ClosedRange<Int>
    ) throws(JSONError) -> Datum {
        var atoms: [Atom] = []
        try scanner.expect("[")
        if !scanner.accept("]") {
            repeat {
                atoms.append(try DatumDecoder.atom(key, &scanner, &strings))
            } while scanner.accept(",")
            try scanner.expect("]")
        }
        try scanner.expect("]")
        let datum = Datum(set: atoms)
        guard datum.count == atoms.count, allowed.contains(atoms.count) else {
            throw scanner.failure(.unexpectedValue)
        }
        return datum
    }

    private func map(
        _ scanner: inout JSONScanner, _ strings: inout StringCache, _ value: AtomicType,
        _ allowed: ClosedRange<Int>
    ) throws(JSONError) -> Datum {
        guard try DatumDecoder.tag(&scanner) == .map else {
            throw scanner.failure(.unexpectedValue)
        }
        var entries: [MapEntry] = []
        try scanner.expect("[")
        if !scanner.accept("]") {
            repeat {
                try scanner.expect("[")
                let key = try DatumDecoder.atom(key, &scanner, &strings)
                try scanner.expect(",")
                let value = try DatumDecoder.atom(value, &scanner, &strings)
                try scanner.expect("]")
                entries.append(MapEntry(key: key, value: value))
            } while scanner.accept(",")
            try scanner.expect("]")
        }
        try scanner.expect("]")
        let datum = Datum(entries: entries)
        guard datum.count == entries.count, allowed.contains(entries.count) else {
            throw scanner.failure(.unexpectedValue)
        }
        return datum
    }

    private func checkConstraints(_ datum: Datum, at offset: Int) throws(JSONError) {
        do throws(OVSDBError) {
            switch datum {
            case .empty: return
            case .one(let atom): try type.key.check(atom)
            case .many(let atoms):
                for atom in atoms { try type.key.check(atom) }
            case .map(let entries):
                for entry in entries {
                    try type.key.check(entry.key)
                    try type.value?.check(entry.value)
                }
            }
        } catch {
            throw JSONError(.unexpectedValue, at: offset)
        }
    }
}

extension DatumDecoder {
    private enum Tag { case set, map, uuid }

    /// Reads the opening bracket, the word and the comma of ["word", …].
    private static func tag(_ scanner: inout JSONScanner) throws(JSONError) -> Tag? {
        try scanner.expect("[")
        scanner.skipWhitespace()
        let tag = try scanner.withStringBytes { (bytes) throws(JSONError) -> Tag? in
            if bytes.elementsEqual("set".utf8) { return .set }
            if bytes.elementsEqual("map".utf8) { return .map }
            return bytes.elementsEqual("uuid".utf8) ? .uuid : nil
        }
        try scanner.expect(",")
        return tag
    }

    private static func atom(
        _ type: AtomicType, _ scanner: inout JSONScanner, _ strings: inout StringCache
    ) throws(JSONError) -> Atom {
        scanner.skipWhitespace()
        switch type {
        case .string: return .string(try scanner.string(&strings))
        case .uuid: return .uuid(try uuid(&scanner))
        case .integer: return .integer(try scanner.integer())
        case .real:
            switch try scanner.number() {
            case .integer(let value): return .real(Double(value))
            case .double(let value): return .real(value)
            }
        case .boolean:
            if scanner.peek() == UInt8(ascii: "t") {
                try scanner.expectLiteral("true")
                return .boolean(true)
            }
            try scanner.expectLiteral("false")
            return .boolean(false)
        }
    }

    private static func uuid(_ scanner: inout JSONScanner) throws(JSONError) -> RowUUID {
        if !scanner.acceptWord(uuidTag), try tag(&scanner) != .uuid {
            throw scanner.failure(.unexpectedValue)
        }
        return try uuidRest(&scanner)
    }

    /// Stands behind the comma of ["uuid", and reads the rest.
    private static func uuidRest(_ scanner: inout JSONScanner) throws(JSONError) -> RowUUID {
        scanner.skipWhitespace()
        let uuid = try scanner.rowUUID()
        try scanner.expect("]")
        return uuid
    }
}

extension JSONScanner {
    /// Reads a string that is a UUID.
    @inlinable
    public mutating func rowUUID() throws(JSONError) -> RowUUID {
        let start = offset
        return try withStringBytes { (bytes) throws(JSONError) -> RowUUID in
            guard let uuid = RowUUID(utf8: bytes) else {
                throw JSONError(.unexpectedValue, at: start)
            }
            return uuid
        }
    }
}
