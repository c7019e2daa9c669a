import Datapath
import LogicalFlow
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// One switch with two ports, on which a test puts the flow that it is about.
struct ServiceNetwork {
    let control = Control()

    /// p1 is kernel port 1, p2 kernel port 2; what nothing else says goes back to its sender.
    init() {
        control.port("p1", 1, 1, .here(vport: 1))
        control.port("p2", 1, 2, .here(vport: 2))
        control.flow(1, .egress, 0, 0, "1", "output;")
    }

    func flow(_ match: String, _ actions: String, table: Int = 0, priority: UInt16 = 100) {
        control.flow(1, .ingress, table, priority, match, actions)
    }

    static let ports = SwitchTranslationTests.ports

    func host() -> Host { Host(control.snapshot(), ports: Self.ports) }
}

@Suite struct GeneratorTests {
    private static let back = "eth.dst <-> eth.src; outport = inport; flags.loopback = 1; output;"

    @Test func aPacketTooBigSaysTheSize() throws {
        let network = ServiceNetwork()
        network.flow(
            "ip4",
            "icmp4_error { icmp4.type = 3; icmp4.code = 4; icmp4.frag_mtu = 1400; "
                + "ip4.dst <-> ip4.src; ip.ttl = 255; \(Self.back) };")
        network.flow(
            "ip6",
            "icmp6_error { icmp6.type = 2; icmp6.code = 0; icmp6.frag_mtu = 1280; "
                + "ip6.dst <-> ip6.src; ip.ttl = 255; \(Self.back) };")
        var host = network.host()
        let frame = Frames.udp(Frames.a, Frames.b)
        let sent = try unwrap(host.receive(frame, on: 1).sent.first)
        let key = FlowKey(of: sent.frame)
        #expect(sent.port == 1)
        #expect((key[.icmpType], key[.icmpCode]) == (3, 4))
        #expect(sent.frame.uint32(at: 14 + 20 + 4) == 1400)
        #expect(Array(sent.frame[42...]) == Array(frame[14...]))

        let six = PacketBuilder.echo(
            Frames.ethernet(Frames.a, Frames.b), Frames.ipv6("fd00::1", "fd00::2"),
            identifier: 1, sequence: 1)
        let sent6 = try unwrap(host.receive(six, on: 1).sent.first)
        let key6 = FlowKey(of: sent6.frame)
        #expect((key6[.icmpType], key6[.icmpCode]) == (2, 0))
        #expect(sent6.frame.uint32(at: 14 + 40 + 4) == 1280)
    }

