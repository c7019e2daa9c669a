import OVSDBModel
import Schemas
import Testing

@Suite("Typed rows")
struct TypedRowTests {
    static let rowTypes: [any TypedRow.Type] = NB.rowTypes + SB.rowTypes + OVS.rowTypes

    @Test("Any row of any table survives the way through its struct")
    func roundTrip() {
        for type in TypedRowTests.rowTypes { checkRoundTrip(type) }
    }

    private func checkRoundTrip<T: TypedRow>(_ type: T.Type) {
        var random = SplitMix(state: 7)
        for _ in 0..<20 {
            let row = random.row(of: T.table)
            #expect(T(row: row).row() == row, "\(T.table.name)")
        }
    }

    @Test("Changes are exactly the columns that differ, and lead from the old row to the new one")
    func changes() {
        for type in TypedRowTests.rowTypes { checkChanges(type) }
    }

    private func checkChanges<T: TypedRow>(_ type: T.Type) {
        var random = SplitMix(state: 11)
        for _ in 0..<20 {
            let old = random.row(of: T.table)
            var new = old
            let other = random.row(of: T.table)
            for column in 0..<old.count where Bool.random(using: &random) {
                new[column] = other[column]
            }
            var applied = old
            let changes = T(row: new).changes(from: T(row: old))
            for change in changes {
                let column = T.table.columnIndex(change.column) ?? -1
                #expect(applied[column] != change.value)
                applied[column] = change.value
            }
            #expect(applied == new, "\(T.table.name)")
        }
    }

    @Test("Rows and columns are positioned as in the table")
    func positions() {
        #expect(
            SB.PortBinding(logicalPort: "p").row()[SB.PortBinding.Column.logicalPort.rawValue]
                == .one(.string("p")))
        for type in TypedRowTests.rowTypes { checkPositions(type) }
    }

    private func checkPositions<T: TypedRow>(_ type: T.Type) {
        #expect(T.Column.allCases.count == T.table.columns.count)
        #expect(T.Column.allCases.map(\.rawValue) == Array(T.table.columns.indices))
        for (column, schema) in zip(T.Column.allCases, T.table.columns) {
            let plain = schema.name.filter { $0 != "_" }.lowercased()
            #expect("\(column)".lowercased() == plain)
        }
    }

    @Test("Columns that are missing or of another type read as defaults")
    func odd() {
        for type in TypedRowTests.rowTypes { checkOdd(type) }
    }

    private func checkOdd<T: TypedRow>(_ type: T.Type) {
        #expect(T(row: Row([])) == T())
        let odd = Row(
            T.table.columns.map { column in
                column.type.isMap
                    ? .one(.real(1)) : .map([MapEntry(key: .real(1), value: .real(1))])
            })
        #expect(T(row: odd) == T())
    }

    @Test("Sets are sorted by bytes and free of duplicates")
    func sets() {
        let row = SB.PortBinding(
            additionalChassis: [uuid(2), uuid(1)], mac: ["b", "a", "b", "B"])
        #expect(row.mac == ["B", "a", "b"])
        #expect(row.additionalChassis == [uuid(1), uuid(2)])
        #expect(Datum.ofSet(["z", "a"]) == .many([.string("a"), .string("z")]))
    }

    @Test("An insertion names only what differs from the defaults")
    func insertion() {
        let row = SB.ServiceMonitor(
            ip: "192.0.2.1", port: 80, status: SB.ServiceMonitor.statusOnline)
        #expect(
            row.insertedColumns == [
                ColumnValue(column: "ip", value: .one(.string("192.0.2.1"))),
                ColumnValue(column: "port", value: .one(.integer(80))),
                ColumnValue(column: "status", value: .one(.string("online"))),
            ])
    }

    private func uuid(_ low: UInt64) -> RowUUID { RowUUID(high: 0, low: low) }
}

/// A small generator whose sequence is the same in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }

    /// A row whose columns have the right shapes; constraints on values are not looked at.
    mutating func row(of table: TableSchema) -> Row {
        Row(table.columns.map { datum($0.type) })
    }

    private mutating func datum(_ type: ColumnType) -> Datum {
        let count =
            type.maximum == 1
            ? Int.random(in: type.minimum...1, using: &self)
            : Int.random(in: 0...4, using: &self)
        if let value = type.value {
            return Datum(
                entries: (0..<count).map { _ in
                    MapEntry(key: atom(type.key.type), value: atom(value.type))
                })
        }
        return Datum(set: (0..<count).map { _ in atom(type.key.type) })
    }

    private mutating func atom(_ type: AtomicType) -> Atom {
        switch type {
        case .integer: .integer(Int64.random(in: -9...9, using: &self))
        case .real: .real(Double.random(in: 0..<1, using: &self))
        case .boolean: .boolean(Bool.random(using: &self))
        case .string: .string("s\(Int.random(in: 0...20, using: &self))é")
        case .uuid: .uuid(RowUUID(using: &self))
        }
    }
}
