import Datapath
import Pipeline

// The pipeline lookups behind the flows, each run of tables once however many flows used it. After a
// change of the pipeline the questions are asked again, not the packets: only the flows behind a
// changed answer are translated again.
//
// Nearly all runs of a new flow are known: noting one that is known takes a comparison, and no memory.
// Who uses a record is not kept here but in the flows, which are searched once when answers have changed.

struct LookupIndex: Sendable {
    typealias Number = UInt32

    private struct Record: Sendable {
        /// Nil if the record is free.
        var run: LookupRun?
        /// Where the run stands; 0 if the record is free.
        var address: UInt
        /// Flows that use it.
        var users: UInt32
    }

    /// The lookups whose answer may have changed, by the number of their record.
    struct Changed {
        fileprivate var lookups: [[Lookup]]
        fileprivate(set) var isEmpty = true

        /// True if a flow's packets may be answered otherwise than before. They agree in more bits
        /// than a record's question has: a first rule about a field that no other rule of its table
        /// compares concerns few of the flows whose questions don't tell.
        func concern(_ entry: MegaflowTable.Entry, _ asker: borrowing LookupAsker) -> Bool {
            if isEmpty { return false }
            for number in entry.lookups {
                for lookup in lookups[Int(number)]
                where !asker.holds(lookup, entry.flow, written: entry.written) {
                    return true
                }
            }
            return false
        }
    }

    private let seed = WordHash.seed
    private var records = NumberedRecords<Record>()
    private var index = HashIndex()
    /// What the last flow of a template got, by the template's number; the next one gets the same if
    /// the records still are of its runs.
    private var latest: [[Number]] = []

    var count: Int { records.count }

    private static func address(_ run: LookupRun) -> UInt {
        UInt(bitPattern: Unmanaged.passUnretained(run).toOpaque())
    }

    private func hash(_ address: UInt) -> UInt64 {
        var hash = WordHash(seed)
        hash.combine(UInt64(address))
        return hash.value
    }

    /// Notes that one more flow uses these runs; returns their numbers.
    mutating func add(_ runs: [LookupRun]) -> [Number] {
        var numbers: [Number] = []
        numbers.reserveCapacity(runs.count)
        for run in runs { numbers.append(add(run)) }
        return numbers
    }

    /// The same for the runs of a packet that went where another went before.
    mutating func add(_ path: FollowedPath) -> [Number] {
        let template = path.template.number
        if template >= latest.count {
            latest += repeatElement([], count: template + 1 - latest.count)
        }
        let known = latest[template]
        if isOf(known, path) {
            for number in known { records[number].users += 1 }
            return known
        }
        let numbers = (0..<path.lookupCount).map { add(path.lookup($0)) }
        latest[template] = numbers
        return numbers
    }

    private func isOf(_ numbers: [Number], _ path: FollowedPath) -> Bool {
        guard numbers.count == path.lookupCount else { return false }
        for (place, number) in numbers.enumerated() {
            guard records.all[Int(number)].address == Self.address(path.lookup(place)) else {
                return false
            }
        }
        return true
    }

    private mutating func add(_ run: LookupRun) -> Number {
        let address = Self.address(run)
        let hash = hash(address)
        if let number = index.first(hash, where: { records.all[Int($0)].address == address }) {
            records[number].users += 1
            return number
        }
        let number = records.insert(Record(run: run, address: address, users: 1))
        index.insert(number, hash)
        return number
    }

    /// One flow less uses these.
    mutating func remove(_ numbers: [Number]) {
        for number in numbers {
            records[number].users -= 1
            guard records[number].users == 0 else { continue }
            index.remove(number, hash(records[number].address))
            records[number] = Record(run: nil, address: 0, users: 0)
            records.release(number)
        }
    }

    /// The answers that are not given any more to all packets that agree with their question.
    func changed(_ asker: borrowing LookupAsker) -> Changed {
        var result = Changed(lookups: [])
        guard !asker.changes.isEmpty else { return result }
        result.lookups = Array(repeating: [], count: records.all.count)
        for (number, record) in records.all.enumerated() {
            guard let run = record.run else { continue }
            for lookup in run.lookups where asker.concerns(lookup) && !asker.holds(lookup) {
                result.lookups[number].append(lookup)
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
    fileprivate let changes: PipelineChanges
    /// Flows that came, went or were written anew, by stage.
    private let touched: [Stage: Set<RowIdentifier>]
    private let isTouched: [Bool]

    init(_ pipeline: PipelineSnapshot, _ changes: PipelineChanges) {
        self.pipeline = pipeline
        self.changes = changes
        touched = Dictionary(
            uniqueKeysWithValues: changes.stages.map { ($0, Set(changes.flows(in: $0))) })
        var isTouched = Array(repeating: changes.concernsAllStages, count: Stage.count)
        for stage in changes.stages { isTouched[Int(stage.index)] = true }
        self.isTouched = isTouched
    }

    /// False if nothing has changed in the table that was asked.
    fileprivate func concerns(_ lookup: Lookup) -> Bool {
        isTouched[Int(lookup.question.stage.stage.index)]
    }

    /// True if the pipeline still gives this answer, with the same actions, to every packet that
    /// agrees with the question.
    func holds(_ lookup: Lookup) -> Bool {
        lookup.question.write(key: scratch[0], mask: scratch[1])
        return stillHolds(lookup)
    }

    /// The same for the packets of one flow.
    ///
    /// - Parameter written: see `Translation.written`.
    fileprivate func holds(_ lookup: Lookup, _ flow: Megaflow, written: WordSet) -> Bool {
        let (key, mask) = (scratch[0], scratch[1])
        lookup.question.write(key: key, mask: mask)
        for word in FlowKey.firstKernelWord..<FlowKey.wordCount where !written.contains(word) {
            mask.words[word] |= flow.mask.words[word]
            key.words[word] |= flow.key.words[word] & flow.mask.words[word]
        }
        return stillHolds(lookup)
    }

    /// Asks with what stands in the scratch.
    private func stillHolds(_ lookup: Lookup) -> Bool {
        let (key, mask) = (scratch[0], scratch[1])
        let stage = lookup.question.stage.stage
        guard let index = pipeline.index(of: lookup.question.stage.datapath) else {
            return lookup.flow == nil
        }
        guard changes.affects(stage, index, key, mask) else { return true }
        if changes.isComplete { return false }
        if let flow = lookup.flow, touched[stage]?.contains(flow) == true { return false }
        return pipeline.stillHolds(lookup.flow, stage, index, key, mask, scratch: scratch[2])
    }
}
