import JSON
import OVSDBModel

// The same updates, read straight from the text into rows. A first synchronisation is most of what
// a client ever receives: building a tree of values for it would take longer than reading the rows,
// and several times their memory.
//
// Property: for every text, the outcome is that of parsing it and applying the tree.

extension Replica {
    /// Like `apply` of the JSON that `text` spells, in the notation with differences.
    package mutating func apply(scanning text: ArraySlice<UInt8>) throws(ReplicaError)
        -> [TableChange]
    {
        commit(try rowChanges(scanning: text))
    }

    /// Like `replace` with the JSON that `text` spells, in the notation with differences.
    package mutating func replace(scanning text: ArraySlice<UInt8>) throws(ReplicaError)
        -> [TableChange]
    {
        commitDump(try empty().rowChanges(scanning: text))
    }

    private func rowChanges(scanning text: ArraySlice<UInt8>) throws(ReplicaError) -> [[RowChange]]
    {
        var reader = UpdateScanner(replica: self)
        do {
            try JSONScanner.scan(text) { (scanner) throws(JSONError) in
                try reader.tables(&scanner)
                try scanner.expectEnd()
            }
        } catch {
            throw reader.failure ?? ReplicaError(table: "", uuid: "", reason: "\(error)")
        }
        return reader.changes
    }
}

/// Reads updates out of their text. It throws at the first fault; `failure` says what it was if
/// the text is JSON.
private struct UpdateScanner {
    private enum Kind { case whole, difference, deletion }

    /// What a column's values look like; small, as it is looked at for every value.
    private struct Shape {
        var key: AtomicType
        /// Of a map.
        var value: AtomicType?
    }

    let replica: Replica
    var changes: [[RowChange]]
    var failure: ReplicaError?
    private var table = 0
    private var uuid = RowUUID.zero
    private var schema: TableSchema
    private var types: [ColumnType?] = []
    private var shapes: [Shape?] = []
    /// The names of the columns as the text spells them.
    private var names: [[UInt8]] = []
    /// Where the columns of the last row were: the next one mostly has the same.
    private var lastColumns: [Int] = []

    init(replica: Replica) {
        self.replica = replica
        changes = [[RowChange]](repeating: [], count: replica.tables.count)
        schema = TableSchema(name: "", columns: [])
    }

    private mutating func fail(_ reason: String, at offset: Int) -> JSONError {
        let place = uuid == .zero ? "" : uuid.description
        failure = failure ?? ReplicaError(table: schema.name, uuid: place, reason: reason)
        return JSONError(.unexpectedValue, at: offset)
    }

    mutating func tables(_ scanner: inout JSONScanner) throws(JSONError) {
        try scanner.expect("{")
        if scanner.accept("}") { return }
        repeat {
            let name = try scanner.string()
            guard let position = replica.schema.tableIndex(name) else {
                throw fail("table \(name) is not monitored", at: scanner.offset)
            }
            begin(position)
            try scanner.expect(":")
            try rows(&scanner)
        } while scanner.accept(",")
        try scanner.expect("}")
    }

    private mutating func begin(_ position: Int) {
        table = position
        schema = replica.schema.tables[position]
        types = replica.coverage.tables[position]?.columns ?? []
        shapes = types.map { type in
            type.map { Shape(key: $0.key.type, value: $0.value?.type) }
        }
        names = schema.columns.map { Array($0.name.utf8) }
        lastColumns = []
    }

    private mutating func rows(_ scanner: inout JSONScanner) throws(JSONError) {
        try scanner.expect("{")
        if scanner.accept("}") { return }
        repeat {
            uuid = .zero
            let key = try scanner.withStringBytes { (bytes) throws(JSONError) in
                RowUUID(utf8: bytes)
            }
            guard let key else { throw fail("not a UUID", at: scanner.offset) }
            uuid = key
            try scanner.expect(":")
            let old = replica.tables[table].rows[key]
            let new = try row(&scanner, old)
            if old != new { changes[table].append(RowChange(uuid: key, old: old, new: new)) }
        } while scanner.accept(",")
        try scanner.expect("}")
    }

    /// The row as it is after the update; nil if there is none.
    private mutating func row(_ scanner: inout JSONScanner, _ old: Row?) throws(JSONError) -> Row? {
        try scanner.expect("{")
        guard let kind = try kind(&scanner) else {
            throw fail("unknown kind of change", at: scanner.offset)
        }
        try scanner.expect(":")
        var new: Row?
        switch kind {
        case .whole:
            new = replica.tables[table].defaultRow
            try columns(&scanner, isDifference: false, &new)
        case .difference:
            guard old != nil else {
                throw fail("a row that isn't there was modified", at: scanner.offset)
            }
            new = old
            try columns(&scanner, isDifference: true, &new)
        case .deletion: try scanner.skipValue()
        }
        try scanner.expect("}")
        return new
    }

    private func kind(_ scanner: inout JSONScanner) throws(JSONError) -> Kind? {
        try scanner.withStringBytes { (bytes) throws(JSONError) in
            if bytes.elementsEqual("initial".utf8) { return .whole }
            if bytes.elementsEqual("insert".utf8) { return .whole }
            if bytes.elementsEqual("modify".utf8) { return .difference }
            return bytes.elementsEqual("delete".utf8) ? .deletion : nil
        }
    }

