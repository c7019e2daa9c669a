import JSON
import OVSDBModel

// Records as bytes. Whoever writes them appends each with a single write.

/// Makes the records of the log of one database.
public struct LogWriter: Sendable {
    public let schema: DatabaseSchema
    private let tables: [TablePrinter]

    public init(schema: DatabaseSchema) {
        self.schema = schema
        self.tables = schema.tables.map { TablePrinter($0) }
    }

    /// The record that a file begins with.
    public func schemaRecord() -> [UInt8] {
        var writer = JSONWriter()
        writer.value(schema.json)
        return LogWriter.record(writer)
    }

    /// The record of a transaction; nil if nothing that is kept has changed.
    ///
    /// `date` is in milliseconds since 1970.
    public func transactionRecord(
        _ delta: DatabaseDelta, date: Int64, comment: String? = nil
    ) -> [UInt8]? {
        var writer = JSONWriter(capacity: 1024)
        let asDifferences = differencesFit(delta)
        begin(&writer, date: date, comment: comment, asDifferences: asDifferences)
        var isEmpty = true
        for changes in delta.tables {
            var hasRows = false
            for change in changes.rows where isKept(change, table: changes.table) {
                if !hasRows {
                    writer.key(schema.tables[changes.table].name)
                    writer.beginObject()
                }
                hasRows = true
                write(change, table: changes.table, &writer, asDifferences: asDifferences)
            }
            if hasRows { writer.endObject() }
            isEmpty = isEmpty && !hasRows
        }
        writer.endObject()
        return isEmpty ? nil : LogWriter.record(writer)
    }

    /// A record that makes `database` out of an empty one: with the schema's record before it, a
    /// compacted file. A database without rows gives a record without tables.
    public func snapshotRecord(
        _ database: Database, date: Int64, comment: String? = nil
    ) -> [UInt8] {
        var writer = JSONWriter(capacity: 1 << 20)
        begin(&writer, date: date, comment: comment, asDifferences: true)
        for (index, table) in database.tables.enumerated() where table.count > 0 {
            writer.key(table.schema.name)
            writer.beginObject()
            for uuid in table.sortedUUIDs {
                guard let row = table[uuid]?.row else { continue }
                writer.key(uuid)
                writeNew(row, table: index, &writer)
            }
            writer.endObject()
        }
        writer.endObject()
        return LogWriter.record(writer)
    }

    private func begin(
        _ writer: inout JSONWriter, date: Int64, comment: String?, asDifferences: Bool
    ) {
        writer.beginObject()
        writer.key("_date")
        writer.integer(date)
        if let comment {
            writer.key("_comment")
            writer.string(comment)
        }
        guard asDifferences else { return }
        writer.key("_is_diff")
        writer.bool(true)
    }

    private static func record(_ writer: consuming JSONWriter) -> [UInt8] {
        writer.separator(0x0a)
        let body = writer.bytes
        return LogHeader.text(for: body) + body
    }
}

extension LogWriter {
    /// Whether anything of a change outlives the process.
    private func isKept(_ change: RowChange, table: Int) -> Bool {
        guard let old = change.old, let new = change.new else { return true }
        return tables[table].columns.contains { old[$0.index] != new[$0.index] }
    }

    /// Whether no difference has more elements than its column may: some stock servers refuse to
    /// read those, and the values themselves are fine with all.
    private func differencesFit(_ delta: DatabaseDelta) -> Bool {
        delta.tables.allSatisfy { changes in
            let limited = tables[changes.table].limited
            return limited.isEmpty
                || changes.rows.allSatisfy { change in
                    guard let old = change.old, let new = change.new else { return true }
                    return limited.allSatisfy { column, type in
                        let difference = new[column].difference(from: old[column], type: type)
                        return difference.count <= type.maximum ?? .max
                    }
                }
        }
    }

    private func write(
        _ change: RowChange, table: Int, _ writer: inout JSONWriter, asDifferences: Bool
    ) {
        writer.key(change.uuid)
        guard let new = change.new else { return writer.null() }
        guard let old = change.old else { return writeNew(new, table: table, &writer) }
        writer.beginObject()
        for column in tables[table].columns where old[column.index] != new[column.index] {
            let value = new[column.index]
            let type = schema.tables[table].columns[column.index].type
            writer.key(fragment: column.key)
            writer.datum(
                asDifferences ? value.difference(from: old[column.index], type: type) : value,
                isMap: column.isMap)
        }
        writer.endObject()
    }

    private func writeNew(_ row: Row, table: Int, _ writer: inout JSONWriter) {
        let printer = tables[table]
        writer.beginObject()
        for column in printer.columns where row[column.index] != printer.defaults[column.index] {
            writer.key(fragment: column.key)
            writer.datum(row[column.index], isMap: column.isMap)
        }
        writer.endObject()
    }
}

/// What printing the rows of a table needs to know, with nothing to look up or to copy per row.
private final class TablePrinter: Sendable {
    struct Column: Sendable {
        let index: Int
        let isMap: Bool
        /// `"name":`
        let key: [UInt8]
    }

    /// The columns that are kept.
    let columns: [Column]
    /// Those of them that have a limit above one.
    let limited: [(Int, ColumnType)]
    let defaults: Row

    init(_ table: TableSchema) {
        let kept = table.columns.enumerated().filter { !$0.element.isEphemeral }
        columns = kept.map { index, column in
            Column(index: index, isMap: column.type.isMap, key: Array("\"\(column.name)\":".utf8))
        }
        limited = kept.filter { $0.element.type.maximum ?? 1 > 1 }.map { ($0, $1.type) }
        defaults = table.defaultRow
    }
}
