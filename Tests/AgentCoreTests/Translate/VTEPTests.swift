import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// Packets to and from a hardware VTEP.
@Suite struct VTEPTests {
    private static let station = MACAddress(0x0a00_0000_0077)
    private static let address = "192.0.2.9"
    private static let ports: [ModelDatapath.Port] =
        SwitchTranslationTests.ports + [.init(98, .tunnel)]

    /// Switch 1 of `SwitchTranslationTests`, a VTEP behind port v, and a port to a router.
    private static func network() throws -> Control {
        let control = SwitchTranslationTests.network()
        let remote = control.tunnel("192.0.2.2")
        let address = try #require(IPAddress(parsing: address))
        let vtep = TunnelEndpoint(
            encapsulation: .vxlan, vport: 98, remote: address, local: nil, hasChecksum: false,
            isVTEP: true)
        control.view.tunnelDevices[98] = .vxlan
        control.view.tunnelSources.insert(address)
        control.view.vteps[address] = [1: PortReference(datapath: 1, port: 7)]
        control.port("v", 1, 7, .remote([vtep]), type: "vtep")
        control.port("to-router", 1, 8, .peer(PortReference(datapath: 2, port: 1)))
        control.port("to-switch", 2, 1, .peer(PortReference(datapath: 1, port: 8)))
        control.view.routers.insert(2)
        control.group("_MC_flood", 1, 0x8000, local: [1, 2], peers: [8], remote: [remote, vtep])
        control.flow(
            1, .ingress, 1, 60, "eth.dst == 0a:00:00:00:00:77", "outport = \"v\"; output;")
        return control
    }

    private static func received(_ frame: [UInt8], datapath: UInt64 = 1) -> TranslationInput {
        var input = SwitchTranslationTests.input(frame, on: 98)
        input.key[.tunnelID] = datapath
        input.key[.tunnelFamily] = TunnelFamily.ipv4
        input.key[wide: .tunnelSource] = 0xc000_0209
        input.key[wide: .tunnelDestination] = 0xc000_0201
        input.key[.tunnelTTL] = 64
        return input
    }

    private static func tunnels(_ translation: Translation) -> [String] {
        translation.actions.compactMap { action in
            guard case .setTunnel(let tunnel) = action else { return nil }
            return "\(tunnel.id) to \(tunnel.destination)"
        }
    }

    /// Its tunnel key is the datapath's, and no port.
    @Test func packetsGoToIt() throws {
        let snapshot = try Self.network().snapshot()
        var translator = Translator()
        let unicast = translator.translate(
            SwitchTranslationTests.input(Frames.udp(Frames.a, Self.station), on: 1), in: snapshot)
        #expect(Self.tunnels(unicast) == ["1 to 192.0.2.9"])
        #expect(unicast.actions.last == .output(98))
        let flood = translator.translate(
            SwitchTranslationTests.input(Frames.udp(Frames.a, .broadcast), on: 1), in: snapshot)
        #expect(Self.tunnels(flood) == ["1 to 192.0.2.2", "1 to 192.0.2.9"])
    }

    /// The ingress pipeline of its port decides where a packet goes.
    @Test func packetsComeFromIt() throws {
        let control = try Self.network()
        control.flow(
            1, .ingress, 0, 60, "inport == \"v\" && flags[1] == 1 && udp.dst == 7", "drop;")
        let snapshot = control.snapshot()
        var translator = Translator()
        let unicast = translator.translate(
            Self.received(Frames.udp(Self.station, Frames.b)), in: snapshot)
        #expect(unicast.actions == [.output(2)])
        let dropped = translator.translate(
            Self.received(Frames.udp(Self.station, Frames.b, port: 7)), in: snapshot)
        #expect(dropped.actions == [])
        let other = translator.translate(
            Self.received(Frames.udp(Self.station, Frames.b), datapath: 5), in: snapshot)
        #expect(other.drops.map(\.reason) == [.foreignTunnel])
    }

    /// It floods to each chassis itself, so nobody passes a copy on; and nothing that it sends goes
    /// into another tunnel.
    @Test func whatItFloodsStaysHere() throws {
        let snapshot = try Self.network().snapshot()
        var translator = Translator()
        let flood = translator.translate(
            Self.received(Frames.udp(Self.station, .broadcast)), in: snapshot)
        #expect(flood.actions == [.output(1), .output(2)])
        let far = translator.translate(
            Self.received(Frames.udp(Self.station, Frames.c)), in: snapshot)
        #expect(far.actions == [])
    }

    /// A question that a gateway of this chassis answers is let into the router.
    @Test func questionsReachTheGatewayOfThisChassis() throws {
        let control = try Self.network()
        control.flow(
            1, .ingress, 0, 60, "inport == \"v\" && arp", "flags.loopback = 1; next;")
        control.flow(
            2, .ingress, 0, 1, "arp.op == 1",
            "eth.dst = eth.src; eth.src = 0a:00:00:00:00:ff; outport = inport; "
                + "flags.loopback = 1; output;")
        control.flow(2, .egress, 0, 0, "1", "output;")
        var translator = Translator()
        let question = Frames.arpRequest(Self.station, "10.0.0.77", "10.0.0.254")
        let translation = translator.translate(
            Self.received(question), in: control.snapshot())
        let text = FlowText().actions(translation.actions)
        #expect(text.contains("tun_id=0x1,dst=192.0.2.9"), "the answer goes back: \(text)")
        #expect(!text.contains("192.0.2.2"))
        var host = Host(control.snapshot(), ports: Self.ports)
        #expect(host.receive(question, on: 1).faults == [])
    }
}
