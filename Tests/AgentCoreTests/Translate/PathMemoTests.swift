import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// A packet that goes where another went before gets the translation that it would get by itself.
@Suite struct PathMemoTests {
    /// A translation without what the memo gives it: who was asked may be another one with the same
    /// answer.
    private struct Content: Equatable {
        let mask: FlowMask
        let actions: [DatapathAction]
        let drops: [PacketDrop]
        let dependencies: [PhysicalDependency]
        let particulars: [PhysicalDependency]
        let flows: [RowIdentifier?]
        let names: [NameIndex]
        let frozenStates: [UInt32]
        let recirculations: Int
        let effects: [SideEffect]
        let slowPath: SlowPathReason?
        let isCacheable: Bool

        init(_ translation: Translation) {
            mask = translation.mask
            actions = translation.actions
            drops = translation.drops
            dependencies = translation.dependencies
            particulars = translation.particulars
            flows = translation.lookups.flatMap { $0.lookups.map(\.flow) }
            names = translation.names
            frozenStates = translation.frozenStates
            recirculations = translation.recirculations
            effects = translation.effects
            slowPath = translation.slowPath
            isCacheable = translation.isCacheable
        }
    }

    /// The translation of a translator that knows paths, and that of the same without any.
    private func both(
        _ translator: inout Translator, _ input: TranslationInput, _ snapshot: TranslationSnapshot
    ) -> (known: Content, fresh: Content) {
        let known = Content(translator.translate(input, in: snapshot))
        translator.translatesAfresh = true
        defer { translator.translatesAfresh = false }
        let fresh = Content(translator.translate(input, in: snapshot))
        return (known, fresh)
    }

    @Test(arguments: 0..<16 as Range<UInt64>)
    func packetsOfAPathGetWhatTheyWouldGetAlone(seed: UInt64) {
        var network = RandomNetwork(seed: seed, flows: 50)
        var translator = Translator()
        for round in 0..<4 {
            let snapshot = network.control.snapshot()
            for number in 0..<250 {
                let input = Self.input(from: &network)
                let (known, fresh) = both(&translator, input, snapshot)
                guard known == fresh else {
                    Issue.record(
                        "seed \(seed), round \(round), packet \(number): \(known) not \(fresh)")
                    return
                }
            }
            network.edit()
        }
    }

