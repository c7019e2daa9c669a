import Datapath
import Testing
import Wire

@testable import AgentCore

/// The type of service of outer packets (ovn-controller(8), `ovn-encap-tos`).
@Suite struct TunnelServiceTests {
    private func outer(_ service: TunnelService, inner: UInt64) -> (UInt8?, comparesInner: Bool) {
        let control = SwitchTranslationTests.network()
        control.port("p3", 1, 3, .remote([control.tunnel("192.0.2.2", service: service)]))
        var translator = Translator()
        var input = SwitchTranslationTests.input(Frames.udp(Frames.a, Frames.c), on: 1)
        input.key[.ipTOS] = inner
        let translation = translator.translate(input, in: control.snapshot())
        let tos = translation.actions.compactMap {
            if case .setTunnel(let tunnel) = $0 { tunnel.tos } else { nil }
        }
        return (tos.first, translation.mask[.ipTOS] == 0xff)
    }

    @Test func itIsTheOneThatIsConfigured() {
        #expect(outer(.standard, inner: 0xb8) == (0, false))
        #expect(outer(.fixed(0x28), inner: 0xb8) == (0x28, false))
    }

    /// Then each inner one needs a flow of its own.
    @Test func itIsThatOfTheInnerPacket() {
        #expect(outer(.inherited, inner: 0xb8) == (0xb8, true))
        #expect(outer(.inherited, inner: 0) == (0, true))
    }
}
