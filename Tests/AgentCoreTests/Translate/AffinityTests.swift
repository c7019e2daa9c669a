import Datapath
import Pipeline
import Schemas
import Testing
import Wire

@testable import AgentCore

/// A client stays with the backend that it was given, as long as it keeps coming.
@Suite struct AffinityTests {
    private static let address = "ip4.dst == 30.0.0.1"

    private static func network(_ backends: [Int] = [2, 3]) -> Control {
        let control = Control()
        let list = backends.map { "10.0.0.\($0):8080" }.joined(separator: ",")
        control.view.virtualServices = VirtualServices(
            [(SB.LoadBalancer(name: "lb", vips: ["30.0.0.1:80": list], protocol: "tcp"), [1])],
            problem: { Issue.record("\($0)") })
        for number in 1...3 {
            control.port("p\(number)", 1, UInt32(number), .here(vport: UInt32(number)))
            control.flow(
                1, .ingress, 4, 50, "ip4.dst == 10.0.0.\(number)",
                "outport = \"p\(number)\"; output;")
        }
        control.flow(1, .ingress, 0, 0, "ip", "ct_lb_mark;")
        control.flow(
            1, .ingress, 1, 100, "ct.new && ip4 && \(address) && tcp.dst == 80",
            "reg9[6] = chk_lb_aff(); next;")
        control.flow(1, .ingress, 1, 0, "1", "next;")
        control.flow(
            1, .ingress, 2, 120, "ct.new && \(address)",
            "reg4 = 30.0.0.1; reg2[0..15] = 80; ct_lb_mark(backends=\(list));")
        for backend in backends {
            control.flow(
                1, .ingress, 2, 150,
                "reg9[6] == 1 && ct.new && \(address) && reg4 == 10.0.0.\(backend) "
                    + "&& reg2[0..15] == 8080",
                "reg4 = 30.0.0.1; reg2[0..15] = 80; ct_lb_mark(backends=10.0.0.\(backend):8080);")
            control.flow(
                1, .ingress, 3, 100,
                "reg9[6] == 0 && ct.new && ip4 && reg4 == 30.0.0.1 && reg2[0..15] == 80 "
                    + "&& ip4.dst == 10.0.0.\(backend) && tcp.dst == 8080",
                "commit_lb_aff(vip = \"30.0.0.1:80\", backend = \"10.0.0.\(backend):8080\", "
                    + "proto = tcp, timeout = 60);")
        }
        control.flow(1, .ingress, 2, 0, "1", "next;")
        control.flow(1, .ingress, 3, 0, "1", "next;")
        control.flow(1, .egress, 0, 0, "1", "output;")
        return control
    }

    private func client(_ port: UInt16) -> [UInt8] {
        TrackingTests.tcp((Frames.a, "10.0.0.1", port), (Frames.b, "30.0.0.1", 80))
    }

    @Test func aClientStaysWithItsBackend() throws {
        var host = Host(Self.network().snapshot(), ports: TrackingTests.ports)
        #expect(host.receive(client(2000), on: 1).sent.isEmpty, "the first packet only binds")
        #expect(host.translator.affinities.count == 1)
        let first = host.receive(client(2000), on: 1)
        #expect(first.faults.isEmpty)
        let backend = try #require(first.sent.first).port
        for port in 2001..<2032 as Range<UInt16> {
            #expect(host.receive(client(port), on: 1).sent.map(\.port) == [backend])
        }
        let before = host.upcalls
        let served = host.receive(client(2040), on: 1)
        #expect(host.upcalls == before)
        #expect(
            served.effects.contains {
                if case .affinityUse = $0 { true } else { false }
            }, "packets that the kernel serves keep the binding alive")
    }

    /// The client of a backend that is taken away is bound anew, and stays there when it comes back.
    @Test func aLostBackendLosesItsClients() throws {
        var host = Host(Self.network().snapshot(), ports: TrackingTests.ports)
        for _ in 0..<2 { _ = host.receive(client(2000), on: 1) }
        let first = try #require(host.receive(client(2001), on: 1).sent.first).port
        let other: UInt32 = first == 2 ? 3 : 2
        let without = Self.network([Int(other)])
        _ = without.snapshot()
        try host.swap(to: without.snapshot())
        #expect(host.receive(client(2002), on: 1).sent.isEmpty, "bound anew")
        for port in 2003..<2008 as Range<UInt16> {
            #expect(host.receive(client(port), on: 1).sent.map(\.port) == [other])
        }
        let again = Self.network()
        for _ in 0..<2 { _ = again.snapshot() }
        try host.swap(to: again.snapshot())
        for port in 2010..<2030 as Range<UInt16> {
            #expect(host.receive(client(port), on: 1).sent.map(\.port) == [other])
        }
    }

    @Test func bindingsEnd() throws {
        var table = AffinityTable()
        let key = AffinityKey(
            datapath: 1, client: .v4(IPv4Address(1)),
            service: VirtualServiceKey(.v4(IPv4Address(2))))
        let binding = AffinityBinding(backend: .init(.v4(IPv4Address(3))), timeout: 1000)
        let changes = [0, 100].map { table.bind(key, to: binding, now: $0) }
        #expect(changes == [true, false])
        table.refresh(key, now: 500)
        let expired = [1400, 1500].map { table.expire(now: $0) }
        #expect(expired == [[], [key]])
        #expect(table[key] == nil)

        var host = Host(Self.network().snapshot(), ports: TrackingTests.ports)
        for _ in 0..<2 { _ = host.receive(client(2000), on: 1) }
        try host.expire(now: 60_000_000)
        #expect(host.translator.affinities.count == 0)
        #expect(host.receive(client(2001), on: 1).sent.isEmpty, "bound anew")
        #expect(host.translator.affinities.count == 1)
    }
}