    /// What the book notes of a packet that went where another went are its own tables, whatever was
    /// noted of others and forgotten in between.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func theBookHasThePacketsOwnTables(seed: UInt64) {
        var network = RandomNetwork(seed: seed, flows: 50)
        var translator = Translator()
        var book = LookupIndex()
        var noted: [LookupIndex.Number] = []
        for round in 0..<3 {
            let snapshot = network.control.snapshot()
            for number in 0..<250 {
                let input = Self.input(from: &network)
                guard let path = translator.follow(input, in: snapshot) else {
                    _ = translator.translateAlone(input, in: snapshot)
                    continue
                }
                let numbers = book.add(path)
                #expect(numbers == book.add(path.translation.lookups), "round \(round)")
                noted += [numbers, numbers]
                while number % 7 == 0, let old = noted.popLast() { book.remove(old) }
            }
            network.edit()
        }
        for old in noted { book.remove(old) }
        #expect(book.count == 0)
    }

    private static func input(from network: inout RandomNetwork) -> TranslationInput {
        let packet = network.packet()
        var key = FlowKey(of: packet.frame)
        key[.inputPort] = UInt64(packet.port)
        return TranslationInput(key: key, frame: packet.frame, upcallPort: Host.upcallPort)
    }

    private static func input(
        _ source: String, _ target: String, ttl: UInt8 = 64, port: UInt32 = 1
    ) -> TranslationInput {
        SwitchTranslationTests.input(
            Frames.udp(
                Frames.a, RouterTranslationTests.left, from: source, to: target, ttl: ttl),
            on: port)
    }

    /// A router's network with neighbours 10.0.1.1 to 10.0.1.8, of which those with an even number
    /// have the same address.
    private static func network() -> Control {
        let control = RouterTranslationTests.network()
        for number in 1...8 {
            control.neighbour(
                3, 2, "10.0.1.\(number)", number % 2 == 0 ? Frames.b : MACAddress(UInt64(number)))
        }
        return control
    }

    /// Neighbours with one address are one path, whoever asks; another address is another path.
    @Test func whatHasTheSameAnswersIsOnePath() {
        let snapshot = Self.network().snapshot()
        var translator = Translator()
        var hits: [UInt64] = []
        for number in 1...8 {
            let (known, fresh) = both(
                &translator, Self.input("10.0.0.\(number)", "10.0.1.\(number)"), snapshot)
            #expect(known == fresh)
            #expect(known.mask[.ipv4Destination] == 0xffff_ffff)
            hits.append(translator.paths.hits)
        }
        #expect(hits == [0, 0, 0, 1, 1, 2, 2, 3])
    }

    /// What a translation reads beside addresses and ports tells paths apart.
    @Test func packetsThatDifferElsewhereAreNotOfThePath() {
        let snapshot = Self.network().snapshot()
        var translator = Translator()
        for ttl in [64, 63, 64, 2, 1, 64] as [UInt8] {
            let (known, fresh) = both(
                &translator, Self.input("10.0.0.1", "10.0.1.2", ttl: ttl), snapshot)
            #expect(known == fresh, "TTL \(ttl)")
        }
        #expect(translator.paths.hits == 2)
    }

    /// The answer changes with the snapshot: what was known is forgotten.
    @Test func aNewSnapshotForgetsPaths() {
        let control = Self.network()
        var translator = Translator()
        let input = Self.input("10.0.0.1", "10.0.1.2")
        let before = translator.translate(input, in: control.snapshot())
        control.neighbour(3, 2, "10.0.1.2", Frames.c)
        let after = translator.translate(input, in: control.snapshot())
        #expect(before.actions != after.actions)
        #expect(translator.paths.hits == 0)
    }

    /// An address that is written into the packet, or compared by what writes it, is no question:
    /// each packet is translated by itself.
    @Test(arguments: [
        "ip4.src = 10.9.9.9; outport = \"p2\"; output;",
        "reg0 = ip4.src; ip4.dst = reg0; outport = \"p2\"; output;",
        "push(ip4.src); pop(ip4.dst); outport = \"p2\"; output;",
    ])
    func rewrittenAddresses(actions: String) {
        let control = Control()
        control.port("p1", 1, 1, .here(vport: 1))
        control.port("p2", 1, 2, .here(vport: 2))
        control.flow(1, .ingress, 0, 50, "ip4.src == {10.9.9.9, 10.9.9.8, 10.9.9.7}", actions)
        control.flow(1, .egress, 0, 0, "1", "output;")
        let snapshot = control.snapshot()
        var translator = Translator()
        for source in ["10.9.9.8", "10.9.9.9", "10.9.9.7", "10.9.9.9", "10.9.9.8"] {
            let (known, fresh) = both(&translator, Self.input(source, "10.1.1.1"), snapshot)
            #expect(known == fresh, "\(source)")
        }
    }

    /// A number that no flow has named for long is not handed out again.
    @Test func aForgottenStateIsMadeAnew() {
        let control = Control()
        control.port("p1", 1, 1, .here(vport: 1))
        control.port("p2", 1, 2, .here(vport: 2))
        control.flow(1, .ingress, 0, 50, "ip4.dst == 10.1.1.0/24", "ct_next;")
        control.flow(1, .ingress, 1, 0, "1", "outport = \"p2\"; output;")
        control.flow(1, .egress, 0, 0, "1", "output;")
        let snapshot = control.snapshot()
        var translator = Translator()
        let first = translator.translate(Self.input("10.0.0.1", "10.1.1.1"), in: snapshot)
        let second = translator.translate(Self.input("10.0.0.2", "10.1.1.2"), in: snapshot)
        #expect(translator.paths.hits == 1)
        #expect(second.frozenStates == first.frozenStates)
        translator.now = 20_000
        _ = translator.translate(Self.input("10.0.0.3", "10.1.1.3"), in: snapshot)
        translator.now = 45_000
        translator.frozen.collect(used: [], now: translator.now)
        #expect(translator.frozen.count == 1, "it was named at 20 s")
        translator.now = 90_000
        translator.frozen.collect(used: [], now: translator.now)
        let later = translator.translate(Self.input("10.0.0.4", "10.1.1.4"), in: snapshot)
        #expect(later.frozenStates.count == 1)
        #expect(later.frozenStates.allSatisfy { translator.frozen[$0] != nil })
        #expect(later.frozenStates != first.frozenStates)
    }

    /// The newest path is known, however many sets of bits were read before.
    @Test func newPathsAreKeptWhateverOthersRead() {
        var memo = PathMemo()
        let key = FlowScratch(count: 1)
        for bit in 0..<UInt64(3 * PathMemo.Limits.groups) {
            var mask = FlowMask()
            mask.words[FlowKey.firstPacketWord] = 1 << (bit % 64)
            mask.words[FlowKey.firstPacketWord + 1] = bit
            memo.insert(
                PathEnd(Translation(), [], mask: mask, upcallPort: 1), mask: mask, key: key[0], [])
            #expect(memo.groups.count <= PathMemo.Limits.groups)
            #expect(memo.groups.last?.find(key[0]) != nil)
            #expect(memo.groups.last?.bits == mask.bits)
        }
    }

    /// However many paths there are, few are kept.
    @Test func thereAreOnlySoMany() {
        let control = Control()
        control.port("p1", 1, 1, .here(vport: 1))
        control.port("p2", 1, 2, .here(vport: 2))
        for number in 0..<250 {
            control.flow(
                1, .ingress, 0, 50, "ip4.dst == 10.1.\(number).0/24 && ip4.src == 10.2.0.\(number)",
                "pkt.mark = \(number + 1); outport = \"p2\"; output;")
        }
        control.flow(1, .egress, 0, 0, "1", "output;")
        let snapshot = control.snapshot()
        var translator = Translator()
        for ttl in 1...40 as ClosedRange<UInt8> {
            for number in 0..<250 {
                let input = Self.input("10.2.0.\(number)", "10.1.\(number).9", ttl: ttl)
                _ = translator.translate(input, in: snapshot)
                #expect(translator.paths.count <= PathMemo.Limits.nodes)
            }
        }
        let (known, fresh) = both(
            &translator, Self.input("10.2.0.7", "10.1.7.9", ttl: 3), snapshot)
        #expect(known == fresh)
    }
}
