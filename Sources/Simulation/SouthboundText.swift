// The rows that northd owns as text, one line each, in order: a row's UUID is of no interest, what
// it stands for is, so references are written as what they refer to.

import Northd
import OVSDBModel
import OVSDBSession
import Schemas

package struct SouthboundText {
    private let replica: Replica

    package init(_ replica: Replica) { self.replica = replica }

    /// Tables that others than northd write.
    private static let foreign: Set<String> = [
        SB.Chassis.table.name, SB.ChassisPrivate.table.name, SB.Encap.table.name,
        SB.MACBinding.table.name, SB.FDB.table.name,
    ]

    /// Columns that chassis write, times, and how the work is divided.
    private static let foreignColumns: [String: Set<String>] = [
        SB.PortBinding.table.name: [
            "chassis", "additional_chassis", "encap", "additional_encap", "up", "virtual_parent",
        ],
        SB.SBGlobal.table.name: ["nb_cfg_timestamp", "external_ids"],
    ]

    package var lines: [String] {
        let owned = Set(Northd.tables(of: .southbound).map { $0.table.name })
            .subtracting(Self.foreign)
        return replica.schema.tables.indices
            .filter { owned.contains(replica.schema.tables[$0].name) }
            .flatMap { table in replica.rows(in: table).values.map { line($0, in: table) } }
            .sorted()
    }

    private func line(_ row: Row, in table: Int) -> String {
        let schema = replica.schema.tables[table]
        let omitted = Self.foreignColumns[schema.name] ?? []
        let columns = zip(schema.columns, row.values).filter {
            !omitted.contains($0.0.name) && $0.1 != $0.0.type.defaultDatum
        }
        return schema.name + " "
            + columns.map { "\($0.0.name)=\(text($0.1, $0.0.type))" }.joined(separator: " ")
    }

    private func text(_ datum: Datum, _ type: ColumnType) -> String {
        guard let value = type.value else {
            return "[" + datum.atoms.map { text($0, type.key) }.sorted().joined(separator: ",")
                + "]"
        }
        let pairs = datum.entries.map { "\(text($0.key, type.key)):\(text($0.value, value))" }
        return "{" + pairs.sorted().joined(separator: ",") + "}"
    }

    private func text(_ atom: Atom, _ type: BaseType) -> String {
        guard case .uuid(let uuid) = atom, let reference = type.reference,
            let table = replica.schema.tableIndex(reference.table)
        else { return "\(atom)" }
        guard let row = replica.row(in: table, uuid) else { return "nothing" }
        return switch reference.table {
        case SB.PortBinding.table.name: SB.PortBinding(row: row).logicalPort
        case SB.Chassis.table.name: SB.Chassis(row: row).name
        default: "(\(line(row, in: table)))"
        }
    }
}

/// What one list has and the other hasn't.
package struct TextDifference: CustomStringConvertible, Sendable {
    package let removed: [String]
    package let added: [String]

    package var isEmpty: Bool { removed.isEmpty && added.isEmpty }

    /// Each line as often as it is.
    package init(from old: [String], to new: [String]) {
        var counts: [String: Int] = [:]
        for line in old { counts[line, default: 0] -= 1 }
        for line in new { counts[line, default: 0] += 1 }
        removed = counts.filter { $0.value < 0 }.keys.sorted()
        added = counts.filter { $0.value > 0 }.keys.sorted()
    }

    private static let shown = 6

    package var description: String {
        "\(removed.count) too few and \(added.count) too many:"
            + removed.prefix(Self.shown).map { "\n- \($0)" }.joined()
            + added.prefix(Self.shown).map { "\n+ \($0)" }.joined()
    }
}
