import AgentCore
import Datapath
import Linux
import Pipeline
import Synchronization
import Testing
import Wire

@testable import Agent

/// What the datapath thread counts and tells, on the model of the kernel.
@Suite struct DatapathLoopTests {
    /// What a run tells from now on.
    private func listen(to run: DatapathLoop) -> Told {
        let told = Told()
        run.report = { report in told.reports.withLock { $0.append(report) } }
        return told
    }

    private final class Told: Sendable {
        let reports = Mutex<[DatapathReport]>([])

        var lessons: [Lesson] {
            reports.withLock {
                $0.flatMap { report -> [Lesson] in
                    if case .learned(let lessons) = report { lessons.map(\.lesson) } else { [] }
                }
            }
        }

        var events: [ServiceEvent] {
            reports.withLock {
                $0.compactMap { if case .service(let event) = $0 { event } else { nil } }
            }
        }

        var uses: [Set<EntryUse>] {
            reports.withLock {
                $0.compactMap { if case .used(let uses) = $0 { uses } else { nil } }
            }
        }

        /// The kinds of drops that were new.
        var drops: [PacketDrop] {
            reports.withLock {
                $0.compactMap { if case .dropped(let change) = $0 { change.added } else { nil } }
            }
        }
    }

    /// A run that gets three packets of two ports, none of which arrives, and what it tells.
    private func loseThree(
        _ machine: Machine, place: SourceLocation = #_sourceLocation
    ) -> (DatapathLoop, Told) {
        let run = machine.run()
        let told = listen(to: run)
        for (source, port) in [(Wiring.a, 1), (Wiring.b, 2), (Wiring.a, 1)] {
            let frame = Wiring.frame(from: source, to: Wiring.c)
            #expect(machine.receive(frame, on: UInt32(port), run) == [], sourceLocation: place)
        }
        run.reviewFlows()
        return (run, told)
    }

    /// A flow whose action nobody evaluates drops its packets, all of them counted, and is told
    /// once.
    @Test func anActionThatIsNotEvaluatedIsCountedAndToldOnce() throws {
        let machine = try Machine()
        let flow = machine.wiring.flow(
            .ingress, 1, 90, "udp.dst == 53", "next(64);")
        let (run, told) = loseThree(machine)
        let drop = try #require(told.drops.first)
        #expect(told.drops.count == 1)
        #expect(drop.reason == .unsupported("next"))
        #expect(drop.flow == flow)
        #expect(drop.stage == LogicalStage(DatapathKey(1), Stage(.ingress, 1)))
        #expect(run.counters.drops == [drop: 3])
    }

    /// Control packets of BFD come up one by one, and each is counted with its reason; nobody is told
    /// that anything is not evaluated.
    @Test func bfdWithoutASessionIsCounted() throws {
        let machine = try Machine()
        let flow = machine.wiring.flow(.ingress, 1, 90, "udp.dst == 53", "handle_bfd_msg();")
        let (run, told) = loseThree(machine)
        let drop = PacketDrop(
            .noSession, stage: LogicalStage(DatapathKey(1), Stage(.ingress, 1)), flow: flow)
        #expect(run.counters.drops == [drop: 3])
        #expect(told.drops == [drop])
        #expect(told.events.map(\.kind) == [.bfd, .bfd, .bfd])
    }

