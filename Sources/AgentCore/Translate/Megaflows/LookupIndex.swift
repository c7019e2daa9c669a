import Datapath
import Pipeline

// The pipeline lookups behind the flows, each once however many flows used it. After a change of
// the pipeline the questions are asked again, not the packets: only the flows behind a changed
// answer are translated again.
//
// Every new flow brings a hundred lookups, nearly all of which are known: noting a known one takes
// a hash and a comparison, and no memory. Who uses a record is not kept here but in the flows,
// which are searched once when answers have changed.

struct LookupIndex: Sendable {
    typealias Number = UInt32

    private struct Record: Sendable {
        var question: LookupQuestion
        var flow: RowIdentifier?
        var hash: Int
        /// Flows that use it; a record without one is free.
        var users: UInt32
        /// Another record with the same hash.
        var next: Number?
        /// Where it is among the records of its stage.
        var position: Int
    }

    /// The records whose answer has changed.
    struct Changed {
        fileprivate var isChanged: [Bool]
        fileprivate(set) var isEmpty = true

        func contains(anyOf numbers: [Number]) -> Bool {
            numbers.contains { isChanged[Int($0)] }
        }
    }

    private var records: [Record] = []
    private var free: [Number] = []
    private var heads: [Int: Number] = [:]
    private var stages: [[Number]] = Array(repeating: [], count: Stage.count)

    var count: Int { records.count - free.count }

    /// Notes that one more flow uses these lookups; returns their numbers.
    ///
    /// A question has one answer in one snapshot. A record whose answer has become another one
    /// serves flows that will be checked; the new answer gets a record of its own.
    mutating func add(_ log: LookupLog) -> [Number] {
        log.entries.map { entry in
            let hash = log.hash(entry)
            if let number = find(entry, of: log, hash) {
                records[Int(number)].users += 1
                return number
            }
            return insert(log.question(entry), entry.flow, hash)
        }
    }

    private func find(
        _ entry: LookupLog.Entry, of log: LookupLog, _ hash: Int
    ) -> Number? {
        var candidate = heads[hash]
        while let number = candidate {
            let record = records[Int(number)]
            if record.flow == entry.flow, log.asks(record.question, entry) { return number }
            candidate = record.next
        }
        return nil
    }

    private mutating func insert(
        _ question: LookupQuestion, _ flow: RowIdentifier?, _ hash: Int
    ) -> Number {
        let stage = Int(question.stage.stage.index)
        let record = Record(
            question: question, flow: flow, hash: hash, users: 1, next: heads[hash],
            position: stages[stage].count)
        let number: Number
        if let old = free.popLast() {
            number = old
            records[Int(old)] = record
        } else {
            number = Number(records.count)
            records.append(record)
        }
        heads[hash] = number
        stages[stage].append(number)
        return number
    }

    /// One flow less uses these.
    mutating func remove(_ lookups: [Number]) {
        for number in lookups {
            records[Int(number)].users -= 1
            if records[Int(number)].users == 0 { discard(number) }
        }
    }

    private mutating func discard(_ number: Number) {
        let record = records[Int(number)]
        unchain(number, record)
        let stage = Int(record.question.stage.stage.index)
        stages[stage].swapAt(record.position, stages[stage].count - 1)
        stages[stage].removeLast()
        if record.position < stages[stage].count {
            records[Int(stages[stage][record.position])].position = record.position
        }
        records[Int(number)].question = .none
        free.append(number)
    }

    private mutating func unchain(_ number: Number, _ record: Record) {
        guard var previous = heads[record.hash], previous != number else {
            heads[record.hash] = record.next
            return
        }
        while let next = records[Int(previous)].next {
            if next == number {
                records[Int(previous)].next = record.next
                return
            }
            previous = next
        }
    }

    func flow(_ number: Number) -> RowIdentifier? { records[Int(number)].flow }

    /// The answers that `pipeline` does not give any more.
    func changed(in pipeline: PipelineSnapshot, _ changes: PipelineChanges) -> Changed {
        var result = Changed(isChanged: [])
        guard !changes.isEmpty else { return result }
        result.isChanged = Array(repeating: false, count: records.count)
        let asker = LookupAsker(pipeline, changes)
        let touched =
            changes.concernsAllStages
            ? Array(stages.indices) : changes.stages.map { Int($0.index) }
        for stage in touched {
            for number in stages[stage] {
                let record = records[Int(number)]
                guard !asker.holds(record.question, record.flow) else { continue }
                result.isChanged[Int(number)] = true
                result.isEmpty = false
            }
        }
        return result
    }
}

/// Asks questions again after a change.
struct LookupAsker: ~Copyable {
    private let scratch = FlowScratch(count: 3)
    private let pipeline: PipelineSnapshot
    private let changes: PipelineChanges
    /// Flows that came, went or were written anew, by stage.
    private let touched: [Stage: Set<RowIdentifier>]

    init(_ pipeline: PipelineSnapshot, _ changes: PipelineChanges) {
        self.pipeline = pipeline
        self.changes = changes
        touched = Dictionary(
            uniqueKeysWithValues: changes.stages.map { ($0, Set(changes.flows(in: $0))) })
    }

    /// True if the pipeline still gives this answer, with the same actions, to every packet that
    /// agrees with the question.
    func holds(_ question: LookupQuestion, _ flow: RowIdentifier?) -> Bool {
        let (key, mask) = (scratch[0], scratch[1])
        let stage = question.stage.stage
        question.write(key: key, mask: mask)
        guard let index = pipeline.index(of: question.stage.datapath) else { return flow == nil }
        guard changes.affects(stage, index, key, mask) else { return true }
        if changes.isComplete { return false }
        if let flow, touched[stage]?.contains(flow) == true { return false }
        return pipeline.stillHolds(flow, stage, index, key, mask, scratch: scratch[2])
    }
}
