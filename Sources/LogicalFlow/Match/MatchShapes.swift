// Conditions of matches that differ in constants only. A hypervisor has tens of thousands of matches such
// as `outport == "lrp7" && reg0 == 10.1.2.3`: one of them is read as a match, the others by its shape.
//
// The property that must hold: the condition of a text is the one that reading it as a match gives.

/// What is the same in matches of one shape.
private struct Shape: Hashable {
    /// The text with a mark for the kind of each constant in place of it.
    let skeleton: [UInt8]
    let prerequisites: [Symbol]
    let translatesTransport: Bool
}

/// The condition of a shape: a conjunction in the order that reading gives.
private struct ShapePlan {
    enum Part {
        case fixed(Condition)
        /// A number of at most so many bits, by its place among the constants.
        case number(Int, Storage, width: Int)
        case port(Int, Storage)
    }

    let parts: [Part]

    /// Nil if it takes more than the shape to tell.
    func condition(_ constants: [Constant]) -> Condition? {
        var conditions: [Condition] = []
        conditions.reserveCapacity(parts.count)
        for part in parts {
            guard let condition = part.condition(constants) else { return nil }
            conditions.append(condition)
        }
        return conditions.count == 1 ? conditions[0] : .and(conditions)
    }
}

extension ShapePlan.Part {
    func condition(_ constants: [Constant]) -> Condition? {
        switch self {
        case .fixed(let condition): return condition
        case .number(let place, let storage, let width):
            guard case .number(let number) = constants[place], number.width <= width else {
                return nil
            }
            let test = BitTest(storage, .equal, number)
            return test.mask == 0 ? nil : .bits(test)
        case .port(let place, let storage):
            guard case .string(let name) = constants[place] else { return nil }
            return .port(storage, name)
        }
    }
}

/// The shapes of matches that were read lately.
package struct MatchShapes {
    /// Shapes in all; with one more, all are forgotten.
    private static let limit = 4096

    private var plans: [Shape: ShapePlan?] = [:]
    /// How many texts were read as matches.
    package private(set) var parsed = 0

    package init() {}

    /// The simplified condition of a match, with what else must hold.
    package mutating func condition(
        _ text: String, table: SymbolTable = .standard, prerequisites: [Symbol] = []
    ) throws(LanguageError) -> Condition {
        guard let (skeleton, constants) = Lexer.skeleton(of: text), !constants.isEmpty else {
            return try parse(text, table, prerequisites).condition
        }
        let shape = Shape(
            skeleton: skeleton, prerequisites: prerequisites,
            translatesTransport: table.translatesTransport)
        if let plan = plans[shape] {
            if let condition = plan?.condition(constants) { return condition }
            return try parse(text, table, prerequisites).condition
        }
        let (match, condition) = try parse(text, table, prerequisites)
        if plans.count >= Self.limit { plans = [:] }
        var maker = PlanMaker(table: table, constants: constants)
        plans[shape] = .some(maker.plan(match, prerequisites, condition))
        return condition
    }

    private mutating func parse(
        _ text: String, _ table: SymbolTable, _ prerequisites: [Symbol]
    ) throws(LanguageError) -> (match: Match, condition: Condition) {
        parsed += 1
        let match = try Match(parsing: text, table: table)
        return (
            match, Condition(match, table: table, prerequisites: prerequisites).simplified()
        )
    }
}

/// Finds out which part of a condition comes from which constant. What compares a constant must be a
/// field of its own: then no constant decides what becomes of the other parts.
private struct PlanMaker {
    let table: SymbolTable
    let constants: [Constant]
    /// The parts that compare constants, in order, and their fields.
    private var leaves: [ShapePlan.Part] = []
    private var fields: Set<Field> = []
    /// What holds whatever the constants are.
    private var fixed: [Condition] = []

    init(table: SymbolTable, constants: [Constant]) {
        self.table = table
        self.constants = constants
    }

    /// - Parameter condition: what reading the match has given.
    /// - Returns: nil if that is no conjunction of the match's parts.
    mutating func plan(
        _ match: Match, _ prerequisites: [Symbol], _ condition: Condition
    ) -> ShapePlan? {
        let conjuncts = if case .and(let parts) = match { parts } else { [match] }
        let annotator = Annotator.of(table)
        for conjunct in conjuncts {
            guard take(conjunct, annotator) else { return nil }
        }
        fixed += prerequisites.map { Annotator.standard.expansion(of: $0) }
        guard leaves.count == constants.count,
            fields.isDisjoint(with: fixed.flatMap(\.fields))
        else { return nil }
        return arranged(condition.conjuncts)
    }

