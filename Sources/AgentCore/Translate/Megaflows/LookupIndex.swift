import Datapath

// The pipeline lookups behind the flows, each once however many flows used it. After a change of
// the pipeline the questions are asked again, not the packets: only the flows behind a changed
// answer are translated again.

struct LookupIndex {
    private struct Record {
        let question: LookupQuestion
        let match: LogicalMatch?
        var users: Set<FlowID>
    }

    private var records: [Int: Record] = [:]
    private var numbers: [LookupQuestion: Int] = [:]
    private var byStage: [LogicalStage: Set<Int>] = [:]
    private var next = 0

    var count: Int { records.count }

    /// Notes that a flow used these lookups; returns their numbers.
    ///
    /// A question has one answer in one snapshot, so a known question needs no second look at it;
    /// where the answer differs, the caller has mixed snapshots.
    mutating func add(_ log: LookupLog, user: FlowID) -> [Int] {
        log.entries.map { entry in
            let question = log.question(entry)
            if let number = numbers[question] {
                records[number]?.users.insert(user)
                return number
            }
            defer { next += 1 }
            numbers[question] = next
            records[next] = Record(question: question, match: entry.match, users: [user])
            byStage[question.stage, default: []].insert(next)
            return next
        }
    }

    mutating func remove(_ lookups: [Int], user: FlowID) {
        for number in lookups {
            records[number]?.users.remove(user)
            guard let record = records[number], record.users.isEmpty else { continue }
            records[number] = nil
            numbers[record.question] = nil
            byStage[record.question.stage]?.remove(number)
            if byStage[record.question.stage]?.isEmpty == true {
                byStage[record.question.stage] = nil
            }
        }
    }

    func flow(_ number: Int) -> LogicalFlowID? { records[number]?.match?.flow }

    /// The flows behind answers that the pipeline would not give any more.
    func changed(
        in pipeline: any LogicalPipeline, where mayHaveChanged: (LogicalStage) -> Bool
    ) -> Set<FlowID> {
        let asker = LookupAsker()
        var result: Set<FlowID> = []
        for (stage, members) in byStage where mayHaveChanged(stage) {
            for number in members {
                guard let record = records[number] else { continue }
                if !asker.holds(record.question, record.match, in: pipeline) {
                    result.formUnion(record.users)
                }
            }
        }
        return result
    }
}

/// Asks questions again, with memory of its own.
struct LookupAsker: ~Copyable {
    private let scratch = FlowScratch(count: 3)

    /// True if the pipeline still gives this answer to every packet that agrees with the question.
    func holds(
        _ question: LookupQuestion, _ match: LogicalMatch?, in pipeline: any LogicalPipeline
    ) -> Bool {
        let (key, mask, consulted) = (scratch[0], scratch[1], scratch[2])
        question.write(key: key, mask: mask)
        consulted.clear()
        guard pipeline.lookup(question.stage, key, consulted: consulted) == match else {
            return false
        }
        for word in 0..<FlowKey.wordCount
        where consulted.words[word] & ~mask.words[word] != 0 { return false }
        return true
    }
}
