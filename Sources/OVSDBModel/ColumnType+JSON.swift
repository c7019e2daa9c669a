import JSON

// Types from and to JSON (RFC 7047 §3.2, `<type>` and `<base-type>`).

extension ColumnType {
    public init(json: JSON) throws(SchemaError) {
        switch json {
        case .string: self.init(key: try BaseType(json: json))
        case .object: try self.init(object: json)
        default: throw .syntax("ovsdb type expected", in: json)
        }
    }

    private init(object json: JSON) throws(SchemaError) {
        var reader = ObjectReader(json, name: "ovsdb type")
        let key = reader.required("key", [.string, .object])
        let value = reader.optional("value", [.string, .object])
        let minimum = reader.optional("min", .integer)
        let maximum = reader.optional("max", [.integer, .string])
        try reader.finish()
        let keyType = try BaseType(json: key ?? .null)
        var valueType: BaseType?
        if let value { valueType = try BaseType(json: value) }
        let least = try ColumnType.count(minimum) ?? 1
        let most = maximum?.string == "unlimited" ? nil : try ColumnType.count(maximum) ?? 1
        guard least <= 1, most.map({ $0 >= 1 }) ?? true else {
            throw .syntax("ovsdb type fails constraint checks", in: json)
        }
        self.init(key: keyType, value: valueType, minimum: least, maximum: most)
    }

    private static func count(_ json: JSON?) throws(SchemaError) -> Int? {
        guard let json else { return nil }
        guard let count = json.integer, count >= 0, count < UInt32.max else {
            throw .syntax("bad min or max value", in: json)
        }
        return Int(count)
    }

    public var json: JSON {
        if isScalar && !key.hasConstraints { return key.json }
        var members = [JSON.Member("key", key.json)]
        if let value { members.append(JSON.Member("value", value.json)) }
        if minimum != 1 { members.append(JSON.Member("min", .integer(Int64(minimum)))) }
        switch maximum {
        case nil: members.append(JSON.Member("max", "unlimited"))
        case 1: break
        case let maximum?: members.append(JSON.Member("max", .integer(Int64(maximum))))
        }
        return .object(members)
    }
}

extension AtomicType {
    init(json: JSON) throws(SchemaError) {
        guard let name = json.string else { throw .syntax("atomic-type expected", in: json) }
        guard let type = AtomicType(rawValue: name) else {
            throw .syntax("\"\(name)\" is not an atomic-type", in: json)
        }
        self = type
    }
}

extension BaseType {
    public init(json: JSON) throws(SchemaError) {
        guard json.string == nil else {
            self.init(try AtomicType(json: json))
            return
        }
        var reader = ObjectReader(json, name: "ovsdb type")
        guard let type = reader.required("type", .string) else {
            try reader.finish()
            throw .syntax("ovsdb type expected", in: json)
        }
        self.init(try AtomicType(json: type))
        if let allowed = reader.optional("enum", .any) {
            enumeration = try BaseType.enumeration(allowed, of: self.type)
        } else {
            try readConstraints(&reader, json)
        }
        try reader.finish()
    }

    private static func enumeration(
        _ json: JSON, of type: AtomicType
    ) throws(SchemaError) -> [Atom] {
        try Datum(json: json, type: .set(of: BaseType(type), minimum: 1)).atoms
    }

    private mutating func readConstraints(
        _ reader: inout ObjectReader, _ json: JSON
    ) throws(SchemaError) {
        switch type {
        case .integer: try readIntegers(&reader, json)
        case .real: try readReals(&reader, json)
        case .string: try readLengths(&reader, json)
        case .uuid: try readReference(&reader, json)
        case .boolean: return
        }
    }

    private mutating func readIntegers(
        _ reader: inout ObjectReader, _ json: JSON
    ) throws(SchemaError) {
        minimumInteger = reader.optional("minInteger", .integer)?.integer ?? minimumInteger
        maximumInteger = reader.optional("maxInteger", .integer)?.integer ?? maximumInteger
        guard minimumInteger <= maximumInteger else {
            throw .syntax("minInteger exceeds maxInteger", in: json)
        }
    }

    private mutating func readReals(
        _ reader: inout ObjectReader, _ json: JSON
    ) throws(SchemaError) {
        minimumReal = reader.optional("minReal", .number)?.number ?? minimumReal
        maximumReal = reader.optional("maxReal", .number)?.number ?? maximumReal
        guard minimumReal <= maximumReal else {
            throw .syntax("minReal exceeds maxReal", in: json)
        }
    }

    private mutating func readLengths(
        _ reader: inout ObjectReader, _ json: JSON
    ) throws(SchemaError) {
        minimumLength = try BaseType.length("minLength", &reader) ?? minimumLength
        maximumLength = try BaseType.length("maxLength", &reader) ?? maximumLength
        guard minimumLength <= maximumLength else {
            throw .syntax("minLength exceeds maxLength", in: json)
        }
    }

    private static func length(
        _ key: String, _ reader: inout ObjectReader
    ) throws(SchemaError) -> Int? {
        guard let json = reader.optional(key, .integer), let value = json.integer else {
            return nil
        }
        guard value >= 0, value <= unlimitedLength else {
            throw .syntax("\(key) out of valid range 0 to \(unlimitedLength)", in: json)
        }
        return Int(value)
    }

    private mutating func readReference(
        _ reader: inout ObjectReader, _ json: JSON
    ) throws(SchemaError) {
        guard let table = reader.optional("refTable", .identifier)?.string else { return }
        let name = reader.optional("refType", .identifier)?.string ?? "strong"
        guard let strength = Reference.Strength(rawValue: name) else {
            throw .syntax("refType must be \"strong\" or \"weak\" (not \"\(name)\")", in: json)
        }
        reference = Reference(table: table, strength: strength)
    }

    public var json: JSON {
        guard hasConstraints else { return .string(type.rawValue) }
        var members = [JSON.Member("type", .string(type.rawValue))]
        if !enumeration.isEmpty {
            let allowed = Datum(set: enumeration).json(.set(of: BaseType(type), minimum: 1))
            members.append(JSON.Member("enum", allowed))
        }
        appendRange(to: &members)
        if let reference {
            members.append(JSON.Member("refTable", .string(reference.table)))
            if reference.strength == .weak { members.append(JSON.Member("refType", "weak")) }
        }
        return .object(members)
    }

    private func appendRange(to members: inout [JSON.Member]) {
        let free = BaseType(type)
        func append(_ key: String, _ isSet: Bool, _ value: JSON) {
            if isSet { members.append(JSON.Member(key, value)) }
        }
        append("minInteger", minimumInteger != free.minimumInteger, .integer(minimumInteger))
        append("maxInteger", maximumInteger != free.maximumInteger, .integer(maximumInteger))
        append("minReal", minimumReal != free.minimumReal, .double(minimumReal))
        append("maxReal", maximumReal != free.maximumReal, .double(maximumReal))
        append("minLength", minimumLength != free.minimumLength, .integer(Int64(minimumLength)))
        append("maxLength", maximumLength != free.maximumLength, .integer(Int64(maximumLength)))
    }
}

extension JSON {
    /// The value of a number of either kind.
    var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }
}
