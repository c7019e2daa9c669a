import JSON
import OVSDBModel

// Select and wait, and the operations that touch no row.

extension Execution {
    /// The columns that a list names, all of them if there is no list.
    private func columnList(_ json: JSON?, table: Int) throws(OVSDBError) -> [ColumnReference] {
        let schema = database.schema.tables[table]
        guard let json else {
            return [.uuid, .version] + schema.columns.indices.map { .column($0) }
        }
        var columns: [ColumnReference] = []
        for element in json.array ?? [] {
            guard let name = element.string else { throw Execution.badColumnList(json) }
            guard let column = schema.reference(name) else {
                throw .syntax("\(name) is not a valid column name", in: json)
            }
            guard !columns.contains(column) else { throw Execution.badColumnList(json) }
            columns.append(column)
        }
        return columns
    }

    private static func badColumnList(_ json: JSON) -> OVSDBError {
        .syntax("array of distinct column names expected", in: json)
    }

    /// The values that the row at `location` has in `columns`.
    private func project(_ location: RowLocation, _ columns: [ColumnReference]) -> [Datum] {
        guard let row = transaction.row(location) else { return [] }
        return columns.map { column in
            switch column {
            case .uuid: Datum(location.uuid)
            case .version: Datum(transaction.version(location))
            case .column(let index): row[index]
            }
        }
    }

    // MARK: select

    mutating func select(_ reader: inout ObjectReader) throws(OVSDBError) -> JSON {
        let table = table(&reader)
        let whereJSON = reader.required("where", .array)
        let columnsJSON = reader.optional("columns", .array)
        let sortJSON = reader.optional("sort", .array)
        guard let table, let whereJSON, reader.error == nil else { return .null }
        let conditions = try conditions(whereJSON, table: table)
        let columns = try columnList(columnsJSON, table: table)
        let order = try sortJSON.map { json throws(OVSDBError) in
            try columnList(json, table: table)
        }
        var matches = transaction.query(table: table, conditions)
        if let order { sort(&matches, table: table, by: order) }
        return .object([JSON.Member("rows", rows(matches, table: table, columns))])
    }

    private func sort(_ uuids: inout [RowUUID], table: Int, by columns: [ColumnReference]) {
        let keyed = uuids.map { uuid in
            (uuid: uuid, key: project(RowLocation(table: table, uuid: uuid), columns))
        }
        uuids = keyed.sorted {
            $0.key == $1.key
                ? $0.uuid < $1.uuid : $0.key.lexicographicallyPrecedes($1.key)
        }.map(\.uuid)
    }

    /// The distinct contents of the given rows, each where it appears first.
    private func rows(_ uuids: [RowUUID], table: Int, _ columns: [ColumnReference]) -> JSON {
        let schema = database.schema.tables[table]
        let isDistinct = columns.contains(.uuid)
        var seen: Set<[Datum]> = []
        var rows: [JSON] = []
        for uuid in uuids {
            let values = project(RowLocation(table: table, uuid: uuid), columns)
            guard isDistinct || seen.insert(values).inserted else { continue }
            rows.append(
                .object(
                    zip(columns, values).map { column, value in
                        JSON.Member(schema.name(of: column), value.json(schema.type(of: column)))
                    }))
        }
        return .array(rows)
    }

    // MARK: wait

    mutating func wait(_ reader: inout ObjectReader) throws(Failure) -> JSON {
        do throws(OVSDBError) {
            guard let wait = try parseWait(&reader), !isSatisfied(wait) else {
                return .object([])
            }
            if let timeout = wait.timeout, context.elapsed >= timeout {
                throw OVSDBError(
                    tag: "timed out",
                    details: context.elapsed == 0
                        ? "\"where\" clause test failed"
                        : "\"wait\" timed out after \(context.elapsed) ms")
            }
        } catch {
            throw .error(error)
        }
        throw .unsatisfied
    }

    private struct Wait {
        var table: Int
        var conditions: [Condition]
        var columns: [ColumnReference]
        var timeout: Int64?
        var wantsEqual: Bool
        var expected: Set<[Datum]>
    }

    private mutating func parseWait(_ reader: inout ObjectReader) throws(OVSDBError) -> Wait? {
        let timeoutJSON = reader.optional("timeout", .integer)
        let whereJSON = reader.required("where", .array)
        let columnsJSON = reader.optional("columns", .array)
        let untilJSON = reader.required("until", .string)
        let rowsJSON = reader.required("rows", .array)
        let table = table(&reader)
        guard let table, let whereJSON, let untilJSON, let rows = rowsJSON?.array,
            reader.error == nil
        else { return nil }
        let conditions = try conditions(whereJSON, table: table)
        let columns = try columnList(columnsJSON, table: table)
        if let timeoutJSON, let timeout = timeoutJSON.integer {
            if timeout < 0 { throw .syntax("timeout must be nonnegative", in: timeoutJSON) }
            self.timeout = min(timeout, self.timeout ?? timeout)
        }
        guard untilJSON == "==" || untilJSON == "!=" else {
            throw .syntax("\"until\" must be \"==\" or \"!=\"", in: untilJSON)
        }
        var expected: Set<[Datum]> = []
        for row in rows { expected.insert(try self.expected(row, table: table, columns)) }
        return Wait(
            table: table, conditions: conditions, columns: columns, timeout: timeoutJSON?.integer,
            wantsEqual: untilJSON == "==", expected: expected)
    }

    /// The values of `columns` in an expected row; those it doesn't mention have their defaults.
    private mutating func expected(
        _ json: JSON, table: Int, _ columns: [ColumnReference]
    ) throws(OVSDBError) -> [Datum] {
        let schema = database.schema.tables[table]
        var values = columns.map { schema.type(of: $0).defaultDatum }
        for (column, value) in try self.columns(json, table: table) {
            if let index = columns.firstIndex(of: column) { values[index] = value }
        }
        return values
    }

    private mutating func isSatisfied(_ wait: Wait) -> Bool {
        var actual: Set<[Datum]> = []
        var isEqual = true
        for uuid in transaction.query(table: wait.table, wait.conditions) {
            let values = project(RowLocation(table: wait.table, uuid: uuid), wait.columns)
            guard wait.expected.contains(values) else {
                isEqual = false
                break
            }
            actual.insert(values)
        }
        isEqual = isEqual && actual.count == wait.expected.count
        return isEqual == wait.wantsEqual
    }

    // MARK: without rows

    mutating func commit(_ reader: inout ObjectReader) -> JSON {
        if reader.required("durable", .boolean) == true { isDurable = true }
        return .object([])
    }

    mutating func comment(_ reader: inout ObjectReader) -> JSON {
        if let text = reader.required("comment", .string)?.string { comments.append(text) }
        return .object([])
    }

    mutating func assertLock(_ reader: inout ObjectReader) throws(OVSDBError) -> JSON {
        guard let name = reader.required("lock", .identifier)?.string, !context.ownsLock(name)
        else { return .object([]) }
        throw OVSDBError(tag: "not owner", details: "Asserted lock \(name) not held.")
    }
}
