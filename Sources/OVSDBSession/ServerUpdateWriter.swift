// Printing what a monitor reports. A row enters or leaves a monitor by being inserted or deleted, or
// by starting or ceasing to satisfy its condition; the two look the same to a client. Rows that only
// changed in columns that are not monitored are not mentioned, tables without such rows neither.

import JSON
import OVSDBEngine
import OVSDBModel

/// A row as one side of a change.
struct RowState {
    let row: Row
    let version: RowUUID

    init?(_ stored: StoredRow?) {
        guard let stored else { return nil }
        row = stored.row
        version = stored.version
    }

    init?(_ row: Row?, _ version: RowUUID) {
        guard let row else { return nil }
        self.row = row
        self.version = version
    }

    func matches(_ condition: [Condition], _ uuid: RowUUID) -> Bool {
        condition.matchesAny(uuid: uuid, version: version, row: row)
    }

    func value(of column: ColumnReference, _ uuid: RowUUID) -> Datum {
        switch column {
        case .uuid: .one(.uuid(uuid))
        case .version: .one(.uuid(version))
        case .column(let index): row[index]
        }
    }
}

/// Prints `<table-updates>` or `<table-updates2>`, an object with one member per table.
struct UpdateWriter {
    private let schema: DatabaseSchema
    private let format: MonitorFormat
    private(set) var json: JSONWriter
    /// The table whose object is open.
    private var openTable: Int?
    private(set) var isEmpty = true

    /// Goes on after what `json` holds already.
    init(_ schema: DatabaseSchema, _ format: MonitorFormat, continuing json: JSONWriter) {
        self.schema = schema
        self.format = format
        self.json = json
        self.json.beginObject()
    }

    /// Ends the object and returns everything printed.
    consuming func finish() -> JSONWriter {
        if openTable != nil { json.endObject() }
        json.endObject()
        return json
    }

    /// Reports one row, given as the monitor saw it before and as it sees it now: nil where it
    /// didn't or doesn't exist or satisfy the condition. Tables ascend from call to call.
    mutating func row(
        _ uuid: RowUUID, from old: RowState?, to new: RowState?, isInitial: Bool = false,
        in table: MonitoredTable
    ) {
        switch (old, new) {
        case (nil, nil): break
        case (nil, let new?): enter(uuid, new, isInitial ? .initial : .insert, table)
        case (let old?, nil): leave(uuid, old, table)
        case (let old?, let new?): change(uuid, old, new, table)
        }
    }

    private mutating func open(_ table: MonitoredTable, _ uuid: RowUUID) {
        isEmpty = false
        if openTable != table.table {
            if openTable != nil { json.endObject() }
            json.key(schema.tables[table.table].name)
            json.beginObject()
            openTable = table.table
        }
        json.key(uuid)
        json.beginObject()
    }

    private mutating func enter(
        _ uuid: RowUUID, _ new: RowState, _ kind: MonitorSelect, _ table: MonitoredTable
    ) {
        guard table.select.contains(kind) else { return }
        open(table, uuid)
        switch format {
        case .contents: contents("new", uuid, new, table) { $0.select.contains(kind) }
        case .differences:
            json.key(kind == .initial ? "initial" : "insert")
            json.beginObject()
            for column in table.columns where column.select.contains(kind) {
                let type = self.type(column, table)
                let value = new.value(of: column.column, uuid)
                if value != type.defaultDatum { member(column, value, type, table) }
            }
            json.endObject()
        }
        json.endObject()
    }

    private mutating func leave(_ uuid: RowUUID, _ old: RowState, _ table: MonitoredTable) {
        guard table.select.contains(.delete) else { return }
        open(table, uuid)
        switch format {
        case .contents: contents("old", uuid, old, table) { $0.select.contains(.delete) }
        case .differences:
            json.key("delete")
            json.null()
        }
        json.endObject()
    }

    private mutating func change(
        _ uuid: RowUUID, _ old: RowState, _ new: RowState, _ table: MonitoredTable
    ) {
        let changed = table.columns.filter { column in
            column.select.contains(.modify)
                && old.value(of: column.column, uuid) != new.value(of: column.column, uuid)
        }
        if changed.isEmpty { return }
        open(table, uuid)
        switch format {
        case .contents:
            contents("old", uuid, old, table) { changed.contains($0) }
            contents("new", uuid, new, table) { $0.select.contains(.modify) }
        case .differences:
            json.key("modify")
            json.beginObject()
            for column in changed {
                let type = self.type(column, table)
                let difference = new.value(of: column.column, uuid)
                    .difference(from: old.value(of: column.column, uuid), type: type)
                member(column, difference, type, table)
            }
            json.endObject()
        }
        json.endObject()
    }

    private mutating func contents(
        _ name: String, _ uuid: RowUUID, _ state: RowState, _ table: MonitoredTable,
        where isIncluded: (MonitoredColumn) -> Bool
    ) {
        json.key(name)
        json.beginObject()
        for column in table.columns where isIncluded(column) {
            member(column, state.value(of: column.column, uuid), type(column, table), table)
        }
        json.endObject()
    }

    private mutating func member(
        _ column: MonitoredColumn, _ value: Datum, _ type: ColumnType, _ table: MonitoredTable
    ) {
        json.key(schema.tables[table.table].name(of: column.column))
        json.datum(value, isMap: type.isMap)
    }

    private func type(_ column: MonitoredColumn, _ table: MonitoredTable) -> ColumnType {
        schema.tables[table.table].type(of: column.column)
    }
}

// MARK: - Values

extension JSONWriter {
    mutating func key(_ uuid: RowUUID) {
        key(uuid.description)
    }

    /// Prints a value (RFC 7047 §5.1, `<value>`).
    mutating func datum(_ datum: Datum, isMap: Bool) {
        switch datum {
        case .empty:
            beginTagged(isMap ? "map" : "set")
            endTagged()
        case .one(let atom): self.atom(atom)
        case .many(let atoms):
            beginTagged("set")
            for atom in atoms { self.atom(atom) }
            endTagged()
        case .map(let entries):
            beginTagged("map")
            for entry in entries {
                beginArray()
                atom(entry.key)
                atom(entry.value)
                endArray()
            }
            endTagged()
        }
    }

    private mutating func beginTagged(_ tag: String) {
        beginArray()
        string(tag)
        beginArray()
    }

    private mutating func endTagged() {
        endArray()
        endArray()
    }

    private mutating func atom(_ atom: Atom) {
        switch atom {
        case .integer(let value): integer(value)
        case .real(let value): double(value)
        case .boolean(let value): bool(value)
        case .string(let value): string(value)
        case .uuid(let value):
            beginArray()
            string("uuid")
            string(value.description)
            endArray()
        }
    }
}
