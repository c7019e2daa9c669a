import JSON
import OVSDBEngine
import OVSDBModel

/// SplitMix64: the same numbers for the same seed on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// Makes transactions on `testSchema` that collide with each other often: few identities, few
/// values. At most one operation of a transaction is malformed or breaks a constraint of its own,
/// so that there is one right answer.
struct RandomTransactions {
    private var generator: SeededGenerator
    private var mayMisbehave = true
    /// The rows that there are, by table.
    private var existing: [String: [UInt64]] = [:]

    init(seed: UInt64) { generator = SeededGenerator(seed) }

    static let identities: [String: ClosedRange<UInt64>] = [
        "Root": 1...12, "Other": 13...16, "Child": 18...35, "Needy": 36...38,
    ]
    private static let tables = [
        "Root", "Root", "Root", "Root", "Other", "Child", "Child", "Child", "Child", "Needy",
    ]

    /// One transaction on `database`, its operations separated by commas.
    mutating func next(_ database: Database) -> String {
        existing = Dictionary(
            uniqueKeysWithValues: database.tables.map { table in
                (table.schema.name, table.sortedUUIDs.map(\.low))
            })
        mayMisbehave = chance(8)
        return (0..<Int.random(in: 1...4, using: &generator)).map { _ in operation() }
            .joined(separator: ",")
    }

    private mutating func chance(_ one: Int) -> Bool {
        Int.random(in: 0..<one, using: &generator) == 0
    }

    private mutating func pick<C: Collection>(_ values: C) -> C.Element {
        values[
            values.index(
                values.startIndex, offsetBy: Int.random(in: 0..<values.count, using: &generator))]
    }

    /// True once in a while, and then not again in this transaction.
    private mutating func misbehaves() -> Bool {
        guard mayMisbehave, chance(4) else { return false }
        mayMisbehave = false
        return true
    }

    private mutating func operation() -> String {
        let table = pick(RandomTransactions.tables)
        switch Int.random(in: 0..<20, using: &generator) {
        case 0..<8: return insert(table)
        case 8..<12:
            return
                #"{"op":"update","table":"\#(table)","where":[\#(clause(table))],"row":{\#(row(table, of: 2))}}"#
        case 12..<15:
            return
                #"{"op":"mutate","table":"Root","where":[\#(clause("Root"))],"mutations":[\#(mutation())]}"#
        case 15..<18: return #"{"op":"delete","table":"\#(table)","where":[\#(clause(table))]}"#
        case 18:
            return
                #"{"op":"select","table":"Root","where":[\#(clause("Root"))],"columns":["name","number","tags"],"sort":["tags","number","name"]}"#
        default:
            return
                #"{"op":"wait","table":"Root","timeout":0,"until":"!=","where":[\#(clause("Root"))],"columns":["number"],"rows":[{"number":\#(number())},{"number":77}]}"#
        }
    }

    private mutating func insert(_ table: String) -> String {
        var uuid = identity(table)
        for _ in 0..<4 where existing[table]?.contains(uuid) == true { uuid = identity(table) }
        existing[table]?.append(uuid)
        let columns = table == "Needy" ? 1 : Int.random(in: 0...6, using: &generator)
        return
            #"{"op":"insert","table":"\#(table)","uuid":"\#(id(uuid))","row":{\#(row(table, of: columns))}}"#
    }

    private mutating func identity(_ table: String) -> UInt64 {
        pick(RandomTransactions.identities[table] ?? 1...1)
    }

    /// Mostly of a row that there is.
    private mutating func likelyIdentity(_ table: String) -> UInt64 {
        guard let known = existing[table], !known.isEmpty, !chance(12) else {
            return identity(table)
        }
        return pick(known)
    }

    private mutating func reference(_ table: String) -> String { u(likelyIdentity(table)) }

    private mutating func references(_ table: String) -> String {
        var all: Set<UInt64> = []
        for _ in 0..<Int.random(in: 0...3, using: &generator) { all.insert(likelyIdentity(table)) }
        return "[\"set\",[\(all.sorted().map { u($0) }.joined(separator: ","))]]"
    }

    private mutating func number() -> Int { Int.random(in: 0...4, using: &generator) }