    private mutating func columns(
        _ scanner: inout JSONScanner, isDifference: Bool, _ row: inout Row?
    ) throws(JSONError) {
        try scanner.expect("{")
        if scanner.accept("}") { return }
        var index = 0
        repeat {
            let column = try column(&scanner, at: index)
            try scanner.expect(":")
            guard column < shapes.count, let shape = shapes[column] else {
                throw fail("column \(schema.columns[column].name) is not monitored", at: index)
            }
            let start = scanner.offset
            var datum = try datum(&scanner, shape)
            if isDifference, let old = row?[column], let type = types[column] {
                do {
                    datum = try old.applying(diff: datum, type: type)
                } catch {
                    throw fail("column \(schema.columns[column].name): \(error)", at: start)
                }
            }
            row?[column] = datum
            index += 1
        } while scanner.accept(",")
        try scanner.expect("}")
    }

    /// The position of the column whose name is next, the row's member number `index`.
    private mutating func column(
        _ scanner: inout JSONScanner, at index: Int
    ) throws(JSONError) -> Int {
        let expected = index < lastColumns.count ? lastColumns[index] : -1
        let names = names
        let found = try scanner.withStringBytes { (bytes) throws(JSONError) -> Int? in
            if expected >= 0, bytes.elementsEqual(names[expected]) { return expected }
            return names.firstIndex { bytes.elementsEqual($0) }
        }
        guard let found else { throw fail("unknown column", at: scanner.offset) }
        if found != expected {
            lastColumns.removeSubrange(min(index, lastColumns.count)...)
            lastColumns.append(found)
        }
        return found
    }
}

// MARK: - Values

extension UpdateScanner {
    private enum Tag { case set, map, uuid }

    private mutating func datum(
        _ scanner: inout JSONScanner, _ shape: Shape
    ) throws(JSONError) -> Datum {
        guard scanner.peek() == UInt8(ascii: "[") else {
            if shape.value != nil { throw fail("a map expected", at: scanner.offset) }
            return .one(try atom(&scanner, shape.key))
        }
        let start = scanner.offset
        try scanner.expect("[")
        let tag = try tag(&scanner)
        try scanner.expect(",")
        let datum: Datum
        switch (tag, shape.value) {
        case (.uuid, nil) where shape.key == .uuid: datum = .one(.uuid(try rest(&scanner)))
        case (.set, nil): datum = try set(&scanner, shape.key)
        case (.map, let value?): datum = try map(&scanner, shape.key, value)
        default: throw fail("a value of another type expected", at: start)
        }
        try scanner.expect("]")
        return datum
    }

    private func tag(_ scanner: inout JSONScanner) throws(JSONError) -> Tag? {
        try scanner.withStringBytes { (bytes) throws(JSONError) in
            if bytes.elementsEqual("uuid".utf8) { return .uuid }
            if bytes.elementsEqual("set".utf8) { return .set }
            return bytes.elementsEqual("map".utf8) ? .map : nil
        }
    }

    private mutating func set(
        _ scanner: inout JSONScanner, _ type: AtomicType
    ) throws(JSONError) -> Datum {
        var atoms: [Atom] = []
        try scanner.expect("[")
        if !scanner.accept("]") {
            repeat { atoms.append(try atom(&scanner, type)) } while scanner.accept(",")
            try scanner.expect("]")
        }
        let datum = Datum(set: atoms)
        guard datum.count == atoms.count else {
            throw fail("set contains duplicate", at: scanner.offset)
        }
        return datum
    }

    private mutating func map(
        _ scanner: inout JSONScanner, _ key: AtomicType, _ value: AtomicType
    ) throws(JSONError) -> Datum {
        var entries: [MapEntry] = []
        try scanner.expect("[")
        if !scanner.accept("]") {
            repeat {
                try scanner.expect("[")
                let entryKey = try atom(&scanner, key)
                try scanner.expect(",")
                entries.append(MapEntry(key: entryKey, value: try atom(&scanner, value)))
                try scanner.expect("]")
            } while scanner.accept(",")
            try scanner.expect("]")
        }
        let datum = Datum(entries: entries)
        guard datum.count == entries.count else {
            throw fail("map contains duplicate key", at: scanner.offset)
        }
        return datum
    }

    private mutating func atom(
        _ scanner: inout JSONScanner, _ type: AtomicType
    ) throws(JSONError) -> Atom {
        switch type {
        case .integer: return .integer(try scanner.integer())
        case .real:
            switch try scanner.number() {
            case .integer(let value): return .real(Double(value))
            case .double(let value): return .real(value)
            }
        case .boolean:
            let isTrue = scanner.peek() == UInt8(ascii: "t")
            try scanner.expectLiteral(isTrue ? "true" : "false")
            return .boolean(isTrue)
        case .string: return .string(try scanner.string())
        case .uuid:
            try scanner.expect("[")
            guard try tag(&scanner) == .uuid else {
                throw fail("a UUID expected", at: scanner.offset)
            }
            try scanner.expect(",")
            let uuid = try rest(&scanner)
            try scanner.expect("]")
            return .uuid(uuid)
        }
    }

    /// The UUID itself, behind its tag.
    private mutating func rest(_ scanner: inout JSONScanner) throws(JSONError) -> RowUUID {
        let uuid = try scanner.withStringBytes { (bytes) throws(JSONError) in RowUUID(utf8: bytes) }
        guard let uuid else { throw fail("not a UUID", at: scanner.offset) }
        return uuid
    }
}