    @Test func theSourceInsideOfAnErrorIsRewritten() throws {
        let network = ServiceNetwork()
        network.flow("icmp4.type == 3", "icmp4.inner_ip4.src = 192.168.1.5; next;")
        network.flow("1", "next;", priority: 0)
        network.flow("1", "outport = \"p2\"; output;", table: 1)
        var host = network.host()
        let quoted = Frames.udp(Frames.b, Frames.a, from: "10.0.0.2", to: "10.0.0.1")
        let layout = try unwrap(PacketLayout(quoted))
        var error = try unwrap(ResponseBuilder.icmpError(quoted, layout))
        error.replaceSubrange(0..<12, with: Frames.udp(Frames.a, Frames.b)[0..<12])
        let sent = try unwrap(host.receive(error, on: 1).sent.first)
        var expected = error
        ICMPError.setQuotedSource(
            IPv4Address(0xc0a8_0105), in: &expected, try unwrap(PacketLayout(error)))
        #expect(sent.port == 2)
        #expect(sent.frame == expected)
        #expect(expected != error)
        // Other packets stay in the kernel.
        let datagram = Frames.udp(Frames.a, Frames.b)
        let count = host.upcalls
        for _ in 0..<3 {
            #expect(
                host.receive(datagram, on: 1).sent == [
                    .init(port: 2, frame: datagram, tunnel: nil)
                ])
        }
        #expect(host.upcalls == count + 1)
    }

    /// A copy goes back as a refusal; the packet itself goes on.
    @Test func refusalsHaveTheirClass() throws {
        let network = ServiceNetwork()
        network.flow("ip", "reject { outport = inport; flags.loopback = 1; output; };")
        let snapshot = network.control.snapshot()
        var translator = Translator()
        let segment = PacketBuilder.tcp(
            Frames.ethernet(Frames.a, Frames.b), Frames.ipv4("10.0.0.1", "10.0.0.2"),
            TCPSegment(source: 1, destination: 2, flags: TCPFlag.syn))
        for (frame, service) in [
            (segment, ServiceClass.reset), (Frames.udp(Frames.a, Frames.b), .error),
        ] {
            let translation = translator.translate(
                SwitchTranslationTests.input(frame, on: 1), in: snapshot)
            #expect(translation.emissions?.map(\.service) == [service])
        }
    }

    @Test func oneClassOfOnePortIsLimited() {
        var limits = ServiceLimiter.Limits()
        limits.error = ServiceLimiter.Limit(perSecond: 10, burst: 2)
        var limiter = ServiceLimiter(limits: limits)
        let first = (0..<5).filter { _ in limiter.admits(.error, from: port(1), now: 0) }
        #expect(first.count == 2)
        let others = [
            limiter.admits(.error, from: port(2), now: 0),
            limiter.admits(.reset, from: port(1), now: 0),
            limiter.admits(.error, from: port(1), now: 100),
        ]
        #expect(others == [true, true, true])
    }

    /// The packets of all other chassis come by one port.
    @Test func theSendersOfATunnelHaveTheirOwnLimits() throws {
        var limits = ServiceLimiter.Limits()
        limits.question = ServiceLimiter.Limit(perSecond: 1, burst: 3)
        var limiter = ServiceLimiter(limits: limits)
        let admitted = try ["192.0.2.1", "192.0.2.2", "fd00::1"].map { text in
            let sender = try #require(IPAddress(parsing: text))
            return (0..<9).filter { _ in
                limiter.admits(
                    .question, from: PacketSource(vport: 9, sender: sender), now: 0)
            }.count
        }
        #expect(admitted == [3, 3, 3])
    }

    private func port(_ vport: UInt32) -> PacketSource { PacketSource(vport: vport) }

    /// A port's own limits go before those of the deployment, and these before the defaults.
    @Test func theConfigurationLimits() {
        var limiter = ServiceLimiter()
        var configured = ConfiguredLimits()
        configured.deployment = ControlLimits(parsing: "dhcp=5/3,dns=1/1")
        configured.ports[7] = ControlLimits(parsing: "dhcp=1/1")
        limiter.configure(configured)
        func admitted(_ service: ServiceClass, _ vport: UInt32) -> Int {
            (0..<10).filter { _ in limiter.admits(service, from: port(vport), now: 0) }.count
        }
        #expect(admitted(.dhcp, 7) == 1)
        #expect(admitted(.dhcp, 8) == 3)
        #expect(admitted(.names, 7) == 1)
        #expect(admitted(.error, 7) == 10, "the default has more room")
        limiter.configure(ConfiguredLimits())
        #expect(admitted(.dhcp, 7) == 10)
    }

    @Test func theLimiterForgets() {
        var limits = ServiceLimiter.Limits()
        limits.sources = 4
        limits.dhcp = ServiceLimiter.Limit(perSecond: 1, burst: 1)
        var limiter = ServiceLimiter(limits: limits)
        for vport in 0..<100 as Range<UInt32> {
            let isAdmitted = limiter.admits(.dhcp, from: port(vport), now: 0)
            #expect(isAdmitted)
        }
    }
}

private struct Missing: Error {}

/// `#require` for places inside of another `#require`.
func unwrap<Value>(
    _ value: Value?, sourceLocation: SourceLocation = #_sourceLocation
) throws -> Value {
    guard let value else {
        Issue.record("nil", sourceLocation: sourceLocation)
        throw Missing()
    }
    return value
}
