@testable import Incremental

/// A generator with a seed, so that a failure names its run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}

/// First free number, kept while requested: the simplest policy with a memory.
struct LowestFree: AllocationPolicy {
    private(set) var grants: [Int: Int] = [:]

    mutating func settle(
        _ changes: [(key: Int, request: Bool?)]
    ) -> [(key: Int, grant: Int?)] {
        var answers: [(key: Int, grant: Int?)] = []
        for (key, request) in changes where request != true {
            if grants.removeValue(forKey: key) != nil { answers.append((key, nil)) }
        }
        for (key, request) in changes where request == true {
            let taken = Set(grants.values)
            let number = grants[key] ?? (0...).first { !taken.contains($0) } ?? 0
            grants[key] = number
            answers.append((key, number))
        }
        return answers
    }
}

/// A random graph of every kind of store. The same seed registers the same graph, so a second
/// engine can derive from scratch what the first derived step by step.
final class RandomGraph {
    static let keys = 12

    let engine = Engine()
    let tables: [Table<Int, Int>]
    private let functions: [Function<Int, Int>]
    private let output: Output<[Int]>
    private let late: Function<[Int], Int>
    private let memo: Memo<Int, Int>
    let allocator: Allocator<LowestFree>

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let engine = engine
        let tables: [Table<Int, Int>] = [
            engine.table("a"), engine.table("b"), engine.table("c", durability: .durable),
        ]
        let memo: Memo<Int, Int> = engine.memo("memo") { key, context in
            (context.read(tables[key % 2], key % Self.keys) ?? 7) / 3
                + (context.read(tables[2], 0) ?? 0)
        }
        let parity = engine.index("parity", of: tables[0]) { _, value in [value % 3] }
        let output: Output<[Int]> = engine.output("output")
        let relation: Relation<[Int]> = engine.relation("relation")
        let wants = engine.function("wants", over: tables[1]) { _, value, _ in value % 2 == 0 }
        let allocator = engine.allocator("allocator", of: wants, policy: LowestFree())
        var functions: [Function<Int, Int>] = []
        for number in 0..<8 {
            let recipe = Recipe(random: &random, earlier: functions)
            let domain = tables[number % 3]
            functions.append(
                engine.function("f\(number)", over: domain) { key, value, context in
                    recipe.run(
                        key, value, context, tables, memo, parity, allocator, output, relation)
                })
        }
        let collected = engine.collect(relation)
        late = engine.function("late", over: collected) { row, _, context in
            let sum = row.reduce(0, +) + context.members(parity, row.count % 3).count
            context.emit(output, row + [sum])
            return sum
        }
        (self.tables, self.memo, self.functions) = (tables, memo, functions)
        (self.output, self.allocator) = (output, allocator)
    }

    /// Everything that can be seen from outside.
    func snapshot() -> [String] {
        var lines = engine.rows(output).map { "row \($0)" }
        for (number, function) in functions.enumerated() {
            lines += engine.keys(of: function).map {
                "f\(number)(\($0)) = \(engine.value(function, $0) ?? -1)"
            }
        }
        lines += engine.keys(of: late).map { "late(\($0)) = \(engine.value(late, $0) ?? -1)" }
        lines.append("memos \(engine.count(of: memo))")
        return lines.sorted()
    }

    func drain() -> OutputChanges<[Int]> { engine.drain(output) }
    func rows() -> Set<[Int]> { Set(engine.rows(output)) }
}

/// What one function of a random graph reads and contributes; some of it depends on values.
struct Recipe: Sendable {
    private let constants: [Int]
    private let earlier: [Function<Int, Int>]

    init(random: inout SeededGenerator, earlier: [Function<Int, Int>]) {
        constants = (0..<8).map { _ in Int.random(in: 1...50, using: &random) }
        self.earlier = earlier.filter { _ in Bool.random(using: &random) }
    }

    func run(
        _ key: Int, _ value: Int, _ context: Context, _ tables: [Table<Int, Int>],
        _ memo: Memo<Int, Int>, _ parity: Index<Int, Int>, _ allocator: Allocator<LowestFree>,
        _ output: Output<[Int]>, _ relation: Relation<[Int]>
    ) -> Int {
        var sum = value / 4
        if constants[0] % 2 == 0 {
            sum += context.read(tables[sum % 3], (key + constants[1]) % RandomGraph.keys) ?? 0
        }
        for function in earlier {
            sum += (context.read(function, (key * constants[2] + sum) % RandomGraph.keys) ?? 1) / 2
        }
        if constants[3] % 2 == 0 { sum += context.read(memo, (sum + key) % 20) }
        if constants[4] % 2 == 0 { sum += context.members(parity, key % 3).reduce(0, +) }
        if constants[5] % 2 == 0 { sum += context.read(allocator, key) ?? 3 }
        sum %= 97
        if sum % 3 != 0 { context.emit(output, [sum % constants[6], key % 4]) }
        if sum % 4 != 0 { context.emit(relation, Array(repeating: sum % 5, count: key % 3 + 1)) }
        return sum / 5
    }
}
