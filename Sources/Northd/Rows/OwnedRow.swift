// Southbound tables whose rows northd alone inserts, writes and deletes, apart from columns that
// chassis fill in. What such a table needs is a type of desired rows that says how a row is named,
// how it is recognised in the database and what it shall say; `OwnedRows` does the rest. A new table
// is a conforming type, an output in `Outputs`, and a line in `OwnedTables`.

import OVSDBModel
import OVSDBSession

/// Names a row within its table: what stays the same while the rest of the row changes.
package struct RowName: Hashable, Comparable, Sendable {
    package let parts: [String]

    package init(_ parts: String...) { self.parts = parts }

    package static func < (left: RowName, right: RowName) -> Bool {
        left.parts.lexicographicallyPrecedes(right.parts)
    }
}

/// Whose a row of the database is.
package enum RowClaim: Hashable, Sendable {
    /// Northd's, if a row of this name is desired; else it goes.
    case own(RowName)
    /// Nobody's: it goes.
    case stray
    /// Somebody else's: it stays as it is.
    case foreign
}

/// A row of a table that northd owns, in names instead of references.
package protocol OwnedRow: Hashable, Sendable {
    associatedtype Row: TypedRow

    var name: RowName { get }

    /// The Northbound row that this comes from. Of several rows of one name, that of the least
    /// origin counts.
    var origin: RowUUID { get }

    /// The UUID to insert the row with.
    var uuid: RowUUID { get }

    static func claim(on row: Identified<Row>, _ places: Places) -> RowClaim

    /// The row with all its columns, those that chassis write taken from `actual`; nil while
    /// something is missing without which it can't be.
    func row(over actual: Row?, _ scene: Scene) -> Row?

    /// Inserts the row or makes `actual` say what it shall.
    func write(
        over actual: Identified<Row>?, _ scene: Scene, _ transaction: inout TransactionBuilder)
}

extension OwnedRow {
    package var origin: RowUUID { .zero }

    package var uuid: RowUUID { SouthboundUUID.owned(Row.table.name, name) }

    package func write(
        over actual: Identified<Row>?, _ scene: Scene, _ transaction: inout TransactionBuilder
    ) {
        guard let wanted = row(over: actual?.row, scene) else {
            if let actual { transaction.delete(Row.self, actual.uuid) }
            return
        }
        transaction.put(wanted, over: actual?.row, actual?.uuid ?? uuid)
    }
}

/// A copy of a Northbound row, which has the UUID of its original.
package protocol CopiedRow: OwnedRow {}

extension CopiedRow {
    package var name: RowName { RowName(origin.description) }
    package var uuid: RowUUID { origin }

    package static func claim(on row: Identified<Row>, _ places: Places) -> RowClaim {
        .own(RowName(row.uuid.description))
    }
}

/// What rows of the database stand for.
package struct Places {
    /// The Northbound row of each Datapath_Binding.
    package let datapaths: [RowUUID: RowUUID]
    /// The name of each Port_Binding.
    package let ports: [RowUUID: String]
}

/// Where in the database the things are that desired rows name.
package struct Scene {
    package let replica: Replica
    let datapathRows: [RowUUID: RowUUID]
    let portRows: [String: Reconciler.PortPlace]
    let desired: Desired
    let tables: [any OwnedTable]

    /// The row that a datapath has or will have.
    package func row(ofDatapath northbound: RowUUID) -> RowUUID {
        datapathRows[northbound] ?? SouthboundUUID.datapath(northbound)
    }

    package func hasDatapath(_ northbound: RowUUID) -> Bool {
        desired.datapaths[northbound] != nil
    }

    /// The row that a port has or will have; nil if there shall be no such port.
    package func row(ofPort name: String) -> RowUUID? {
        guard let port = desired.ports[name] else { return nil }
        if let place = portRows[name], place.datapath == row(ofDatapath: port.datapath) {
            return place.uuid
        }
        return SouthboundUUID.port(name, on: port.datapath)
    }

    /// The row of a group, while it has members.
    package func row(of group: DatapathGroup?) -> RowUUID? {
        group.flatMap { desired.groups[$0] == nil ? nil : SouthboundUUID.group($0) }
    }

    /// The row of an owned table that has this name or will have it.
    package func row<Row: TypedRow>(of type: Row.Type, named name: RowName) -> RowUUID? {
        for table in tables where table.tableName == Row.table.name { return table.place(of: name) }
        return nil
    }
}