    /// A packet that an operator has made goes where its port's would have gone, teaches what that would
    /// have taught, and leaves no flow.
    @Test func aPacketOfTheOperatorIsSentWithoutAFlow() throws {
        let machine = try Machine()
        machine.wiring.flow(.ingress, 0, 60, "1", "put_fdb(inport, eth.src); next;")
        let run = machine.run()
        let told = listen(to: run)
        let frame = Wiring.frame(from: Wiring.a, to: Wiring.b)
        let before = machine.flows.events.count
        run.receive(PacketArrival(frame: frame, vport: 1))
        let sent = machine.flows.events[before...].compactMap { event -> UInt32? in
            guard case .transmitted(let port, let bytes, _) = event, bytes == frame else {
                return nil
            }
            return port
        }
        #expect(sent == [2])
        #expect(machine.flows.kernel.dump().isEmpty)
        #expect(
            told.lessons == [.address(LearnedAddressKey(datapath: 1, address: Wiring.a), port: 1)])
        run.receive(PacketArrival(frame: Wiring.frame(from: Wiring.a, to: Wiring.c), vport: 1))
        #expect(
            run.counters.drops.map(\.key.reason) == [.notBound(PortReference(datapath: 1, port: 3))]
        )
    }

    /// Packets that came up and packets of flows, also of flows that are gone.
    @Test func whatCrossesPatchPortsIsCounted() throws {
        let machine = try Machine()
        machine.wiring.attachNetwork()
        let run = machine.run()
        let frame = Wiring.frame(from: Wiring.a, to: Wiring.c)
        let size = UInt64(frame.count)
        for _ in 0..<3 { #expect(machine.receive(frame, on: 1, run) == [3]) }
        #expect(
            run.counters.crossings == [.outward("c"): PacketCount(packets: 1, bytes: size)])
        run.reviewFlows()
        #expect(
            run.counters.crossings == [.outward("c"): PacketCount(packets: 3, bytes: 3 * size)])
        #expect(machine.receive(frame, on: 1, run) == [3])
        _ = run.answer(.purge)
        #expect(
            run.counters.crossings == [.outward("c"): PacketCount(packets: 4, bytes: 4 * size)])
        let answer = Wiring.frame(from: Wiring.c, to: Wiring.a)
        #expect(machine.receive(answer, on: 3, run) == [1])
        #expect(run.counters.crossings[.inward("c")] == PacketCount(packets: 1, bytes: size))
    }

    /// A flow goes when it was idle for as long as the local database says, also one that was there before.
    @Test func flowsGoWhenTheyWereIdleForLongEnough() throws {
        let machine = try Machine()
        let run = machine.run()
        var time: Milliseconds = 1000
        run.clock = { time }
        machine.receive(Wiring.frame(from: Wiring.a, to: Wiring.c), on: 1, run)
        time += 9_000
        run.reviewFlows()
        #expect(run.table?.count == 1)
        run.keepFlows(FlowKeeping(otherConfig: ["max-idle": "20000"]))
        time += 9_000
        run.reviewFlows()
        #expect(run.table?.count == 1)
        run.keepFlows(FlowKeeping(otherConfig: ["max-idle": "500"]))
        run.reviewFlows()
        #expect(run.table?.count == 0)
    }

    /// Of more flows than there may be some go, and the limit is told.
    @Test func flowsAreNoMoreThanTheLimit() throws {
        let machine = try Machine()
        let run = machine.run()
        run.keepFlows(FlowKeeping(otherConfig: ["flow-limit": "1"]))
        machine.receive(Wiring.frame(from: Wiring.a, to: Wiring.c), on: 1, run)
        machine.receive(Wiring.frame(from: Wiring.b, to: Wiring.c), on: 2, run)
        run.reviewFlows()
        #expect(try #require(run.table?.count) <= 1)
        #expect(try run.answer(.flowNumbers).get().contains("(limit 1)"))
    }

    /// Stations begin to be learned while a flow serves one of them, which had nothing to teach when it
    /// was put: its next packet teaches.
    @Test func aCachedFlowTeachesWhatIsWantedLater() throws {
        let machine = try Machine()
        let frame = Wiring.frame(from: Wiring.a, to: Wiring.b)
        let run = machine.run()
        let told = listen(to: run)
        #expect(machine.receive(frame, on: 1, run) == [2])
        machine.wiring.flow(.ingress, 0, 60, "1", "put_fdb(inport, eth.src); next;")
        run.install(machine.wiring.snapshot(), isComplete: true)
        #expect(told.lessons.isEmpty)
        #expect(machine.receive(frame, on: 1, run) == [2])
        let lesson = Lesson.address(
            LearnedAddressKey(datapath: 1, address: Wiring.a), port: 1)
        #expect(told.lessons == [lesson])

        // What it has taught it needn't teach again because something else has changed.
        machine.wiring.flow(.ingress, 0, 70, "1", "reg0 = 1; put_fdb(inport, eth.src); next;")
        run.install(machine.wiring.snapshot(), isComplete: true)
        #expect(machine.receive(frame, on: 1, run) == [2])
        #expect(told.lessons == [lesson])
    }

    /// A packet teaches where a station is while a flow that floods to it is on its way to the
    /// kernel: that flow goes to the one port too, and is still known.
    @Test func aFlowOfTheSameTurnLearnsToo() throws {
        let machine = try Machine()
        machine.wiring.becomeBridge()
        let run = machine.run()
        let there = Wiring.frame(from: Wiring.a, to: Wiring.b)
        machine.misses([(there, 1), (Wiring.frame(from: Wiring.b, to: Wiring.c), 2)], run)
        #expect(machine.receive(there, on: 1, run) == [2])
        run.reviewFlows()
        #expect(machine.identifiers.count == 2)
        #expect(run.counters.refusedPuts == 0)
    }

    private func datagram(
        _ from: (MACAddress, String, UInt16), _ to: (MACAddress, String, UInt16)
    ) throws -> [UInt8] {
        PacketBuilder.udp(
            EthernetHeader(destination: to.0, source: from.0),
            .v4(
                source: try #require(IPv4Address(parsing: from.1)),
                destination: try #require(IPv4Address(parsing: to.1))),
            source: from.2, destination: to.2, [1])
    }

    private static let client = (Wiring.a, "198.51.100.7", UInt16(2000))
    private static let server = (Wiring.b, "10.0.0.1", UInt16(53))

    /// What b answers goes back by the next hop that the question from a came by, if that is known.
    private func symmetricMachine() throws -> Machine {
        let machine = try Machine()
        machine.wiring.flow(
            .ingress, 0, 60, "udp && inport == \"a\"",
            "commit_ecmp_nh(ipv6 = false, proto = udp); next;")
        machine.wiring.flow(
            .ingress, 0, 60, "udp && inport == \"b\"", "reg9[5] = chk_ecmp_nh(); next;")
        machine.wiring.flow(.ingress, 1, 90, "inport == \"b\" && reg9[5] == 0", "drop;")
        return machine
    }

    /// What is in use by packets that never come up does not end while nobody has looked for them.
    @Test func whatPacketsHaveBoundEndsOnlyAfterAList() throws {
        let machine = try symmetricMachine()
        let run = machine.run()
        var time: Milliseconds = 1000
        run.clock = { time }
        let answer = try datagram(Self.server, Self.client)
        machine.receive(try datagram(Self.client, Self.server), on: 1, run)
        #expect(machine.receive(answer, on: 2, run) == [1])

        run.supervision.isPaused = true
        time += 3_600_000
        run.keepBooks()
        #expect(machine.receive(answer, on: 2, run) == [1], "the kernel may have served packets")
        run.supervision.isPaused = false
        run.keepBooks()
        #expect(run.translator.nextHops.count == 1, "it has")
        time += 3_600_000
        run.keepBooks()
        #expect(run.translator.nextHops.count == 0)
    }

    /// Entries that live for seconds have to be written more often than once in five.
    @Test(arguments: [(nil, 3), (300, 3), (8, 8)])
    func theSoonerEntriesAgeTheMoreOftenTheirUseIsTold(
        age: Int?, count: Int
    ) throws {
        let machine = try Machine()
        machine.wiring.age(age)
        let run = machine.run()
        let told = listen(to: run)
        var time: Milliseconds = 1000
        run.clock = { time }
        let use = EntryUse.station(LearnedAddressKey(datapath: 1, address: Wiring.c))
        for _ in 0..<15 {
            run.used = [use]
            run.keepBooks()
            time += 1000
        }
        #expect(told.uses == Array(repeating: [use], count: count))
    }

    /// A packet that comes up teaches by which next hop its connection came, and so do those that the
    /// kernel serves: the flow of the answers is asked again either way.
    @Test func servedPacketsTeachTheirNextHop() throws {
        let machine = try symmetricMachine()
        let run = machine.run()
        let request = try datagram(Self.client, Self.server)
        let answer = try datagram(Self.server, Self.client)
        #expect(machine.receive(answer, on: 2, run) == [])
        #expect(machine.receive(request, on: 1, run) == [2])
        #expect(machine.receive(answer, on: 2, run) == [1])

        run.translator.nextHops = NextHopTable()
        run.recheck([
            .nextHop(
                ConnectionKey(
                    datapath: 1, proto: IPProtocol.udp,
                    source: (.v4(IPv4Address(0xc633_6407)), 2000),
                    destination: (.v4(IPv4Address(0x0a00_0001)), 53)))
        ])
        #expect(machine.receive(answer, on: 2, run) == [])
        let known = machine.identifiers
        #expect(machine.receive(request, on: 1, run) == [2])
        #expect(machine.identifiers == known, "no packet came up")
        run.reviewFlows()
        #expect(machine.receive(answer, on: 2, run) == [1])
    }

    /// Somebody waits for a packet; its flow is for the next one.
    @Test func packetsGoBeforeTheirFlows() throws {
        let machine = try Machine()
        let run = machine.run()
        _ = machine.flows.takeOperations()
        machine.misses(
            [
                (Wiring.frame(from: Wiring.a, to: Wiring.b), 1),
                (Wiring.frame(from: Wiring.b, to: Wiring.a), 2),
            ], run)
        let kinds = machine.flows.takeOperations().map { operation in
            switch operation {
            case .execute: "execute"
            case .put: "put"
            case .delete: "delete"
            }
        }
        #expect(kinds == ["execute", "execute", "put", "put"])
    }

    /// Counters are the process's, and tests run beside each other: there may be more.
    @Test func workIsCountedUnderTheNamesThatOperatorsKnow() throws {
        let names = ["pinctrl_total_pin_pkts", "dpif_flow_put", "dpif_execute"]
        let machine = try Machine()
        let run = machine.run()
        let frame = Wiring.frame(from: Wiring.a, to: Wiring.b)
        machine.receive(frame, on: 1, run)
        let before = names.map { Coverage.shared.total(of: $0) ?? 0 }
        machine.receive(Wiring.frame(from: Wiring.b, to: Wiring.a), on: 2, run)
        machine.receive(Wiring.frame(from: Wiring.b, to: Wiring.c), on: 2, run)
        machine.receive(Wiring.frame(from: Wiring.a, to: Wiring.c), on: 1, run)
        machine.miss(frame, on: 1, run)
        let after = names.map { Coverage.shared.total(of: $0) ?? 0 }
        for (name, (old, new)) in zip(names, zip(before, after)) { #expect(new > old, "\(name)") }
    }

    @Test func whatHasNotCountedYetIsZero() {
        AgentCoverage.register()
        #expect(Coverage.shared.total(of: "dns_error_parse_failure") == 0)
    }

    /// The kernel may refuse a flow: nothing is believed to be there that is not.
    @Test func aRefusedFlowIsForgotten() throws {
        let machine = try Machine()
        let run = machine.run()
        let frame = Wiring.frame(from: Wiring.a, to: Wiring.b)
        // Somebody else's flow matches the packet by now, so the kernel refuses another one.
        let key = machine.upcallKey(of: frame, on: 1)
        let mask = FlowMask(exact: [.recirculationID, .inputPort])
        let foreign = FlowID(high: 7, low: 7)
        try machine.flows.kernel.put(
            Megaflow(id: foreign, key: key, mask: mask, actions: []))
        machine.miss(frame, on: 1, run)
        #expect(run.table?.count == 0)
        #expect(run.counters.refusedPuts == 0, "that another flow serves the packet is no failure")
        _ = try machine.flows.kernel.delete(foreign)
        #expect(machine.receive(frame, on: 1, run) == [2])
        #expect(run.table?.count == 1)
    }
}
