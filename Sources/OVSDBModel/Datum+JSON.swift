import JSON

// Values in the notation of RFC 7047 §5.1: a bare atom is a set of one; everything else is
// ["set", […]] or ["map", [[k, v]…]]. The texts of the errors are those of stock servers.

extension Atom {
    /// Parses and checks an atom of type `base`; `symbols` resolves ["named-uuid", name].
    public init(json: JSON, base: BaseType, symbols: inout SymbolTable?) throws(OVSDBError) {
        self = try Atom.unchecked(json, base.type, &symbols)
        try base.check(self)
    }

    private static func unchecked(
        _ json: JSON, _ type: AtomicType, _ symbols: inout SymbolTable?
    ) throws(OVSDBError) -> Atom {
        switch (type, json) {
        case (.integer, .integer(let value)): return .integer(value)
        case (.real, .integer(let value)): return .real(Double(value))
        case (.real, .double(let value)): return .real(value)
        case (.boolean, .bool(let value)): return .boolean(value)
        case (.string, .string(let value)): return .string(value)
        case (.uuid, _): return .uuid(try RowUUID(json: json, symbols: &symbols))
        default: throw .syntax("expected \(type.rawValue)", in: json)
        }
    }

    public var json: JSON {
        switch self {
        case .integer(let value): .integer(value)
        case .real(let value): JSON(real: value)
        case .boolean(let value): .bool(value)
        case .string(let value): .string(value)
        case .uuid(let value): .array(["uuid", .string(value.description)])
        }
    }
}

extension JSON {
    /// A number as it comes back when it is parsed: a whole one is an integer.
    init(real: Double) {
        if let integer = real.wholeNumber {
            self = .integer(integer)
        } else {
            self = .double(real)
        }
    }
}

extension RowUUID {
    init(json: JSON, symbols: inout SymbolTable?) throws(OVSDBError) {
        if let text = RowUUID.tagged("uuid", json) {
            guard let uuid = RowUUID(parsing: text) else {
                throw .syntax("\"\(text)\" is not a valid UUID", in: json)
            }
            self = uuid
            return
        }
        if symbols != nil, let name = RowUUID.tagged("named-uuid", json) {
            guard ObjectReader.isIdentifier(name) else {
                throw .syntax("named-uuid string is not a valid <id>", in: json)
            }
            if let uuid = symbols?.resolve(name) {
                self = uuid
                return
            }
        }
        throw .syntax("expected [\"uuid\", <string>]", in: json)
    }

    private static func tagged(_ tag: String, _ json: JSON) -> String? {
        guard let array = json.array, array.count == 2, array[0].string == tag else { return nil }
        return array[1].string
    }
}

extension Datum {
    /// Parses a value of `type`; constraints and the number of elements are checked.
    public init(json: JSON, type: ColumnType) throws(OVSDBError) {
        var symbols: SymbolTable?
        try self.init(json: json, type: type, symbols: &symbols)
    }

    /// Parses a value of `type`; `symbols` resolves ["named-uuid", name].
    public init(
        json: JSON, type: ColumnType, symbols: inout SymbolTable?
    ) throws(OVSDBError) {
        try self.init(json: json, type: type, symbols: &symbols, checksCount: true)
    }

    /// Parses a difference: like a value, but of any number of elements.
    public init(diffJSON json: JSON, type: ColumnType) throws(OVSDBError) {
        var symbols: SymbolTable?
        try self.init(json: json, type: type, symbols: &symbols, checksCount: !type.isComposite)
    }

    init(
        json: JSON, type: ColumnType, symbols: inout SymbolTable?, checksCount: Bool
    ) throws(OVSDBError) {
        if type.isMap || json.array?.first?.string == "set" {
            let elements = try Datum.elements(type.kindName, json)
            if checksCount { try Datum.check(count: elements.count, type, json) }
            self =
                type.isMap
                ? try Datum.map(elements, type, &symbols) : try Datum.set(elements, type, &symbols)
        } else {
            self = .one(try Atom(json: json, base: type.key, symbols: &symbols))
        }
    }

    private static func tagged(_ tag: String, _ json: JSON) -> JSON? {
        guard let array = json.array, array.count == 2, array[0].string == tag else { return nil }
        return array[1]
    }

    private static func elements(_ tag: String, _ json: JSON) throws(OVSDBError) -> [JSON] {
        guard let elements = tagged(tag, json)?.array else {
            throw .syntax("expected [\"\(tag)\", <array>]", in: json)
        }
        return elements
    }

    private static func check(
        count: Int, _ type: ColumnType, _ json: JSON
    ) throws(OVSDBError) {
        guard !type.allows(count: count) else { return }
        if type.minimum == 1 && type.maximum == 1 {
            throw .syntax(
                "\(type.kindName) must have exactly one member but \(count) are present", in: json)
        }
        throw .syntax(
            "\(type.kindName) must have \(type.minimum) to \(type.maximumCount) members but "
                + "\(count) are present", in: json)
    }

    private static func set(
        _ elements: [JSON], _ type: ColumnType, _ symbols: inout SymbolTable?
    ) throws(OVSDBError) -> Datum {
        var atoms: [Atom] = []
        atoms.reserveCapacity(elements.count)
        for element in elements {
            atoms.append(try Atom(json: element, base: type.key, symbols: &symbols))
        }
        let datum = Datum(set: atoms)
        guard datum.count == atoms.count else { throw .plain("set contains duplicate") }
        return datum
    }

    private static func map(
        _ elements: [JSON], _ type: ColumnType, _ symbols: inout SymbolTable?
    ) throws(OVSDBError) -> Datum {
        let valueType = type.value ?? type.key
        var entries: [MapEntry] = []
        entries.reserveCapacity(elements.count)
        for element in elements {
            guard let pair = element.array, pair.count == 2 else {
                throw .syntax("expected 2-element array", in: element)
            }
            let key = try Atom(json: pair[0], base: type.key, symbols: &symbols)
            let value = try Atom(json: pair[1], base: valueType, symbols: &symbols)
            entries.append(MapEntry(key: key, value: value))
        }
        let datum = Datum(entries: entries)
        guard datum.count == entries.count else { throw .plain("map contains duplicate key") }
        return datum
    }

    public func json(_ type: ColumnType) -> JSON {
        switch self {
        case .empty: .array([.string(type.kindName), .array([])])
        case .one(let atom): atom.json
        case .many(let atoms): .array(["set", .array(atoms.map(\.json))])
        case .map(let entries):
            .array(["map", .array(entries.map { .array([$0.key.json, $0.value.json]) })])
        }
    }
}

extension Datum {
    /// As messages print a value of `type`.
    package func text(_ type: ColumnType) -> String {
        let items: [String] =
            switch self {
            case .empty: []
            case .one(let atom): [atom.description]
            case .many(let atoms): atoms.map(\.description)
            case .map(let entries): entries.map { "\($0.key)=\($0.value)" }
            }
        let list = items.joined(separator: ", ")
        guard type.isComposite || isEmpty else { return list }
        return type.isMap ? "{\(list)}" : "[\(list)]"
    }
}
