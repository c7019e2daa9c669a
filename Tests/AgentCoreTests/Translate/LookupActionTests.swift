import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// Actions that look something up: port security, neighbours of IPv6, the tuple that a connection began
/// with. Each on packets through the translator, and again on the flow that it made.
@Suite struct LookupActionTests {
    /// Sent by p1 or for p2, and whether it passes.
    private static let judged: [(name: String, frame: [UInt8], passes: Bool)] = [
        ("its own", Frames.udp(Frames.a, Frames.b), true),
        ("another station", Frames.udp(Frames.c, MACAddress(0x0c)), false),
        (
            "another address", Frames.udp(Frames.a, Frames.b, from: "10.0.0.8", to: "10.0.0.9"),
            false
        ),
        ("IPv6", udp6("fd00::1", "fd00::2"), true),
        ("another of IPv6", udp6("fd00::8", "fd00::9"), false),
        ("a question", Frames.arpRequest(Frames.a, "10.0.0.1", "10.0.0.2", to: Frames.b), true),
    ]

    private static func udp6(_ source: String, _ destination: String) -> [UInt8] {
        PacketBuilder.udp(
            Frames.ethernet(Frames.a, Frames.b), Frames.ipv6(source, destination), source: 1000,
            destination: 53, [1])
    }

    /// Ports with one station each, and a check that drops where the bit is set.
    private static func guarded(_ pipeline: Stage.Pipeline, _ check: String) -> Host {
        let control = Control()
        control.port(
            "p1", 1, 1, .here(vport: 1), security: ["0a:00:00:00:00:01 10.0.0.1 fd00::1"])
        control.port(
            "p2", 1, 2, .here(vport: 2), security: ["0a:00:00:00:00:02 10.0.0.2 fd00::2"])
        control.flow(1, pipeline, 0, 100, "1", "reg0[15] = \(check)(); next;")
        control.flow(1, pipeline, 1, 100, "reg0[15] == 1", "drop;")
        let out = pipeline == .ingress ? "outport = \"p2\"; output;" : "output;"
        control.flow(1, pipeline, 1, 0, "1", out)
        if pipeline == .ingress {
            control.flow(1, .egress, 0, 0, "1", "output;")
        } else {
            control.flow(1, .ingress, 0, 0, "1", "outport = \"p2\"; output;")
        }
        return Host(control.snapshot(), ports: SwitchTranslationTests.ports)
    }

