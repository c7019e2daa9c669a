// What northd writes into columns of Northbound rows that somebody else made: one table of wanted
// values per kind of column. As in the Southbound database the comparison is by level: a row that
// may differ is marked, and what it shall say is compared with what it says.

import Incremental
import OVSDBModel
import OVSDBSession
import Schemas

/// What northd tells a Northbound row.
package protocol FeedbackRow: Hashable, Sendable {
    associatedtype Row: TypedRow

    /// The row that is told.
    var target: RowUUID { get }

    /// Makes the row say what is wanted; nil if nothing is.
    static func settle(_ row: inout Row, _ wanted: Self?)
}

/// A kind of feedback, whatever its rows.
protocol FeedbackTable {
    var rowType: any TypedRow.Type { get }

    mutating func update(from compiler: Compiler)
    mutating func note(_ changes: [TableChange])
    mutating func settle(_ replica: Replica, _ transaction: inout TransactionBuilder)
    mutating func end(committed: Bool)
    /// The output's rows, for comparison of two compilers.
    func rows(of compiler: Compiler) -> Set<AnyHashable>
}

struct FeedbackRows<Wanted: FeedbackRow>: FeedbackTable {
    private let output: @Sendable (Outputs) -> Output<Wanted>
    private var wanted: [RowUUID: Wanted] = [:]
    private var marked: Set<RowUUID> = []
    private var underWay: Set<RowUUID> = []

    init(_ output: @escaping @Sendable (Outputs) -> Output<Wanted>) { self.output = output }

    var rowType: any TypedRow.Type { Wanted.Row.self }

    func rows(of compiler: Compiler) -> Set<AnyHashable> {
        Set(compiler.engine.rows(output(compiler.outputs)).map(AnyHashable.init))
    }

    mutating func update(from compiler: Compiler) {
        let changes = compiler.engine.drain(output(compiler.outputs))
        for row in changes.removed { wanted[row.target] = nil }
        for row in changes.added { wanted[row.target] = row }
        marked.formUnion((changes.removed + changes.added).map(\.target))
    }

    mutating func note(_ changes: [TableChange]) {
        for change in changes.of(Wanted.Row.self) where change.new != nil {
            marked.insert(change.uuid)
        }
    }

    mutating func settle(_ replica: Replica, _ transaction: inout TransactionBuilder) {
        for uuid in marked.sorted() {
            guard let actual = replica[Wanted.Row.self, uuid] else { continue }
            var row = actual
            Wanted.settle(&row, wanted[uuid])
            transaction.update(uuid, from: actual, to: row)
        }
        underWay = marked
        marked = []
    }

    mutating func end(committed: Bool) {
        if !committed { marked.formUnion(underWay) }
        underWay = []
    }
}

/// Everything that is fed back, apart from NB_Global.
enum FeedbackTables {
    static func all() -> [any FeedbackTable] {
        [
            FeedbackRows { $0.portsUp },
            FeedbackRows { $0.tags },
            FeedbackRows { $0.dynamicAddresses },
            FeedbackRows { $0.prefixes },
            FeedbackRows { $0.sessions },
            FeedbackRows { $0.portHealth },
            FeedbackRows { $0.hostings },
            FeedbackRows { $0.activeFunctions },
        ]
    }
}
