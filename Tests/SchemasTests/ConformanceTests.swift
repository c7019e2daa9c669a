import JSON
import OVSDBModel
import Schemas
import Testing

@Suite("The schemas are the published ones")
struct ConformanceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let schema: DatabaseSchema
        let file: String
        var testDescription: String { schema.name }
    }

    static let cases = [
        Case(schema: NB.schema, file: "ovn-nb.ovsschema"),
        Case(schema: SB.schema, file: "ovn-sb.ovsschema"),
        Case(schema: OVS.schema, file: "vswitch.ovsschema"),
    ]

    @Test("Every table, column, type, reference, index and root flag", arguments: cases)
    func everyFact(_ test: Case) {
        guard let published = PublishedSchema.current(test.file) else { return }
        let (ours, theirs) = (SchemaFacts(test.schema), SchemaFacts(json: published))
        #expect(test.schema.name == published["name"]?.string)
        #expect(test.schema.version == published["version"]?.string)
        #expect(test.schema.checksum == published["cksum"]?.string)
        #expect(ours.tables == theirs.tables)
        for (table, columns) in theirs.columns {
            #expect(ours.columns[table] == columns, "table \(table)")
        }
        #expect(ours.columns.count == theirs.columns.count)
    }

    @Test("The JSON of a schema is the published one", arguments: cases)
    func json(_ test: Case) throws {
        guard let published = PublishedSchema.current(test.file) else { return }
        let schema = try DatabaseSchema(json: published)
        #expect(schema == test.schema)
        #expect(schema.json == test.schema.json)
        #expect(try DatabaseSchema(json: test.schema.json) == test.schema)
    }

    /// An installed older release: what it has is there in the same shape; what it lacks, or
    /// limits to fewer values, can't be checked with it.
    @Test("What an older release has is still there", arguments: cases)
    func olderRelease(_ test: Case) {
        guard let published = PublishedSchema.installed(test.file) else { return }
        let (ours, theirs) = (SchemaFacts(test.schema), SchemaFacts(json: published))
        var unchecked: [String] = []
        for (table, columns) in theirs.columns {
            #expect(ours.tables[table] == theirs.tables[table], "table \(table)")
            for (column, text) in columns {
                guard let own = ours.columns[table]?[column] else {
                    Issue.record("\(table).\(column) is missing")
                    continue
                }
                #expect(kind(own) == kind(text), "\(table).\(column)")
                if own != text { unchecked.append("\(table).\(column)") }
            }
        }
        for (table, columns) in ours.columns {
            let names = columns.keys.filter { theirs.columns[table]?[$0] == nil }
            unchecked += names.map { "\(table).\($0)" }
        }
        if PublishedSchema.current(test.file) == nil {
            print("\(test.schema.name), not checked:", unchecked.sorted().joined(separator: " "))
        }
    }

    /// The atomic types in a column's text.
    private func kind(_ text: String) -> [Substring] {
        text.split(separator: " ").filter { AtomicType(rawValue: String($0)) != nil || $0 == "=>" }
    }
}
