import JSON

// Schemas from and to JSON (RFC 7047 §3.2). The output is canonical: what is a default is left out,
// tables and columns are sorted, so two equal schemas print equally.

extension DatabaseSchema {
    public init(json: JSON) throws(SchemaError) {
        var reader = ObjectReader(json, name: "database schema")
        let name = reader.required("name", .identifier)?.string
        let version = reader.optional("version", .string)?.string
        let checksum = reader.optional("cksum", .string)?.string
        let tables = reader.required("tables", .object)
        try reader.finish()
        if let version, !DatabaseSchema.isVersion(version) {
            throw .syntax("schema version \"\(version)\" not in format x.y.z", in: json)
        }
        self.init(
            name: name ?? "", version: version ?? "", checksum: checksum ?? "",
            tables: try DatabaseSchema.tables(tables ?? .null, of: json))
        try checkReferences()
    }

    private static func tables(_ json: JSON, of schema: JSON) throws(SchemaError) -> [TableSchema] {
        var tables: [TableSchema] = []
        for member in JSON.canonicalMembers(of: json) {
            try checkName(member.key, in: schema)
            tables.append(try TableSchema(name: member.key, json: member.value))
        }
        return tables
    }

    static func checkName(_ name: String, in json: JSON) throws(SchemaError) {
        if name.utf8.first == 0x5f {
            throw .syntax("names beginning with \"_\" are reserved", in: json)
        }
        if !ObjectReader.isIdentifier(name) {
            throw .syntax("name must be a valid id", in: json)
        }
    }

    /// Three decimal numbers with dots between.
    private static func isVersion(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 3
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
            }
    }

    public var json: JSON {
        var members = [JSON.Member("name", .string(name))]
        if !version.isEmpty { members.append(JSON.Member("version", .string(version))) }
        if !checksum.isEmpty { members.append(JSON.Member("cksum", .string(checksum))) }
        let allRoots = tables.allSatisfy(\.isRoot)
        members.append(
            JSON.Member(
                "tables",
                .object(tables.map { JSON.Member($0.name, $0.json(printsRoot: !allRoots)) })))
        return .object(members)
    }
}

extension JSON {
    /// The members of an object, sorted, each name once.
    static func canonicalMembers(of json: JSON) -> [JSON.Member] {
        let members = json.members ?? []
        var last: [String: JSON] = [:]
        for member in members { last[member.key] = member.value }
        return last.sorted { $0.key < $1.key }.map { JSON.Member($0.key, $0.value) }
    }
}

extension TableSchema {
    public init(name: String, json: JSON) throws(SchemaError) {
        var reader = ObjectReader(json, name: "table schema for table \(name)")
        let columns = reader.required("columns", .object)
        let isMutable = reader.optional("mutable", .boolean)?.bool
        let maximumRows = reader.optional("maxRows", .integer)?.integer
        let isRoot = reader.optional("isRoot", .boolean)?.bool
        let indexes = reader.optional("indexes", .array)?.array
        try reader.finish()
        if let maximumRows, maximumRows <= 0 {
            throw .syntax("maxRows must be at least 1", in: json)
        }
        self.init(
            name: name, columns: try TableSchema.columns(columns ?? .null, of: json),
            isMutable: isMutable ?? true,
            maximumRows: maximumRows.flatMap { $0 < UInt32.max ? Int($0) : nil },
            isRoot: isRoot ?? false, indexes: try TableSchema.indexes(indexes ?? []))
        try checkIndexes(json)
    }

    private static func columns(_ json: JSON, of table: JSON) throws(SchemaError) -> [ColumnSchema]
    {
        var columns: [ColumnSchema] = []
        for member in JSON.canonicalMembers(of: json) {
            try DatabaseSchema.checkName(member.key, in: table)
            columns.append(try ColumnSchema(name: member.key, json: member.value))
        }
        if columns.isEmpty { throw .syntax("table must have at least one column", in: table) }
        return columns
    }

    private static func indexes(_ json: [JSON]) throws(SchemaError) -> [[String]] {
        var indexes: [[String]] = []
        for element in json {
            let names = element.array?.compactMap(\.string)
            guard let names, names.count == element.array?.count, Set(names).count == names.count
            else { throw .syntax("array of distinct column names expected", in: element) }
            indexes.append(names)
        }
        return indexes
    }

    private func checkIndexes(_ json: JSON) throws(SchemaError) {
        for index in indexes {
            if index.isEmpty { throw .syntax("index must have at least one column", in: json) }
            for name in index {
                guard let column = column(name) else {
                    throw .syntax(
                        "\(name) is not a valid column name",
                        in: .array(index.map { .string($0) }))
                }
                if column.isEphemeral {
                    throw .syntax(
                        "ephemeral columns (such as \(name)) may not be indexed", in: json)
                }
            }
        }
    }

    func json(printsRoot: Bool) -> JSON {
        var members: [JSON.Member] = []
        if !isMutable { members.append(JSON.Member("mutable", false)) }
        if printsRoot && isRoot { members.append(JSON.Member("isRoot", true)) }
        members.append(
            JSON.Member("columns", .object(columns.map { JSON.Member($0.name, $0.json) })))
        if let maximumRows { members.append(JSON.Member("maxRows", .integer(Int64(maximumRows)))) }
        if !indexes.isEmpty {
            let lists = indexes.map { JSON.array($0.map { .string($0) }) }
            members.append(JSON.Member("indexes", .array(lists)))
        }
        return .object(members)
    }
}

extension ColumnSchema {
    public init(name: String, json: JSON) throws(SchemaError) {
        var reader = ObjectReader(json, name: "schema for column \(name)")
        let isMutable = reader.optional("mutable", .boolean)?.bool
        let isEphemeral = reader.optional("ephemeral", .boolean)?.bool
        let type = reader.required("type", [.string, .object])
        try reader.finish()
        self.init(
            name, try ColumnType(json: type ?? .null), isMutable: isMutable ?? true,
            isEphemeral: isEphemeral ?? false)
    }

    public var json: JSON {
        var members: [JSON.Member] = []
        if !isMutable { members.append(JSON.Member("mutable", false)) }
        if isEphemeral { members.append(JSON.Member("ephemeral", true)) }
        members.append(JSON.Member("type", type.json))
        return .object(members)
    }
}
