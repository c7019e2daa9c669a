// What a monitor wants, parsed once from its request. Equal wishes of different sessions are equal
// values, so that an update is printed once for all of them.

import JSON
import OVSDBModel

/// The kinds of change that a monitor can ask for (RFC 7047 §4.1.5, `<monitor-select>`).
struct MonitorSelect: OptionSet, Hashable, Sendable {
    let rawValue: UInt8

    static let initial = MonitorSelect(rawValue: 1)
    static let insert = MonitorSelect(rawValue: 2)
    static let delete = MonitorSelect(rawValue: 4)
    static let modify = MonitorSelect(rawValue: 8)
    static let all: MonitorSelect = [.initial, .insert, .delete, .modify]

    private static let names: [(name: String, option: MonitorSelect)] = [
        ("initial", .initial), ("insert", .insert), ("delete", .delete), ("modify", .modify),
    ]

    /// Parses the member `select` of a request for `table`; everything that isn't excluded.
    init(json: JSON?, table: String) throws(OVSDBError) {
        self = .all
        guard let json else { return }
        var reader = ObjectReader(json, name: "table \(table) select")
        for (name, option) in Self.names
        where reader.optional(name, .boolean)?.bool == false {
            remove(option)
        }
        try reader.finish()
    }

    init(rawValue: UInt8) { self.rawValue = rawValue }
}

/// A column of a monitored table, and the changes it is reported in.
struct MonitoredColumn: Hashable, Sendable {
    let column: ColumnReference
    let select: MonitorSelect
}

struct MonitoredTable: Hashable, Sendable {
    /// A position in the schema's tables.
    let table: Int
    /// In the order of their names; there may be none, and rows are reported all the same.
    let columns: [MonitoredColumn]
    /// What any request for the table asks for.
    let select: MonitorSelect
    /// Any clause suffices; none means every row.
    var condition: [Condition]
}

/// The form in which changes are reported.
enum MonitorFormat: Hashable, Sendable {
    /// Old and new contents (RFC 7047 §4.1.6).
    case contents
    /// Differences, as `update2` and `update3` carry them (ovsdb-server(7)).
    case differences
}

/// The tables, columns and conditions of a monitor.
struct MonitorSpecification: Hashable, Sendable {
    let format: MonitorFormat
    /// By position, each table at most once.
    var tables: [MonitoredTable]

    func table(_ index: Int) -> MonitoredTable? { tables.first { $0.table == index } }

    /// Whether any column is one that a restart of the server changes or loses.
    func hasTransientColumns(in schema: DatabaseSchema) -> Bool {
        tables.contains { monitored in
            monitored.columns.contains { column in
                switch column.column {
                case .uuid: false
                case .version: true
                case .column(let index):
                    schema.tables[monitored.table].columns[index].isEphemeral
                }
            }
        }
    }
}

// MARK: - Parsing

extension MonitorSpecification {
    /// Parses the third parameter of a monitor request.
    ///
    /// - Parameter isConditional: whether requests may have a `where`.
    init(
        json: JSON, format: MonitorFormat, isConditional: Bool, schema: DatabaseSchema
    ) throws(OVSDBError) {
        guard let members = json.canonical.members else {
            throw .syntax("monitor-requests must be object", in: json)
        }
        self.format = format
        tables = []
        for member in members {
            guard let index = schema.tableIndex(member.key) else {
                throw .syntax("no table named \(member.key)", in: nil)
            }
            tables.append(
                try MonitoredTable(
                    json: member.value, index: index, schema: schema.tables[index],
                    isConditional: isConditional))
        }
        tables.sort { $0.table < $1.table }
    }
}

extension MonitoredTable {
    /// Parses one monitor-request object, or an array of them whose columns are all different.
    fileprivate init(
        json: JSON, index: Int, schema: TableSchema, isConditional: Bool
    ) throws(OVSDBError) {
        var columns: [String: MonitoredColumn] = [:]
        var clauses: [Condition] = []
        var isUnconditional = false
        var select: MonitorSelect = []
        for request in json.array ?? [json] {
            let (condition, selected) = try Self.parse(
                request, schema: schema, isConditional: isConditional, into: &columns)
            select.formUnion(selected)
            clauses += condition
            isUnconditional = isUnconditional || condition.isEmpty
        }
        table = index
        self.columns = columns.sorted { $0.key < $1.key }.map(\.value)
        self.select = select
        self.condition = isUnconditional ? [] : clauses
    }

    private static func parse(
        _ json: JSON, schema: TableSchema, isConditional: Bool,
        into columns: inout [String: MonitoredColumn]
    ) throws(OVSDBError) -> (condition: [Condition], select: MonitorSelect) {
        var reader = ObjectReader(json, name: "table \(schema.name)")
        let condition = isConditional ? reader.optional("where", .array) : nil
        let names = reader.optional("columns", .array)
        let select = reader.optional("select", .object)
        try reader.finish()
        let selected = try MonitorSelect(json: select, table: schema.name)
        for name in try columnNames(names, schema) {
            guard let column = schema.reference(name) else {
                throw .syntax("\(name) is not a valid column name", in: names)
            }
            let monitored = MonitoredColumn(column: column, select: selected)
            if columns.updateValue(monitored, forKey: name) != nil {
                throw .syntax("column \(name) mentioned more than once", in: names)
            }
        }
        let clauses = try condition.map { json throws(OVSDBError) in
            try [Condition](json: json, table: schema)
        }
        return (clauses ?? [], selected)
    }

    /// The names asked for; without a list every column but `_uuid`.
    private static func columnNames(
        _ json: JSON?, _ schema: TableSchema
    ) throws(OVSDBError) -> [String] {
        guard let elements = json?.array else { return schema.columns.map(\.name) + ["_version"] }
        var names: [String] = []
        for element in elements {
            guard let name = element.string else {
                throw .syntax("array of column names expected", in: json)
            }
            names.append(name)
        }
        return names
    }
}

// MARK: - Changing conditions

extension MonitorSpecification {
    /// The specification with the conditions that a monitor_cond_change request names replaced.
    func changingConditions(
        _ json: JSON, schema: DatabaseSchema
    ) throws(OVSDBError) -> MonitorSpecification {
        guard let members = json.canonical.members else {
            throw .syntax("monitor-cond-change-requests must be object", in: nil)
        }
        var result = self
        for member in members {
            guard let index = schema.tableIndex(member.key) else {
                throw .syntax("no table named \(member.key)", in: nil)
            }
            guard let position = tables.firstIndex(where: { $0.table == index }) else {
                throw .syntax("no table named \(member.key) in monitor session", in: nil)
            }
            if member.value.array?.isEmpty == true { continue }
            result.tables[position].condition = try Self.newCondition(
                member.value, schema.tables[index])
        }
        return result
    }

    private static func newCondition(
        _ json: JSON, _ schema: TableSchema
    ) throws(OVSDBError) -> [Condition] {
        guard let requests = json.array else {
            throw .syntax("table \(schema.name) no monitor-cond-change JSON array", in: nil)
        }
        var clauses: [Condition] = []
        var isUnconditional = false
        for request in requests {
            var reader = ObjectReader(request, name: "table \(schema.name)")
            let columns = reader.optional("columns", .array)
            let condition = reader.optional("where", .array)
            try reader.finish()
            if columns != nil { throw .syntax("changing columns is unsupported", in: request) }
            let parsed =
                try condition.map { json throws(OVSDBError) in
                    try [Condition](json: json, table: schema)
                } ?? []
            clauses += parsed
            isUnconditional = isUnconditional || parsed.isEmpty
        }
        return isUnconditional ? [] : clauses
    }
}
