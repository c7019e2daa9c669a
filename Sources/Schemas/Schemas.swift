// The schemas of OVN and Open vSwitch as Swift types.
//
// `NB.ovsidl`, `SB.ovsidl` and `OVS.ovsidl` state every table and column once, in a language of one
// line per column that Tools/generate-schemas describes. That program writes `Generated/`: one
// struct per table, and the schemas as values. Both are under test: `Generated/` is what the
// program writes today, and the schemas equal the published ones, column by column.

import OVSDBModel

/// How many atoms or pairs a column holds.
struct Cardinality {
    var minimum: Int
    var maximum: Int?

    static let one = Cardinality(minimum: 1, maximum: 1)
    static let optional = Cardinality(minimum: 0, maximum: 1)
    static let any = Cardinality(minimum: 0, maximum: nil)
    static let some = Cardinality(minimum: 1, maximum: nil)

    static func between(_ minimum: Int, _ maximum: Int) -> Cardinality {
        Cardinality(minimum: minimum, maximum: maximum)
    }
}

extension ColumnSchema {
    static func column(
        _ name: String, _ key: BaseType, to value: BaseType? = nil, _ count: Cardinality = .one,
        isEphemeral: Bool = false, isMutable: Bool = true
    ) -> ColumnSchema {
        let type = ColumnType(
            key: key, value: value, minimum: count.minimum, maximum: count.maximum)
        return ColumnSchema(name, type, isMutable: isMutable, isEphemeral: isEphemeral)
    }
}

extension BaseType {
    /// Integers from `low` to `high`, both included; nil is no limit.
    static func integers(_ low: Int64?, _ high: Int64?) -> BaseType {
        BaseType(.integer, integers: (low ?? .min)...(high ?? .max))
    }

    /// Strings of `low` to `high` characters; nil is no limit.
    static func lengths(_ low: Int?, _ high: Int?) -> BaseType {
        BaseType(.string, lengths: (low ?? 0)...(high ?? BaseType.unlimitedLength))
    }

    static func strings(in choices: [String]) -> BaseType {
        BaseType(.string, enumeration: choices.map { .string($0) })
    }
}
