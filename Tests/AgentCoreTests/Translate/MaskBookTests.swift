import Datapath
import Testing
import Wire

@testable import AgentCore

/// Which mask a flow gets when there are as many as there may be.
@Suite struct MaskBookTests {
    private static let frame = Frames.udp(Frames.a, Frames.b)
    private static let wide = MaskBook.Budget(total: 100, ofPort: 100)
    private static let none = MaskBook.Budget(total: 0, ofPort: 0)

    private static func key(_ frame: [UInt8] = frame, on port: UInt64 = 1) -> FlowKey {
        var key = FlowKey(of: frame)
        key[.inputPort] = port
        return key
    }

    /// As the kernel takes it for the key.
    private static func mask(_ fields: [KeyField], _ key: FlowKey = key()) -> FlowMask {
        FlowMask(exact: fields).widened(for: key)
    }

    private static func tcp() -> [UInt8] {
        PacketBuilder.tcp(
            Frames.ethernet(Frames.a, Frames.b), Frames.ipv4("10.0.0.1", "10.0.0.2"), ttl: 64,
            TCPSegment(source: 1, destination: 2, flags: TCPFlag.syn), [])
    }

    private var book = MaskBook()

    private mutating func use(
        _ mask: FlowMask, _ key: FlowKey = key(), _ budget: MaskBook.Budget = wide
    ) throws -> MaskBook.Number {
        let choice = book.find(mask, for: key) ?? book.choose(mask, for: key, within: budget)
        return book.use(try #require(choice), by: key[.inputPort])
    }

    @Test mutating func withinTheBudgetAFlowComparesWhatItMust() throws {
        let masks: [[KeyField]] = [[], [.ethernetSource], [.ipv4Source, .ethernetSource]]
        for fields in masks {
            let mask = Self.mask(fields)
            #expect(book.find(mask, for: Self.key()) == nil)
            let choice = book.choose(mask, for: Self.key(), within: Self.wide)
            #expect(choice?.mask == mask)
            _ = try use(mask)
            #expect(book.find(mask, for: Self.key())?.mask == mask)
        }
        #expect(book.count == 3)
    }

    @Test mutating func overTheBudgetTheCheapestThatCoversIsTaken() throws {
        let cheap = Self.mask([.ipv4Source, .ipTTL])
        _ = try use(Self.mask([.ipv4Source, .ipv4Destination, .ethernetSource]))
        _ = try use(cheap)
        _ = try use(Self.mask([.ipv4Source, .sourcePort]))
        _ = try use(Self.mask([.ethernetSource]))
        let required = Self.mask([.ipv4Source])
        #expect(book.choose(required, for: Self.key(), within: Self.none)?.mask == cheap)
    }

    /// The kernel refuses a mask for headers that the packet does not have.
    @Test mutating func aMaskForOtherHeadersIsNotTaken() throws {
        let tcp = Self.key(Self.tcp())
        _ = try use(Self.mask([.tcpFlags, .ipTTL], tcp), tcp)
        let required = Self.mask([.ipTTL])
        #expect(book.choose(required, for: Self.key(), within: Self.none) == nil)
        #expect(book.choose(Self.mask([.ipTTL], tcp), for: tcp, within: Self.none) != nil)
    }

    @Test mutating func aPartOfTheBudgetIsForMasksThatCoverAll() throws {
        let budget = MaskBook.Budget(total: 8, ofPort: 8)
        var masks: Set<FlowMask> = []
        for bits in 0..<32 as Range<UInt64> {
            var mask = Self.mask([.ipv4Source])
            mask[.ipv4Destination] = 1 << bits
            let key = Self.key()
            let choice = try #require(
                book.find(mask, for: key) ?? book.choose(mask, for: key, within: budget))
            #expect(choice.mask.isSuperset(of: mask))
            #expect(choice.mask.widened(for: key) == choice.mask)
            _ = book.use(choice, by: 1)
            masks.insert(choice.mask)
        }
        #expect(masks.count == 7, "six of their own, and one for the rest")
        #expect(book.count == 7)
        // What changes within a connection is compared only where it must be.
        #expect(masks.allSatisfy { $0[.ipTOS] == 0 })
        let fickle = Self.mask([.ipTOS])
        let choice = try #require(book.choose(fickle, for: Self.key(), within: budget))
        #expect(choice.mask.isSuperset(of: fickle))
        _ = book.use(choice, by: 1)
        let tcp = Self.key(Self.tcp())
        #expect(book.choose(Self.mask([.ipTTL], tcp), for: tcp, within: budget) == nil)
    }

