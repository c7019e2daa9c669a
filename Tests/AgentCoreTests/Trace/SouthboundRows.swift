import OVSDBModel
import Schemas

@testable import OVSDBSession

/// A Southbound replica that a test fills row by row.
struct SouthboundRows {
    private(set) var replica = Replica(schema: SB.schema)
    private var count: UInt64 = 0
    private var changes: [TableChange] = []

    @discardableResult
    mutating func add<T: TypedRow>(_ row: T) -> RowUUID {
        count += 1
        let uuid = RowUUID(high: count << 32 | 0x4000, low: 1 << 63 | count)
        guard let position = replica.schema.tableIndex(T.table.name) else { return .zero }
        apply(RowChange(uuid: uuid, old: nil, new: row.row()), position)
        return uuid
    }

    mutating func remove<T: TypedRow>(_ type: T.Type, _ uuid: RowUUID) {
        guard let position = replica.schema.tableIndex(T.table.name),
            let row = replica.row(in: position, uuid)
        else { return }
        apply(RowChange(uuid: uuid, old: row, new: nil), position)
    }

    private mutating func apply(_ change: RowChange, _ position: Int) {
        replica.tables[position].apply([change])
        changes.append(
            TableChange(
                table: position, name: replica.schema.tables[position].name, rows: [change]))
    }

    /// What has changed since the last call, as one update brings it: each table once, in it each row
    /// once.
    mutating func takeChanges() -> [TableChange] {
        defer { changes = [] }
        return Dictionary(grouping: changes, by: \.table).sorted { $0.key < $1.key }.map {
            TableChange(table: $0, name: $1[0].name, rows: Self.merged($1.flatMap(\.rows)))
        }
    }

    private static func merged(_ changes: [RowChange]) -> [RowChange] {
        Dictionary(grouping: changes, by: \.uuid).sorted { $0.key < $1.key }.map {
            RowChange(uuid: $0, old: $1.first?.old, new: $1.last?.new)
        }
    }

    mutating func datapath(_ name: String, _ key: Int) -> RowUUID {
        add(SB.DatapathBinding(tunnelKey: key, externalIDs: ["name": name]))
    }

    @discardableResult
    mutating func port(
        _ name: String, _ key: Int, in datapath: RowUUID, type: String = "",
        options: [String: String] = [:], security: [String] = []
    ) -> RowUUID {
        add(
            SB.PortBinding(
                logicalPort: name, type: type, options: options, datapath: datapath,
                tunnelKey: key, portSecurity: security))
    }

    /// Gives a port that is there other security.
    mutating func replacePort(
        _ name: String, _ key: Int, in datapath: RowUUID, security: [String]
    ) {
        let position = replica.schema.tableIndex(SB.PortBinding.table.name)
        let old = replica.rows(SB.PortBinding.self).first { $0.row.logicalPort == name }
        if let position, let old {
            replica.tables[position].apply(
                [RowChange(uuid: old.uuid, old: old.row.row(), new: nil)])
        }
        port(name, key, in: datapath, security: security)
    }

    @discardableResult
    mutating func flow(
        _ datapath: RowUUID, _ pipeline: String, _ table: Int, _ stage: String, _ priority: Int,
        _ match: String, _ actions: String, hint: String? = nil
    ) -> RowUUID {
        var names = ["stage-name": stage, "source": "test:1"]
        names["stage-hint"] = hint
        return add(
            SB.LogicalFlow(
                logicalDatapath: datapath, pipeline: pipeline, tableID: table, priority: priority,
                match: match, actions: actions, externalIDs: names))
    }
}

extension Replica {
    /// As an agent has it: without what northd calls its flows.
    var withoutFlowNames: Replica {
        var bare = self
        guard let table = schema.tableIndex("Logical_Flow") else { return bare }
        for flow in rows(SB.LogicalFlow.self) {
            var row = flow.row
            row.externalIDs = [:]
            bare.put(RowChange(uuid: flow.uuid, old: flow.row.row(), new: row.row()), in: table)
        }
        return bare
    }
}
