import OVSDBModel

// Database `_Server`: what a server says about itself and the databases it serves (ovsdb(5),
// "Database Schema Version"; its table is described in _Server(5)).

/// One row of table Database in `_Server`.
struct ServedDatabase: Hashable, Sendable {
    enum Model: String, Hashable, Sendable { case standalone, clustered, relay }

    static let databaseName = "_Server"

    private static let tableName = "Database"
    private static let model: BaseType = BaseType(
        .string, enumeration: [.string("clustered"), .string("relay"), .string("standalone")])

    static let schema = DatabaseSchema(
        name: databaseName, version: "1.2.0",
        tables: [
            TableSchema(
                name: tableName,
                columns: [
                    ColumnSchema("cid", .optional(.uuid)),
                    ColumnSchema("connected", .boolean),
                    ColumnSchema("index", .optional(.integer)),
                    ColumnSchema("leader", .boolean),
                    ColumnSchema("model", .scalar(model)),
                    ColumnSchema("name", .string),
                    ColumnSchema("schema", .optional(.string)),
                    ColumnSchema("sid", .optional(.uuid)),
                ])
        ])

    var model: Model?
    var isConnected: Bool
    var isLeader: Bool
    var index: Int64?
    var schema: String?

    /// The row of the database called `name`; nil if the server has none.
    init?(named name: String, in server: Replica) {
        guard let table = server.schema.table(ServedDatabase.tableName),
            let position = server.schema.tableIndex(ServedDatabase.tableName)
        else { return nil }
        func value(_ row: Row, _ column: String) -> Datum {
            table.columnIndex(column).map { row[$0] } ?? .empty
        }
        let rows = server.rows(in: position).filter { value($0.value, "name").string == name }
        guard let row = rows.min(by: { $0.key < $1.key })?.value else { return nil }
        model = value(row, "model").string.flatMap { Model(rawValue: $0) }
        isConnected = value(row, "connected").boolean ?? false
        isLeader = value(row, "leader").boolean ?? false
        index = value(row, "index").integer
        schema = value(row, "schema").string
    }

    /// Why a client should try another server; nil if this one will do.
    func unfitness(leaderOnly: Bool, newestIndex: Int64) -> String? {
        switch model {
        case .clustered:
            if schema == nil { return "the server has not yet joined its cluster" }
            if !isConnected { return "the server is disconnected from its cluster" }
            if leaderOnly && !isLeader { return "the server does not lead its cluster" }
            if let index, index < newestIndex { return "the server has stale data" }
        case .relay:
            if schema == nil || !isConnected { return "the relay is not connected to its source" }
            if leaderOnly { return "the server is a relay" }
        case .standalone, nil:
            if schema == nil { return "the server has no schema for the database yet" }
        }
        return nil
    }
}
