import OVSDBModel

/// Which rows of a table are asked for: those of the last of `stages`. The server is told the others
/// before it, one after the other without waiting, so that what it sends for one is read while it
/// prepares the next.
package struct ConditionChange: Sendable {
    package let table: any TypedRow.Type
    /// At least one.
    package let stages: [[Condition]]

    package init(_ table: any TypedRow.Type, stages: [[Condition]]) {
        precondition(!stages.isEmpty, "a change has at least its end")
        self.table = table
        self.stages = stages
    }

    package var tableName: String { table.table.name }
}

/// The conditions that the application wants, and those that the server was told.
///
/// Each change gets a number; the contents are those of a number once the server has answered the
/// request that carried it.
struct ClientConditions: Sendable {
    /// Conditions by position in the client's schema; nil is a table that isn't monitored.
    typealias ByTable = [[Condition]?]

    private(set) var wanted: ByTable
    /// What the contents are those of; nil if there are none yet.
    private(set) var acknowledged: ByTable?
    private(set) var wantedNumber: UInt64 = 0
    private(set) var acknowledgedNumber: UInt64 = 0
    /// What the server is to be told before `wanted`.
    private var stages: [ByTable] = []
    /// What is under way, in the order of the answers.
    private var requested: [Request] = []

    private struct Request: Sendable {
        var conditions: ByTable
        var number: UInt64
        /// Whether an existing copy is being changed, rather than one begun or resumed.
        var isChange: Bool
    }

    /// What to tell the server in one request.
    struct Step {
        let conditions: ByTable
        /// The tables whose condition is another than before.
        let tables: [Int]
    }

    init(_ configuration: ClientConfiguration) {
        wanted = configuration.schema.tables.map { _ in nil }
        for table in configuration.tables {
            if let position = configuration.schema.tableIndex(table.name) {
                wanted[position] = table.condition
            }
        }
    }

    /// The number that the wish gets; that of an earlier one if nothing changes.
    mutating func want(_ changes: [(table: Int, stages: [[Condition]])]) -> UInt64 {
        precondition(changes.allSatisfy { wanted[$0.table] != nil }, "the table is not monitored")
        let new = changes.filter { wanted[$0.table] != $0.stages.last }
        guard !new.isEmpty else { return wantedNumber }
        stages = (0..<(new.map(\.stages.count).max() ?? 0)).map { stage in
            var conditions = wanted
            for change in new {
                conditions[change.table] = change.stages[min(stage, change.stages.count - 1)]
            }
            return conditions
        }
        wanted = stages.removeLast()
        wantedNumber += 1
        return wantedNumber
    }

    /// Whether the server has to be told, and can be because nothing is under way.
    var needsRequest: Bool {
        requested.isEmpty && acknowledged != nil && acknowledgedNumber < wantedNumber
    }

    /// The conditions to begin a copy with: what is wanted, or, to resume one, those it has.
    mutating func beginCopy(resuming: Bool) -> ByTable {
        let request =
            if resuming, let acknowledged {
                Request(conditions: acknowledged, number: acknowledgedNumber, isChange: false)
            } else {
                Request(conditions: wanted, number: wantedNumber, isChange: false)
            }
        requested = [request]
        return request.conditions
    }

    /// What to tell the server, request by request; it counts as told. Nothing, if it needs to know
    /// nothing: `wanted` counts as acknowledged then.
    ///
    /// - Parameter isKnown: whether the server has the table.
    mutating func beginChange(isKnown: (Int) -> Bool) -> [Step] {
        var before = acknowledged
        var steps: [Step] = []
        for conditions in stages + [wanted] {
            let tables = conditions.indices.filter {
                isKnown($0) && conditions[$0] != nil && conditions[$0] != before?[$0]
            }
            before = conditions
            if !tables.isEmpty { steps.append(Step(conditions: conditions, tables: tables)) }
        }
        stages = []
        requested = steps.map {
            Request(conditions: $0.conditions, number: acknowledgedNumber, isChange: true)
        }
        if requested.isEmpty {
            settle()
        } else {
            requested[requested.count - 1].conditions = wanted
            requested[requested.count - 1].number = wantedNumber
        }
        return steps
    }

    /// Everything that is wanted is in force.
    mutating func settle() {
        acknowledged = wanted
        acknowledgedNumber = wantedNumber
        stages = []
        requested = []
    }

    /// The server answered: the contents are those of what it was told first of what is under way.
    mutating func acknowledge() {
        guard !requested.isEmpty else { return }
        let answered = requested.removeFirst()
        acknowledged = answered.conditions
        acknowledgedNumber = answered.number
    }

    /// The connection is gone. True if a change was under way: the contents may be those of the
    /// conditions before or after it.
    mutating func forgetRequest() -> Bool {
        defer { requested = [] }
        return requested.contains { $0.isChange }
    }
}
