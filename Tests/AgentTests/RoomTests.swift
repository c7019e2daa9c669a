import Datapath
import Linux
import Synchronization
import Testing
import Wire

@testable import Agent
@testable import AgentCore

/// The datapath thread when there are as many flows or masks as there may be, on the model of the kernel.
@Suite struct RoomTests {
    private static func frame(_ number: Int, ttl: UInt8 = 64, port: UInt16 = 53) -> [UInt8] {
        PacketBuilder.udp(
            EthernetHeader(destination: Wiring.b, source: Wiring.a),
            .v4(
                source: IPv4Address(0x0a00_02de ^ 1 << UInt32(number / 32 % 32)),
                destination: IPv4Address(0x0a00_016f ^ 1 << UInt32(number % 32))),
            ttl: ttl, source: 1000, destination: port, [1])
    }

    private static let numbers = stride(from: 0, to: 1024, by: 5)

    /// Lists that all but match the frames.
    private func machine() throws -> Machine {
        let machine = try Machine()
        for term in ["ip4.dst == 10.0.1.111", "ip4.src == 10.0.2.222", "udp.dst == 80"] {
            machine.wiring.flow(.ingress, 0, 90, term, "next;")
        }
        machine.wiring.flow(.ingress, 0, 80, "ip4.src == 10.0.0.66 && udp", "drop;")
        return machine
    }

    private func run(
        on machine: Machine, _ change: (inout MegaflowTable.Limits) -> Void
    ) -> DatapathLoop {
        let run = machine.start()
        change(&run.supervision.limits)
        run.install(machine.wiring.snapshot(), isComplete: true)
        return run
    }

    private func total(_ name: String) -> UInt64 { Coverage.shared.total(of: name) ?? 0 }

    @Test func anExplosionOfMasksIsBounded() throws {
        let machine = try machine()
        let before = total("flow_narrowed")
        let run = run(on: machine) { $0.masksPerWorkload = 16 }
        for number in Self.numbers {
            // The second one goes the way of the first.
            for port in [53, 54] as [UInt16] {
                #expect(machine.receive(Self.frame(number, port: port), on: 1, run) == [2])
            }
            #expect(machine.flows.kernel.masks.count <= 16)
        }
        #expect(run.translator.paths.hits > 0)
        #expect(total("flow_narrowed") > before)
        #expect(run.counters.refusedPuts == 0)
        #expect(run.table?.count == machine.flows.kernel.flowCount)
        // All are served now.
        _ = machine.flows.takeOperations()
        for number in Self.numbers {
            #expect(machine.receive(Self.frame(number), on: 1, run) == [2])
        }
        #expect(machine.flows.takeOperations().isEmpty)
    }

    /// A packet for whose flow there is no mask goes its way all the same, and is counted.
    @Test func packetsWithoutAMaskAreCounted() throws {
        let machine = try machine()
        let before = total("flow_unmasked")
        let run = run(on: machine) { $0.masks = 0 }
        for port in [53, 54, 55] as [UInt16] {
            #expect(machine.receive(Self.frame(1, port: port), on: 1, run) == [2])
        }
        #expect(machine.flows.kernel.flowCount == 0)
        #expect(total("flow_unmasked") >= before + 3)
    }

    /// What compares more than it needs to is neither altered nor wrong, for this run and the next.
    @Test func narrowedFlowsAreAsTheyShouldBe() throws {
        let machine = try machine()
        let change: (inout MegaflowTable.Limits) -> Void = { $0.masksPerWorkload = 8 }
        let first = run(on: machine, change)
        for number in Self.numbers { machine.receive(Self.frame(number), on: 1, first) }
        let count = machine.flows.kernel.flowCount
        let reports = Mutex<[String]>([])
        let listen: @Sendable (DatapathReport) -> Void = { report in
            if case .diverged(let found) = report { reports.withLock { $0 += ["\(found)"] } }
        }
        first.report = listen
        #expect(try first.checkFlows().get() == "\(count) flows checked, 0 differ")
        _ = machine.flows.takeOperations()
        first.install(machine.wiring.snapshot(), isComplete: true)
        for _ in 0..<8 { first.sweepFlows() }
        first.reviewFlows()
        #expect(machine.flows.takeOperations().isEmpty)

        let second = run(on: machine, change)
        second.report = listen
        #expect(machine.flows.takeOperations().isEmpty, "all are adopted")
        #expect(second.table?.count == count)
        #expect(second.table?.maskCount == machine.flows.kernel.masks.count)
        for _ in 0..<8 { second.sweepFlows() }
        #expect(machine.flows.takeOperations().isEmpty)
        #expect(reports.withLock { $0 } == [])
    }

    /// The one that goes is deleted before the one that comes is put, also if both are of one turn, and its
    /// packets are counted.
    @Test func theIdlestFlowMakesRoom() throws {
        let machine = try machine()
        machine.wiring.flow(.ingress, 1, 90, "ip.ttl == 7", "drop;")
        let before = total("flow_evicted")
        let run = run(on: machine) { $0.flowsPerPort = 3 }
        let other = Wiring.frame(from: Wiring.b, to: Wiring.a)
        machine.receive(other, on: 2, run)
        let dropped = Self.frame(1, ttl: 7)
        for _ in 0..<5 { machine.receive(dropped, on: 1, run) }
        for number in 2...8 { machine.receive(Self.frame(number), on: 1, run) }
        #expect(run.counters.drops.values.map(\.self) == [5])
        #expect(machine.flows.kernel.flowCount == 4)
        #expect(machine.flows.kernel.dump().contains { $0.key[.inputPort] == 2 })
        machine.misses((10...16).map { (Self.frame($0), 1) }, run)
        #expect(machine.flows.kernel.flowCount == 4)
        #expect(Set(run.table?.entries.keys ?? []) == Set(machine.identifiers.compactMap(\.self)))
        #expect(run.counters.refusedPuts == 0)
        #expect(total("flow_evicted") >= before + 12)
    }
}
