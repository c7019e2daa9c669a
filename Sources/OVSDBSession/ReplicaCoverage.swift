import OVSDBModel

// Client and server are of different releases more often than not. What the server lacks is neither
// monitored nor written; what it has beyond the client's schema is not asked for.

/// What of a client's schema a server has.
package struct SchemaCoverage: Hashable, Sendable {
    package struct Table: Hashable, Sendable {
        /// In the client's column order: how the server prints the column's values; nil if it
        /// doesn't have the column.
        package var columns: [ColumnType?]
    }

    /// Something of the client's schema that the server lacks.
    package enum Gap: Hashable, Sendable, CustomStringConvertible {
        case table(String)
        case column(String, table: String)
        /// The server's column holds another type of atoms.
        case type(column: String, table: String)

        package var description: String {
            switch self {
            case .table(let name): "the server has no table \(name)"
            case .column(let name, let table): "the server has no column \(name) in table \(table)"
            case .type(let name, let table):
                "column \(name) in table \(table) has another type on the server"
            }
        }
    }

    /// In the order of the client's schema; nil if the server doesn't have the table.
    package private(set) var tables: [Table?]
    package private(set) var gaps: [Gap]

    package init(client: DatabaseSchema, server: DatabaseSchema) {
        tables = []
        gaps = []
        for table in client.tables {
            if let known = server.table(table.name) {
                cover(table, known)
            } else {
                tables.append(nil)
                gaps.append(.table(table.name))
            }
        }
    }

    private mutating func cover(_ table: TableSchema, _ server: TableSchema) {
        var columns: [ColumnType?] = []
        for column in table.columns {
            guard let known = server.column(column.name) else {
                columns.append(nil)
                gaps.append(.column(column.name, table: table.name))
                continue
            }
            if SchemaCoverage.areCompatible(column.type, known.type) {
                columns.append(SchemaCoverage.unconstrained(known.type))
            } else {
                columns.append(nil)
                gaps.append(.type(column: column.name, table: table.name))
            }
        }
        tables.append(Table(columns: columns))
    }

    private static func areCompatible(_ own: ColumnType, _ server: ColumnType) -> Bool {
        own.key.type == server.key.type && own.value?.type == server.value?.type
    }

    /// The type as the wire shows it: a value that the client's release doesn't allow is read as
    /// it is. How many elements there may be decides how differences are written, so that stays;
    /// only a list of references of which there has to be one may be empty, as its default would
    /// name a row that isn't there.
    private static func unconstrained(_ type: ColumnType) -> ColumnType {
        let isReferenceSet = type.key.reference != nil && !type.isScalar
        return ColumnType(
            key: BaseType(type.key.type), value: type.value.map { BaseType($0.type) },
            minimum: isReferenceSet ? 0 : type.minimum, maximum: type.maximum)
    }

    /// The client's schema with the types as the wire shows them.
    func wireSchema(_ client: DatabaseSchema) -> DatabaseSchema {
        let wireTables = zip(client.tables, tables).map { table, known in
            let columns = table.columns.enumerated().map { position, column in
                ColumnSchema(
                    column.name,
                    known?.columns[position] ?? SchemaCoverage.unconstrained(column.type))
            }
            return TableSchema(name: table.name, columns: columns)
        }
        return DatabaseSchema(name: client.name, version: client.version, tables: wireTables)
    }
}
