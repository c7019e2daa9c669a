import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// What chassis of other availability zones hear, and what is heard of them.
@Suite struct OtherZoneTests {
    private static let station = MACAddress(0x0a00_0000_0077)
    private static let zones = ["192.0.2.8", "192.0.2.9"]

    /// Switch 1 of `SwitchTranslationTests`, with two such chassis and p4 at one of them; answers go there.
    private static func network() throws -> Control {
        let control = SwitchTranslationTests.network()
        let ways = zones.map { control.tunnel($0) }
        let other = try #require(IPAddress(parsing: "192.0.2.10"))
        control.view.tunnelSources.insert(other)
        control.view.otherZones = OtherZones(ways: ways, sources: Set(ways.map(\.remote) + [other]))
        control.port("p4", 1, 4, .remote([ways[0]]))
        control.flow(
            1, .ingress, 0, 60, "(arp && arp.op == 2) || nd_na || udp.dst == 53",
            "flood_remote; next;")
        return control
    }

    private static func tunnels(_ translation: Translation) -> [String] {
        translation.actions.compactMap { action in
            guard case .setTunnel(let tunnel) = action else { return nil }
            let option = tunnel.option.map { String($0, radix: 16) } ?? "no"
            return "\(tunnel.id) \(option) to \(tunnel.destination)"
        }
    }

    private static func reply(from source: MACAddress) -> [UInt8] {
        PacketBuilder.arp(
            EthernetHeader(destination: Frames.b, source: source),
            ARPMessage(
                operation: ARPMessage.reply, sender: (source, IPv4Address(0x0a00_0001)),
                target: (Frames.b, IPv4Address(0x0a00_0002))))
    }

    /// From the tunnel of an address (its last byte), as from p4.
    private static func received(
        _ frame: [UInt8], from source: UInt64, to port: UInt64 = 0
    ) -> TranslationInput {
        var input = SwitchTranslationTests.input(frame, on: 99)
        input.key[.tunnelID] = 1
        input.key[.tunnelFamily] = TunnelFamily.ipv4
        input.key[wide: .tunnelSource] = UInt128(0xc000_0200 | source)
        input.key[wide: .tunnelDestination] = 0xc000_0201
        input.key[.tunnelTTL] = 64
        input.key[.tunnelOptions] = TunnelOptions.logical
        input.key[.tunnelOption] = 4 << 16 | port
        return input
    }

    @Test func allOfThemHear() throws {
        let snapshot = try Self.network().snapshot()
        var translator = Translator()
        let translation = translator.translate(
            SwitchTranslationTests.input(Self.reply(from: Frames.a), on: 1), in: snapshot)
        #expect(
            Self.tunnels(translation) == ["1 10000 to 192.0.2.8", "1 10000 to 192.0.2.9"])
        #expect(translation.actions.last == .output(2))
        #expect(translation.dependencies.contains(.otherZones))
        #expect(translation.drops.isEmpty)
    }

    /// Answers begin anew at the port that they came from, and are not sent on.
    @Test(arguments: [8, 10] as [UInt64])
    func answersOfThemBeginAnew(from source: UInt64) throws {
        let control = try Self.network()
        control.flow(1, .ingress, 1, 60, "flags[16] == 0 || inport != \"p4\"", "drop;")
        var translator = Translator()
        let translation = translator.translate(
            Self.received(Self.reply(from: Self.station), from: source), in: control.snapshot())
        #expect(translation.actions == [.output(2)])
        #expect(translation.drops.isEmpty)
    }

    /// Anything else, and anybody else, has to say where the packet goes.
    @Test func othersNameAPort() throws {
        let snapshot = try Self.network().snapshot()
        let frames = [
            (Self.reply(from: Self.station), 2 as UInt64),
            (Frames.udp(Self.station, Frames.b, port: 53), 8),
        ]
        var translator = Translator()
        for (frame, source) in frames {
            let translation = translator.translate(
                Self.received(frame, from: source), in: snapshot)
            #expect(translation.actions == [])
            #expect(translation.drops.map(\.reason) == [.noOutport])
        }
        let known = translator.translate(
            Self.received(Self.reply(from: Self.station), from: 2, to: 2), in: snapshot)
        #expect(known.actions == [.output(2)])
    }

    @Test func aChangeOfThemIsADependency() throws {
        let control = try Self.network()
        let before = control.view
        control.view.otherZones.ways.removeLast()
        #expect(control.view.changes(from: before) == [.otherZones])
    }
}
