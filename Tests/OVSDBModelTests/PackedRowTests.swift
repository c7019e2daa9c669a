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
        for row in rows { #expect(PackedRow(row).row == row) }
        #expect(Set(rows.map(PackedRow.init)).count == rows.count)
    }

    @Test("Rows are equal when they are so packed")
    func equality() {
        let rows = PackedRowTests.atoms.flatMap { atom in
            [Row([.one(atom)]), Row([Datum(set: [atom, .boolean(true)])])]
        }
        for left in rows {
            for right in rows {
                #expect((PackedRow(left) == PackedRow(right)) == (left == right))
            }
        }
    }
}
