import OVSDBModel

/// The rows of one table of a replica, as they are or packed.
struct ReplicaRows: Sendable {
    let isPacked: Bool
    private var plain: [RowUUID: Row] = [:]
    private var packed: [RowUUID: PackedRow] = [:]
    /// What the packed rows have in common.
    private var texts = PackedTexts()

    init(isPacked: Bool) { self.isPacked = isPacked }

    var count: Int { isPacked ? packed.count : plain.count }
    var isEmpty: Bool { count == 0 }

    /// In no order.
    var uuids: [RowUUID] { isPacked ? Array(packed.keys) : Array(plain.keys) }

    var all: [RowUUID: Row] { isPacked ? packed.mapValues { $0.row(texts) } : plain }

    func contains(_ uuid: RowUUID) -> Bool {
        isPacked ? packed[uuid] != nil : plain[uuid] != nil
    }

    subscript(uuid: RowUUID) -> Row? {
        get { isPacked ? packed[uuid]?.row(texts) : plain[uuid] }
        set {
            if isPacked {
                packed[uuid] = newValue.map { PackedRow($0, &texts) }
            } else {
                plain[uuid] = newValue
            }
        }
    }

    mutating func removeAll() { self = ReplicaRows(isPacked: isPacked) }
}

extension ReplicaRows: Equatable {
    static func == (left: ReplicaRows, right: ReplicaRows) -> Bool { left.all == right.all }
}
