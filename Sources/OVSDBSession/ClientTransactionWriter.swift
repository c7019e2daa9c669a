import JSON
import OVSDBModel

/// Prints a transaction as the parameters of a `transact` request (RFC 7047 §4.1.3), and remembers
/// which operation came from what, so that the reply can be understood.
struct TransactionWriter {
    /// One element of the request, and of the reply.
    struct Operation: Hashable, Sendable {
        enum Kind: Hashable, Sendable {
            case wait, write, insert, comment, assertion
            /// A column to be read back.
            case read(String)
        }

        var kind: Kind
        var key: TransactionBuilder.RowKey?
    }

    let builder: TransactionBuilder
    let placeholders: Set<RowUUID>
    let schema: DatabaseSchema
    let coverage: SchemaCoverage
    var writer = JSONWriter()

    private(set) var operations: [Operation] = []
    /// What was left out, because the server has no place for it.
    var gaps: [SchemaCoverage.Gap] = []

    var bytes: [UInt8] { writer.bytes }

    /// Whether anything is asked of the server.
    var isEmpty: Bool {
        !operations.contains { $0.kind == .write || $0.kind == .insert || $0.kind == .wait }
    }

    init(_ builder: TransactionBuilder, schema: DatabaseSchema, coverage: SchemaCoverage) {
        self.builder = builder
        placeholders = Set(
            builder.rows.filter { $0.fate == .inserted(isChosen: false) }.map(\.key.uuid))
        self.schema = schema
        self.coverage = coverage
    }

    /// Writes the array of parameters; `locks` are asserted after everything else.
    mutating func write(locks: [String]) {
        writer.beginArray()
        writer.string(schema.name)
        for requirement in builder.requirements { write(requirement) }
        for row in builder.rows { write(row, row.key) }
        for read in builder.reads { writeRead(read.key, read.column) }
        let comment = builder.comments.joined(separator: "\n")
        if !comment.isEmpty { operation("comment", .comment) { $0.member("comment", comment) } }
        for lock in locks { operation("assert", .assertion) { $0.member("lock", lock) } }
        writer.endArray()
    }

    private mutating func operation(
        _ name: String, _ kind: Operation.Kind, _ key: TransactionBuilder.RowKey? = nil,
        _ body: (inout TransactionWriter) -> Void
    ) {
        operations.append(Operation(kind: kind, key: key))
        writer.beginObject()
        member("op", name)
        if let key { member("table", key.table) }
        body(&self)
        writer.endObject()
    }

    private mutating func member(_ name: String, _ value: String) {
        writer.key(name)
        writer.string(value)
    }
}

// MARK: - Operations

extension TransactionWriter {
    private mutating func write(_ requirement: TransactionBuilder.Requirement) {
        switch requirement {
        case .emptyTable(let table):
            guard place(table) != nil else { return }
            let key = TransactionBuilder.RowKey(table: table, uuid: .zero)
            operation("wait", .wait, key) { writer in
                writer.whereAll()
                writer.until(rows: [])
            }
        case .someRow(let key, let value):
            guard let column = place(value.column, key.table) else { return }
            operation("wait", .wait, key) { $0.untilSomeRow(column, includes: value.value) }
        case .equal(let key, let columns):
            let known = placed(columns, key.table)
            guard !known.isEmpty else { return }
            operation("wait", .wait, key) { writer in
                writer.whereUUID(key)
                writer.writer.key("columns")
                writer.writer.value(.array(known.map { .string($0.column.name) }))
                writer.until(rows: [known])
            }
        }
    }

    private mutating func write(
        _ row: TransactionBuilder.RowEdit, _ key: TransactionBuilder.RowKey
    ) {
        guard place(key.table) != nil else { return }
        switch row.fate {
        case .deleted: operation("delete", .write, key) { $0.whereUUID(key) }
        case .inserted(let isChosen): writeInsert(row, key, isChosen: isChosen)
        case .replaced: writeUpdate(allValues(row, key.table), key)
        case .changed:
            writeUpdate(values(row, key.table), key)
            writeMutate(row, key)
        }
    }

