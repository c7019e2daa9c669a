import Linux
import Pipeline
import Testing
import Wire

@testable import Agent
@testable import AgentCore
@testable import Datapath
@testable import Netlink

/// What the datapath thread keeps where eBPF doesn't, and counts where it does.
@Suite struct BudgetTests {
    private func misses(_ count: Int, on port: UInt32, _ machine: Machine) -> [Upcall] {
        let frame = Wiring.frame(from: Wiring.a, to: Wiring.b)
        return (0..<count).map { _ in
            Upcall(
                ModelDatapath.Upcall(
                    reason: .miss, key: machine.upcallKey(of: frame, on: port), frame: frame))
        }
    }

    private func tooMany(_ vport: UInt32) -> PacketDrop { PacketDrop(.tooManyMisses(vport)) }

    @Test func missesBeyondThePortsBudgetAreDropped() throws {
        let machine = try Machine()
        machine.wiring.limit(1, "miss=1/5")
        let run = machine.run()
        #expect(run.withinBudget(misses(20, on: 1, machine), of: 1).count == 5)
        #expect(run.counters.drops == [tooMany(1): 15])
        #expect(run.withinBudget(misses(20, on: 2, machine), of: 2).count == 20)
        #expect(run.counters.drops == [tooMany(1): 15])
    }

    /// Packets that a flow sends up are none of a port that asks for too much.
    @Test func whatFlowsSendUpIsNoMiss() throws {
        let machine = try Machine()
        machine.wiring.limit(1, "miss=1/1")
        let run = machine.run()
        let frame = Wiring.frame(from: Wiring.a, to: Wiring.b)
        let action = Upcall(
            reason: .action, datapathIndex: 1, key: machine.upcallKey(of: frame, on: 1),
            packet: frame, userData: [], egressTunnel: nil, maximumReceivedUnit: nil,
            originalLength: nil, hash: nil)
        let batch = misses(3, on: 1, machine) + [action, action]
        #expect(run.withinBudget(batch, of: 1).count == 3)
    }

    @Test func aBudgetThatTheKernelKeepsIsNotKeptTwice() throws {
        let machine = try Machine()
        machine.wiring.limit(1, "miss=1/5")
        let run = machine.run()
        run.heldBudgets = [1]
        #expect(run.withinBudget(misses(20, on: 1, machine), of: 1).count == 20)
        run.count(refused: [], missesBeyondBudget: [1: 7])
        run.count(refused: [], missesBeyondBudget: [1: 9])
        #expect(run.counters.drops == [tooMany(1): 16])
    }

    /// Packets that eBPF has dropped count at the flow that would have dropped them.
    @Test func refusedPacketsCountAtTheFlowOfThePipeline() throws {
        let machine = try Machine()
        let rules = try PortSecurityEntry(parsing: "\(Wiring.a) 10.0.0.1")
        machine.wiring.port("a", 1, here: 1, security: [rules])
        let check = machine.wiring.flow(
            .ingress, 0, 60, "1", "reg0[15] = check_in_port_sec(); next;")
        let flow = machine.wiring.flow(.ingress, 1, 60, "reg0[15] == 1", "drop;")
        let run = machine.run()
        let stranger = try #require(SecurityTables([rules])).stranger
        run.count(
            refused: [RefusedPackets(vport: 1, stranger: stranger, packets: 12)],
            missesBeyondBudget: [:])
        let drop = PacketDrop(
            .flow, stage: LogicalStage(DatapathKey(1), Stage(.ingress, 1)), flow: flow,
            decision: check, port: PortReference(datapath: 1, port: 1))
        #expect(run.counters.drops == [drop: 12])
    }
}
