// Which record of the file has which number: records of numbers that are gone are used again before
// the file grows.

package struct RecirculationLedger: Sendable {
    package enum Limits {
        /// Records of a new file. It is doubled when they are used.
        package static let first = 1024
        /// Records that a file may have: as many as there may be states.
        package static let records = FrozenStates.Limits().states
    }

    /// Whether a whole file may have so many records.
    package static func allows(_ capacity: Int) -> Bool {
        var allowed = Limits.first
        while allowed < capacity { allowed = min(2 * allowed, max(capacity, Limits.records)) }
        return allowed == capacity && capacity <= Limits.records
    }

    /// How many records there are, used or free.
    package private(set) var capacity = 0
    private var records: [UInt32: Int] = [:]
    /// Free records, the next to be used last.
    private var free: [Int] = []

    package init() {}

    package var count: Int { records.count }
    package var numbers: [UInt32] { records.keys.sorted() }
    /// What a full ledger has to grow to; nil if it may not.
    package var larger: Int? {
        capacity < Limits.records ? min(max(Limits.first, 2 * capacity), Limits.records) : nil
    }

    /// As many records as a file has, and the numbers that are in them.
    package init(capacity: Int, taken: [UInt32: Int]) {
        records = taken
        self.capacity = capacity
        let used = Set(taken.values)
        precondition(used.count == taken.count && used.allSatisfy { $0 < capacity })
        free = (0..<capacity).reversed().filter { !used.contains($0) }
    }

    package mutating func grow(to capacity: Int) {
        precondition(capacity > self.capacity && capacity <= Limits.records)
        free = (self.capacity..<capacity).reversed() + free
        self.capacity = capacity
    }

    /// The record for a number that has none yet; nil if all are used.
    package mutating func take(for number: UInt32) -> Int? {
        precondition(records[number] == nil, "a number has one state")
        guard let record = free.popLast() else { return nil }
        records[number] = record
        return record
    }

    /// The record that a number leaves; nil if it had none.
    package mutating func release(_ number: UInt32) -> Int? {
        guard let record = records.removeValue(forKey: number) else { return nil }
        free.append(record)
        return record
    }
}
