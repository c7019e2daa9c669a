import JSON
import OVSDBModel

// Insert, update, mutate, delete. A reader that has a fault ends an operation without effect; the
// fault is thrown by whoever called.

extension Execution {
    /// The position of the table that the operation names.
    func table(_ reader: inout ObjectReader) -> Int? {
        guard let name = reader.required("table", .identifier)?.string else { return nil }
        guard let index = database.schema.tableIndex(name) else {
            reader.raise("No table named \(name).")
            return nil
        }
        return index
    }

    mutating func conditions(_ json: JSON, table: Int) throws(OVSDBError) -> [Condition] {
        try [Condition](json: json, table: database.schema.tables[table], symbols: &symbols)
    }

    /// Parses the members of `json` as columns; `_uuid` and `_version` are checked and left out.
    mutating func columns(
        _ json: JSON, table: Int
    ) throws(OVSDBError) -> [(column: ColumnReference, value: Datum)] {
        let schema = database.schema.tables[table]
        guard let members = json.members else {
            throw .syntax("row must be JSON object", in: json)
        }
        var columns: [(ColumnReference, Datum)] = []
        columns.reserveCapacity(members.count)
        for member in members {
            guard let column = schema.reference(member.key) else {
                throw .syntax(
                    "No column \(member.key) in table \(schema.name).", in: json,
                    tag: "unknown column")
            }
            let type = schema.type(of: column)
            columns.append(
                (column, try Datum(json: member.value, type: type, symbols: &symbols)))
        }
        return columns
    }

    // MARK: insert

    mutating func insert(_ reader: inout ObjectReader) throws(OVSDBError) -> JSON {
        let table = table(&reader)
        let uuidText = reader.optional("uuid", .string)
        let name = reader.optional("uuid-name", .identifier)
        let rowJSON = reader.required("row", .object)
        guard let table, let rowJSON, reader.error == nil else { return .null }
        let chosen = try chosenUUID(uuidText, table: table)
        let uuid = try named(name, chosen)
        let row = try newRow(rowJSON, table: table)
        transaction.insert(RowLocation(table: table, uuid: uuid), row)
        return .object([JSON.Member("uuid", Atom.uuid(uuid).json)])
    }

    private func chosenUUID(_ json: JSON?, table: Int) throws(OVSDBError) -> RowUUID? {
        guard let json else { return nil }
        guard let uuid = json.string.flatMap({ RowUUID(parsing: $0) }) else {
            throw .syntax("bad uuid", in: json)
        }
        guard transaction.isFree(RowLocation(table: table, uuid: uuid)) else {
            throw .syntax(
                "This UUID would duplicate a UUID already present within the "
                    + "\"\(database.schema.tables[table].name)\" table or deleted from this table "
                    + "within the same transaction.", in: json, tag: "duplicate uuid")
        }
        return uuid
    }

    private mutating func named(_ json: JSON?, _ chosen: RowUUID?) throws(OVSDBError) -> RowUUID {
        guard let json, let name = json.string else { return chosen ?? context.makeUUID() }
        guard let uuid = symbols?.define(name, as: chosen) else {
            throw .syntax(
                "This \"uuid-name\" appeared on an earlier \"insert\" operation.", in: json,
                tag: "duplicate uuid-name")
        }
        return uuid
    }

    private mutating func newRow(_ json: JSON, table: Int) throws(OVSDBError) -> Row {
        let schema = database.schema.tables[table]
        var row = schema.defaultRow
        var given = Set<Int>(minimumCapacity: schema.columns.count)
        for (reference, value) in try columns(json, table: table) {
            guard case .column(let column) = reference else { continue }
            row[column] = value
            given.insert(column)
        }
        for (index, column) in schema.columns.enumerated() where !given.contains(index) {
            try column.type.checkDefault()
        }
        return row
    }

    // MARK: update

    mutating func update(_ reader: inout ObjectReader) throws(OVSDBError) -> JSON {
        let table = table(&reader)
        let whereJSON = reader.required("where", .array)
        let rowJSON = reader.required("row", .object)
        guard let table, let whereJSON, let rowJSON, reader.error == nil else { return .null }
        let columns = try columns(rowJSON, table: table)
        try checkMutable(columns, table, reader.json)
        let conditions = try conditions(whereJSON, table: table)
        let matches = transaction.query(table: table, conditions)
        for uuid in matches { update(RowLocation(table: table, uuid: uuid), columns) }
        return Execution.count(matches.count)
    }

    private func checkMutable(
        _ columns: [(column: ColumnReference, value: Datum)], _ table: Int, _ json: JSON
    ) throws(OVSDBError) {
        let schema = database.schema.tables[table]
        for (reference, _) in columns {
            if case .column(let index) = reference, schema.columns[index].isMutable { continue }
            throw .syntax(
                "Cannot update immutable column \(schema.name(of: reference)) in table "
                    + "\(schema.name).", in: json, tag: "constraint violation")
        }
    }

    private mutating func update(
        _ location: RowLocation, _ columns: [(column: ColumnReference, value: Datum)]
    ) {
        guard var row = transaction.row(location) else { return }
        var isChanged = false
        for (reference, value) in columns {
            guard case .column(let column) = reference, row[column] != value else { continue }
            row[column] = value
            isChanged = true
        }
        if isChanged { transaction.modify(location, row) }
    }

    // MARK: mutate

    mutating func mutate(_ reader: inout ObjectReader) throws(OVSDBError) -> JSON {
        let table = table(&reader)
        let whereJSON = reader.required("where", .array)
        let mutationsJSON = reader.required("mutations", .array)
        guard let table, let whereJSON, let list = mutationsJSON?.array, reader.error == nil else {
            return .null
        }
        let schema = database.schema.tables[table]
        var mutations: [Mutation] = []
        for json in list {
            mutations.append(try Mutation(json: json, table: schema, symbols: &symbols))
        }
        let conditions = try conditions(whereJSON, table: table)
        let matches = transaction.query(table: table, conditions)
        for uuid in matches {
            try mutate(RowLocation(table: table, uuid: uuid), mutations, schema)
        }
        return Execution.count(matches.count)
    }

    private mutating func mutate(
        _ location: RowLocation, _ mutations: [Mutation], _ schema: TableSchema
    ) throws(OVSDBError) {
        guard !mutations.isEmpty, var row = transaction.row(location) else { return }
        for mutation in mutations {
            let type = schema.columns[mutation.column].type
            row[mutation.column] = try mutation.apply(to: row[mutation.column], type: type)
        }
        transaction.modify(location, row)
    }

    // MARK: delete

    mutating func delete(_ reader: inout ObjectReader) throws(OVSDBError) -> JSON {
        let whereJSON = reader.required("where", .array)
        let table = table(&reader)
        guard let table, let whereJSON, reader.error == nil else { return .null }
        let conditions = try conditions(whereJSON, table: table)
        let matches = transaction.query(table: table, conditions)
        for uuid in matches { transaction.delete(RowLocation(table: table, uuid: uuid)) }
        return Execution.count(matches.count)
    }

    static func count(_ count: Int) -> JSON {
        .object([JSON.Member("count", .integer(Int64(count)))])
    }
}
