import OVSDBModel

/// A generator whose sequence is the same in every run.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }

    mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }

    /// A row whose columns have the right shapes; constraints on values are not looked at.
    mutating func row(of table: TableSchema) -> Row {
        Row(table.columns.map { datum($0.type) })
    }

    mutating func datum(_ type: ColumnType) -> Datum {
        let limit = type.maximum == 1 ? 1 : 4
        let count = Int.random(in: type.minimum...limit, using: &self)
        if let value = type.value {
            return Datum(
                entries: (0..<count).map { _ in
                    MapEntry(key: atom(type.key.type), value: atom(value.type))
                })
        }
        return Datum(set: (0..<count).map { _ in atom(type.key.type) })
    }

    mutating func atom(_ type: AtomicType) -> Atom {
        switch type {
        case .integer: .integer(Int64.random(in: -9...9, using: &self))
        case .real: .real(Double(Int.random(in: 0...9, using: &self)) / 4)
        case .boolean: .boolean(Bool.random(using: &self))
        case .string: .string("s\(Int.random(in: 0...9, using: &self))\"\\\n\u{e9}")
        case .uuid: .uuid(RowUUID(high: 0x4000, low: UInt64.random(in: 1...9, using: &self)))
        }
    }
}
