import Datapath
import Pipeline
import Schemas
import Testing
import Wire

@testable import AgentCore

/// A client that is its own backend.
@Suite struct HairpinTests {
    static func services(_ options: [String: String] = [:]) -> VirtualServices {
        VirtualServices(
            [
                (
                    SB.LoadBalancer(
                        name: "lb",
                        vips: [
                            "30.0.0.1:80": "10.0.0.1:8080,10.0.0.2:8080",
                            "[fd30::1]:80": "[fd00::1]:8080",
                        ], protocol: "tcp", options: options), [1]
                )
            ], problem: { Issue.record("\($0)") })
    }

    /// - Parameters:
    ///   - register: where the flows keep the virtual address.
    ///   - balance: what marks connections, `ct_lb_mark` or `ct_lb`.
    static func network(
        _ services: VirtualServices, register: String = "reg4", balance: String = "ct_lb_mark"
    ) -> Control {
        let control = Control()
        control.view.virtualServices = services
        control.port("p1", 1, 1, .here(vport: 1))
        control.port("p2", 1, 2, .here(vport: 2))
        control.flow(1, .ingress, 0, 0, "ip", "\(balance);")
        control.flow(
            1, .ingress, 1, 100, "ct.new && ip4.dst == 30.0.0.1 && tcp.dst == 80",
            "\(register) = 30.0.0.1; reg2[0..15] = 80; \(balance)(backends=10.0.0.1:8080);")
        control.flow(1, .ingress, 1, 0, "1", "next;")
        control.flow(
            1, .ingress, 2, 0, "ip && ct.trk",
            "reg0[6] = chk_lb_hairpin(); reg0[12] = chk_lb_hairpin_reply(); next;")
        control.flow(
            1, .ingress, 3, 100, "ip && ct.new && ct.trk && reg0[6] == 1", "ct_snat_to_vip; next;")
        control.flow(1, .ingress, 3, 100, "ip && ct.est && ct.trk && reg0[6] == 1", "ct_snat;")
        control.flow(1, .ingress, 3, 90, "ip && reg0[12] == 1", "ct_snat;")
        control.flow(1, .ingress, 3, 0, "1", "next;")
        control.flow(
            1, .ingress, 4, 1, "(reg0[6] == 1 || reg0[12] == 1)",
            "eth.dst <-> eth.src; outport = inport; flags.loopback = 1; output;")
        control.flow(1, .ingress, 4, 0, "1", "outport = \"p2\"; output;")
        control.flow(1, .egress, 0, 0, "ip", "\(balance);")
        control.flow(1, .egress, 1, 0, "1", "output;")
        return control
    }

    private let client = (Frames.a, "10.0.0.1", UInt16(1000))

    @Test func aHairpinComesFromTheVirtualAddress() throws {
        for (options, source) in [
            ([:], "30.0.0.1"), (["hairpin_snat_ip": "192.0.2.7 fd00::7"], "192.0.2.7"),
        ] {
            var host = Host(
                Self.network(Self.services(options)).snapshot(), ports: TrackingTests.ports)
            let out = TrackingTests.tcp(client, (Frames.b, "30.0.0.1", 80))
            let outcome = host.receive(out, on: 1)
            #expect(outcome.faults.isEmpty)
            #expect(
                outcome.sent == [
                    .init(
                        port: 1,
                        frame: TrackingTests.tcp(
                            (Frames.b, source, 1000), (Frames.a, "10.0.0.1", 8080)), tunnel: nil)
                ])
            let answer = TrackingTests.tcp(
                (Frames.a, "10.0.0.1", 8080), (Frames.b, source, 1000),
                flags: TrackingTests.answer)
            let reply = host.receive(answer, on: 1)
            #expect(reply.faults.isEmpty)
            #expect(
                reply.sent == [
                    .init(
                        port: 1,
                        frame: TrackingTests.tcp(
                            (Frames.b, "30.0.0.1", 80), (Frames.a, "10.0.0.1", 1000),
                            flags: TrackingTests.answer), tunnel: nil)
                ])
        }
    }

    /// Other packets of the switch are not compared address by address.
    @Test func otherPacketsReadLittle() throws {
        var host = Host(Self.network(Self.services()).snapshot(), ports: TrackingTests.ports)
        let frame = Frames.udp(Frames.a, Frames.b)
        #expect(host.receive(frame, on: 1).sent.map(\.port) == [2])
        for flow in host.kernel.dump() {
            #expect(flow.mask[.ipv4Source] == 0)
            #expect(flow.mask[.ipv4Destination].nonzeroBitCount <= 4)
        }
        let far = Frames.udp(Frames.c, Frames.b, from: "10.0.0.7", to: "10.0.0.77")
        #expect(host.receive(far, on: 1).sent.map(\.port) == [2])
        #expect(host.upcalls == 3, "ingress, its way back, egress: once for both packets")
    }

    @Test func rowsBecomeServices() {
        let services = Self.services(["hairpin_snat_ip": "192.0.2.7"])
        let number = VirtualServiceKey(
            .v4(IPv4Address(0x1e00_0001)), proto: IPProtocol.tcp, port: 80)
        #expect(services.services[number]?.backends.map(\.port) == [8080, 8080])
        #expect(services.services[number]?.sources[1] == .v4(IPv4Address(0xc000_0207)))
        #expect(services.sources4 == [0xc000_0207])
        #expect(services.sources6.count == 1)
        var problems: [String] = []
        let broken = VirtualServices(
            [(SB.LoadBalancer(name: "lb", vips: ["nowhere": "10.0.0.1"]), [1])],
            problem: { problems.append($0) })
        #expect(broken.services.isEmpty)
        #expect(problems == ["Load_Balancer lb: \"nowhere\" is no address"])
    }
}
