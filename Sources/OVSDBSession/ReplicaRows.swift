import OVSDBModel

/// The rows of one table of a replica, as they are or packed.
struct ReplicaRows: Sendable {
    let isPacked: Bool
    private var plain: [RowUUID: Row] = [:]
    private var packed: [RowUUID: PackedRow] = [:]

    init(isPacked: Bool) { self.isPacked = isPacked }

    var count: Int { isPacked ? packed.count : plain.count }
    var isEmpty: Bool { count == 0 }

    /// In no order.
    var uuids: [RowUUID] { isPacked ? Array(packed.keys) : Array(plain.keys) }

    var all: [RowUUID: Row] { isPacked ? packed.mapValues(\.row) : plain }

    func contains(_ uuid: RowUUID) -> Bool {
        isPacked ? packed[uuid] != nil : plain[uuid] != nil
    }

    subscript(uuid: RowUUID) -> Row? {
        get { isPacked ? packed[uuid]?.row : plain[uuid] }
        set {
            if isPacked {
                packed[uuid] = newValue.map(PackedRow.init)
            } else {
                plain[uuid] = newValue
            }
        }
    }

    mutating func removeAll() { self = ReplicaRows(isPacked: isPacked) }
}

extension ReplicaRows: Equatable {
    static func == (left: ReplicaRows, right: ReplicaRows) -> Bool {
        left.isPacked == right.isPacked
            ? left.plain == right.plain && left.packed == right.packed : left.all == right.all
    }
}
