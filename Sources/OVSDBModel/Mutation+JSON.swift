import JSON

extension Mutation {
    /// Parses one mutation of a row of `table`; `symbols` resolves ["named-uuid", name].
    public init(
        json: JSON, table: TableSchema, symbols: inout SymbolTable?
    ) throws(OVSDBError) {
        guard let array = json.array, array.count == 3, let columnName = array[0].string,
            let mutatorName = array[1].string
        else { throw .syntax("Parse error in mutation.", in: json) }
        let column = try Mutation.column(columnName, table, json)
        guard let mutator = Mutator(rawValue: mutatorName) else {
            throw .syntax("No mutator named \(mutatorName).", in: nil, tag: "unknown mutator")
        }
        let schema = table.columns[column]
        guard Mutation.isApplicable(mutator, schema.type) else {
            throw .syntax(
                "Type mismatch: \"\(mutatorName)\" operator may not be applied to column "
                    + "\(columnName) of type \(schema.type.description).", in: json)
        }
        self.init(
            column, mutator, try Mutation.argument(array[2], mutator, schema.type, &symbols))
    }

    private static func column(
        _ name: String, _ table: TableSchema, _ json: JSON
    ) throws(OVSDBError) -> Int {
        guard let reference = table.reference(name) else {
            throw .syntax(
                "No column \(name) in table \(table.name).", in: json, tag: "unknown column")
        }
        guard case .column(let index) = reference, table.columns[index].isMutable else {
            throw .syntax(
                "Cannot mutate immutable column \(name) in table \(table.name).", in: json,
                tag: "constraint violation")
        }
        return index
    }

    private static func isApplicable(_ mutator: Mutator, _ type: ColumnType) -> Bool {
        guard mutator.isArithmetic else { return !type.isScalar }
        guard !type.isMap else { return false }
        switch type.key.type {
        case .integer: return true
        case .real: return mutator != .remainder
        case .boolean, .string, .uuid: return false
        }
    }

    private static func argument(
        _ json: JSON, _ mutator: Mutator, _ type: ColumnType, _ symbols: inout SymbolTable?
    ) throws(OVSDBError) -> Datum {
        if mutator.isArithmetic {
            let number = ColumnType(key: BaseType(type.key.type))
            return try Datum(json: json, type: number, symbols: &symbols)
        }
        var argument = type
        argument.minimum = 0
        guard mutator == .delete else {
            return try Datum(json: json, type: argument, symbols: &symbols)
        }
        argument.maximum = nil
        guard type.isMap else { return try Datum(json: json, type: argument, symbols: &symbols) }
        // Pairs first, then keys; what fails both ways is reported as keys.
        do {
            return try Datum(json: json, type: argument, symbols: &symbols)
        } catch {
            argument.value = nil
            return try Datum(json: json, type: argument, symbols: &symbols)
        }
    }

    public func json(_ table: TableSchema) -> JSON {
        var type = table.columns[column].type
        if mutator == .delete, argument.entries.isEmpty { type.value = nil }
        return [
            .string(table.columns[column].name), .string(mutator.rawValue), argument.json(type),
        ]
    }
}
