import OVSDBModel
import Testing

@Suite("Packed rows")
struct PackedRowTests {
    static let atoms: [Atom] = [
        .integer(0), .integer(-1), .integer(.max), .integer(.min), .integer(127), .integer(128),
        .real(0), .real(-1.5), .real(.greatestFiniteMagnitude), .boolean(false), .boolean(true),
        .string(""), .string("ü"), .string(String(repeating: "x", count: 300)),
        .uuid(RowUUID(high: .max, low: 1)),
    ]

    @Test("A row comes back as it was", arguments: atoms)
    func comesBack(atom: Atom) {
        let rows = [
            Row([]), Row([.empty]), Row([.one(atom)]), Row([.one(atom), .empty, .one(atom)]),
            Row([Datum(set: [atom, .integer(7), .string("seven")])]),
            Row([.one(.integer(1)), .map([MapEntry(key: .string("key"), value: atom)])]),
        ]
        var texts = PackedTexts()
        let packed = (0..<3).flatMap { _ in rows.map { PackedRow($0, &texts) } }
        #expect(packed.map { $0.row(texts) } == rows + rows + rows)
    }

    private func row(_ key: String, _ value: String) -> Row {
        Row([.map([MapEntry(key: .string(key), value: .string(value))])])
    }

    @Test("What maps have in common is kept once")
    func sharesTexts() {
        var texts = PackedTexts()
        let rows = (0..<300).map { row("stage-name", "hint \($0)") }
        let packed = rows.map { PackedRow($0, &texts) }
        #expect(texts.count == 1)
        #expect(packed.map { $0.row(texts) } == rows)
    }

    @Test("Texts have a limit")
    func boundsTexts() {
        var texts = PackedTexts()
        let rows = (0..<PackedTexts.Limits.count + 10).map { row("key \($0)", "value \($0)") }
        let packed = rows.flatMap { [PackedRow($0, &texts), PackedRow($0, &texts)] }
        #expect(texts.count == PackedTexts.Limits.count)
        #expect(packed.map { $0.row(texts) } == rows.flatMap { [$0, $0] })
    }
}
