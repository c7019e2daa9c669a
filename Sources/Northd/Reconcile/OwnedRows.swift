// One Southbound table that northd owns: desired rows by name, and where the database has them.
//
// Properties that must hold, as for the whole reconciler:
// * settled, the table has for each desired name one row, which says what is desired, and no other
//   row but those of somebody else;
// * the work follows the names whose desired or actual row has changed.

import Incremental
import OVSDBModel
import OVSDBSession
import Schemas

/// An owned table, whatever its rows.
protocol OwnedTable {
    var tableName: String { get }
    var tableType: any TypedRow.Type { get }
    var isIdle: Bool { get }

    /// Takes what changed in the compiler's output.
    mutating func update(from compiler: Compiler)
    /// Takes what changed in the database.
    mutating func note(_ changes: [TableChange], _ places: Places)
    /// Writes what is marked.
    func settle(_ scene: Scene, _ transaction: inout TransactionBuilder)
    /// What is marked is under way now.
    mutating func begin()
    mutating func end(committed: Bool)
    /// The row that the name has or will have.
    func place(of name: RowName) -> RowUUID?
    /// The output's rows, for comparison of two compilers.
    func rows(of compiler: Compiler) -> Set<AnyHashable>
}

struct OwnedRows<Desired: OwnedRow>: OwnedTable {
    typealias Row = Desired.Row

    private struct Marks {
        var names: Set<RowName> = []
        /// Rows that nobody wants.
        var strays: Set<RowUUID> = []

        var isEmpty: Bool { names.isEmpty && strays.isEmpty }
    }

    private let output: @Sendable (Outputs) -> Output<Desired>
    /// Of each name the desired rows; the one of least origin is first.
    private var desired: [RowName: [Desired]] = [:]
    private var actual: [RowName: RowUUID] = [:]
    private var nameOf: [RowUUID: RowName] = [:]
    private var marks = Marks()
    private var underWay = Marks()

    init(_ output: @escaping @Sendable (Outputs) -> Output<Desired>) { self.output = output }

    var tableName: String { Row.table.name }
    var tableType: any TypedRow.Type { Row.self }
    var isIdle: Bool { marks.isEmpty && underWay.isEmpty }

    func rows(of compiler: Compiler) -> Set<AnyHashable> {
        Set(compiler.engine.rows(output(compiler.outputs)).map(AnyHashable.init))
    }

    func place(of name: RowName) -> RowUUID? { actual[name] ?? desired[name]?.first?.uuid }
}

// MARK: - Changes

extension OwnedRows {
    mutating func update(from compiler: Compiler) {
        let changes = compiler.engine.drain(output(compiler.outputs))
        for row in changes.removed {
            marks.names.insert(row.name)
            desired[row.name]?.removeAll { $0 == row }
            if desired[row.name]?.isEmpty == true { desired[row.name] = nil }
        }
        for row in changes.added {
            marks.names.insert(row.name)
            var rows = desired[row.name] ?? []
            rows.insert(row, at: rows.firstIndex { row.origin < $0.origin } ?? rows.count)
            desired[row.name] = rows
        }
    }

    mutating func note(_ changes: [TableChange], _ places: Places) {
        let changes = changes.of(Row.self)
        for change in changes {
            marks.strays.remove(change.uuid)
            underWay.strays.remove(change.uuid)
            guard let name = nameOf.removeValue(forKey: change.uuid) else { continue }
            actual[name] = nil
            marks.names.insert(name)
        }
        for change in changes {
            guard let row = change.new else { continue }
            take(Desired.claim(on: Identified(uuid: change.uuid, row: row), places), change.uuid)
        }
    }

    private mutating func take(_ claim: RowClaim, _ uuid: RowUUID) {
        switch claim {
        case .foreign: break
        case .own(let name) where actual[name] == nil:
            actual[name] = uuid
            nameOf[uuid] = name
            marks.names.insert(name)
        case .own, .stray: marks.strays.insert(uuid)
        }
    }
}

// MARK: - Writing

extension OwnedRows {
    func settle(_ scene: Scene, _ transaction: inout TransactionBuilder) {
        guard scene.replica.serverHas(Row.self) else { return }
        for uuid in marks.strays.sorted() { transaction.delete(Row.self, uuid) }
        for name in marks.names.sorted() {
            let place = actual[name].flatMap { uuid in
                scene.replica[Row.self, uuid].map { Identified(uuid: uuid, row: $0) }
            }
            if let row = desired[name]?.first {
                row.write(over: place, scene, &transaction)
            } else if let place {
                transaction.delete(Row.self, place.uuid)
            }
        }
    }

    mutating func begin() {
        underWay = marks
        marks = Marks()
    }

    mutating func end(committed: Bool) {
        if !committed {
            marks.names.formUnion(underWay.names)
            marks.strays.formUnion(underWay.strays)
        }
        underWay = Marks()
    }
}
