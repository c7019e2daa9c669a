import JSON

// Clauses from and to JSON, with the checks and texts of stock servers.

extension Condition {
    /// Parses one clause of a `where` on `table`; `symbols` resolves ["named-uuid", name].
    public init(
        json: JSON, table: TableSchema, symbols: inout SymbolTable?
    ) throws(OVSDBError) {
        if let constant = json.bool {
            self = .constant(constant)
            return
        }
        guard let array = json.array, array.count == 3, let columnName = array[0].string,
            let functionName = array[1].string
        else { throw .syntax("Parse error in condition.", in: json) }
        guard let column = table.reference(columnName) else {
            throw .syntax(
                "No column \(columnName) in table \(table.name).", in: json, tag: "unknown column")
        }
        let function = try Condition.function(functionName)
        let type = try Condition.argumentType(function, table, column, json)
        self.init(column, function, try Datum(json: array[2], type: type, symbols: &symbols))
    }

    private static func function(_ name: String) throws(OVSDBError) -> Function {
        guard let function = Function(rawValue: name) else {
            throw .syntax("No function named \(name).", in: nil, tag: "unknown function")
        }
        return function
    }

    /// The column's type, with its limits relaxed or tightened as the function needs.
    private static func argumentType(
        _ function: Function, _ table: TableSchema, _ column: ColumnReference, _ json: JSON
    ) throws(OVSDBError) -> ColumnType {
        var type = table.type(of: column)
        switch function {
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            let isNumber = type.key.type == .integer || type.key.type == .real
            guard type.isScalar || type.isOptionalScalar, isNumber else {
                throw .syntax(
                    "Type mismatch: \"\(function.rawValue)\" operator may not be applied to "
                        + "column \(table.name(of: column)) of type \(type.description).", in: json)
            }
            type.minimum = 1
        case .excludes where !type.isScalar:
            type.minimum = 0
            type.maximum = nil
        case .includes where !type.isScalar: type.minimum = 0
        case .includes, .excludes, .equal, .notEqual, .alwaysTrue, .alwaysFalse: break
        }
        return type
    }

    public func json(_ table: TableSchema) -> JSON {
        switch function {
        case .alwaysTrue: true
        case .alwaysFalse: false
        default:
            [
                .string(table.name(of: column)), .string(function.rawValue),
                argument.json(table.type(of: column)),
            ]
        }
    }
}

extension [Condition] {
    /// Parses a whole `where`.
    public init(
        json: JSON, table: TableSchema, symbols: inout SymbolTable?
    ) throws(OVSDBError) {
        guard let clauses = json.array else { throw .syntax("array expected", in: json) }
        self = []
        for clause in clauses {
            append(try Condition(json: clause, table: table, symbols: &symbols))
        }
    }

    /// Parses a whole `where` in which named UUIDs have no meaning.
    public init(json: JSON, table: TableSchema) throws(OVSDBError) {
        var symbols: SymbolTable?
        try self.init(json: json, table: table, symbols: &symbols)
    }

    public func json(_ table: TableSchema) -> JSON { .array(map { $0.json(table) }) }
}
