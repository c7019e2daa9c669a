import Datapath
import Pipeline

// The pipeline lookups behind the flows, each once however many flows used it. After a change of
// the pipeline the questions are asked again, not the packets: only the flows behind a changed
// answer are translated again.

struct LookupIndex {
    private struct Record {
        let question: LookupQuestion
        let flow: RowIdentifier?
        var users: Set<FlowID>
    }

    private var records: [Int: Record] = [:]
    private var numbers: [LookupQuestion: Int] = [:]
    private var next = 0

    var count: Int { records.count }

    /// Notes that a flow used these lookups; returns their numbers.
    ///
    /// A question has one answer in one snapshot. A record whose answer has become another one
    /// serves flows that will be checked; the new answer gets a record of its own.
    mutating func add(_ log: LookupLog, user: FlowID) -> [Int] {
        log.entries.map { entry in
            let question = log.question(entry)
            if let number = numbers[question], records[number]?.flow == entry.flow {
                records[number]?.users.insert(user)
                return number
            }
            defer { next += 1 }
            numbers[question] = next
            records[next] = Record(question: question, flow: entry.flow, users: [user])
            return next
        }
    }

    mutating func remove(_ lookups: [Int], user: FlowID) {
        for number in lookups {
            records[number]?.users.remove(user)
            guard let record = records[number], record.users.isEmpty else { continue }
            records[number] = nil
            if numbers[record.question] == number { numbers[record.question] = nil }
        }
    }

    func flow(_ number: Int) -> RowIdentifier? { records[number]?.flow }

    /// The flows behind answers that `pipeline` does not give any more.
    func changed(
        in pipeline: PipelineSnapshot, _ changes: PipelineChanges
    ) -> Set<FlowID> {
        guard !changes.isEmpty else { return [] }
        let asker = LookupAsker(pipeline, changes)
        var result: Set<FlowID> = []
        for record in records.values where !asker.holds(record.question, record.flow) {
            result.formUnion(record.users)
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
