import Datapath
import Pipeline

// The masks under which there are flows. The kernel tries them one after the other for each packet that
// its cache does not know, so a guest whose packets need ever new masks would slow down everybody
// (CVE-2019-25076). Masks are therefore bounded, in all and for the port that used them first.
//
// The property that must hold: a flow's mask compares all that its translation needs, and the kernel takes
// it for the flow's key. A mask that compares more is as good: its flow serves fewer packets, all of
// them right. Over the budget the cheapest such mask is taken that there is, the one that compares
// least; if there is none, one that compares whole fields, of which there are two for each
// kind of headers, and for which a part of the budget is kept.

struct MaskBook: Sendable {
    typealias Number = UInt32

    /// How many masks there may be.
    struct Budget: Hashable, Sendable {
        var total: Int
        /// First used by the port in question.
        var ofPort: Int

        /// What is left when a part is kept for masks of whole fields.
        var forOrdinary: Budget { Budget(total: total * 3 / 4, ofPort: ofPort * 3 / 4) }
    }

    /// A mask that a flow may have.
    struct Choice: Sendable {
        let mask: FlowMask
        fileprivate let shape: HeaderShape
        /// Nil for a mask that is not in use.
        fileprivate let number: Number?
    }

    private struct Record: Sendable {
        let mask: FlowMask
        let shape: HeaderShape
        /// How many bits it compares.
        let cost: Int
        /// The port that used it first.
        let owner: UInt64
        /// Flows that have it; a record without is free.
        var users: Int
    }

    private let seed = WordHash.seed
    private var index = HashIndex()
    private var records = NumberedRecords<Record>()
    private var owned: [UInt64: Int] = [:]

    var count: Int { records.count }

    /// How many masks a port used first.
    func count(of port: UInt64) -> Int { owned[port] ?? 0 }

    // MARK: - Choosing

    /// The mask itself, if it is in use.
    func find(_ mask: FlowMask, for key: FlowKey) -> Choice? {
        let shape = HeaderShape(key, under: mask)
        return number(mask, shape).map { choice($0) }
    }

    /// A mask that compares at least what is required; nil if there is none within the budget.
    ///
    /// - Parameter required: as the kernel takes it for the key, and not in use.
    func choose(_ required: FlowMask, for key: FlowKey, within budget: Budget) -> Choice? {
        let port = key[.inputPort]
        if mayGrow(port, budget.forOrdinary) { return new(required, key) }
        if let number = cheapest(covering: required, for: key) { return choice(number) }
        guard mayGrow(port, budget) else { return nil }
        return Self.wholes.lazy.map { $0.widened(for: key) }
            .first { $0.isSuperset(of: required) }
            .map { new($0, key) }
    }

    private func mayGrow(_ port: UInt64, _ budget: Budget) -> Bool {
        count < budget.total && count(of: port) < budget.ofPort
    }

    private func cheapest(covering required: FlowMask, for key: FlowKey) -> Number? {
        var best: (number: Number, cost: Int)?
        for (number, record) in records.all.enumerated() where record.users > 0 {
            if let best, best.cost <= record.cost { continue }
            guard record.mask.isSuperset(of: required),
                record.shape == HeaderShape(key, under: record.mask)
            else { continue }
            best = (Number(number), record.cost)
        }
        return best?.number
    }

    private func choice(_ number: Number) -> Choice {
        Choice(mask: records[number].mask, shape: records[number].shape, number: number)
    }

    private func new(_ mask: FlowMask, _ key: FlowKey) -> Choice {
        Choice(mask: mask, shape: HeaderShape(key, under: mask), number: nil)
    }

    /// All that tells connections apart, and all that can be compared. What changes from packet to packet
    /// of a connection is only compared if it must be.
    private static let wholes: [FlowMask] = {
        let all = KeyField.allCases.filter { !$0.isLogical }
        let fickle: Set<KeyField> = [
            .datapathHash, .tunnelTOS, .tunnelTTL, .tunnelFlags, .tunnelSourcePort,
            .tunnelDestinationPort, .ipTOS, .ipv6Label, .tcpFlags,
        ]
        return [FlowMask(exact: all.filter { !fickle.contains($0) }), FlowMask(exact: all)]
    }()

    // MARK: - Using

    private func hash(_ mask: FlowMask, _ shape: HeaderShape) -> UInt64 {
        var hash = WordHash(seed)
        hash.combine(UInt64(shape.bits))
        mask.words.withUnsafeBufferPointer { words in
            for place in FlowKey.firstKernelWord..<FlowKey.wordCount where words[place] != 0 {
                hash.combine(words[place] &+ UInt64(place))
            }
        }
        return hash.value
    }

    private func number(_ mask: FlowMask, _ shape: HeaderShape) -> Number? {
        index.first(hash(mask, shape)) {
            records.all[Int($0)].mask == mask && records.all[Int($0)].shape == shape
        }
    }

    /// One more flow of a port has this mask.
    mutating func use(_ choice: Choice, by port: UInt64) -> Number {
        if let number = choice.number {
            records[number].users += 1
            return number
        }
        let number = records.insert(
            Record(
                mask: choice.mask, shape: choice.shape, cost: choice.mask.bitCount, owner: port,
                users: 1))
        index.insert(number, hash(choice.mask, choice.shape))
        owned[port, default: 0] += 1
        return number
    }

    /// The same for a flow that is there already, whatever the budget is.
    mutating func use(_ mask: FlowMask, for key: FlowKey) -> Number {
        use(find(mask, for: key) ?? new(mask, key), by: key[.inputPort])
    }

    /// One flow less has this mask.
    mutating func release(_ number: Number) {
        records[number].users -= 1
        let record = records[number]
        guard record.users == 0 else { return }
        index.remove(number, hash(record.mask, record.shape))
        records.release(number)
        let left = count(of: record.owner) - 1
        owned[record.owner] = left > 0 ? left : nil
    }
}
