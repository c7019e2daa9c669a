import Datapath
import Linux
import Pipeline
import Testing
import Wire

@testable import Agent
@testable import AgentCore
@testable import Netlink

/// What the agent refuses a packet is counted, for each reason and port.
@Suite struct RefusalTests {
    private static let toB = Wiring.frame(from: Wiring.a, to: Wiring.b)
    private static let refusal =
        "icmp4 { eth.dst <-> eth.src; ip4.dst <-> ip4.src; outport = inport; "
        + "flags.loopback = 1; output; };"

    /// How much a counter has grown; others may count at the same time.
    private func growth(_ counter: CoverageCounter, _ body: () throws -> Void) rethrows -> UInt64 {
        let before = counter.total
        try body()
        return counter.total - before
    }

    @Test func servicesBeyondThePortsLimit() throws {
        let machine = try Machine()
        machine.wiring.flow(.ingress, 0, 60, "ip4", Self.refusal)
        machine.wiring.limit(1, "error=1/2")
        let run = machine.run()
        let counter = try #require(AgentCoverage.limited[.error])
        let grown = growth(counter) {
            for _ in 0..<5 { machine.miss(Self.toB, on: 1, run) }
        }
        #expect(run.counters.drops == [PacketDrop(.beyondLimit(.error, 1)): 3])
        #expect(grown >= 3)
        machine.miss(Self.toB, on: 2, run)
        #expect(run.counters.drops == [PacketDrop(.beyondLimit(.error, 1)): 3])
    }

    @Test func eventsBeyondThePortsLimit() throws {
        let machine = try Machine()
        machine.wiring.flow(.ingress, 0, 60, "ip4", "handle_svc_check(inport);")
        machine.wiring.flow(
            .ingress, 0, 70, "udp.dst == 54",
            "trigger_event(event = \"empty_lb_backends\", vip = \"10.0.0.1:80\", "
                + "protocol = \"udp\", load_balancer = \"x\"); next;")
        machine.wiring.limit(1, "check=1/1,event=1/1")
        let run = machine.run()
        for _ in 0..<3 { machine.miss(Self.toB, on: 1, run) }
        #expect(run.counters.drops == [PacketDrop(.beyondLimit(.check, 1)): 2])
        let event = PacketBuilder.udp(
            EthernetHeader(destination: Wiring.b, source: Wiring.a),
            .v4(source: IPv4Address(0x0a00_0001), destination: IPv4Address(0x0a00_0002)), ttl: 64,
            source: 1000, destination: 54, [1])
        let grown = growth(AgentCoverage.droppedEvents) {
            for _ in 0..<3 { machine.miss(event, on: 1, run) }
        }
        #expect(run.counters.drops[PacketDrop(.beyondLimit(.event, 1))] == 2)
        #expect(grown >= 2)
    }

    @Test func packetsBeyondAMeter() throws {
        let machine = try Machine()
        machine.wiring.flow(.ingress, 0, 60, "ip4", Self.refusal, meter: "m")
        machine.wiring.meter("m", MeterRate(.packetsPerSecond, rate: 1, burst: 2))
        let run = machine.run()
        let grown = growth(AgentCoverage.metered) {
            for _ in 0..<5 { machine.miss(Self.toB, on: 1, run) }
        }
        #expect(run.counters.drops == [PacketDrop(.beyondMeter("m", 1)): 3])
        #expect(grown >= 3)
    }

    /// The packets go on, so they are not dropped.
    @Test func lessonsBeyondThePortsShare() throws {
        let machine = try Machine()
        machine.wiring.flow(.ingress, 0, 60, "1", "put_fdb(inport, eth.src); next;")
        let run = machine.run()
        let now = run.now
        run.clock = { now }
        let grown = growth(AgentCoverage.refusedAddresses) {
            for number in 0..<300 as Range<UInt64> {
                let frame = Wiring.frame(
                    from: MACAddress(0x0600_0000_0000 | number), to: Wiring.b)
                machine.miss(frame, on: 1, run)
            }
        }
        #expect(grown >= 100)
        #expect(run.counters.drops.isEmpty)
    }

    @Test func packetsThatWaitInVain() throws {
        let machine = try Machine()
        let run = machine.run()
        var now = run.now
        run.clock = { now }
        let packet = PendingPacket(
            neighbour: NeighbourKey(
                port: PortReference(datapath: 1, port: 1), address: .v4(IPv4Address(1))),
            frame: Self.toB, metadata: FlowKey(), resume: .output)
        let limit = NeighbourBuffer.Limits().packetsPerKey
        for _ in 0..<limit + 2 {
            run.waiting.add(packet, from: PacketSource(vport: 1), now: now)
        }
        let grown = growth(AgentCoverage.displacedPackets) {
            run.keepBooks()
            #expect(run.counters.drops == [PacketDrop(.tooManyWaiting(1)): 2])
        }
        #expect(grown >= 2)
        now += 60_000
        run.keepBooks()
        #expect(
            run.counters.drops == [
                PacketDrop(.tooManyWaiting(1)): 2,
                PacketDrop(.unansweredNeighbour(1)): UInt64(limit),
            ])
    }

    /// A packet that has waited, or that the agent has made, may be dropped as any other.
    @Test func packetsThatGoOnLaterCountToo() throws {
        let machine = try Machine()
        let run = machine.run()
        let packet = Wiring.frame(from: Wiring.a, to: Wiring.c)
        run.inject([Injection(packet, .from(PortReference(datapath: 1, port: 1)))])
        #expect(
            run.counters.drops.map(\.key.reason) == [.notBound(PortReference(datapath: 1, port: 3))]
        )
    }

    @Test func stocksNamesAreListed() {
        AgentCoverage.register()
        let names = [
            "pinctrl_drop_put_mac_binding", "pinctrl_drop_put_fdb",
            "pinctrl_drop_buffered_packets_map", "pinctrl_drop_controller_event",
            "pinctrl_drop_put_vport_binding", "pinctrl_ring_full_put_mac_binding",
            "pinctrl_ring_full_put_fdb", "control_limit_dhcp", "control_limit_miss",
            "control_meter", "netlink_malformed",
        ]
        for name in names { #expect(Coverage.shared.total(of: name) != nil, "\(name)") }
    }
}