    private mutating func writeInsert(
        _ row: TransactionBuilder.RowEdit, _ key: TransactionBuilder.RowKey, isChosen: Bool
    ) {
        operation("insert", .insert, key) { writer in
            if isChosen {
                writer.member("uuid", key.uuid.description)
            } else {
                writer.member("uuid-name", TransactionWriter.name(of: key.uuid))
            }
            writer.writer.key("row")
            writer.writeValues(of: row, key.table)
        }
    }

    /// The columns that the server has a place for, without a list of them in between: most of what
    /// a client ever writes is rows that it inserts.
    private mutating func writeValues(of row: TransactionBuilder.RowEdit, _ table: String) {
        writer.beginObject()
        for edited in row.columns {
            guard case .value(let value) = edited.edit, let column = place(edited.name, table)
            else { continue }
            writer.key(column.name)
            write(value, isMap: column.type.isMap)
        }
        writer.endObject()
    }

    private mutating func writeUpdate(
        _ columns: [(column: ColumnSchema, value: Datum)], _ key: TransactionBuilder.RowKey
    ) {
        guard !columns.isEmpty else { return }
        operation("update", .write, key) { writer in
            writer.whereUUID(key)
            writer.writer.key("row")
            writer.row(columns)
        }
    }

    private mutating func writeMutate(
        _ row: TransactionBuilder.RowEdit, _ key: TransactionBuilder.RowKey
    ) {
        let mutations = placedMutations(row, key.table)
        guard !mutations.isEmpty else { return }
        operation("mutate", .write, key) { writer in
            writer.whereUUID(key)
            writer.writer.key("mutations")
            writer.writer.beginArray()
            for (column, mutation) in mutations { writer.write(mutation, column) }
            writer.writer.endArray()
        }
    }

    private mutating func writeRead(_ key: TransactionBuilder.RowKey, _ column: String) {
        guard let column = place(column, key.table) else { return }
        operation("select", .read(column.name), key) { writer in
            writer.whereUUID(key)
            writer.writer.key("columns")
            writer.writer.value([.string(column.name)])
        }
    }

    private mutating func write(_ mutation: TransactionBuilder.Mutation, _ column: ColumnSchema) {
        switch mutation {
        case .add(let amount): clause(column.name, "+=") { $0.writer.integer(amount) }
        case .delete(let datum):
            let removed = Datum(set: datum.atoms)
            clause(column.name, "delete") { $0.write(removed, isMap: false) }
        case .insert(let datum):
            if column.type.isMap {
                // The server keeps the value of a key that exists.
                clause(column.name, "delete") { $0.write(Datum(set: datum.atoms), isMap: false) }
            }
            clause(column.name, "insert") { $0.write(datum, isMap: column.type.isMap) }
        }
    }

    private mutating func clause(
        _ column: String, _ function: String, _ argument: (inout TransactionWriter) -> Void
    ) {
        writer.beginArray()
        writer.string(column)
        writer.string(function)
        argument(&self)
        writer.endArray()
    }

    private mutating func whereAll() {
        writer.key("where")
        writer.value([])
    }

    /// Until the rows in which the column includes the value are not none.
    private mutating func untilSomeRow(_ column: ColumnSchema, includes value: Datum) {
        writer.key("where")
        writer.beginArray()
        clause(column.name, "includes") { $0.write(value, isMap: column.type.isMap) }
        writer.endArray()
        writer.key("columns")
        writer.value([.string(column.name)])
        until(rows: [], isEqual: false)
    }

    private mutating func whereUUID(_ key: TransactionBuilder.RowKey) {
        writer.key("where")
        writer.value([["_uuid", "==", ["uuid", .string(key.uuid.description)]]])
    }

    private mutating func until(
        rows: [[(column: ColumnSchema, value: Datum)]], isEqual: Bool = true
    ) {
        member("until", isEqual ? "==" : "!=")
        writer.key("timeout")
        writer.integer(0)
        writer.key("rows")
        writer.beginArray()
        for columns in rows { row(columns) }
        writer.endArray()
    }
}
