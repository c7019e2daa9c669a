import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

@Suite struct MegaflowTableTests {
    private static func translate(
        _ frame: [UInt8], on port: UInt32, in snapshot: TranslationSnapshot
    ) -> (Translation, FlowKey) {
        var translator = Translator()
        let input = SwitchTranslationTests.input(frame, on: port)
        return (translator.translate(input, in: snapshot), input.key)
    }

    // MARK: - Putting and swapping

    @Test func identifiersCarryTheEpoch() throws {
        var identity = MegaflowIdentity(epoch: 7)
        let (first, second) = (identity.make(), identity.make())
        #expect(first != second)
        #expect(MegaflowIdentity.epoch(of: first) == 7)
        #expect(MegaflowIdentity.epoch(of: FlowID(high: 7, low: 1)) == nil)
        #expect(MegaflowIdentity.epoch(of: nil) == nil)
    }

    @Test func theSameFlowIsPutOnce() {
        let snapshot = SwitchTranslationTests.network().snapshot()
        var table = MegaflowTable(epoch: 1, snapshot: snapshot)
        let (first, key) = Self.translate(Frames.udp(Frames.a, Frames.b), on: 1, in: snapshot)
        let (second, other) = Self.translate(
            Frames.udp(Frames.c, Frames.b, port: 99), on: 1, in: snapshot)
        guard case .put(let flow) = table.add(first, key: key, under: snapshot, now: 0) else {
            Issue.record("not put")
            return
        }
        #expect(key != other)
        #expect(
            table.add(second, key: other, under: snapshot, now: 0)
                == flow.id.map { .present($0) })
        #expect(table.count == 1)
    }

    @Test func onlyWhatDependsIsTouched() throws {
        let control = SwitchTranslationTests.network()
        var host = Host(control.snapshot(), ports: SwitchTranslationTests.ports)
        _ = host.receive(Frames.udp(Frames.a, Frames.b), on: 1)
        _ = host.receive(Frames.udp(Frames.a, Frames.c), on: 1)
        _ = host.receive(Frames.udp(Frames.a, .broadcast), on: 1)
        _ = host.receive(Frames.udp(Frames.b, Frames.c), on: 2)
        #expect(host.kernel.flowCount == 4)

        #expect(try host.swap(to: control.snapshot()) == 0, "nothing changed")
        control.neighbour(1, 1, "10.0.0.77", Frames.a)
        #expect(try host.swap(to: control.snapshot()) == 0, "nobody asked")
        control.port("p3", 1, 3, .nowhere)
        #expect(try host.swap(to: control.snapshot()) == 2, "the two flows to p3")
        control.flow(1, .ingress, 1, 60, "eth.dst == 0a:00:00:00:00:02 && udp.dst == 99", "drop;")
        #expect(try host.swap(to: control.snapshot()) == 1, "the flow to that address")
        control.flow(1, .ingress, 1, 60, "eth.dst == 0a:00:00:00:00:55", "drop;")
        #expect(try host.swap(to: control.snapshot()) == 0, "no flow goes there")
    }

    /// The first rule of a table about a field concerns the flows that have other reasons to compare
    /// it, or don't compare it; not those whose packets all differ.
    @Test func theFirstRuleAboutAFieldTouchesWhatMayMatch() throws {
        let control = SwitchTranslationTests.network()
        control.flow(1, .ingress, 0, 60, "udp.dst == {53, 67, 90}", "next;")
        var host = Host(control.snapshot(), ports: SwitchTranslationTests.ports)
        for port in [53, 67, 90] {
            _ = host.receive(Frames.udp(Frames.a, Frames.b, port: UInt16(port)), on: 1)
        }
        #expect(host.kernel.flowCount == 3)
        control.flow(1, .ingress, 1, 60, "udp.dst == 67", "drop;")
        #expect(try host.swap(to: control.snapshot()) == 1)
        #expect(host.receive(Frames.udp(Frames.a, Frames.b, port: 67), on: 1).sent.isEmpty)
        #expect(host.receive(Frames.udp(Frames.a, Frames.b, port: 53), on: 1).sent.count == 1)
        #expect(host.upcalls == 3)
    }

    /// What was written on the way is not what the packet came with.
    @Test func theFirstRuleAboutAWrittenFieldTouchesAll() throws {
        let control = SwitchTranslationTests.network()
        control.flow(1, .ingress, 0, 60, "udp.dst == 53", "udp.dst = 67; next;")
        var host = Host(control.snapshot(), ports: SwitchTranslationTests.ports)
        _ = host.receive(Frames.udp(Frames.a, Frames.b, port: 53), on: 1)
        control.flow(1, .ingress, 1, 60, "udp.dst == 67", "drop;")
        #expect(try host.swap(to: control.snapshot()) == 1)
        #expect(host.receive(Frames.udp(Frames.a, Frames.b, port: 53), on: 1).sent.isEmpty)
    }

    @Test func aPortThatAppearsMakesFlowsAgain() throws {
        let control = SwitchTranslationTests.network()
        control.flow(
            1, .ingress, 1, 50, "eth.dst == 0a:00:00:00:00:44", "outport = \"p4\"; output;")
        var host = Host(control.snapshot(), ports: SwitchTranslationTests.ports)
        let frame = Frames.udp(Frames.a, MACAddress(0x0a00_0000_0044))
        #expect(host.receive(frame, on: 1).sent.isEmpty)
        control.port("p4", 1, 4, .here(vport: 3))
        #expect(try host.swap(to: control.snapshot()) == 1)
        #expect(host.receive(frame, on: 1).sent.map(\.port) == [3])
    }

    @Test func flowsOfAnotherActionTextAreMadeAgain() throws {
        let control = SwitchTranslationTests.network()
        let id = control.flow(1, .ingress, 0, 90, "1", "eth.src = 0a:00:00:00:00:0a; next;")
        var host = Host(control.snapshot(), ports: SwitchTranslationTests.ports)
        let frame = Frames.udp(Frames.a, Frames.b)
        _ = host.receive(frame, on: 1)
        control.builder.add(
            FlowRecord(
                id: id, stage: Stage(.ingress, 0), priority: 90,
                scope: .datapath(DatapathKey(1)), match: "1",
                actions: "eth.src = 0a:00:00:00:00:0b; next;"))
        #expect(try host.swap(to: control.snapshot()) == 1)
        let sent = try #require(host.receive(frame, on: 1).sent.first)
        #expect(FlowKey(of: sent.frame)[.ethernetSource] == 0x0a00_0000_000b)
        #expect(host.upcalls == 1, "the kernel's flow was changed in place")
    }

    // MARK: - Dumps

    @Test func dumpsCountExpireAndFindStrangers() throws {
        let control = SwitchTranslationTests.network()
        control.flow(1, .ingress, 0, 100, "1", "put_fdb(inport, eth.src); next;")
        var host = Host(control.snapshot(), ports: SwitchTranslationTests.ports)
        let frame = Frames.udp(Frames.a, Frames.b)
        for _ in 0..<4 { _ = host.receive(frame, on: 1) }
        try host.kernel.put(
            Megaflow(
                id: FlowID(high: 1, low: 1), key: FlowKey(of: frame), mask: FlowMask(), actions: [])
        )

        host.now = 2000
        var review = host.table.review(host.kernel.listed, start: 2000, now: 2000)
        #expect(review.commands.isEmpty)
        #expect(review.foreign == 1)
        #expect(
            review.traffic.effects == [
                .address(LearnedAddressKey(datapath: 1, address: Frames.a), port: 1)
            ])
        review = host.table.review(host.kernel.listed, start: 3000, now: 3000)
        #expect(review.traffic.effects.isEmpty, "counted once")

        review = host.table.review(host.kernel.listed, start: 11_001, now: 11_001)
        guard case .delete(let flow)? = review.commands.first else {
            Issue.record("\(review.commands)")
            return
        }
        _ = host.receive(frame, on: 1)
        let last = try host.kernel.delete(flow)
        var traffic = TrafficReport()
        host.table.deleted(flow, last.statistics, &traffic)
        #expect(!traffic.effects.isEmpty, "the last packet counts too")
        #expect(host.table.count == 0)
    }

    @Test func flowsThatVanishAreForgotten() throws {
        var host = Host(
            SwitchTranslationTests.network().snapshot(), ports: SwitchTranslationTests.ports)
        _ = host.receive(Frames.udp(Frames.a, Frames.b), on: 1)
        let flow = try #require(host.kernel.dump().first?.id)
        try host.kernel.delete(flow)
        _ = host.table.review([], start: host.now, now: host.now)
        #expect(host.table.count == 1, "it may be younger than the dump")
        _ = host.table.review([], start: host.now + 1, now: host.now + 1)
        #expect(host.table.count == 0)
    }

    @Test func dropsAreCounted() throws {
        let control = SwitchTranslationTests.network()
        let id = control.flow(1, .ingress, 0, 100, "udp.dst == 9", "drop;")
        var host = Host(control.snapshot(), ports: SwitchTranslationTests.ports)
        for _ in 0..<3 { _ = host.receive(Frames.udp(Frames.a, Frames.b, port: 9), on: 1) }
        let review = host.table.review(host.kernel.listed, start: 2000, now: 2000)
        let drop = PacketDrop(
            .flow, stage: LogicalStage(DatapathKey(1), Stage(.ingress, 0)), flow: id)
        #expect(review.traffic.drops[drop]?.packets == 2)
    }

    // MARK: - Restart

    @Test func aRestartedAgentAdoptsWhatIsRight() throws {
        let control = SwitchTranslationTests.network()
        var old = Host(control.snapshot(), ports: SwitchTranslationTests.ports)
        _ = old.receive(Frames.udp(Frames.a, Frames.b), on: 1)
        _ = old.receive(Frames.udp(Frames.a, Frames.c), on: 1)
        _ = old.receive(Frames.udp(Frames.b, Frames.a), on: 2)
        // While the agent is away p3 moves here, and a flow asks for more than the old mask has.
        control.port("p3", 1, 3, .here(vport: 3))
        control.flow(1, .ingress, 1, 80, "inport == \"p2\" && udp.dst == 53", "drop;")

        var new = Host(control.snapshot(), ports: SwitchTranslationTests.ports, epoch: 2)
        new.kernel = old.kernel
        let dump = new.kernel.dump()
        let review = new.table.review(new.kernel.listed, start: 5000, now: 5000)
        #expect(Set(review.unadopted) == Set(dump.compactMap(\.id)))
        #expect(review.commands.isEmpty, "nothing is judged before it is translated")
        var outcomes: [String] = []
        for flow in dump {
            let translation = new.translator.translate(
                TranslationInput(key: flow.key, frame: nil, upcallPort: Host.upcallPort),
                in: new.table.snapshot)
            switch new.table.adopt(flow, translation, now: 5000) {
            case nil: outcomes.append("kept")
            case .modify(let id, let actions)?:
                outcomes.append("modified")
                try new.kernel.modify(id, actions: actions)
            case .delete(let id)?:
                outcomes.append("deleted")
                try new.kernel.delete(id)
            case .put?: Issue.record("nothing is put")
            }
        }
        #expect(outcomes.sorted() == ["deleted", "kept", "modified"])
        #expect(new.receive(Frames.udp(Frames.a, Frames.c), on: 1).sent.map(\.port) == [3])
        #expect(new.receive(Frames.udp(Frames.a, Frames.b), on: 1).sent.map(\.port) == [2])
        #expect(new.upcalls == 0)
        #expect(new.receive(Frames.udp(Frames.b, Frames.a), on: 2).sent.isEmpty)
        #expect(new.upcalls == 1)
    }

    @Test func recirculationNumbersStartAboveTheKernels() {
        var key = FlowKey()
        key[.recirculationID] = 3
        let flow = Megaflow(
            id: nil, key: key, mask: FlowMask(),
            actions: [
                .clone([.recirculate(9)]),
                .checkLength(9, greater: [.recirculate(11)], lessOrEqual: []),
            ])
        #expect(flow.recirculations == [3, 9, 11])
        var states = FrozenStates(above: 11)
        let state = FrozenState(
            place: .table(LogicalStage(DatapathKey(1), Stage(.ingress, 1))),
            registers: [UInt64](repeating: 0, count: FlowKey.firstKernelWord))
        let number = states.intern(state, now: 0)
        #expect(number == 12)
    }
}

