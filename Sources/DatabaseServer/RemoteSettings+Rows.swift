// Remotes out of a database: the table Connection of the OVN databases (ovn-nb(5), "Connection
// Table") and Manager of Open_vSwitch.

import Logging
import OVSDBEngine
import OVSDBModel
import OVSDBTransport

/// A method string of a database that is none, or a source that the schema doesn't have.
struct RemoteFault: Hashable, Sendable, CustomStringConvertible {
    let description: String
}

extension RemoteSettings {
    /// The remotes that a source stands for, and what is wrong with others.
    static func resolve(
        _ source: RemoteSource, in snapshot: (String) -> Database?
    ) -> (remotes: [RemoteSettings], faults: [RemoteFault]) {
        switch source {
        case .method(let method): return ([RemoteSettings(method: method)], [])
        case .column(let database, let table, let column):
            guard let contents = snapshot(database) else {
                return ([], [RemoteFault(description: "\(source): no database named \(database)")])
            }
            return resolve(database, table, column, contents, "\(source)")
        }
    }

    private static func resolve(
        _ database: String, _ tableName: String, _ columnName: String, _ contents: Database,
        _ source: String
    ) -> ([RemoteSettings], [RemoteFault]) {
        guard let table = contents.table(tableName) else {
            return ([], [RemoteFault(description: "\(source): no table named \(tableName)")])
        }
        guard let column = table.schema.columnIndex(columnName) else {
            return ([], [RemoteFault(description: "\(source): no column named \(columnName)")])
        }
        var remotes: [RemoteSettings] = []
        var faults: [RemoteFault] = []
        for uuid in table.sortedUUIDs {
            guard let row = table[uuid]?.row else { continue }
            let type = table.schema.columns[column].type
            if type.key.type == .string {
                for text in row[column].strings { add(text, nil, nil, &remotes, &faults) }
            } else if let target = type.key.reference?.table, let rows = contents.table(target) {
                for uuid in row[column].uuids {
                    guard let connection = rows[uuid]?.row else { continue }
                    let reader = RowReader(row: connection, schema: rows.schema)
                    add(
                        reader.datum("target").string ?? "", reader,
                        RemoteRow(database: database, table: target, uuid: uuid), &remotes, &faults)
                }
            }
        }
        return (remotes, faults)
    }

    private static func add(
        _ text: String, _ reader: RowReader?, _ row: RemoteRow?,
        _ remotes: inout [RemoteSettings], _ faults: inout [RemoteFault]
    ) {
        do throws(ConnectionMethodError) {
            var remote = RemoteSettings(method: try ConnectionMethod(parsing: text))
            remote.row = row
            if let milliseconds = reader?.datum("inactivity_probe").integer {
                remote.probeInterval = .milliseconds(milliseconds)
            }
            if let milliseconds = reader?.datum("max_backoff").integer {
                remote.maximumBackoff = .milliseconds(max(1000, milliseconds))
            }
            remote.isReadOnly = reader?.datum("read_only").boolean ?? false
            remotes.append(remote)
        } catch {
            faults.append(RemoteFault(description: "\(error)"))
        }
    }
}

/// A row's columns by name; an absent column is empty.
private struct RowReader {
    let row: Row
    let schema: TableSchema

    func datum(_ name: String) -> Datum {
        schema.columnIndex(name).map { row[$0] } ?? .empty
    }
}
