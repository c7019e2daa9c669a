import JSON
import OVSDBEngine
import OVSDBModel

/// The three generations of monitors, by the notification that they send.
enum UpdateMethod: Hashable, Sendable {
    case update, update2, update3

    var name: String {
        switch self {
        case .update: "update"
        case .update2: "update2"
        case .update3: "update3"
        }
    }

    var format: MonitorFormat { self == .update ? .contents : .differences }

    /// The part of a notification before the table updates.
    func prefix(monitor: JSON, state: RowUUID) -> JSONWriter {
        var json = JSONWriter()
        json.beginObject()
        json.key("id")
        json.null()
        json.key("method")
        json.string(name)
        json.key("params")
        json.beginArray()
        json.value(monitor)
        if self == .update3 { json.string(state.description) }
        return json
    }

    /// Ends what `prefix` began.
    static func end(_ json: inout JSONWriter) {
        json.endArray()
        json.endObject()
    }

    /// A whole notification around printed table updates.
    func notification(monitor: JSON, state: RowUUID, updates: [UInt8]) -> [UInt8] {
        var json = prefix(monitor: monitor, state: state)
        json.fragment(updates)
        Self.end(&json)
        return json.bytes
    }
}

/// A monitor of one session.
struct ServerMonitor: Sendable {
    let database: String
    let method: UpdateMethod
    var specification: MonitorSpecification
    /// The group of equal specifications it belongs to.
    var group: Int
    /// Set while the session has not been sent everything: then what changes is only noted.
    var lag: MonitorLag?
}

/// What a monitor has still to be told: the rows that changed since a state that it knows.
///
/// However long this lasts, it ends with one update, whose size is bounded by the database's.
struct MonitorLag: Sendable {
    /// What the session has been told, or is about to be.
    let base: Database
    private(set) var changed: Set<RowLocation> = []

    init(base: Database) { self.base = base }

    mutating func note(_ delta: DatabaseDelta, for specification: MonitorSpecification) {
        for changes in delta.tables where specification.table(changes.table) != nil {
            for change in changes.rows {
                changed.insert(RowLocation(table: changes.table, uuid: change.uuid))
            }
        }
    }

    /// The table updates from `base` to `current`, printed; nil if there are none.
    func updates(to current: Database, for specification: MonitorSpecification) -> [UInt8]? {
        var writer = UpdateWriter(current.schema, specification.format, continuing: JSONWriter())
        for location in changed.sorted() {
            guard let table = specification.table(location.table) else { continue }
            writer.row(
                location.uuid,
                from: RowState(base[location]).matching(table.condition, location.uuid),
                to: RowState(current[location]).matching(table.condition, location.uuid),
                in: table)
        }
        return writer.isEmpty ? nil : writer.finish().bytes
    }
}

extension RowState? {
    /// The row if it satisfies a monitor's condition.
    func matching(_ condition: [Condition], _ uuid: RowUUID) -> RowState? {
        guard let self, self.matches(condition, uuid) else { return nil }
        return self
    }
}

/// The sessions' monitors that want exactly the same, and so share what is printed.
struct MonitorGroup: Sendable {
    struct Subscriber: Hashable, Sendable {
        let session: SessionID
        let monitor: JSON
    }

    let specification: MonitorSpecification
    /// In the order of joining.
    var subscribers: [Subscriber] = []

    /// The table updates of `delta`, printed; nil if there are none.
    func updates(_ delta: DatabaseDelta, schema: DatabaseSchema) -> [UInt8]? {
        var writer = UpdateWriter(schema, specification.format, continuing: JSONWriter())
        writer.changes(delta, for: specification)
        return writer.isEmpty ? nil : writer.finish().bytes
    }
}

extension UpdateWriter {
    /// Reports the rows of a delta that concern a monitor.
    mutating func changes(_ delta: DatabaseDelta, for specification: MonitorSpecification) {
        for changes in delta.tables {
            guard let table = specification.table(changes.table) else { continue }
            for change in changes.rows {
                row(
                    change.uuid,
                    from: RowState(change.old, change.oldVersion)
                        .matching(table.condition, change.uuid),
                    to: RowState(change.new, change.newVersion)
                        .matching(table.condition, change.uuid),
                    in: table)
            }
        }
    }
}