@Suite struct FrozenStateTests {
    private func state(_ register: UInt64) -> FrozenState {
        FrozenState(
            place: .table(LogicalStage(DatapathKey(1), Stage(.ingress, 1))),
            registers: [register] + [UInt64](repeating: 0, count: FlowKey.firstKernelWord - 1))
    }

    @Test func equalStatesShareANumberAndUsedOnesKeepIt() throws {
        var states = FrozenStates()
        let one = states.intern(state(1), now: 0) ?? 0
        let same = states.intern(state(1), now: 0)
        #expect(same == one && one != 0)
        let two = states.intern(state(2), now: 0) ?? 0
        #expect(one != two)
        states.collect(used: [one], now: 1_000_000)
        #expect(states[one] == state(1))
        #expect(states[two] == nil, "nothing has named it")

        states.collect(used: [], now: 1_000_001)
        #expect(states[one] == state(1), "a packet may still carry it")
        states.collect(used: [], now: 2_000_000)
        #expect(states[one] == nil)
        let again = states.intern(state(1), now: 2_000_000) ?? 0
        #expect(![one, two].contains(again), "numbers are not given twice")
    }

    @Test func statesAreBounded() {
        var limits = FrozenStates.Limits()
        limits.states = 2
        var states = FrozenStates(limits: limits)
        let numbers = [1, 2, 3, 2].map { states.intern(state($0), now: 0) }
        #expect(numbers.map { $0 != nil } == [true, true, false, true])
    }