    private mutating func clause(_ table: String) -> String {
        switch Int.random(in: 0..<8, using: &generator) {
        case 0 where table == "Root": #"["name","==","n\#(number())"]"#
        case 1 where table == "Root": #"["number","<",\#(number())]"#
        case 2 where table == "Root": #"["tags","includes","t\#(number())"]"#
        case 3 where table == "Root": #"["friends","includes",\#(reference("Root"))]"#
        case 4 where table == "Other": #"["a","==",\#(number())],["b","==",""]"#
        case 5 where table == "Child": #"["label","!=","l\#(number())"]"#
        case 6: misbehaves() ? #"["nix","==",1]"# : #"["_uuid","==",\#(reference(table))]"#
        default: #"["_uuid","==",\#(reference(table))]"#
        }
    }

    private mutating func row(_ table: String, of count: Int) -> String {
        var columns: [String: String] = [:]
        if table == "Root" {
            columns["name"] = "\"n\(Int.random(in: 0...40, using: &generator))\""
        }
        for _ in 0..<count {
            let (name, value) = column(table)
            columns[name] = value
        }
        return columns.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
            .joined(separator: ",")
    }

    private mutating func column(_ table: String) -> (String, String) {
        switch table {
        case "Root": return rootColumn()
        case "Other":
            switch number() {
            case 0: return ("a", "\(number())")
            case 1: return ("b", "\"b\(number())\"")
            default: return ("root", chance(2) ? reference("Root") : "[\"set\",[]]")
            }
        case "Needy": return ("buddy", reference("Other"))
        default:
            switch number() {
            case 0, 1: return ("label", "\"l\(number())\"")
            case 2: return ("grandchild", reference("Child"))
            case 3: return ("other", chance(3) ? reference("Other") : "[\"set\",[]]")
            default: return ("grandchild", "[\"set\",[]]")
            }
        }
    }

    private mutating func rootColumn() -> (String, String) {
        if misbehaves() { return badColumn() }
        switch Int.random(in: 0..<16, using: &generator) {
        case 0: return ("name", "\"n\(number())\"")
        case 1: return ("number", "\(number())")
        case 2: return ("ratio", "\(Double(number()) / 2)")
        case 3: return ("flag", "\(chance(2))")
        case 4: return ("maybe", chance(2) ? "\(number())" : "[\"set\",[]]")
        // One element: a difference of more than the column's limit of three, as a log record has
        // it, is refused by stock servers of some years ago.
        case 5: return ("few", "\(number())")
        case 6: return ("tags", "[\"set\",[\"t\(number())\",\"u\(number())\"]]")
        case 7: return ("options", "[\"map\",[[\"k\(number())\",\"v\(number())\"],[\"x\",\"y\"]]]")
        case 8: return ("kind", chance(2) ? "\"red\"" : "[\"set\",[]]")
        case 9, 10: return ("children", references("Child"))
        case 11: return ("child", chance(2) ? reference("Child") : "[\"set\",[]]")
        case 12:
            return (
                "named", "[\"map\",[[\"a\",\(reference("Child"))],[\"b\",\(reference("Child"))]]]"
            )
        case 13: return ("friends", references("Root"))
        case 14: return ("peer", reference("Other"))
        default: return ("watch", "[\"map\",[[1,\(reference("Child"))],[2,\(reference("Child"))]]]")
        }
    }

    private mutating func badColumn() -> (String, String) {
        pick([
            ("number", "\"x\""), ("few", "10"), ("kind", "\"blue\""), ("short", "\"x\""),
            ("tags", "[\"set\",[\"a\",\"a\"]]"), ("options", "{}"), ("nix", "1"),
            ("flag", "[\"set\",[true,false]]"), ("child", "[\"uuid\",\"\"]"),
        ])
    }

    private mutating func mutation() -> String {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: #"["number","+=",\#(number())]"#
        case 1: #"["few","+=",\#(number())]"#
        case 2: #"["ratio","*=",2]"#
        case 3: #"["tags","insert",["set",["t\#(number())","w"]]]"#
        case 4: #"["tags","delete","t\#(number())"]"#
        case 5:
            #"["options","insert",["map",[["k\#(number())","m"]]]],["options","delete",["set",["x"]]]"#
        case 6: #"["children","insert",\#(reference("Child"))]"#
        case 7: #"["children","delete",\#(references("Child"))]"#
        case 8: #"["friends","insert",\#(references("Root"))]"#
        default: misbehaves() ? #"["number","/=",0]"# : #"["number","%=",3]"#
        }
    }
}
