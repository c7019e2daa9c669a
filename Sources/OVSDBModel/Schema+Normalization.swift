// What holds for a schema as a whole, whoever made it.

extension DatabaseSchema {
    /// Sorts, applies the rule for schemas without roots, and makes persistent every column that
    /// would otherwise lose a row at a restart: an ephemeral strong reference to a table that is
    /// not a root.
    static func normalized(_ tables: [TableSchema]) -> [TableSchema] {
        let hasRoot = tables.contains(where: \.isRoot)
        let rooted = hasRoot ? tables : tables.map { $0.with(isRoot: true) }
        let nonRoots = Set(rooted.filter { !$0.isRoot }.map(\.name))
        return rooted.map { $0.keepingReferences(to: nonRoots) }.sorted { $0.name < $1.name }
    }

    /// Throws if a reference names a table that isn't there.
    func checkReferences() throws(SchemaError) {
        for table in tables {
            for column in table.columns {
                try check(column.type.key.reference, of: column, part: "key")
                try check(column.type.value?.reference, of: column, part: "value")
            }
        }
    }

    private func check(
        _ reference: BaseType.Reference?, of column: ColumnSchema, part: String
    ) throws(SchemaError) {
        guard let reference, tableIndex(reference.table) == nil else { return }
        throw .syntax(
            "column \(column.name) \(part) refers to undefined table \(reference.table)", in: nil)
    }
}

extension TableSchema {
    fileprivate func with(isRoot: Bool) -> TableSchema {
        TableSchema(
            name: name, columns: columns, isMutable: isMutable, maximumRows: maximumRows,
            isRoot: isRoot, indexes: indexes)
    }

    fileprivate func keepingReferences(to nonRoots: Set<String>) -> TableSchema {
        let needsChange = columns.contains { $0.mustPersist(for: nonRoots) }
        guard needsChange else { return self }
        let columns = columns.map { column in
            column.mustPersist(for: nonRoots)
                ? ColumnSchema(column.name, column.type, isMutable: column.isMutable) : column
        }
        return TableSchema(
            name: name, columns: columns, isMutable: isMutable, maximumRows: maximumRows,
            isRoot: isRoot, indexes: indexes)
    }
}

extension ColumnSchema {
    fileprivate func mustPersist(for nonRoots: Set<String>) -> Bool {
        guard isEphemeral else { return false }
        return [type.key, type.value].contains { base in
            guard let base, base.isStrongReference, let table = base.reference?.table else {
                return false
            }
            return nonRoots.contains(table)
        }
    }
}
