import Schemas
import Testing
import Wire

@testable import AgentCore

/// Whose connections are cut when a load balancer loses backends.
@Suite struct LostBackendTests {
    private static func row(_ vips: [String: String], flush: Bool = true) -> SB.LoadBalancer {
        SB.LoadBalancer(
            name: "lb", vips: vips, protocol: "udp", options: flush ? ["ct_flush": "true"] : [:])
    }

    private static func address(_ text: String) throws -> IPAddress {
        try #require(IPAddress(parsing: text))
    }

    private static func lost(_ vip: String, _ backend: String) throws -> LostBackend {
        LostBackend(
            VirtualServiceKey(try address(vip), proto: IPProtocol.udp, port: 80),
            VirtualService.Backend(try address(backend), port: 8080))
    }

    @Test func whatIsTakenAwayIsLost() throws {
        let old = Self.row([
            "10.0.0.1:80": "10.1.0.1:8080,10.1.0.2:8080", "[fd00::1]:80": "[fd01::1]:8080",
        ])
        let new = Self.row(["10.0.0.1:80": "10.1.0.2:8080,10.1.0.3:8080"])
        let expected = [
            try Self.lost("10.0.0.1", "10.1.0.1"), try Self.lost("fd00::1", "fd01::1"),
        ]
        #expect(LostBackend.all(from: old, to: new) == Set(expected))
        #expect(LostBackend.all(from: old, to: nil).count == 3)
        #expect(LostBackend.all(from: new, to: new).isEmpty)
    }

    /// What the balancer says now counts.
    @Test func onlyIfItIsWanted() {
        let old = Self.row(["10.0.0.1:80": "10.1.0.1:8080"], flush: false)
        #expect(LostBackend.all(from: old, to: Self.row([:], flush: false)).isEmpty)
        #expect(LostBackend.all(from: old, to: nil).isEmpty)
        #expect(LostBackend.all(from: old, to: Self.row([:])).count == 1)
    }

    @Test func connectionsOfTheBackend() throws {
        let lost = try Self.lost("10.0.0.1", "10.1.0.1")
        let (vip, backend) = (try Self.address("10.0.0.1"), try Self.address("10.1.0.1"))
        let other = try Self.address("10.1.0.2")
        func has(
            _ proto: UInt8, _ destination: (IPAddress, UInt16), _ source: (IPAddress, UInt16)
        ) -> Bool {
            lost.has(proto: proto, destination: destination, answerFrom: source)
        }
        #expect(has(IPProtocol.udp, (vip, 80), (backend, 8080)))
        #expect(!has(IPProtocol.tcp, (vip, 80), (backend, 8080)))
        #expect(!has(IPProtocol.udp, (vip, 81), (backend, 8080)))
        #expect(!has(IPProtocol.udp, (vip, 80), (backend, 8081)))
        #expect(!has(IPProtocol.udp, (vip, 80), (other, 8080)))
        #expect(!has(IPProtocol.udp, (backend, 8080), (backend, 8080)))
        let whole = LostBackend(VirtualServiceKey(vip), VirtualService.Backend(backend))
        #expect(whole.has(proto: 1, destination: (vip, 0), answerFrom: (backend, 0)))
    }
}
