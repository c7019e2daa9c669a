// Databases come and go while the server runs. `_Server` has a row for each, itself included, by
// which clients learn of them and of their schemas (ovsdb-server(5)).

import JSON
import OVSDBEngine
import OVSDBModel

/// The schema of the database that describes the server.
package enum ServerSchema {
    package static let name = "_Server"
    static let table = "Database"

    static let schema = DatabaseSchema(
        name: name, version: "1.2.0", checksum: "",
        tables: [
            TableSchema(
                name: table,
                columns: [
                    ColumnSchema("name", .string),
                    ColumnSchema("model", .scalar(model)),
                    ColumnSchema("connected", .boolean),
                    ColumnSchema("leader", .boolean),
                    ColumnSchema("schema", .optional(.string)),
                    ColumnSchema("cid", .optional(.uuid)),
                    ColumnSchema("sid", .optional(.uuid)),
                    ColumnSchema("index", .optional(.integer)),
                ])
        ])

    private static let model: BaseType = {
        var type = BaseType.string
        type.enumeration = ["clustered", "relay", "standalone"].map { Atom.string($0) }
        return type
    }()
}

extension ServerCore {
    /// Offers a database to clients.
    ///
    /// - Parameters:
    ///   - state: the name of the state it is in, for clients that resume; nil if it has none.
    ///   - recent: the last transactions that led there, oldest first, each with the state after
    ///     it; `state` is then the one before the first.
    ///   - isLogged: whether transactions are durable only when the log has them.
    package mutating func addDatabase(
        _ database: Database, state: RowUUID?,
        recent: [(state: RowUUID, delta: DatabaseDelta)] = [],
        isLogged: Bool, now: Int64
    ) -> [Action] {
        self.now = now
        let name = database.schema.name
        precondition(databases[name] == nil, "one database of a name")
        var history = TransactionHistory(base: state ?? makeUUID(), limits: limits)
        for entry in recent { history.append(entry.state, entry.delta, isRecovered: true) }
        databases[name] = HostedDatabase(database, history: history, isLogged: isLogged)
        describe(name)
        disconnectUnaware("committed \(name) database addition")
        return drain()
    }

    /// Withdraws a database from clients. What is not durable yet is lost to them.
    package mutating func removeDatabase(_ name: String, now: Int64) -> [Action] {
        self.now = now
        guard name != ServerSchema.name, let removed = databases.removeValue(forKey: name) else {
            return []
        }
        for session in sessions.keys.sorted() { cancelMonitors(of: name, session) }
        for parked in removed.parked { refuse(parked.request, parked.session, "canceled") }
        for reply in removed.pending.flatMap(\.replies) {
            refuse(reply.request, reply.session, "canceled")
        }
        undescribe(name)
        disconnectUnaware("removing \(name) database")
        return drain()
    }

    private mutating func cancelMonitors(of database: String, _ session: SessionID) {
        let monitors = (sessions[session]?.monitors ?? [:])
            .filter { $0.value.database == database }
            .sorted { $0.value.group < $1.value.group }
        for (id, _) in monitors {
            sessions[session]?.monitors[id] = nil
            notify(session, "monitor_canceled", [id])
        }
    }

    private mutating func disconnectUnaware(_ reason: String) {
        for session in sessions.keys.sorted() where sessions[session]?.isChangeAware == false {
            disconnect(session, reason: reason)
        }
    }

    /// Adds the row of `_Server` for a database.
    mutating func describe(_ name: String) {
        guard let schema = databases[name]?.schema else { return }
        changeDescription {
            StoredRowChange(
                uuid: $0.makeUUID(), old: nil, new: Self.row(for: schema),
                newVersion: $0.makeUUID())
        }
    }

    private mutating func undescribe(_ name: String) {
        guard let table = databases[ServerSchema.name]?.executed.tables.first,
            let column = table.schema.columnIndex("name"),
            let (uuid, stored) = table.rows.first(where: { $0.value.row[column].string == name })
        else { return }
        changeDescription { _ in
            StoredRowChange(
                uuid: uuid, old: stored.row, new: nil, oldVersion: stored.version)
        }
    }

    private mutating func changeDescription(_ change: (ServerCore) -> StoredRowChange) {
        let delta = DatabaseDelta(tables: [TableChanges(table: 0, rows: [change(self)])])
        databases[ServerSchema.name]?.executed.apply(delta)
        _ = databases[ServerSchema.name]?.commit(delta, reply: nil)
        retryParked(in: ServerSchema.name)
        publish(ServerSchema.name)
    }

    private static func row(for schema: DatabaseSchema) -> Row {
        let table = ServerSchema.schema.tables[0]
        var row = table.defaultRow
        let values: [(String, Datum)] = [
            ("name", Datum(schema.name)), ("model", Datum("standalone")),
            ("connected", Datum(true)), ("leader", Datum(true)),
            ("schema", Datum(schema.json.description)),
        ]
        for (name, value) in values {
            if let column = table.columnIndex(name) { row[column] = value }
        }
        return row
    }
}