    @Test mutating func aPortHasABudgetOfItsOwn() throws {
        let budget = MaskBook.Budget(total: 100, ofPort: 4)
        for bits in 0..<3 as Range<UInt64> {
            var mask = Self.mask([])
            mask[.ethernetSource] = 1 << bits
            _ = try use(mask, Self.key(), budget)
        }
        #expect(book.count(of: 1) == 3)
        let other = Self.mask([.ipTTL])
        let narrowed = try #require(book.choose(other, for: Self.key(), within: budget))
        #expect(narrowed.mask != other)
        let neighbour = Self.key(on: 2)
        #expect(book.choose(other, for: neighbour, within: budget)?.mask == other)
        // A mask that another port needed first costs nothing.
        _ = try use(other, neighbour, budget)
        #expect(book.count(of: 2) == 1)
        #expect(book.find(other, for: Self.key())?.mask == other)
    }

    @Test mutating func aMaskGoesWithItsLastFlow() throws {
        let mask = Self.mask([.ipTTL])
        let first = try use(mask)
        let second = try use(mask)
        #expect(first == second)
        book.release(first)
        #expect(book.find(mask, for: Self.key()) != nil)
        book.release(second)
        #expect(book.find(mask, for: Self.key()) == nil)
        #expect(book.count == 0 && book.count(of: 1) == 0)
        #expect(
            book.choose(Self.mask([]), for: Self.key(), within: Self.none) == nil,
            "what is not in use covers nothing")
    }

    @Test mutating func whatIsThereCountsBeyondTheBudget() {
        for bits in 0..<8 as Range<UInt64> {
            var mask = Self.mask([])
            mask[.ethernetSource] = 1 << bits
            _ = book.use(mask, for: Self.key())
            _ = book.use(mask, for: Self.key())
        }
        #expect(book.count == 8 && book.count(of: 1) == 8)
        let budget = MaskBook.Budget(total: 8, ofPort: 8)
        #expect(book.choose(Self.mask([.ipTTL]), for: Self.key(), within: budget) == nil)
    }
}

/// The flows of ports by idleness.
@Suite struct PortQueuesTests {
    @Test(arguments: 0..<4 as Range<UInt64>)
    func everyPortHasItsOrder(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queues = PortQueues()
        var expected: [UInt64: [UInt32]] = [:]
        var places: [UInt32: UInt64] = [:]
        for _ in 0..<4000 {
            let flow = UInt32(random.number(0..<40))
            if let port = places[flow] {
                expected[port]?.removeAll { $0 == flow }
                if random.number(0..<2) == 0 {
                    queues.moveToEnd(flow)
                    expected[port]?.append(flow)
                } else {
                    queues.remove(flow)
                    places[flow] = nil
                }
            } else {
                let port = UInt64(random.number(1..<5))
                queues.append(flow, to: port)
                places[flow] = port
                expected[port, default: []].append(flow)
            }
            for port in 1..<5 as Range<UInt64> {
                let flows = expected[port] ?? []
                guard queues[port] == flows.count, queues.idlest(of: port) == flows.first else {
                    Issue.record("seed \(seed): port \(port)")
                    return
                }
            }
            let largest = (1..<5 as Range<UInt64>).max {
                (expected[$0]?.count ?? 0, $1) < (expected[$1]?.count ?? 0, $0)
            }
            guard queues.idlestOfLargest == largest.flatMap({ expected[$0]?.first }) else {
                Issue.record("seed \(seed): the largest")
                return
            }
        }
    }
}
