import Datapath
import Pipeline
import Schemas
import Testing
import Wire

@testable import AgentCore

/// What becomes of packets between an interface and its port.
@Suite struct InterfaceTranslationTests {
    private static let first = PortReference(datapath: 1, port: 1)
    private static let second = PortReference(datapath: 1, port: 2)

    // MARK: - Mirrors

    /// p1 and p2 of the switch are mirrored to kernel port 3; p2 also by GRE (kernel port 4).
    private func mirrored(sent: Bool = true, received: Bool = true) throws -> Control {
        let control = SwitchTranslationTests.network()
        let local = PortMirror(
            name: "m", receiver: .port(3), copiesSent: sent, copiesReceived: received)
        let address = try #require(IPAddress(parsing: "192.0.2.9"))
        let remote = PortMirror(
            name: "r", receiver: .tunnel(vport: 4, remote: address, key: 7), copiesSent: false,
            copiesReceived: true)
        control.view.ports[Self.first]?.mirrors = [local]
        control.view.ports[Self.second]?.mirrors = [local, remote]
        return control
    }

    private func actions(_ control: Control, _ frame: [UInt8], on port: UInt32) -> String {
        var translator = Translator()
        let translation = translator.translate(
            SwitchTranslationTests.input(frame, on: port), in: control.snapshot())
        return FlowText().actions(translation.actions)
    }

