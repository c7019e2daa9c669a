import OVSDBModel

// What a transaction says and the server has a place for; the rest is noted and left out.

extension TransactionWriter {
    /// The table's position; nil, and noted, if the server doesn't have it.
    mutating func place(_ table: String) -> Int? {
        guard let position = schema.tableIndex(table), coverage.tables[position] != nil else {
            note(.table(table))
            return nil
        }
        return position
    }

    mutating func place(_ column: String, _ table: String) -> ColumnSchema? {
        guard let position = place(table) else { return nil }
        let own = schema.tables[position]
        guard let index = own.columnIndex(column),
            coverage.tables[position]?.columns[index] != nil
        else {
            note(.column(column, table: table))
            return nil
        }
        return own.columns[index]
    }

    mutating func note(_ gap: SchemaCoverage.Gap) {
        if !gaps.contains(gap) { gaps.append(gap) }
    }

    mutating func placed(
        _ columns: [ColumnValue], _ table: String
    ) -> [(column: ColumnSchema, value: Datum)] {
        var result: [(column: ColumnSchema, value: Datum)] = []
        for value in columns {
            if let column = place(value.column, table) { result.append((column, value.value)) }
        }
        return result
    }

    mutating func values(
        _ row: TransactionBuilder.RowEdit, _ table: String
    ) -> [(column: ColumnSchema, value: Datum)] {
        let values = row.columns.compactMap { column -> ColumnValue? in
            guard case .value(let value) = column.edit else { return nil }
            return ColumnValue(column: column.name, value: value)
        }
        return placed(values, table)
    }

    /// Every column that may be written, those that are not mentioned with their defaults.
    mutating func allValues(
        _ row: TransactionBuilder.RowEdit, _ table: String
    ) -> [(column: ColumnSchema, value: Datum)] {
        guard let position = place(table), let known = coverage.tables[position] else { return [] }
        let columns = zip(schema.tables[position].columns, known.columns)
        let defaults = columns.filter { column, type in
            type != nil && column.isMutable && row[column.name] == nil
        }
        return values(row, table) + defaults.map { ($0.0, $0.0.type.defaultDatum) }
    }

    mutating func placedMutations(
        _ row: TransactionBuilder.RowEdit, _ table: String
    ) -> [(column: ColumnSchema, mutation: TransactionBuilder.Mutation)] {
        var result: [(column: ColumnSchema, mutation: TransactionBuilder.Mutation)] = []
        for edited in row.columns {
            guard case .mutations(let mutations) = edited.edit,
                let column = place(edited.name, table)
            else { continue }
            result += mutations.map { (column, $0) }
        }
        return result
    }
}
