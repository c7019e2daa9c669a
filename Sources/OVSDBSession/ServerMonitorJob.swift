// The first reply of a monitor, or the effect of a new condition, can be as large as the database.
// It is made from a snapshot, which is a value, so any thread can do it while transactions go on;
// what they change meanwhile is noted as the monitor's lag.

import JSON
import OVSDBEngine
import OVSDBModel

/// Work on a snapshot whose result goes to one session.
package struct MonitorJob: Sendable {
    package let id: UInt64
    package let session: SessionID
    let monitor: JSON
    let request: JSON
    let snapshot: Database
    let method: UpdateMethod
    let specification: MonitorSpecification
    let task: Task

    enum Task: Sendable {
        /// The reply to `monitor` and `monitor_cond`.
        case contents
        /// The reply to `monitor_cond_since` of a client whose state isn't known.
        case contentsSince(state: RowUUID)
        /// The reply to `monitor_cond_since` of a client that knows all but this.
        case changesSince(DatabaseDelta, state: RowUUID)
        /// What entered and left when the condition was another one; then the reply.
        case newCondition(old: MonitorSpecification, state: RowUUID)
    }

    /// A job's result: the bytes to send, whole messages.
    package struct Output: Sendable {
        package let job: UInt64
        package let session: SessionID
        package let messages: [UInt8]
    }

    /// The rows to look at.
    var cost: Int {
        switch task {
        case .contents, .contentsSince:
            specification.tables.reduce(0) { $0 + snapshot.tables[$1.table].count }
        case .changesSince(let delta, _): delta.tables.reduce(0) { $0 + $1.rows.count }
        case .newCondition(let old, _):
            changedTables(from: old).reduce(0) { $0 + snapshot.tables[$1.new.table].count }
        }
    }

    /// Does the work. Any thread, no side effects.
    package func run() -> Output {
        let messages: [UInt8] =
            switch task {
            case .contents: reply { contents($0) }
            case .contentsSince(let state):
                replySince(state, isFound: false) { contents($0) }
            case .changesSince(let delta, let state):
                replySince(state, isFound: true) { json in
                    var writer = self.writer(json)
                    writer.changes(delta, for: specification)
                    return writer.finish()
                }
            case .newCondition(let old, let state):
                (newCondition(old, state) ?? []) + ServerMessage.reply(to: request, [:])
            }
        return Output(job: id, session: session, messages: messages)
    }

    private func writer(_ json: JSONWriter) -> UpdateWriter {
        UpdateWriter(snapshot.schema, specification.format, continuing: json)
    }

    private func reply(_ result: (JSONWriter) -> JSONWriter) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("id")
        json.value(request)
        json.key("result")
        json = result(json)
        json.key("error")
        json.null()
        json.endObject()
        return json.bytes
    }

    private func replySince(
        _ state: RowUUID, isFound: Bool, _ updates: (JSONWriter) -> JSONWriter
    ) -> [UInt8] {
        reply { json in
            var json = json
            json.beginArray()
            json.bool(isFound)
            json.string(state.description)
            json = updates(json)
            json.endArray()
            return json
        }
    }

    /// Every row that satisfies the condition.
    private func contents(_ json: JSONWriter) -> JSONWriter {
        var writer = self.writer(json)
        for table in specification.tables where table.select.contains(.initial) {
            let rows = snapshot.tables[table.table]
            for uuid in rows.sortedUUIDs {
                let state = RowState(rows[uuid]).matching(table.condition, uuid)
                writer.row(uuid, from: nil, to: state, isInitial: true, in: table)
            }
        }
        return writer.finish()
    }

    private func newCondition(_ old: MonitorSpecification, _ state: RowUUID) -> [UInt8]? {
        var writer = self.writer(method.prefix(monitor: monitor, state: state))
        for (old, new) in changedTables(from: old) {
            let rows = snapshot.tables[new.table]
            for uuid in rows.sortedUUIDs {
                let state = RowState(rows[uuid])
                writer.row(
                    uuid, from: state.matching(old.condition, uuid),
                    to: state.matching(new.condition, uuid), in: new)
            }
        }
        if writer.isEmpty { return nil }
        var json = writer.finish()
        UpdateMethod.end(&json)
        return json.bytes
    }

    private func changedTables(
        from old: MonitorSpecification
    ) -> [(old: MonitoredTable, new: MonitoredTable)] {
        zip(old.tables, specification.tables).filter { $0.condition != $1.condition }
            .map { ($0, $1) }
    }
}
