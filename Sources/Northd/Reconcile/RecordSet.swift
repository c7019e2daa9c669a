// Rows that are small, belong to northd and are compared as a whole: load balancers, meters,
// mirrors and the like. A table of this kind is one `SouthboundRecord` and one entry in
// `SouthboundRecords.all`.
//
// Property: as for all of the reconciler, what is marked is compared with the replica, and a row
// that is as it shall be costs nothing. A row is found by what names it, so that a row which
// another northd inserted under another UUID is kept.

import Incremental
import OVSDBModel
import OVSDBSession
import Schemas

/// What a row of a table shall be, in names instead of references.
protocol SouthboundRecord: Hashable, Sendable {
    associatedtype Row: TypedRow
    associatedtype Name: Hashable & Comparable & Sendable

    var name: Name { get }
    /// The UUID that the row gets if northd inserts it.
    var uuid: RowUUID { get }
    static func name(of row: Row, _ uuid: RowUUID) -> Name
    /// The row as it shall be; columns that others write keep their values in `actual`. Nil while
    /// the row can't be there.
    func row(over actual: Row?, _ reconciler: Reconciler) -> Row?
}

/// The tables of records that northd writes.
enum SouthboundRecords {
    static func all() -> [any RecordTable] {
        [RecordSet(\.loadBalancers)]
    }
}

/// What the reconciler asks of a table of records.
protocol RecordTable: Sendable {
    var isIdle: Bool { get }
    mutating func update(from compiler: Compiler)
    mutating func note(_ changes: [TableChange])
    mutating func markAll()
    mutating func settle(
        _ reconciler: Reconciler, _ replica: Replica, _ transaction: inout TransactionBuilder)
    mutating func end(committed: Bool)
}

struct RecordSet<Record: SouthboundRecord>: RecordTable {
    private let output: @Sendable (Outputs) -> Output<Record>
    private var desired: [Record.Name: Record] = [:]
    private var places: [Record.Name: RowUUID] = [:]
    /// Rows that say what another row says already.
    private var extras: [RowUUID: Record.Name] = [:]
    private var marked: Set<Record.Name> = []
    private var underWay: Set<Record.Name> = []

    init(_ output: @escaping @Sendable (Outputs) -> Output<Record>) { self.output = output }

    var isIdle: Bool { marked.isEmpty && underWay.isEmpty }

    mutating func update(from compiler: Compiler) {
        let changes = compiler.engine.drain(output(compiler.outputs))
        for record in changes.removed where desired[record.name] == record {
            desired[record.name] = nil
        }
        for record in changes.added { desired[record.name] = record }
        marked.formUnion((changes.removed + changes.added).map(\.name))
    }

    mutating func note(_ changes: [TableChange]) {
        for change in changes.of(Record.Row.self) {
            if let old = change.old {
                let name = Record.name(of: old, change.uuid)
                if places[name] == change.uuid { places[name] = nil }
                extras[change.uuid] = nil
                marked.insert(name)
            }
            guard let new = change.new else { continue }
            let name = Record.name(of: new, change.uuid)
            if let place = places[name], place != change.uuid {
                extras[change.uuid] = name
            } else {
                places[name] = change.uuid
            }
            marked.insert(name)
        }
    }

    mutating func markAll() {
        marked.formUnion(desired.keys)
        marked.formUnion(places.keys)
    }

    mutating func settle(
        _ reconciler: Reconciler, _ replica: Replica, _ transaction: inout TransactionBuilder
    ) {
        for (uuid, name) in extras.sorted(by: { $0.key < $1.key }) where marked.contains(name) {
            transaction.delete(Record.Row.self, uuid)
        }
        for name in marked.sorted() {
            let place = places[name]
            let actual = place.flatMap { replica[Record.Row.self, $0] }
            if let record = desired[name], let wanted = record.row(over: actual, reconciler) {
                transaction.put(wanted, over: actual, place ?? record.uuid)
            } else if let place, actual != nil {
                transaction.delete(Record.Row.self, place)
            }
        }
        underWay = marked
        marked = []
    }

    mutating func end(committed: Bool) {
        if !committed { marked.formUnion(underWay) }
        underWay = []
    }
}
