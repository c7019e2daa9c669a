import Datapath
import LogicalFlow
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// Packets that services with a memory hear of, packets that they send, and the ACL log.
@Suite struct HandedPacketTests {
    private static func translate(
        _ network: ServiceNetwork, _ frame: [UInt8], on port: UInt32 = 1
    ) -> Translation {
        var translator = Translator()
        return translator.translate(
            SwitchTranslationTests.input(frame, on: port), in: network.control.snapshot())
    }

    private static func events(_ translation: Translation) -> [ServiceEvent] {
        translation.effects.compactMap { if case .service(let event) = $0 { event } else { nil } }
    }

    @Test func packetsAreHandedOver() throws {
        let port = PortReference(datapath: 1, port: 1)
        let frame = Frames.udp(Frames.a, Frames.b)
        for (actions, kind): (String, ServiceEvent.Kind) in [
            ("handle_svc_check(inport);", .serviceCheck),
            ("handle_dhcpv6_reply;", .prefixDelegation),
            ("bind_vport(\"p2\", inport);", .virtualPort("p2")),
            (
                "trigger_event(event = \"empty_lb_backends\", vip = \"10.0.0.1:80\", "
                    + "protocol = \"tcp\", load_balancer = \"x\");",
                .emptyLoadBalancer([
                    "vip": "10.0.0.1:80", "protocol": "tcp", "load_balancer": "x",
                ])
            ),
        ] {
            let network = ServiceNetwork()
            network.flow("ip4", actions)
            let translation = Self.translate(network, frame)
            #expect(Self.events(translation) == [ServiceEvent(kind, port, frame: frame)])
            #expect(translation.slowPath != nil)
        }
    }

