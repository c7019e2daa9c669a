import OVSDBModel
import OVSDBTransport

/// How a server is told to be reached: one method, or the rows of a database that hold methods.
package enum RemoteSource: Hashable, Sendable, CustomStringConvertible {
    case method(ConnectionMethod)
    /// `db:DATABASE,TABLE,COLUMN`: a column of method strings, or of references to rows that have
    /// a column `target`.
    case column(database: String, table: String, column: String)

    package init(parsing text: String) throws(ConnectionMethodError) {
        guard text.hasPrefix("db:") else {
            self = .method(try ConnectionMethod(parsing: text))
            return
        }
        let parts = text.dropFirst("db:".count).split(
            separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 3, !parts.contains(where: \.isEmpty) else {
            throw ConnectionMethodError(
                text: text, reason: "remote column needs the form db:DATABASE,TABLE,COLUMN")
        }
        self = .column(
            database: String(parts[0]), table: String(parts[1]), column: String(parts[2]))
    }

    package var description: String {
        switch self {
        case .method(let method): method.description
        case .column(let database, let table, let column): "db:\(database),\(table),\(column)"
        }
    }
}

/// A method with what its row says about it.
struct RemoteSettings: Hashable, Sendable {
    let method: ConnectionMethod
    /// nil for the default of the method; zero for never.
    var probeInterval: Duration?
    /// The longest wait between two attempts to connect.
    var maximumBackoff: Duration = .seconds(8)
    var isReadOnly = false
    /// The row that shows how it goes.
    var row: RemoteRow?
}

/// Where the status of a remote is written.
struct RemoteRow: Hashable, Sendable {
    let database: String
    let table: String
    let uuid: RowUUID
}
