import OVSDBModel
import OVSDBSession
import Schemas

// How many learned rows there may be: of a port, so that one workload can't push out the neighbours
// of others, and of a router or switch, so that all ports together don't fill the database. The
// property that must hold: what is written leaves no place with more rows than its limit, and the
// rows that make room are those that were used longest ago, as far as their time stamps tell.
//
// Time stamps are refreshed where rows age. A router or switch that has half of the rows that it may
// have counts as one where they do (`LearnedLimits.isCrowded`), so that its rows tell who is in use
// before any of them goes.

/// Rows of one logical port, router or switch, whoever wrote them.
package struct LearnedLimits: Sendable {
    /// MAC_Binding rows of a router without `mac_binding_limit`, FDB rows of a switch.
    package static let standard = 65_536
    /// Seconds for which the use of a row of a crowded datapath may go unnoticed, more or less
    /// (`EntryRefresh`).
    static let crowdedAge = 300

    package var neighbours = 16_384
    package var stations = 4096
    package var router = LearnedLimits.standard
    package var network = LearnedLimits.standard

    package init() {}

    /// Whether so many rows are so near the limit that one has to know which are in use.
    static func isCrowded(_ count: Int, limit: Int = standard) -> Bool {
        count >= limit / 2 + limit % 2
    }
}

extension SB.DatapathBinding {
    /// Logical_Router.options:mac_binding_limit, an extension that northd copies; nil without it.
    package var neighbourLimit: Int? { ServiceRows.threshold(self, "mac_binding_limit") }
}

/// What one transaction writes of a table of learned rows.
struct LearnedRows<Row: TypedRow> {
    private(set) var added: [Identified<Row>] = []
    /// Rows that say something else now, as they will be.
    private(set) var changed: [Identified<Row>] = []
    private var gone: Set<RowUUID> = []

    mutating func add(_ uuid: RowUUID, _ row: Row, to transaction: inout TransactionBuilder) {
        transaction.insert(row, placeholder: uuid)
        added.append(Identified(uuid: uuid, row: row))
    }

    mutating func change(
        _ old: Identified<Row>, to row: Row, in transaction: inout TransactionBuilder
    ) {
        transaction.update(old.uuid, from: old.row, to: row)
        changed.append(Identified(uuid: old.uuid, row: row))
    }

    /// Deletes what is too much in one place, and some more, since sorting all rows for each new one
    /// would be what a forger wants.
    ///
    /// - Parameters:
    ///   - example: a row of that place, as the columns say.
    ///   - isHere: whether a row of this transaction will be there.
    mutating func makeRoom(
        _ limit: Int, like example: Row, in columns: [Row.Column], of replica: Replica,
        _ isHere: (Row) -> Bool, timestamp: (Row) -> Int,
        in transaction: inout TransactionBuilder
    ) {
        // Counting takes no time, listing does.
        let most = replica.count(like: example, in: columns) + added.count + changed.count
        guard most > limit else { return }
        let rows = replica.rows(like: example, in: columns)
        let known = Set(rows.map(\.uuid))
        let fresh = Set(changed.map(\.uuid))
        let new =
            changed.filter { isHere($0.row) && !known.contains($0.uuid) }
            + added.filter { isHere($0.row) }
        let old = rows.filter { !gone.contains($0.uuid) }
        let excess = old.count + new.count - limit
        guard excess > 0 else { return }
        let byAge = old.filter { !fresh.contains($0.uuid) }.map { (timestamp($0.row), $0.uuid) }
            .sorted { $0 < $1 }.map(\.1)
        let leaving = byAge.prefix(excess + limit / 16)
        remove(
            Array(leaving) + new.prefix(max(0, excess - leaving.count)).map(\.uuid), &transaction)
    }

    private mutating func remove(
        _ uuids: [RowUUID], _ transaction: inout TransactionBuilder
    ) {
        for uuid in uuids { transaction.delete(Row.self, uuid) }
        gone.formUnion(uuids)
        added.removeAll { gone.contains($0.uuid) }
        changed.removeAll { gone.contains($0.uuid) }
    }
}