    /// Only registers that are read later are frozen, and those become part of the flow.
    @Test func aFrozenPacketGoesOnWhereItWas() throws {
        let control = SwitchTranslationTests.network()
        control.flow(1, .ingress, 2, 50, "reg0 == 10.0.0.2", "outport = \"p2\"; output;")
        let snapshot = control.snapshot()
        var translator = Translator()
        let input = SwitchTranslationTests.input(Frames.udp(Frames.a, Frames.b), on: 1)
        translator.key.start(input.key)
        translator.result = Translation()
        translator.key.load(.datapath, 1)
        translator.key.load(.inport, 1)
        translator.key.move(to: .register(0), from: KeySpan(.ipv4Destination))
        translator.key.move(to: .register(5), from: KeySpan(.ipv4Source))
        var live = FlowMask(exact: [.datapath, .inport])
        live.words[2] = 0xffff_ffff << 32
        let stage = LogicalStage(DatapathKey(1), Stage(.ingress, 2))
        translator.outputs.start(translator.key)
        translator.step(.hash(basis: 0))
        translator.freeze(at: stage, live: live)
        #expect(translator.key.needed[.ipv4Destination] == 0xffff_ffff)
        #expect(translator.key.needed[.ipv4Source] == 0)
        let number = try #require(translator.result.frozenStates.first)

        var again = input
        again.key[.recirculationID] = UInt64(number)
        let translation = translator.translate(again, in: snapshot)
        #expect(translation.actions == [.output(2)])
        #expect(translation.mask[.ipv4Destination] == 0, "the register has it")
        again.key[.recirculationID] = 999
        let unknown = translator.translate(again, in: snapshot)
        #expect(unknown.drops.map(\.reason) == [.unknownRecirculation(999)])
        #expect(!unknown.isCacheable)
    }
}

extension ModelDatapath {
    /// What a short list tells of the flows.
    fileprivate var listed: [ListedFlow] {
        dump().map { ListedFlow(id: $0.id, statistics: $0.statistics) }
    }
}
