import Datapath
import Pipeline

// What flows depend on beside the pipelines' answers: parts of the physical view, and names of ports.
// Packets of one path read the same parts whatever their addresses are, so nearly every new flow has
// the list of a flow that was made a moment ago, and finding it takes one comparison. As with lookups
// (`LookupIndex`), who uses a list is kept in the flows.

struct ReasonIndex: Sendable {
    typealias Number = UInt32

    private struct Reasons: Hashable, Sendable {
        var dependencies: [PhysicalDependency] = []
        var names: [NameIndex] = []
    }

    private struct Record: Sendable {
        var reasons: Reasons
        /// Flows that use it; a record without is free.
        var users: UInt32
    }

    /// The lists in which something has changed.
    struct Changed {
        fileprivate var isChanged: [Bool]
        fileprivate(set) var isEmpty = true

        func contains(_ number: Number) -> Bool { isChanged[Int(number)] }
    }

    /// How many lists are compared before one is looked up.
    private static let recency = 8

    private var records = NumberedRecords<Record>()
    private var index: [Reasons: Number] = [:]
    /// The lists that new flows had lately, the place of the next one.
    private var recent: [Number] = []
    private var next = 0

    var count: Int { index.count }

    /// Notes that one more flow depends on these; returns the list's number.
    mutating func add(_ dependencies: [PhysicalDependency], _ names: [NameIndex]) -> Number {
        let number =
            recent.first {
                let reasons = records[$0].reasons
                return reasons.dependencies == dependencies && reasons.names == names
            } ?? find(Reasons(dependencies: dependencies, names: names))
        records[number].users += 1
        return number
    }

    private mutating func find(_ reasons: Reasons) -> Number {
        let number = index[reasons] ?? insert(reasons)
        if recent.count < Self.recency {
            recent.append(number)
        } else {
            recent[next] = number
            next = (next + 1) % Self.recency
        }
        return number
    }

    private mutating func insert(_ reasons: Reasons) -> Number {
        let number = records.insert(Record(reasons: reasons, users: 0))
        index[reasons] = number
        return number
    }

    /// One flow less depends on these.
    mutating func remove(_ number: Number) {
        records[number].users -= 1
        guard records[number].users == 0 else { return }
        index[records[number].reasons] = nil
        records[number].reasons = Reasons()
        recent.removeAll { $0 == number }
        next = 0
        records.release(number)
    }

    /// The lists that have one of the parts or a name whose port has changed.
    func changed(
        _ physical: Set<PhysicalDependency>, _ isTouched: (NameIndex) -> Bool
    ) -> Changed {
        var result = Changed(isChanged: Array(repeating: false, count: records.all.count))
        for (number, record) in records.all.enumerated() where record.users > 0 {
            let reasons = record.reasons
            guard
                !physical.isEmpty && reasons.dependencies.contains(where: physical.contains)
                    || reasons.names.contains(where: isTouched)
            else { continue }
            result.isChanged[number] = true
            result.isEmpty = false
        }
        return result
    }
}
