import JSON
import OVSDBModel
import Testing

@testable import OVSDBEngine

/// Random transactions against the plain rules of `NaiveDatabase`.
@Suite struct OracleTests {
    @Test(arguments: 0..<12)
    func agreesWithThePlainRules(seed: UInt64) throws {
        let schema = try DatabaseSchema(json: try JSON.parse(testSchema))
        var fixture = Fixture(schema)
        var naive = NaiveDatabase(schema)
        var source = RandomOperations(seed: seed, schema: schema)
        var succeeded = 0
        for number in 0..<120 {
            let operations = source.next(fixture.database)
            let json = operations.map { RandomOperations.json($0, schema) }
            guard case .completed(let result) = fixture.execute(json) else {
                Issue.record("a transaction without wait waits")
                return
            }
            let failed = result.results.array?.contains { $0["error"] != nil } ?? true
            let allowed = naive.transact(operations)
            #expect(allowed == !failed, "transaction \(number): \(json) gives \(result.results)")
            let rows = fixture.database.tables.map { table in
                Dictionary(uniqueKeysWithValues: table.rows.map { ($0, $1.row) })
            }
            #expect(rows == naive.rows, "transaction \(number): \(json)")
            #expect(fixture.database.faults() == [])
            guard rows == naive.rows else { return }
            succeeded += allowed ? 1 : 0
        }
        #expect(succeeded > 20)
    }
}

@Suite struct MixedReferenceTests {
    private static let schema = DatabaseSchema(
        name: "mixed", version: "1.0.0",
        tables: [
            TableSchema(
                name: "Root",
                columns: [
                    ColumnSchema("held", .map(.weak("Root"), .strong("Leaf"))),
                    ColumnSchema("seen", .set(of: .weak("Leaf"))),
                ]),
            TableSchema(
                name: "Leaf", columns: [ColumnSchema("next", .optional(.strong("Leaf")))],
                isRoot: false),
        ])

    /// A pair that goes because its weak side is gone takes its strong side with it, which can
    /// leave garbage, to which there can be weak references again.
    @Test func pairsTakeTheirStrongSideAlong() throws {
        var fixture = Fixture(MixedReferenceTests.schema)
        try fixture.transact(
            #"""
            {"op":"insert","table":"Leaf","uuid":"\#(id(11))","row":{}},
            {"op":"insert","table":"Leaf","uuid":"\#(id(12))","row":{"next":\#(u(11))}},
            {"op":"insert","table":"Root","uuid":"\#(id(1))","row":{}},
            {"op":"insert","table":"Root","uuid":"\#(id(2))","row":{"held":["map",[[\#(u(1)),\#(u(12))]]]}},
            {"op":"insert","table":"Root","uuid":"\#(id(3))","row":{"seen":["set",[\#(u(11)),\#(u(12))]]}}
            """#)
        #expect(fixture.database.rowCount == 5)
        try fixture.transact(
            #"{"op":"delete","table":"Root","where":[["_uuid","==",\#(u(1))]]}"#)
        #expect(fixture.database.faults() == [])
        #expect(fixture.database.table("Leaf")?.count == 0)
        let rows = fixture.database.table("Root")?.rows.mapValues(\.row)
        let empty = Row([.empty, .empty])
        #expect(rows == [RowUUID(high: 0, low: 2): empty, RowUUID(high: 0, low: 3): empty])
    }
}

/// Makes operations that are valid one by one; whether they are together is for the rules.
struct RandomOperations {
    private var generator: SeededGenerator
    private let schema: DatabaseSchema

    init(seed: UInt64, schema: DatabaseSchema) {
        generator = SeededGenerator(seed)
        self.schema = schema
    }

    mutating func next(_ database: Database) -> [NaiveDatabase.Operation] {
        var inserted: Set<RowLocation> = []
        var deleted: Set<RowLocation> = []
        var operations: [NaiveDatabase.Operation] = []
        for _ in 0..<Int.random(in: 1...8, using: &generator) {
            let table = Int.random(in: 0..<schema.tables.count, using: &generator)
            let uuid = identity(table)
            let location = RowLocation(table: table, uuid: uuid)
            let exists =
                !deleted.contains(location)
                && (inserted.contains(location) || database[location] != nil)
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<5 where database[location] == nil && !inserted.contains(location):
                inserted.insert(location)
                deleted.remove(location)
                operations.append(.insert(table: table, uuid: uuid, row: row(table)))
            case 5..<8 where exists:
                let column = Int.random(
                    in: 0..<schema.tables[table].columns.count, using: &generator)
                guard schema.tables[table].columns[column].isMutable else { continue }
                operations.append(
                    .set(table: table, uuid: uuid, column: column, value: value(table, column)))
            case 8... where exists:
                inserted.remove(location)
                deleted.insert(location)
                operations.append(.delete(table: table, uuid: uuid))
            default: continue
            }
        }
        return operations
    }

    private mutating func identity(_ table: Int) -> RowUUID {
        let range = RandomTransactions.identities[schema.tables[table].name] ?? 1...1
        return RowUUID(high: 0, low: UInt64.random(in: range, using: &generator))
    }

    private mutating func row(_ table: Int) -> Row {
        var row = schema.tables[table].defaultRow
        for column in schema.tables[table].columns.indices
        where row[column].count > 0 || Int.random(in: 0..<3, using: &generator) == 0 {
            row[column] = value(table, column)
        }
        return row
    }

    private mutating func value(_ table: Int, _ column: Int) -> Datum {
        let type = schema.tables[table].columns[column].type
        let most = min(type.maximum ?? 3, 3)
        let count = Int.random(in: type.minimum...most, using: &generator)
        if let value = type.value {
            return Datum(
                entries: (0..<count).map { _ in
                    MapEntry(key: atom(type.key), value: atom(value))
                })
        }
        return Datum(set: (0..<count).map { _ in atom(type.key) })
    }

    private mutating func atom(_ base: BaseType) -> Atom {
        if let allowed = base.enumeration.randomElement(using: &generator) { return allowed }
        switch base.type {
        case .integer: return .integer(Int64.random(in: 0...9, using: &generator))
        case .real: return .real(Double.random(in: 0...9, using: &generator))
        case .boolean: return .boolean(Bool.random(using: &generator))
        case .string: return .string("s\(Int.random(in: 10...30, using: &generator))")
        case .uuid:
            let table = base.reference.flatMap { schema.tableIndex($0.table) }
            return .uuid(table.map { identity($0) } ?? .zero)
        }
    }

    static func json(_ operation: NaiveDatabase.Operation, _ schema: DatabaseSchema) -> JSON {
        switch operation {
        case .insert(let table, let uuid, let row):
            let columns = schema.tables[table].columns
            return [
                "op": "insert", "table": .string(schema.tables[table].name),
                "uuid": .string(uuid.description),
                "row": .object(
                    columns.indices.map {
                        JSON.Member(columns[$0].name, row[$0].json(columns[$0].type))
                    }),
            ]
        case .set(let table, let uuid, let column, let value):
            let schema = schema.tables[table]
            let column = schema.columns[column]
            return [
                "op": "update", "table": .string(schema.name), "where": whereUUID(uuid),
                "row": .object([JSON.Member(column.name, value.json(column.type))]),
            ]
        case .delete(let table, let uuid):
            return [
                "op": "delete", "table": .string(schema.tables[table].name),
                "where": whereUUID(uuid),
            ]
        }
    }

    private static func whereUUID(_ uuid: RowUUID) -> JSON {
        .array([.array(["_uuid", "==", Atom.uuid(uuid).json])])
    }
}
