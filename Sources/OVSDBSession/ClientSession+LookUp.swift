import JSON
import OVSDBModel

// Columns that a client doesn't copy, because it seldom needs them: asked for row by row (RFC 7047 §5.2.2).

/// Names a question for the life of a session.
package struct LookUpID: Hashable, Sendable {
    package let number: Int64
}

extension ClientSession {
    /// Asks the server for `columns` of rows; the answer comes as `lookedUp`, exactly once and perhaps
    /// among the returned actions. Rows that aren't there are left out, and all of them if the server
    /// can't be asked or doesn't answer; columns that the server doesn't have keep their defaults.
    package mutating func lookUp<T: TypedRow>(
        _ columns: [T.Column], of type: T.Type, _ rows: [RowUUID]
    ) -> (id: LookUpID, actions: [Action]) {
        guard let table = configuration.schema.tableIndex(T.table.name) else {
            preconditionFailure("\(databaseName) has no table \(T.table.name)")
        }
        let id = LookUpID(number: nextLookUp)
        nextLookUp += 1
        guard isSynchronized, !rows.isEmpty, let known = replica.coverage.tables[table] else {
            actions.append(.lookedUp(id, [:]))
            return (id, drain())
        }
        let names = columns.filter { known.columns[$0.rawValue] != nil }
            .map { JSON.string(T.table.columns[$0.rawValue].name) }
        let operations = rows.map { row -> JSON in
            [
                "op": "select", "table": .string(T.table.name),
                "where": [["_uuid", "==", ["uuid", .string(row.description)]]],
                "columns": .array(["_uuid"] + names),
            ]
        }
        request(
            "transact", .array([.string(databaseName)] + operations), .lookUp(id, table: table))
        return (id, drain())
    }

    mutating func lookUpReplied(_ id: LookUpID, _ table: Int, _ result: JSON?) {
        let schema = replica.wireSchema.tables[table]
        var found: [RowUUID: Row] = [:]
        for selected in result?.array ?? [] {
            for json in selected["rows"]?.array ?? [] {
                guard let text = json["_uuid"]?[1]?.string, let uuid = RowUUID(parsing: text) else {
                    continue
                }
                found[uuid] = Self.row(json, schema)
            }
        }
        actions.append(.lookedUp(id, found))
    }

    /// A value that can't be read is as good as none.
    private static func row(_ json: JSON, _ schema: TableSchema) -> Row {
        var row = schema.defaultRow
        for (position, column) in schema.columns.enumerated() {
            guard let value = json[column.name],
                let datum = try? Datum(json: value, type: column.type)
            else { continue }
            row[position] = datum
        }
        return row
    }

    /// The connection is gone.
    mutating func failLookUps(_ online: OnlineState) {
        for (_, request) in online.requests.sorted(by: { $0.key < $1.key }) {
            if case .lookUp(let id, _) = request { actions.append(.lookedUp(id, [:])) }
        }
    }
}