    /// The parts in the order of `conjuncts`, of which each must be one.
    private func arranged(_ conjuncts: [Condition]) -> ShapePlan? {
        let fixed = Set(Condition.all(fixed).simplified().conjuncts).subtracting([.always])
        let own = leaves.map { $0.condition(constants) }
        guard conjuncts.count == leaves.count + fixed.count else { return nil }
        var parts: [ShapePlan.Part] = []
        for conjunct in conjuncts {
            if let place = own.firstIndex(of: conjunct) {
                parts.append(leaves[place])
            } else if fixed.contains(conjunct) {
                parts.append(.fixed(conjunct))
            } else {
                return nil
            }
        }
        return ShapePlan(parts: parts)
    }

    private mutating func take(_ match: Match, _ annotator: Annotator) -> Bool {
        switch match {
        case .test: fixed.append(annotator.condition(match, isNegated: false))
        case .comparison(let comparison):
            let definition = table[comparison.field.symbol]
            guard let leaf = leaf(comparison, definition) else { return false }
            leaves.append(leaf)
            if let prerequisite = definition.prerequisite {
                fixed.append(annotator.expansion(of: prerequisite))
            }
        case .constant, .isChassisResident, .not, .and, .or: return false
        }
        return true
    }

    private mutating func leaf(
        _ comparison: Comparison, _ definition: SymbolDefinition
    ) -> ShapePlan.Part? {
        let place = leaves.count
        guard comparison.relation == .equal, comparison.constants.count == 1,
            place < constants.count, comparison.constants[0] == constants[place],
            let whole = definition.storage, fields.insert(whole.field).inserted
        else { return nil }
        switch constants[place] {
        case .number:
            guard let width = definition.width else { return nil }
            return .number(place, whole.narrowed(to: comparison.field), width: width)
        case .string: return definition.width == nil ? .port(place, whole) : nil
        case .addressSet, .portGroup: return nil
        }
    }
}

extension Condition {
    /// The fields that are compared.
    fileprivate var fields: [Field] {
        switch self {
        case .constant, .isChassisResident: []
        case .bits(let test): [test.field]
        case .port(let storage, _), .portGroup(let storage, _), .addressSet(let storage, _, _):
            [storage.field]
        case .and(let parts), .or(let parts): parts.flatMap(\.fields)
        }
    }
}

extension Lexer {
    /// The text with a mark in place of each constant, and the constants; nil for texts in which there is
    /// more than names, equalities, their conjunction and constants.
    fileprivate static func skeleton(
        of text: String
    ) -> (skeleton: [UInt8], constants: [Constant])? {
        var lexer = Lexer(unread: text)
        var skeleton: [UInt8] = []
        skeleton.reserveCapacity(lexer.bytes.count)
        var constants: [Constant] = []
        while let next = lexer.byte() {
            if next == "\"" {
                guard case .string(let name) = lexer.scanString() else { return nil }
                constants.append(.string(name))
                skeleton.append(Mark.string)
            } else if next.isDecimalDigit || next.isHexadecimalDigit && lexer.beginsColonAddress {
                guard case .number(let number) = lexer.scanNumber() else { return nil }
                constants.append(.number(number))
                skeleton.append(Mark.of(number))
            } else if !lexer.copyPlain(next, to: &skeleton) {
                return nil
            }
        }
        return (skeleton, constants)
    }

    /// Copies a name with its brackets, blanks, or a mark; false if it is none of these.
    private mutating func copyPlain(_ first: Unicode.Scalar, to skeleton: inout [UInt8]) -> Bool {
        let start = position
        if first.isIdentifierStart {
            while let next = byte(), next.isIdentifierPart { position += 1 }
        } else if first == "[" {
            while let next = byte(), next != "]", next != "\"" { position += 1 }
        } else if first.isBlank || first == "=" || first == "&" || first == "]" {
            position += 1
        } else {
            return false
        }
        skeleton += bytes[start..<position]
        return true
    }

    /// What stands in a skeleton for constants: bytes that no name and no mark has.
    private enum Mark {
        static let string: UInt8 = 0xff

        static func of(_ number: Number) -> UInt8 {
            (number.mask == nil ? 0x80 : 0x90) | number.format.rawValue
        }
    }
}
