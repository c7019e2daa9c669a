import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// What the kernel's tunnel device says of packets that are too big for its path.
@Suite struct PathMessageTests {
    /// An error about a packet from a to `station`, as the kernel makes it.
    private static func message(
        about station: MACAddress, type: UInt8 = 3, code: UInt8 = 4
    ) -> [UInt8] {
        PacketBuilder.icmp(
            Frames.ethernet(station, Frames.a), Frames.ipv4("10.0.0.3", "10.0.0.1"), type: type,
            code: code, [0, 0, 5, 0xa0])
    }

    private static func message6(about station: MACAddress) -> [UInt8] {
        PacketBuilder.icmp(
            Frames.ethernet(station, Frames.a), Frames.ipv6("fd00::3", "fd00::1"), type: 2,
            code: 0, [0, 0, 5, 0xa0])
    }

    /// As northd has it: what a tunnel's path says about a packet for p3 goes back.
    private static func network() -> Control {
        let control = SwitchTranslationTests.network()
        control.flow(
            1, .ingress, 0, 110,
            "((ip4 && icmp4.type == 3 && icmp4.code == 4) || (ip6 && icmp6.type == 2 && "
                + "icmp6.code == 0)) && outport == \"p3\" && flags.tunnel_rx == 1",
            "outport <-> inport; next;")
        control.flow(1, .ingress, 0, 105, "flags.tunnel_rx == 1", "drop;")
        control.flow(
            1, .ingress, 1, 50, "eth.dst == 0a:00:00:00:00:01", "outport = \"p1\"; output;")
        return control
    }

    /// From the other end of the tunnel, with the keys that the packet had: from p1 to `egress`.
    private static func translate(
        _ frame: [UInt8], to egress: UInt64, from ingress: UInt64 = 1, _ control: Control
    ) -> (input: TranslationInput, Translation) {
        var input = SwitchTranslationTests.input(frame, on: 99)
        input.key[.tunnelID] = 1
        input.key[.tunnelFamily] = TunnelFamily.ipv4
        input.key[wide: .tunnelSource] = 0xc000_0202
        input.key[wide: .tunnelDestination] = 0xc000_0201
        input.key[.tunnelTTL] = 64
        input.key[.tunnelOptions] = TunnelOptions.logical
        input.key[.tunnelOption] = ingress << 16 | egress
        var translator = Translator()
        return (input, translator.translate(input, in: control.snapshot()))
    }

    @Test func theSenderHears() {
        for frame in [Self.message(about: Frames.c), Self.message6(about: Frames.c)] {
            let translation = Self.translate(frame, to: 3, Self.network()).1
            #expect(translation.actions == [.output(1)])
            #expect(translation.drops.isEmpty)
        }
    }

    /// Other packets of a tunnel are for ports that are here.
    @Test func otherPacketsAreNotTurned() {
        for frame in [
            Self.message(about: Frames.c, code: 1), Self.message(about: Frames.c, type: 11),
            Frames.udp(Frames.c, Frames.a),
        ] {
            let translation = Self.translate(frame, to: 3, Self.network()).1
            #expect(translation.actions == [])
            #expect(
                translation.drops.map(\.reason)
                    == [.notBound(PortReference(datapath: 1, port: 3))])
        }
        // An error that a router far away has sent to a workload here.
        let error = Self.translate(
            Self.message(about: Frames.c), to: 1, from: 3, Self.network())
        #expect(error.1.actions == [.output(1)])
        #expect(error.1.mask[.icmpType] == 0, "nobody asks what it says")
    }

    /// A port that is reached over a network, but by tunnels from ports on several chassis.
    @Test func portsOnSeveralChassisHear() {
        let control = Self.network()
        let there = PortReference(datapath: 1, port: 3)
        control.port("net", 1, 9, .bridge("br-ex"), type: "localnet")
        control.port("p3", 1, 3, .redirect(PortReference(datapath: 1, port: 9)))
        let tunnel = control.tunnel("192.0.2.2")
        control.view.ports[there]?.insteadOfNetwork = [tunnel]
        let translation = Self.translate(Self.message(about: Frames.c), to: 3, control).1
        #expect(translation.actions == [.output(1)])
    }

    /// A port that is here and elsewhere got the packet here; the way to elsewhere was too narrow.
    @Test func sendersToPortsOnSeveralChassisHear() {
        let control = Self.network()
        control.port("p2", 1, 2, .here(vport: 2), alsoAt: [control.tunnel("192.0.2.2")])
        let translation = Self.translate(Self.message(about: Frames.b), to: 2, control).1
        #expect(translation.actions == [.output(1)])
        // From another chassis it is for the port itself.
        let error = Self.translate(Self.message(about: Frames.c), to: 2, from: 3, control).1
        #expect(error.actions == [.output(2)])
    }
}
