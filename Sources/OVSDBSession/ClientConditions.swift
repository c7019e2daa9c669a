import OVSDBModel

/// The conditions that the application wants, and those that the server was told.
///
/// Each change gets a number; the contents are those of a number once the server has answered the
/// request that carried it.
struct ClientConditions: Sendable {
    /// By position in the client's schema; nil is a table that isn't monitored.
    private(set) var wanted: [[Condition]?]
    /// What the contents are those of; nil if there are none yet.
    private(set) var acknowledged: [[Condition]?]?
    private(set) var wantedNumber: UInt64 = 0
    private(set) var acknowledgedNumber: UInt64 = 0
    private var requested: Request?

    private struct Request: Sendable {
        var conditions: [[Condition]?]
        var number: UInt64
        /// Whether an existing copy is being changed, rather than one begun or resumed.
        var isChange: Bool
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
    mutating func want(_ condition: [Condition], _ table: Int) -> UInt64 {
        precondition(wanted[table] != nil, "the table is not monitored")
        if wanted[table] != condition {
            wanted[table] = condition
            wantedNumber += 1
        }
        return wantedNumber
    }

    /// Whether the server has to be told, and can be because nothing is under way.
    var needsRequest: Bool {
        requested == nil && acknowledged != nil && acknowledgedNumber < wantedNumber
    }

    /// The conditions to begin a copy with: what is wanted, or, to resume one, those it has.
    mutating func beginCopy(resuming: Bool) -> [[Condition]?] {
        let request =
            if resuming, let acknowledged {
                Request(conditions: acknowledged, number: acknowledgedNumber, isChange: false)
            } else {
                Request(conditions: wanted, number: wantedNumber, isChange: false)
            }
        requested = request
        return request.conditions
    }

    /// The tables whose condition the server has to be told; they count as told.
    mutating func beginChange() -> [Int] {
        requested = Request(conditions: wanted, number: wantedNumber, isChange: true)
        return wanted.indices.filter { wanted[$0] != acknowledged?[$0] }
    }

    /// The server answered: the contents are those of what it was told.
    mutating func acknowledge() {
        guard let requested else { return }
        acknowledged = requested.conditions
        acknowledgedNumber = requested.number
        self.requested = nil
    }

    /// The connection is gone. True if a change was under way: the contents may be those of the
    /// conditions before or after it.
    mutating func forgetRequest() -> Bool {
        defer { requested = nil }
        return requested?.isChange ?? false
    }
}
