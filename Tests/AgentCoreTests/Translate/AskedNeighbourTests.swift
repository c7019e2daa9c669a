import Datapath
import Testing
import Wire

@testable import AgentCore

/// Routers that learn answers to their questions only (`mac_binding_only_if_asked`).
@Suite struct AskedNeighbourTests {
    private static let remote = "192.0.2.2"
    private static let asked = IPv4Address(0x0a00_0107)

    /// The router of `RouterTranslationTests`, with a tunnel to another chassis.
    private static func network(asks: Bool = true) -> (Control, TunnelEndpoint) {
        let control = RouterTranslationTests.network()
        let endpoint = control.tunnel(remote)
        if asks { control.view.askingRouters.insert(3) }
        return (control, endpoint)
    }

    private static let question = PacketBuilder.arp(
        Frames.ethernet(RouterTranslationTests.right, .broadcast),
        ARPMessage(
            operation: ARPMessage.request,
            sender: (RouterTranslationTests.right, IPv4Address(0x0a00_01fe)),
            target: (.zero, asked)))

    /// What another chassis sends here, in the egress pipeline of a switch or router.
    private static func received(
        _ frame: [UInt8], _ datapath: UInt32, inport: UInt32, outport: UInt32,
        asks: Bool = true
    ) throws -> Translation {
        let (control, _) = network(asks: asks)
        var key = FlowKey(of: frame)
        key[.inputPort] = 99
        key[.tunnelFamily] = TunnelFamily.ipv4
        key[wide: .tunnelSource] = 0xc000_0202
        key[.tunnelID] = UInt64(datapath)
        key[.tunnelOptions] = TunnelOptions.logical
        key[.tunnelOption] = UInt64(inport) << 16 | UInt64(outport)
        var translator = Translator()
        return translator.translate(
            TranslationInput(key: key, frame: frame, upcallPort: 1), in: control.snapshot())
    }

    private static let effect = SideEffect.question(
        AskedNeighbour(router: 3, address: .v4(asked)))

    @Test func aQuestionOfAnotherChassisIsNoted() throws {
        let translation = try Self.received(Self.question, 2, inport: 2, outport: 1)
        #expect(translation.effects == [Self.effect])
        #expect(translation.slowPath == .matchesAnswers)
        #expect(translation.emissions?.count == 1, "it goes on")
    }

    @Test func onTheWayThroughTheRouterToo() throws {
        let translation = try Self.received(Self.question, 3, inport: 1, outport: 2)
        #expect(translation.effects.contains(Self.effect))
    }

    @Test func aWorkloadAsksNothingInARoutersName() throws {
        let translation = try Self.received(Self.question, 2, inport: 1, outport: 1)
        #expect(translation.effects.isEmpty)
    }

    @Test func withoutTheOptionTheKernelServesQuestions() throws {
        let translation = try Self.received(
            Self.question, 2, inport: 2, outport: 1, asks: false)
        #expect(translation.effects.isEmpty && translation.slowPath == nil)
    }

    /// Each answer has to come up: the question may come between two that are alike.
    @Test(arguments: [false, true])
    func answersComeUpOneByOne(asks: Bool) throws {
        let (control, _) = Self.network(asks: asks)
        let answer = PacketBuilder.arp(
            Frames.ethernet(Frames.b, RouterTranslationTests.right),
            ARPMessage(
                operation: ARPMessage.reply, sender: (Frames.b, Self.asked),
                target: (RouterTranslationTests.right, IPv4Address(0x0a00_01fe))))
        var host = Host(control.snapshot(), ports: RouterTranslationTests.ports)
        let first = host.receive(answer, on: 2)
        let second = host.receive(answer, on: 2)
        #expect(first.effects == second.effects && first.effects.count == 1)
        #expect(host.upcalls == (asks ? 2 : 1))
        control.view.askingRouters = asks ? [] : [3]
        try host.swap(to: control.snapshot())
        _ = host.receive(answer, on: 2)
        _ = host.receive(answer, on: 2)
        #expect(host.upcalls == 3, "flows follow the option")
    }

    @Test func aQuestionIsRememberedForAWhile() throws {
        var buffer = NeighbourBuffer()
        let neighbour = AskedNeighbour(router: 3, address: .v4(Self.asked))
        let source = PacketSource(vport: 1)
        #expect(!buffer.expects(neighbour, now: 0))
        buffer.expect(neighbour, from: source, now: 0)
        #expect(buffer.expects(neighbour, now: 9999))
        #expect(!buffer.expects(neighbour, now: 10_000))
        let port = PortReference(datapath: 4, port: 1)
        buffer.ask(NeighbourKey(port: port, address: .v4(Self.asked)), from: source, now: 5)
        #expect(buffer.expects(AskedNeighbour(router: 4, address: .v4(Self.asked)), now: 6))
        buffer.expire(now: 20_000)
        #expect(!buffer.expects(neighbour, now: 9999))
    }

    @Test func servicesAskInTheNameOfAPort() {
        let port = PortReference(datapath: 3, port: 2)
        #expect(
            Injection(Self.question, .to(port)).question
                == AskedNeighbour(router: 3, address: .v4(Self.asked)))
        #expect(Injection(Self.question, .from(port)).question == nil)
        let other = Frames.udp(Frames.a, Frames.b)
        #expect(Injection(other, .to(port)).question == nil)
    }
}
