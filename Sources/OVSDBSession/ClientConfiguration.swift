import OVSDBModel

/// What a client wants of a database, and how patient it is. Times are milliseconds.
package struct ClientConfiguration: Sendable {
    /// One table that is to be copied.
    package struct Table: Sendable {
        package var name: String
        /// Nil is every column of the client's schema.
        package var columns: [String]?
        /// A row is copied if any clause holds, or if there is none.
        package var condition: [Condition]

        package init(_ name: String, columns: [String]? = nil, condition: [Condition] = []) {
            self.name = name
            self.columns = columns
            self.condition = condition
        }
    }

    package var schema: DatabaseSchema
    package var tables: [Table]
    /// The columns that `Replica.uuids(in:where:equal:)` can look up, by table.
    package var indexes: [String: [[String]]] = [:]
    /// Tables of which the copy is kept small rather than quick to read.
    package var packed: Set<String> = []
    /// Tables whose rows are kept as structs too, because they are read again and again.
    package var kept: [any TypedRow.Type] = []
    /// Connection methods, tried in turn.
    package var remotes: [String]
    /// Whether the remotes are tried in an order of chance, so that clients spread over servers.
    package var shufflesRemotes = true
    /// Whether only the server that leads its cluster will do.
    package var leaderOnly = true
    /// The main lock; without it nothing is written that names no other one.
    package var lock: String?
    /// Silence after which the server is probed, and after that again dropped; nil if the
    /// transport sees to that.
    package var probeInterval: Int64?
    package var limits = Limits()

    package struct Limits: Sendable {
        /// The first wait before a remote that failed is tried again; it doubles each time.
        package var minimumBackoff: Int64 = 1000
        package var maximumBackoff: Int64 = 8000
        /// How long a connection attempt may take.
        package var connectTimeout: Int64 = 10_000
        /// Rows of logical writes that are merged into one transaction; past it, they wait for the
        /// next one.
        package var mergedRows = 50_000

        package init() {}
    }

    package init(
        schema: DatabaseSchema, tables: [Table], remotes: [String], leaderOnly: Bool = true,
        lock: String? = nil
    ) {
        self.schema = schema
        self.tables = tables
        self.remotes = remotes
        self.leaderOnly = leaderOnly
        self.lock = lock
    }
}

extension ClientConfiguration.Table {
    package init<T: TypedRow>(
        _ type: T.Type, columns: [T.Column]? = nil, condition: [Condition] = []
    ) {
        let names = columns?.map { T.table.columns[$0.rawValue].name }
        self.init(T.table.name, columns: names, condition: condition)
    }
}

extension Condition {
    /// A clause on a column of a known table.
    package init<Column: RowColumn>(_ column: Column, _ function: Function, _ argument: Datum) {
        self.init(.column(column.rawValue), function, argument)
    }
}

/// Names a transaction for the life of a session.
package struct TransactionID: Hashable, Comparable, Sendable {
    package let number: Int64

    package static func < (left: TransactionID, right: TransactionID) -> Bool {
        left.number < right.number
    }
}

/// What became of a transaction.
package enum TransactionOutcome: Hashable, Sendable {
    case committed(TransactionReceipt)
    /// Nothing was written: a requirement didn't hold, or the server was lost on the way (the
    /// transaction may have been executed then). A new one, made from the contents as they are
    /// by then, may succeed.
    case tryAgain(String)
    /// Nothing was written because this client doesn't hold the lock.
    case notLocked
    /// The server refused it, and will again.
    case failed(TransactionFailure)
}

package struct TransactionReceipt: Hashable, Sendable {
    /// The UUIDs of rows that were inserted with placeholders.
    package var inserted: [RowUUID: RowUUID] = [:]
    /// What was read back after increments, in the order they were made.
    package var values: [Int64] = []

    package init() {}
}

package struct TransactionFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var error: OVSDBError
    /// What the server found fault with, as far as it says.
    package var table: String?
    package var uuid: RowUUID?
    package var column: String?

    init(error: OVSDBError) { self.error = error }

    package var description: String {
        var place = ""
        if let table { place += " table \(table)" }
        if let uuid { place += " row \(uuid)" }
        if let column { place += " column \(column)" }
        return "\(error)" + (place.isEmpty ? "" : " (\(place.dropFirst()))")
    }
}

/// What an operator may want to know. The text is for the log; nothing depends on it.
package enum ClientDiagnostic: Hashable, Sendable, CustomStringConvertible {
    case connecting(String)
    case connected(String)
    case lost(String, reason: String)
    case waiting(String, milliseconds: Int64)
    case gap(SchemaCoverage.Gap)
    case fallback(refused: String, reason: String)
    case unexpected(String)
    case databaseChanged
    case lockAcquired(String)
    case lockLost(String)

    package var description: String {
        switch self {
        case .connecting(let remote): "\(remote): connecting"
        case .connected(let remote): "\(remote): connected"
        case .lost(let remote, let reason): "\(remote): \(reason)"
        case .waiting(let remote, let time): "\(remote): waiting \(time) ms before the next attempt"
        case .gap(let gap): gap.description
        case .fallback(let method, let reason): "the server refused \(method): \(reason)"
        case .unexpected(let text): "unexpected message: \(text)"
        case .databaseChanged: "the database was replaced or its schema converted"
        case .lockAcquired(let name): "lock \(name) acquired"
        case .lockLost(let name): "lock \(name) lost"
        }
    }
}