    @Test(arguments: [Stage.Pipeline.ingress, .egress])
    func portSecurity(_ pipeline: Stage.Pipeline) {
        let check = pipeline == .ingress ? "check_in_port_sec" : "check_out_port_sec"
        var host = Self.guarded(pipeline, check)
        for _ in 0..<2 {
            for packet in Self.judged {
                let outcome = host.receive(packet.frame, on: 1)
                #expect(outcome.faults.isEmpty)
                #expect(
                    outcome.sent.map(\.port) == (packet.passes ? [2] : []),
                    "\(check): \(packet.name)")
            }
        }
    }

    /// An ARP message may have another sender than its frame (RFC 826), which only the side that it
    /// comes from can refuse.
    @Test func sendersInsideOfQuestions() {
        for sender in ["10.0.0.1", "10.0.0.8"] {
            let frame = Frames.arpRequest(Frames.a, sender, "10.0.0.2", to: Frames.b)
            var into = Self.guarded(.ingress, "check_in_port_sec")
            #expect(into.receive(frame, on: 1).sent.isEmpty == (sender != "10.0.0.1"))
            var out = Self.guarded(.egress, "check_out_port_sec")
            #expect(out.receive(frame, on: 1).sent.map(\.port) == [2])
        }
    }

    @Test func theFirstPacketsTupleOfIPv6() {
        let control = Control()
        control.port("p1", 1, 1, .here(vport: 1))
        control.port("p2", 1, 2, .here(vport: 2))
        control.flow(1, .ingress, 0, 100, "udp && ip6.dst == fd00::9", "ct_dnat(fd00::2, 53);")
        control.flow(
            1, .ingress, 1, 0, "ip6",
            "xxreg1 = ct_ip6_dst(); reg2[0..15] = ct_tp_dst(); next;")
        control.flow(
            1, .ingress, 2, 0,
            "xxreg1 == fd00::9 && reg2[0..15] == 7000 && ip6.dst == fd00::2 && udp.dst == 53",
            "outport = \"p2\"; output;")
        control.flow(1, .egress, 0, 0, "1", "output;")
        var host = Host(control.snapshot(), ports: SwitchTranslationTests.ports)
        let frame = PacketBuilder.udp(
            Frames.ethernet(Frames.a, Frames.b), Frames.ipv6("fd00::1", "fd00::9"), source: 1000,
            destination: 7000, [1])
        for _ in 0..<2 {
            let outcome = host.receive(frame, on: 1)
            #expect(outcome.faults.isEmpty)
            #expect(outcome.sent.map(\.port) == [2])
        }
        let other = PacketBuilder.udp(
            Frames.ethernet(Frames.a, Frames.b), Frames.ipv6("fd00::1", "fd00::2"), source: 1000,
            destination: 53, [1])
        #expect(host.receive(other, on: 1).sent.isEmpty, "it was sent to the server itself")
    }

    // MARK: - Neighbours

    private static let neighbour = NeighbourKey(
        port: PortReference(datapath: 1, port: 1),
        address: .v6(IPv6Address(parsing: "fd00::7") ?? .zero))

    /// A router port that hears advertisements: the packet leaves by p2 with what the lookups said in
    /// its class of traffic.
    private static func listening() -> Control {
        let control = Control()
        control.view.routers.insert(1)
        control.port("p1", 1, 1, .here(vport: 1))
        control.port("p2", 1, 2, .here(vport: 2))
        control.flow(
            1, .ingress, 0, 100, "nd_na",
            "reg9[2] = lookup_nd(inport, nd.target, nd.tll); "
                + "reg9[3] = lookup_nd_ip(inport, nd.target); next;")
        control.flow(
            1, .ingress, 1, 100, "reg9[2] == 0", "put_nd(inport, nd.target, nd.tll); next;")
        control.flow(1, .ingress, 1, 0, "1", "next;")
        for known in 0...3 {
            control.flow(
                1, .ingress, 2, 100, "reg9[2..3] == \(known)",
                "ip.dscp = \(known); outport = \"p2\"; output;")
        }
        control.flow(1, .egress, 0, 0, "1", "output;")
        return control
    }

    private static func advertisement(_ mac: MACAddress) -> [UInt8] {
        let target = IPv6Address(parsing: "fd00::7") ?? .zero
        return PacketBuilder.neighborAdvertisement(
            Frames.ethernet(mac, Frames.router), source: target,
            destination: IPv6Address(parsing: "fd00::fe") ?? .zero, target: target, link: mac,
            flags: [.override])
    }

    /// What the lookups of an advertisement say, the pair before the address alone.
    private static func known(_ outcome: Outcome) throws -> [UInt64] {
        #expect(outcome.faults.isEmpty)
        let service = FlowKey(of: try unwrap(outcome.sent.first?.frame))[.ipTOS] >> 2
        return [service & 1, service >> 1]
    }

    @Test func neighboursOfIPv6() throws {
        let control = Self.listening()
        var host = Host(control.snapshot(), ports: SwitchTranslationTests.ports)
        let learned = SideEffect.neighbour(Self.neighbour, Frames.a, isShared: false)
        for _ in 0..<2 {
            let outcome = host.receive(Self.advertisement(Frames.a), on: 1)
            #expect(try Self.known(outcome) == [0, 0])
            #expect(outcome.effects == [learned])
        }
        control.view.neighbours[Self.neighbour] = Frames.a
        try host.swap(to: control.snapshot())
        for _ in 0..<2 {
            let outcome = host.receive(Self.advertisement(Frames.a), on: 1)
            #expect(try Self.known(outcome) == [1, 1])
            #expect(!outcome.effects.contains(learned))
        }
        let moved = host.receive(Self.advertisement(Frames.c), on: 1)
        #expect(try Self.known(moved) == [0, 1])
        #expect(
            moved.effects == [.neighbour(Self.neighbour, Frames.c, isShared: false)])
        control.view.neighbours[Self.neighbour] = nil
        try host.swap(to: control.snapshot())
        #expect(try Self.known(host.receive(Self.advertisement(Frames.a), on: 1)) == [0, 0])
    }
}
