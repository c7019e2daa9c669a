import OVSDBModel
import OVSDBSession
import Schemas

/// Logical_Router_Port.status:hosting-chassis: where a gateway port is.
struct HostingFeedback {
    private static let option = "hosting-chassis"

    private var chassis: [RowUUID: String] = [:]
    private var marked: Set<RowUUID> = []
    private var underWay: Set<RowUUID> = []

    mutating func note(_ changes: [TableChange]) {
        for change in changes.of(NB.LogicalRouterPort.self) where change.new != nil {
            marked.insert(change.uuid)
        }
    }

    mutating func update(from compiler: Compiler) {
        let changes = compiler.engine.drain(compiler.outputs.hostings)
        for row in changes.removed { chassis[row.port] = nil }
        for row in changes.added { chassis[row.port] = row.chassis }
        marked.formUnion((changes.removed + changes.added).map(\.port))
    }

    mutating func begin(_ view: NorthdView, _ transaction: inout TransactionBuilder) {
        for uuid in marked.sorted() {
            guard var row = view.northbound[NB.LogicalRouterPort.self, uuid],
                row.status[Self.option] != chassis[uuid]
            else { continue }
            row.status[Self.option] = chassis[uuid]
            transaction.update(uuid, [.status], of: row)
        }
        underWay = marked
        marked = []
    }

    mutating func end(committed: Bool) {
        if !committed { marked.formUnion(underWay) }
        underWay = []
    }
}