    /// Each receiver has one copy, though both ports are mirrored.
    @Test func aReceiverHasOneCopy() throws {
        #expect(
            actions(try mirrored(), Frames.udp(Frames.a, Frames.b), on: 1)
                == "3,2,set(tunnel(tun_id=0x7,dst=192.0.2.9,ttl=64,flags(df|key))),4")
    }

    @Test func aCollectorMayWantERSPAN() throws {
        let control = SwitchTranslationTests.network()
        let address = try #require(IPAddress(parsing: "2001:db8::9"))
        control.view.ports[Self.first]?.mirrors = [
            PortMirror(
                name: "m", receiver: .erspan(vport: 4, remote: address, index: 0x12345),
                copiesSent: true, copiesReceived: false)
        ]
        let copy =
            "set(tunnel(tun_id=0x12345,dst=2001:db8::9,ttl=64,erspan(ver=1,idx=0x12345),"
            + "flags(df|key))),4"
        let frame = Frames.udp(Frames.a, Frames.b)
        #expect(actions(control, frame, on: 1).contains(copy))
        #expect(!actions(control, frame, on: 2).contains("erspan"))
    }

    @Test func aMirrorHasItsDirection() throws {
        #expect(
            actions(try mirrored(sent: false), Frames.udp(Frames.a, Frames.c), on: 1)
                .hasPrefix("set(tunnel(tun_id=0x1,"))
        #expect(
            actions(try mirrored(received: false), Frames.udp(Frames.a, Frames.c), on: 1)
                .hasPrefix("3,set(tunnel(tun_id=0x1,"))
        let out = try mirrored(sent: false)
        out.view.ports[Self.second]?.mirrors.removeLast()
        #expect(actions(out, Frames.udp(Frames.a, Frames.b), on: 1) == "2,3")
    }

    /// What the switch refuses has been sent all the same.
    @Test func copiesAreOfWhatTheInterfaceSends() throws {
        let control = try mirrored()
        control.flow(1, .ingress, 0, 100, "udp", "drop;")
        #expect(actions(control, Frames.udp(Frames.a, Frames.b), on: 1) == "3")
    }

    /// A packet that comes back through connection tracking was copied before.
    @Test func aTrackedPacketHasOneCopy() throws {
        let control = try mirrored()
        control.flow(1, .ingress, 0, 100, "udp", "ct_next;")
        var host = Host(
            control.snapshot(), ports: SwitchTranslationTests.ports + [.init(4, .tunnel)])
        let outcome = host.receive(Frames.udp(Frames.a, Frames.b), on: 1)
        #expect(outcome.faults.isEmpty)
        #expect(outcome.trackings == 1)
        #expect(outcome.sent.map(\.port).sorted() == [2, 3, 4])
    }

    // MARK: - Activation

    private func moving(_ strategy: String) throws -> Control {
        let control = SwitchTranslationTests.network()
        let row = SB.PortBinding(
            logicalPort: "p1", options: ["activation-strategy": strategy],
            mac: ["\(Frames.a) 10.0.0.1 fd00::1"])
        control.view.ports[Self.first]?.activation = try #require(
            PortActivation(row, chassis: "hv1") { _ in })
        return control
    }

    private static let rarp = Frames.ethernet(Frames.a, .broadcast).frame(
        EtherType.rarp,
        ARPMessage(
            operation: 3, sender: (Frames.a, .zero), target: (Frames.a, .zero)
        ).payload)

    private static func advertisement(_ source: String, of target: String) -> [UInt8] {
        PacketBuilder.neighborAdvertisement(
            Frames.ethernet(Frames.a, MACAddress(0x3333_0000_0001)),
            source: IPv6Address(parsing: source) ?? .zero,
            destination: IPv6Address(parsing: "ff02::1") ?? .zero,
            target: IPv6Address(parsing: target) ?? .zero, link: Frames.a, flags: .override)
    }

    @Test(arguments: [
        ("rarp", Self.rarp, true), ("garp,na", Self.rarp, false),
        ("garp", Frames.arpRequest(Frames.a, "10.0.0.1", "10.0.0.1"), true),
        ("rarp", Frames.arpRequest(Frames.a, "10.0.0.1", "10.0.0.1"), false),
        ("garp", Frames.arpRequest(Frames.a, "10.0.0.1", "10.0.0.2"), false),
        ("garp", Frames.arpRequest(Frames.a, "10.0.0.9", "10.0.0.9"), false),
        ("garp", Frames.arpRequest(Frames.b, "10.0.0.1", "10.0.0.1"), false),
        ("na", Self.advertisement("fd00::1", of: "fd00::1"), true),
        ("na", Self.advertisement("fe80::800:ff:fe00:1", of: "fe80::800:ff:fe00:1"), true),
        ("na", Self.advertisement("fd00::1", of: "fd00::2"), false),
        ("na", Self.advertisement("fd00::2", of: "fd00::2"), false),
        ("rarp,garp,na", Frames.udp(Frames.a, Frames.b), false),
    ])
    func aPortWaitsForItsFrame(strategy: String, frame: [UInt8], activates: Bool) throws {
        let control = try moving(strategy)
        var translator = Translator()
        let translation = translator.translate(
            SwitchTranslationTests.input(frame, on: 1), in: control.snapshot())
        if activates {
            #expect(
                translation.effects.contains(
                    .service(ServiceEvent(.activation, Self.first))))
            #expect(translation.slowPath != nil)
            #expect(translation.emissions?.isEmpty == false, "it goes on as any other")
        } else {
            #expect(translation.drops.map(\.reason) == [.notActive(Self.first)])
            #expect(translation.effects.isEmpty)
            #expect(translation.actions.isEmpty)
        }
    }

    /// A flow that was made for a silent port ends with the silence.
    @Test func anActivatedPortForwardsAtOnce() throws {
        let control = try moving("rarp")
        var host = Host(control.snapshot(), ports: SwitchTranslationTests.ports)
        let frame = Frames.udp(Frames.a, Frames.b)
        #expect(host.receive(frame, on: 1).sent.isEmpty)
        control.view.ports[Self.first]?.activation = nil
        try host.swap(to: control.snapshot())
        #expect(host.receive(frame, on: 1).sent.map(\.port) == [2])
    }

    @Test func nothingReachesASilentPort() throws {
        let control = try moving("rarp")
        control.flow(
            1, .ingress, 1, 50, "eth.dst == 0a:00:00:00:00:01", "outport = \"p1\"; output;")
        #expect(actions(control, Frames.udp(Frames.b, Frames.a), on: 2) == "drop")
        control.view.ports[Self.first]?.activation = nil
        #expect(actions(control, Frames.udp(Frames.b, Frames.a), on: 2) == "1")
    }

    // MARK: - Ports on several chassis

    /// p3 is on another chassis and reached over the physical network, but not by a port that is on
    /// several.
    @Test func aPortThatMovesUsesTunnels() throws {
        let control = BridgeTranslationTests.network()
        let there = PortReference(datapath: 1, port: 3)
        let tunnel = control.tunnel("192.0.2.2")
        control.view.ports[there]?.insteadOfNetwork = [tunnel]
        let frame = Frames.udp(Frames.a, Frames.c)
        #expect(!actions(control, frame, on: 1).contains("tunnel"))
        control.view.ports[Self.first]?.isShared = true
        #expect(
            actions(control, frame, on: 1)
                == "set(tunnel(tun_id=0x1,dst=192.0.2.2,ttl=64,"
                + "geneve({class=0x102,type=0x80,len=4,0x10003}),flags(df|csum|key))),99")
    }

    // MARK: - Addresses on physical networks

    private static let own = MACAddress(0x0a00_0000_aa01)
    private static let other = MACAddress(0x0a00_0000_aa02)

    private func provider() -> Control {
        let control = BridgeTranslationTests.network()
        var sources = RouterSources()
        sources.routers = [Frames.router]
        sources.own = Self.own
        sources.others = [Self.other]
        sources.router = Frames.router
        control.view.ports[PortReference(datapath: 1, port: 9)]?.sources = sources
        return control
    }

    private static let kernel: [ModelDatapath.Port] =
        SwitchTranslationTests.ports + [.init(10), .init(11), .init(12)]

    @Test func routersLeaveUnderTheChassisAddress() {
        var host = Host(provider().snapshot(), ports: Self.kernel)
        let outside = BridgeTranslationTests.outside
        let sent = host.receive(Frames.udp(Frames.router, outside), on: 1).sorted.sent
        let frame = Frames.udp(Self.own, outside)
        #expect(
            sent == [
                .init(port: 10, frame: BridgeTranslationTests.tagged(frame, 100), tunnel: nil),
                .init(port: 11, frame: frame, tunnel: nil),
            ])
        let workload = host.receive(Frames.udp(Frames.a, outside), on: 1).sent
        #expect(workload.map(\.frame).contains(Frames.udp(Frames.a, outside)))
    }

    /// From another datapath straight to the network: no pipeline of the switch sees the packet.
    @Test func aGatewayIsReachedOverTheNetwork() {
        let control = provider()
        control.port(
            "gw", 1, 7,
            .network(PortReference(datapath: 1, port: 9), source: Frames.router),
            type: "chassisredirect")
        control.flow(
            1, .ingress, 1, 50, "eth.dst == 0a:00:00:00:00:07", "outport = \"gw\"; output;")
        var host = Host(control.snapshot(), ports: Self.kernel)
        let gateway = MACAddress(0x0a00_0000_0007)
        let sent = host.receive(Frames.udp(Frames.a, gateway), on: 1).sorted.sent
        let frame = Frames.udp(Self.own, gateway)
        #expect(
            sent == [
                .init(port: 10, frame: BridgeTranslationTests.tagged(frame, 100), tunnel: nil),
                .init(port: 11, frame: frame, tunnel: nil),
            ])
    }

    @Test func routersArriveUnderTheirOwn() {
        var host = Host(provider().snapshot(), ports: Self.kernel)
        let frame = BridgeTranslationTests.tagged(Frames.udp(Self.other, Frames.b), 100)
        let sent = host.receive(frame, on: 10).sent.filter { $0.port == 2 }
        #expect(sent.map(\.frame) == [Frames.udp(Frames.router, Frames.b)])
    }
}