    /// There is no session that a control packet of BFD could belong to: it ends here, each one comes up,
    /// behind the meter of its flow.
    @Test func controlPacketsOfBFDAreDropped() throws {
        let network = ServiceNetwork()
        let flow = network.control.flow(
            1, .ingress, 0, 100, "udp.dst == 3784", "handle_bfd_msg(); next;", controllerMeter: "m")
        network.flow("1", "outport = \"p2\"; output;", table: 1)
        let frame = Frames.udp(Frames.a, Frames.b, port: 3784)
        let translation = Self.translate(network, frame)
        let event = ServiceEvent(.bfd, PortReference(datapath: 1, port: 1), frame: frame)
        #expect(translation.effects == [.service(event)])
        #expect(translation.meters == [.service(event): "m"])
        #expect(translation.slowPath == .serves(.bfd))
        var host = network.host()
        #expect(host.receive(frame, on: 1).sent.isEmpty)
        #expect(
            translation.drops == [
                PacketDrop(
                    .noSession, stage: LogicalStage(DatapathKey(1), Stage(.ingress, 0)),
                    flow: flow)
            ])
        var hub = ServiceHub()
        #expect(hub.handle(event, now: 0).isEmpty)
        #expect(!hub.hasNews)
    }

    /// A virtual port's announcement goes on as any other.
    @Test func bindingDoesNotKeepThePacket() throws {
        let network = ServiceNetwork()
        network.flow("arp", "bind_vport(\"v\", inport); next;")
        network.flow("1", "outport = \"p2\"; output;", table: 1)
        var host = network.host()
        let frame = Frames.arpRequest(Frames.a, "10.0.0.9", "10.0.0.9")
        for _ in 0..<2 {
            let outcome = host.receive(frame, on: 1)
            #expect(outcome.sent == [.init(port: 2, frame: frame, tunnel: nil)])
            #expect(outcome.effects.count == 1, "each packet is heard")
        }
    }

    @Test func whatThereIsNoRoomForIsCounted() {
        var few = ControllerEvents.Limits()
        few.remembered = 1
        var events = ControllerEvents(limits: few)
        for vip in ["a", "a", "b", "c"] { events.add(["vip": vip], now: 0) }
        #expect(events.dropped == 2, "one is the first one again")
        var one = VirtualPorts.Limits()
        one.pending = 1
        var ports = VirtualPorts(limits: one)
        for name in ["v", "v", "w"] {
            ports.bind(name, parent: PortReference(datapath: 1, port: 1))
        }
        #expect(ports.dropped == 1)
    }

    // MARK: - Multicast

    private static func multicastNetwork() -> ServiceNetwork {
        let network = ServiceNetwork()
        network.control.port("p3", 1, 3, .here(vport: 3))
        network.control.group("_MC_flood_l2", 1, WellKnownGroup.floodLayer2, local: [1, 2, 3])
        network.control.group("_MC_mrouter_flood", 1, WellKnownGroup.routers, local: [3])
        network.flow("flags.igmp_loopback == 0 && igmp", "igmp;")
        network.flow("flags.igmp_loopback == 0 && (mldv1 || mldv2)", "igmp;")
        return network
    }

    private static func igmp(_ message: [UInt8]) -> [UInt8] {
        var bytes = message
        bytes.store16(InternetChecksum.of(bytes), at: 2)
        let group = IPv4Address(0xe101_0203)
        let header = IPHeader(
            .v4(source: IPv4Address(0x0a00_0001), destination: group), proto: IPProtocol.igmp,
            ttl: 1)
        return EthernetHeader(destination: MACAddress(multicast: group), source: Frames.a)
            .frame(EtherType.ipv4, header.packet(bytes))
    }

    @Test func reportsGoToRoutersAndQueriesToAll() throws {
        var host = Self.multicastNetwork().host()
        let report = Self.igmp([0x16, 0, 0, 0, 225, 1, 2, 3])
        let outcome = host.receive(report, on: 1)
        #expect(outcome.sent == [.init(port: 3, frame: report, tunnel: nil)])
        let event = ServiceEvent(
            .multicast, PortReference(datapath: 1, port: 1), frame: report)
        #expect(outcome.effects == [.service(event)])
        let query = Self.igmp([0x11, 100, 0, 0, 0, 0, 0, 0])
        #expect(host.receive(query, on: 1).sent.map(\.port).sorted() == [2, 3])
        let broken = Self.igmp([0x77, 0, 0, 0, 0, 0, 0, 0])
        #expect(host.receive(broken, on: 1).sent.isEmpty)
    }

    /// On a transit switch: the other zone has snooped on the report before it sent it here, this one
    /// does so as it leaves.
    @Test func reportsOfOtherZonesAreHeardOnTheirWayOut() throws {
        let network = Self.multicastNetwork()
        let control = network.control
        control.port("far", 1, 7, .remote([control.tunnel("192.0.2.2")]), type: "remote")
        control.flow(
            1, .egress, 0, 120, "inport == \"far\" && igmp && flags.igmp_loopback == 0",
            "clone { igmp; }; next;")
        control.flow(1, .egress, 1, 0, "1", "output;")
        let report = Self.igmp([0x16, 0, 0, 0, 225, 1, 2, 3])
        var input = SwitchTranslationTests.input(report, on: 99)
        input.key[.tunnelID] = 1
        input.key[.tunnelFamily] = TunnelFamily.ipv4
        input.key[wide: .tunnelSource] = 0xc000_0202
        input.key[.tunnelOptions] = TunnelOptions.logical
        input.key[.tunnelOption] = 7 << 16 | 2
        var translator = Translator()
        let translation = translator.translate(input, in: control.snapshot())
        let far = PortReference(datapath: 1, port: 7)
        #expect(
            Self.events(translation) == [ServiceEvent(.multicast, far, frame: report)])
        // To the port that it was for, and to the routers of this zone.
        let sent = try unwrap(translation.emissions).flatMap(\.actions)
        #expect(Set(sent) == [.output(2), .output(3)])
        #expect(sent.count == 2)
    }

    // MARK: - Injections

    @Test func injectionsEnterWhereTheySay() throws {
        let network = Self.multicastNetwork()
        network.flow("eth.dst == 0a:00:00:00:00:02", "outport = \"p2\"; output;")
        let remote = network.control.tunnel("192.0.2.2")
        network.control.group(
            "_MC_flood", 1, WellKnownGroup.flood, local: [1, 2], remote: [remote])
        let snapshot = network.control.snapshot()
        var translator = Translator()
        let frame = Frames.udp(Frames.a, Frames.b)
        func send(_ place: Injection.Place, isLocal: Bool = false) -> [[DatapathAction]] {
            translator.inject(
                Injection(frame, place, isLocal: isLocal), upcallPort: 7, in: snapshot
            ).emissions.map(\.actions)
        }
        let first = PortReference(datapath: 1, port: 1)
        #expect(send(.from(first)) == [[.output(2)]])
        #expect(send(.to(first)) == [[.output(1)]])
        let flood = PortReference(datapath: 1, port: WellKnownGroup.flood)
        #expect(send(.to(flood), isLocal: true) == [[.output(1)], [.output(2)]])
        #expect(send(.to(flood)).count == 3)
        #expect(send(.to(PortReference(datapath: 9, port: 9))).isEmpty)
    }

    // MARK: - Log

    @Test func aLoggedPacketIsForwardedByTheKernel() throws {
        let network = ServiceNetwork()
        network.flow(
            "udp", "log(name=\"dns\", verdict=allow, severity=warning); next;")
        network.flow("1", "outport = \"p2\"; output;", table: 1)
        let frame = Frames.udp(Frames.a, Frames.b)
        let translation = Self.translate(network, frame)
        #expect(translation.slowPath == nil)
        guard case .userspace(let action)? = translation.actions.first else {
            Issue.record("\(translation.actions)")
            return
        }
        #expect(translation.actions.dropFirst() == [.output(2)])
        let cookie = try unwrap(LogCookie(action.cookie))
        #expect(
            cookie.line(FlowLine(FlowKey(of: frame)).text)
                == "name=\"dns\", verdict=allow, severity=warning, direction=from-lport: "
                + "udp,vlan_tci=0x0000,dl_src=0a:00:00:00:00:01,dl_dst=0a:00:00:00:00:02,"
                + "nw_src=10.0.0.1,nw_dst=10.0.0.2,nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no,"
                + "tp_src=1000,tp_dst=53")
    }

    @Test func cookiesReadBack() {
        for verdict in Action.LogEntry.Verdict.allCases {
            for severity in Action.LogEntry.Severity.allCases {
                let entry = Action.LogEntry(name: nil, verdict: verdict, severity: severity)
                let cookie = LogCookie(entry, .egress)
                #expect(LogCookie(cookie.encoded) == cookie)
                #expect(
                    cookie.line("x")
                        == "name=\"<unnamed>\", verdict=\(verdict), severity=\(severity), "
                        + "direction=to-lport: x")
            }
        }
        #expect(LogCookie(UpcallCookie.slowPath) == nil)
        #expect(LogCookie(Array("ovn-log1".utf8) + [9, 9, 9]) == nil)
    }
}
