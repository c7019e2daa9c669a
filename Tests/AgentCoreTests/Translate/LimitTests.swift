import Datapath
import LogicalFlow
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// What a flow does to a packet beside its headers.
@Suite struct LimitTests {
    private func network(_ actions: String) -> Control {
        let control = Control()
        control.port("p1", 1, 1, .here(vport: 1))
        control.port("p2", 1, 2, .here(vport: 2))
        control.flow(1, .ingress, 0, 0, "ip", actions + " outport = \"p2\"; output;")
        control.flow(1, .egress, 0, 0, "1", "output;")
        return control
    }

    /// The kernel's actions for a packet, and the packets that leave.
    private func run(_ control: Control, _ host: inout Host) -> (String, [UInt32]) {
        let outcome = host.receive(Frames.udp(Frames.a, Frames.b), on: 1)
        #expect(outcome.faults.isEmpty)
        let actions = host.kernel.dump().first.map { FlowText().actions($0.actions) }
        return (actions ?? "", outcome.sent.map(\.port))
    }

    private func run(_ control: Control) -> (String, [UInt32]) {
        var host = Host(control.snapshot(), ports: TrackingTests.ports)
        return run(control, &host)
    }

    @Test func queuesArePriorities() {
        let (actions, sent) = run(network("set_queue(5);"))
        #expect(actions == "set(skb_priority(0x10006)),2")
        #expect(sent == [2])
        #expect(run(network("set_queue(5); set_queue(0);")).1 == [2])
    }

    @Test func flowsHaveMetersOfTheirOwn() {
        let control = network("set_meter(100, 10);")
        control.flow(1, .ingress, 0, 10, "tcp", "set_meter(100, 10); outport = \"p2\"; output;")
        var host = Host(control.snapshot(), ports: TrackingTests.ports)
        #expect(run(control, &host) == ("meter(1),2", [2]))
        let tcp = TrackingTests.tcp((Frames.a, "10.0.0.1", 1), (Frames.b, "10.0.0.2", 2))
        _ = host.receive(tcp, on: 1)
        let pending = host.translator.meters.takePending()
        #expect(pending.map(\.number) == [1, 2])
        #expect(
            pending.allSatisfy { $0.rate == MeterRate(.kilobitsPerSecond, rate: 100, burst: 10) })
        let again = host.translator.meters.takePending()
        #expect(again.isEmpty)
        #expect(Set(host.kernel.dump().flatMap { $0.actions.flatMap(\.meters) }) == [1, 2])
        let gone = host.translator.meters.collect(used: [2])
        #expect(gone == [1])
        #expect(host.translator.meters.count == 1)
    }

    @Test func aKernelWithoutMetersLimitsNothing() {
        let control = network("set_meter(100);")
        var host = Host(control.snapshot(), ports: TrackingTests.ports)
        host.translator.meters.limit = 0
        #expect(run(control, &host) == ("2", [2]))
    }

    /// What exceeds the limit is not logged, and goes on.
    @Test func theLogHasItsMeter() throws {
        let control = network("log(name=\"web\", verdict=allow, severity=notice, meter=\"m\");")
        var host = Host(control.snapshot(), ports: TrackingTests.ports)
        let plain = run(control, &host)
        #expect(plain.1 == [2])
        #expect(plain.0.hasPrefix("userspace(pid=4242,userdata(6f766e2d6c6f6731"))
        #expect(host.logged.map(\.cookie.name) == ["web"])
        #expect(host.logged[0].packet[.ipv4Source] == 0x0a00_0001)
        control.view.meters["m"] = MeterRate(.packetsPerSecond, rate: 5, burst: 5)
        try host.swap(to: control.snapshot())
        let metered = run(control, &host)
        #expect(metered.1 == [2])
        #expect(metered.0.hasPrefix("clone(meter(1),userspace(pid=4242,"))
        #expect(metered.0.hasSuffix(")),2"))
        #expect(host.logged.count == 2)
    }

    @Test func samplesWithoutACollectorAreNone() {
        let (actions, sent) = run(
            network("sample(probability=65535,collector_set=1,obs_domain=1,obs_point=reg3);"))
        #expect(actions == "2")
        #expect(sent == [2])
    }

    @Test func mirrorsGetACopy() {
        let control = network("mirror(\"mp\");")
        control.port("mp", 1, 9, .here(vport: 3), type: "mirror")
        let (_, sent) = run(control)
        #expect(sent.sorted() == [2, 3])
        #expect(run(network("mirror(\"gone\");")).1 == [2])
    }

    /// The kernel's bucket holds the burst and no more: with none, nothing would ever pass.
    @Test func aMeterWithoutABurstLetsItsRateThrough() {
        #expect(MeterRate(.packetsPerSecond, rate: 5, burst: 0).burst == 5)
        #expect(MeterRate(.packetsPerSecond, rate: 5, burst: 2).burst == 2)
    }
}
