// What each name means: width, level, who may write it, what must hold before it makes sense, and
// where its bits are or which match it abbreviates.

/// How the bits of a symbol may be matched.
package enum Level: Hashable, Sendable {
    /// Any bit by itself, and by order.
    case ordinal
    /// Only as a whole, and only for equality.
    case nominal
    /// A predicate whose negation is as cheap as itself.
    case boolean
}

/// Where a symbol may be assigned.
package enum WriteScope: Hashable, Sendable {
    case never
    case anywhere
    /// Anywhere but in `ct_commit { }`.
    case packet
    /// Only in `ct_commit { }`.
    case connection
}

/// A run of bits of a root field.
package struct Storage: Hashable, Sendable {
    package let field: Field
    package let offset: Int
    package let width: Int
}

/// The meaning of one symbol.
package struct SymbolDefinition: Sendable {
    package enum Meaning: Sendable {
        case storage(Storage)
        case predicate(Match)
    }

    package let name: String
    /// Width in bits; nil for a string (whose storage is a 32-bit port key).
    package let width: Int?
    package let level: Level
    package let scope: WriteScope
    /// Holds wherever the symbol has a value.
    package let prerequisite: Symbol?
    package let meaning: Meaning
    /// False for what can only be assigned.
    package let isMatchable: Bool

    /// Where the symbol lives; nil for a predicate.
    package var storage: Storage? {
        if case .storage(let storage) = meaning { storage } else { nil }
    }

    package var isPredicate: Bool { storage == nil }
}

/// The names of one dialect. There are two: the standard one, and the one for matches of flows tagged
/// `acl_ct_translation`, in which transport ports are those of the connection's first packet.
package struct SymbolTable: Sendable {
    private let definitions: [SymbolDefinition?]
    private let symbols: [String: Symbol]
    /// True for the dialect of `acl_ct_translation`.
    package let translatesTransport: Bool

    package static let standard = SymbolTable(translatesTransport: false)
    package static let connectionTracking = SymbolTable(translatesTransport: true)

    package subscript(symbol: Symbol) -> SymbolDefinition {
        guard
            let definition = definitions[Int(symbol.rawValue)]
                ?? Self.connectionTrackingOnly[symbol]
        else { preconditionFailure("symbol without a definition") }
        return definition
    }

    package func contains(_ symbol: Symbol) -> Bool {
        definitions[Int(symbol.rawValue)] != nil
    }

    /// The symbol with this name, if the dialect has it.
    package func symbol(named name: String) -> Symbol? { symbols[name] }

    private static let connectionTrackingOnly: [Symbol: SymbolDefinition] = {
        var builder = SymbolTableBuilder()
        builder.addConnectionProtocol()
        return builder.definitions
    }()

    private init(translatesTransport: Bool) {
        self.translatesTransport = translatesTransport
        var builder = SymbolTableBuilder()
        builder.addFields()
        builder.addRegisters()
        builder.addConntrack()
        builder.addFlags()
        builder.addPredicates()
        if translatesTransport {
            builder.addTranslatedTransport()
        }
        definitions = Symbol.allCases.map { builder.definitions[$0] }
        symbols = Dictionary(
            uniqueKeysWithValues: builder.definitions.map { ($0.value.name, $0.key) })
    }
}
