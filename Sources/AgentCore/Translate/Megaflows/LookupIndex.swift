import Datapath
import Pipeline

// The pipeline lookups behind the flows, each run of tables once however many flows used it, and each
// list of runs once. After a change of the pipeline the questions are asked again, not the packets: only
// the flows behind a changed answer are translated again.
//
// Nearly all packets of new flows have asked what others have: noting that takes a comparison, and no
// memory. Who uses a list is not kept here but in the flows, which are searched once when answers have
// changed.

struct LookupIndex: Sendable {
    /// That of a list of runs.
    typealias Number = UInt32
    private typealias RunNumber = UInt32

    private struct Record: Sendable {
        /// Nil if the record is free.
        var run: LookupRun?
        /// Where the run stands; 0 if the record is free.
        var address: UInt
        /// Lists that it is in.
        var lists: UInt32
    }

    /// What the packets of some flows have asked.
    private struct List: Sendable {
        var runs: [RunNumber]
        /// Flows that use it; a list without is free.
        var users: UInt32
    }

    /// The lookups whose answer may have changed, by the number of the list.
    struct Changed {
        fileprivate var lookups: [[Lookup]]

        var isEmpty: Bool { lookups.isEmpty }

        /// False if no flow with this list is concerned.
        func mayConcern(_ list: Number) -> Bool { !isEmpty && !lookups[Int(list)].isEmpty }

        /// True if a flow's packets may be answered otherwise than before. They agree in more bits
        /// than a record's question has: a first rule about a field that no other rule of its table
        /// compares concerns few of the flows whose questions don't tell.
        ///
        /// - Parameter list: the flow's, which `mayConcern` it.
        func concern(
            _ entry: MegaflowTable.Entry, _ list: Number, _ asker: borrowing LookupAsker
        ) -> Bool {
            for lookup in lookups[Int(list)]
            where !asker.holds(lookup, entry.flow, written: entry.written) {
                return true
            }
            return false
        }
    }

    private let seed = WordHash.seed
    private var records = NumberedRecords<Record>()
    private var index = HashIndex()
    private var lists = NumberedRecords<List>()
    private var listIndex = HashIndex()
    /// The list that the last flow of a template got, by the template's number; the next one gets the
    /// same if its runs still are the template's.
    private var latest: [Number?] = []

    /// How many runs there are.
    var count: Int { records.count }

    private static func address(_ run: LookupRun) -> UInt {
        UInt(bitPattern: Unmanaged.passUnretained(run).toOpaque())
    }

    private func hash(_ address: UInt) -> UInt64 {
        var hash = WordHash(seed)
        hash.combine(UInt64(address))
        return hash.value
    }

    private func hash(_ runs: [RunNumber]) -> UInt64 {
        var hash = WordHash(seed)
        for run in runs { hash.combine(UInt64(run)) }
        return hash.value
    }

    /// Notes that one more flow uses these runs; returns their list's number.
    mutating func add(_ runs: [LookupRun]) -> Number {
        var numbers: [RunNumber] = []
        numbers.reserveCapacity(runs.count)
        for run in runs { numbers.append(number(of: run)) }
        return add(numbers)
    }

    /// The same for the runs of a packet that went where another went before.
    mutating func add(_ path: FollowedPath) -> Number {
        let template = path.template.number
        if template >= latest.count {
            latest += repeatElement(nil, count: template + 1 - latest.count)
        }
        if let known = latest[template], isOf(known, path) {
            lists[known].users += 1
            return known
        }
        let list = add((0..<path.lookupCount).map { number(of: path.lookup($0)) })
        latest[template] = list
        return list
    }

    private func isOf(_ list: Number, _ path: FollowedPath) -> Bool {
        let list = lists.all[Int(list)]
        guard list.users > 0, list.runs.count == path.lookupCount else { return false }
        for (place, number) in list.runs.enumerated() {
            guard records.all[Int(number)].address == Self.address(path.lookup(place)) else {
                return false
            }
        }
        return true
    }

    private mutating func add(_ runs: [RunNumber]) -> Number {
        let hash = hash(runs)
        if let known = listIndex.first(hash, where: { lists.all[Int($0)].runs == runs }) {
            lists[known].users += 1
            return known
        }
        for run in runs { records[run].lists += 1 }
        let number = lists.insert(List(runs: runs, users: 1))
        listIndex.insert(number, hash)
        return number
    }

    /// A run that is new is in no list yet.
    private mutating func number(of run: LookupRun) -> RunNumber {
        let address = Self.address(run)
        let hash = hash(address)
        if let number = index.first(hash, where: { records.all[Int($0)].address == address }) {
            return number
        }
        let number = records.insert(Record(run: run, address: address, lists: 0))
        index.insert(number, hash)
        return number
    }

    /// One flow less uses a list.
    mutating func remove(_ list: Number) {
        lists[list].users -= 1
        guard lists[list].users == 0 else { return }
        let runs = lists[list].runs
        listIndex.remove(list, hash(runs))
        lists[list].runs = []
        lists.release(list)
        for run in runs { release(run) }
    }

    private mutating func release(_ run: RunNumber) {
        records[run].lists -= 1
        guard records[run].lists == 0 else { return }
        index.remove(run, hash(records[run].address))
        records[run] = Record(run: nil, address: 0, lists: 0)
        records.release(run)
    }

    /// The answers that are not given any more to all packets that agree with their question.
    func changed(_ asker: borrowing LookupAsker) -> Changed {
        guard !asker.changes.isEmpty else { return Changed(lookups: []) }
        var changed: [RunNumber: [Lookup]] = [:]
        for (number, record) in records.all.enumerated() {
            guard let run = record.run else { continue }
            for lookup in run.lookups where asker.concerns(lookup) && !asker.holds(lookup) {
                changed[RunNumber(number), default: []].append(lookup)
            }
        }
        guard !changed.isEmpty else { return Changed(lookups: []) }
        return Changed(
            lookups: lists.all.map { list in list.runs.flatMap { changed[$0] ?? [] } })
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
