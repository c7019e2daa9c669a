/// The names that inserts of one transaction give to their rows (RFC 7047 §5.1, `<named-uuid>`).
///
/// A name may be used before the insert that defines it, so the first mention chooses the UUID.
/// A name that no insert defines is simply the UUID of a row that doesn't exist.
public struct SymbolTable {
    public struct Symbol: Hashable, Sendable {
        public var uuid: RowUUID
        /// Whether an insert has defined it.
        public var isDefined: Bool
    }

    public private(set) var symbols: [String: Symbol] = [:]
    private let makeUUID: () -> RowUUID

    public init(makeUUID: @escaping () -> RowUUID) { self.makeUUID = makeUUID }

    /// The UUID that `name` stands for.
    public mutating func resolve(_ name: String) -> RowUUID {
        if let symbol = symbols[name] { return symbol.uuid }
        let uuid = makeUUID()
        symbols[name] = Symbol(uuid: uuid, isDefined: false)
        return uuid
    }

    /// Defines `name`, as `uuid` if that is given; nil if it is defined already.
    ///
    /// A name that was used before keeps the UUID it has unless `uuid` says otherwise.
    public mutating func define(_ name: String, as uuid: RowUUID? = nil) -> RowUUID? {
        let known = symbols[name]
        guard known?.isDefined != true else { return nil }
        let chosen = uuid ?? known?.uuid ?? makeUUID()
        symbols[name] = Symbol(uuid: chosen, isDefined: true)
        return chosen
    }
}
