import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// Two switches on one router: routing, neighbours, and the packets that flows make.
@Suite struct RouterTranslationTests {
    static let left = MACAddress(0x0a00_0000_00f1)
    static let right = MACAddress(0x0a00_0000_00f2)

    /// Switch 1 (10.0.0.0/24, p1 on kernel port 1) - router 3 - switch 2 (10.0.1.0/24, p2 on
    /// kernel port 2), dual stack with fd00:0::/64 and fd00:1::/64.
    static func network() -> Control {
        let control = Control()
        control.view.routers.insert(3)
        control.port("p1", 1, 1, .here(vport: 1))
        control.port("r1", 1, 2, .peer(PortReference(datapath: 3, port: 1)), type: "patch")
        control.port("p2", 2, 1, .here(vport: 2))
        control.port("r2", 2, 2, .peer(PortReference(datapath: 3, port: 2)), type: "patch")
        control.port("lr1", 3, 1, .peer(PortReference(datapath: 1, port: 2)), type: "patch")
        control.port("lr2", 3, 2, .peer(PortReference(datapath: 2, port: 2)), type: "patch")
        for (datapath, mac) in [(1, "0a:00:00:00:00:01"), (2, "0a:00:00:00:00:02")] {
            let datapath = UInt32(datapath)
            control.group("_MC_flood", datapath, 0x8000, local: [1], peers: [2])
            control.flow(datapath, .ingress, 0, 70, "eth.mcast", "outport = \"_MC_flood\"; output;")
            control.flow(
                datapath, .ingress, 0, 50, "eth.dst == \(mac)",
                "outport = \"p\(datapath)\"; output;")
            control.flow(
                datapath, .ingress, 0, 50, "eth.dst == 0a:00:00:00:00:f\(datapath)",
                "outport = \"r\(datapath)\"; output;")
            control.flow(datapath, .egress, 0, 0, "1", "output;")
        }
        addRouter(control)
        return control
    }

    private static func addRouter(_ control: Control) {
        for number in 1...2 {
            control.flow(
                3, .ingress, 0, 50,
                "(eth.mcast || eth.dst == 0a:00:00:00:00:f\(number)) && inport == \"lr\(number)\"",
                "xreg0[0..47] = 0a:00:00:00:00:f\(number); next;")
            let subnet = number - 1
            control.flow(
                3, .ingress, 1, 90,
                "inport == \"lr\(number)\" && arp.op == 1 && arp.tpa == 10.0.\(subnet).254",
                "eth.dst = eth.src; eth.src = xreg0[0..47]; arp.op = 2; arp.tha = arp.sha; "
                    + "arp.sha = xreg0[0..47]; arp.tpa <-> arp.spa; outport = inport; "
                    + "flags.loopback = 1; output;")
            control.flow(
                3, .ingress, 1, 90,
                "inport == \"lr\(number)\" && nd_ns && nd.target == fd00:\(subnet)::254",
                "nd_na_router { eth.src = xreg0[0..47]; ip6.src = nd.target; "
                    + "nd.tll = xreg0[0..47]; outport = inport; flags.loopback = 1; output; };")
            control.flow(
                3, .ingress, 1, 90,
                "ip4.dst == 10.0.\(subnet).254 && icmp4.type == 8 && icmp4.code == 0",
                "ip4.dst <-> ip4.src; ip.ttl = 255; icmp4.type = 0; flags.loopback = 1; next;")
            control.flow(
                3, .ingress, 1, 31,
                "inport == \"lr\(number)\" && ip4 && ip.ttl == {0, 1} && !ip.later_frag",
                "icmp4 { eth.dst <-> eth.src; icmp4.type = 11; icmp4.code = 0; ip4.dst = ip4.src; "
                    + "ip4.src = 10.0.\(subnet).254; ip.ttl = 254; outport = \"lr\(number)\"; "
                    + "flags.loopback = 1; output; };")
            control.flow(
                3, .ingress, 1, 80, "ip4.dst == 10.0.\(subnet).254 && udp",
                "icmp4 { eth.dst <-> eth.src; ip4.dst <-> ip4.src; ip.ttl = 255; icmp4.type = 3; "
                    + "icmp4.code = 3; next; };")
            control.flow(
                3, .ingress, 1, 80, "ip4.dst == 10.0.\(subnet).254 && tcp",
                "tcp_reset { eth.dst <-> eth.src; ip4.dst <-> ip4.src; next; };")
            control.flow(
                3, .ingress, 2, 100, "ip4.dst == 10.0.\(subnet).0/24",
                "ip.ttl--; reg0 = ip4.dst; reg5 = 10.0.\(subnet).254; "
                    + "eth.src = 0a:00:00:00:00:f\(number); outport = \"lr\(number)\"; "
                    + "flags.loopback = 1; reg9[9] = 1; next;")
            control.flow(
                3, .ingress, 2, 100, "ip6.dst == fd00:\(subnet)::/64",
                "ip.ttl--; xxreg0 = ip6.dst; xxreg1 = fd00:\(subnet)::254; "
                    + "eth.src = 0a:00:00:00:00:f\(number); outport = \"lr\(number)\"; "
                    + "flags.loopback = 1; reg9[9] = 0; next;")
        }
        control.flow(
            3, .ingress, 1, 95, "arp.op == 2",
            "reg9[2] = lookup_arp(inport, arp.spa, arp.sha); put_arp(inport, arp.spa, arp.sha);")
        control.flow(3, .ingress, 1, 29, "ip.ttl == {0, 1}", "drop;")
        control.flow(3, .ingress, 1, 0, "1", "next;")
        control.flow(3, .ingress, 3, 100, "reg9[9] == 1", "get_arp(outport, reg0); next;")
        control.flow(3, .ingress, 3, 99, "reg9[9] == 0", "get_nd(outport, xxreg0); next;")
        control.flow(
            3, .ingress, 4, 100, "eth.dst == 00:00:00:00:00:00 && reg9[9] == 1",
            "arp { eth.dst = ff:ff:ff:ff:ff:ff; arp.spa = reg5; arp.tpa = reg0; arp.op = 1; "
                + "output; }; next;")
        control.flow(
            3, .ingress, 4, 100, "eth.dst == 00:00:00:00:00:00 && reg9[9] == 0",
            "nd_ns { nd.target = xxreg0; output; }; next;")
        control.flow(3, .ingress, 4, 0, "1", "next;")
        control.flow(3, .ingress, 5, 0, "1", "output;")
        control.flow(3, .egress, 0, 100, "outport == {\"lr1\", \"lr2\"}", "output;")
    }

    static let ports: [ModelDatapath.Port] = [.init(1), .init(2), .init(99, .tunnel)]

    static func resolved() -> Control {
        let control = network()
        control.neighbour(3, 2, "10.0.1.1", Frames.b)
        control.neighbour(3, 1, "10.0.0.1", Frames.a)
        control.neighbour(3, 2, "fd00:1::1", Frames.b)
        return control
    }

    /// What a router answers goes back through the tracker of the port that asked.
    @Test func aTrackedPortIsAnsweredByTheRouter() throws {
        let control = Self.resolved()
        control.flow(1, .ingress, 0, 60, "ip && inport == \"p1\"", "ct_lb_mark;")
        control.flow(
            1, .ingress, 1, 50, "eth.dst == 0a:00:00:00:00:f1", "outport = \"r1\"; output;")
        control.flow(1, .egress, 0, 100, "outport == \"r1\"", "ct_clear; output;")
        control.flow(1, .egress, 0, 50, "ip && outport == \"p1\"", "ct_lb_mark;")
        control.flow(1, .egress, 1, 0, "1", "output;")
        var host = Host(control.snapshot(), ports: Self.ports)
        let request = PacketBuilder.echo(
            Frames.ethernet(Frames.a, Self.left), Frames.ipv4("10.0.0.1", "10.0.0.254"),
            identifier: 1, sequence: 1)
        let outcome = host.receive(request, on: 1)
        #expect(outcome.faults.isEmpty)
        #expect(outcome.sent.map(\.port) == [1])
    }

    @Test func routedPacketsAreRewrittenByTheKernel() throws {
        var host = Host(Self.resolved().snapshot(), ports: Self.ports)
        let frame = Frames.udp(Frames.a, Self.left, from: "10.0.0.1", to: "10.0.1.1")
        let outcome = host.receive(frame, on: 1)
        #expect(outcome.faults.isEmpty)
        let sent = try #require(outcome.sent.first)
        #expect(sent.port == 2)
        let expected = Frames.udp(Self.right, Frames.b, from: "10.0.0.1", to: "10.0.1.1", ttl: 63)
        #expect(sent.frame == expected, "headers and checksums")
        let again = host.receive(frame, on: 1)
        #expect(again.sent == outcome.sent)
        #expect(host.upcalls == 1)
    }

    /// Where the gateway of a router's port is served, its packets leave by that port.
    @Test func aGatewayServedHereSendsOnByItsPort() throws {
        let control = Self.resolved()
        control.port(
            "cr-lr2", 3, 9, .redirect(PortReference(datapath: 3, port: 2)), type: "chassisredirect")
        control.flow(3, .ingress, 5, 50, "outport == \"lr2\"", "outport = \"cr-lr2\"; output;")
        var host = Host(control.snapshot(), ports: Self.ports)
        let frame = Frames.udp(Frames.a, Self.left, from: "10.0.0.1", to: "10.0.1.1")
        let outcome = host.receive(frame, on: 1)
        #expect(outcome.faults.isEmpty)
        #expect(outcome.sent.map(\.port) == [2])
        #expect(host.receive(frame, on: 1).sent == outcome.sent)
    }

    @Test func routedPacketsOfIPv6() throws {
        var host = Host(Self.resolved().snapshot(), ports: Self.ports)
        let header = Frames.ethernet(Frames.a, Self.left)
        let frame = PacketBuilder.echo(
            header, Frames.ipv6("fd00:0::1", "fd00:1::1"), identifier: 1, sequence: 1)
        let outcome = host.receive(frame, on: 1)
        #expect(outcome.faults.isEmpty)
        #expect(
            outcome.sent == [
                .init(
                    port: 2,
                    frame: PacketBuilder.echo(
                        Frames.ethernet(Self.right, Frames.b),
                        Frames.ipv6("fd00:0::1", "fd00:1::1"), ttl: 63, identifier: 1,
                        sequence: 1), tunnel: nil)
            ])
        #expect(host.receive(frame, on: 1).sent == outcome.sent)
        #expect(host.upcalls == 1)
    }

    /// The next hop is looked up by an address that the flow compares; nothing else of the packet
    /// is compared that did not decide.
    @Test func theSourceAddressIsNotCompared() throws {
        var translator = Translator()
        let input = SwitchTranslationTests.input(
            Frames.udp(Frames.a, Self.left, from: "10.0.0.1", to: "10.0.1.1"), on: 1)
        let translation = translator.translate(input, in: Self.resolved().snapshot())
        #expect(translation.slowPath == nil)
        #expect(translation.mask[.ipv4Source] == 0)
        #expect(translation.mask[.ethernetSource] == 0)
        #expect(translation.mask[.sourcePort] == 0)
        #expect(translation.mask[.ipv4Destination] == 0xffff_ffff)
        #expect(translation.mask[.ipTTL] == 0xff)
        #expect(
            FlowText().actions(translation.actions)
                == "set(eth(src=0a:00:00:00:00:f2,dst=0a:00:00:00:00:02)),set(ipv4(ttl=63)),2")
    }

    // MARK: - Answers

    @Test func theRouterAnswersARP() throws {
        var host = Host(Self.network().snapshot(), ports: Self.ports)
        let frame = Frames.arpRequest(Frames.a, "10.0.0.1", "10.0.0.254")
        for _ in 0..<2 {
            let outcome = host.receive(frame, on: 1)
            #expect(outcome.faults.isEmpty)
            let reply = ARPMessage(
                operation: ARPMessage.reply, sender: (Self.left, IPv4Address(0x0a00_00fe)),
                target: (Frames.a, IPv4Address(0x0a00_0001)))
            #expect(
                outcome.sent == [
                    .init(
                        port: 1,
                        frame: PacketBuilder.arp(Frames.ethernet(Self.left, Frames.a), reply),
                        tunnel: nil)
                ])
        }
        #expect(host.upcalls == 2, "the miss, and the packet that the kernel sent up")
        let snapshot = host.table.snapshot
        let translation = host.translator.translate(
            SwitchTranslationTests.input(frame, on: 1), in: snapshot)
        guard case .sets? = translation.slowPath else {
            Issue.record("\(String(describing: translation.slowPath))")
            return
        }
    }

    @Test func theRouterAnswersSolicitations() throws {
        var host = Host(Self.network().snapshot(), ports: Self.ports)
        let target = try #require(IPv6Address(parsing: "fd00:0::254"))
        let asker = try #require(IPv6Address(parsing: "fd00:0::1"))
        let group = target.solicitedNodeMulticast
        let frame = PacketBuilder.neighborSolicitation(
            Frames.ethernet(Frames.a, MACAddress(multicast: group)), source: asker,
            destination: group, target: target, link: Frames.a)
        let outcome = host.receive(frame, on: 1)
        #expect(
            outcome.sent == [
                .init(
                    port: 1,
                    frame: PacketBuilder.neighborAdvertisement(
                        Frames.ethernet(Self.left, Frames.a), source: target, destination: asker,
                        target: target, link: Self.left, flags: [.router, .solicited, .override]),
                    tunnel: nil)
            ])
    }

    @Test func theRouterAnswersPing() throws {
        var host = Host(Self.resolved().snapshot(), ports: Self.ports)
        let frame = PacketBuilder.echo(
            Frames.ethernet(Frames.a, Self.left), Frames.ipv4("10.0.0.1", "10.0.0.254"),
            identifier: 7, sequence: 8, [1, 2, 3])
        let outcome = host.receive(frame, on: 1)
        #expect(outcome.faults.isEmpty)
        #expect(
            outcome.sent == [
                .init(
                    port: 1,
                    frame: PacketBuilder.echo(
                        Frames.ethernet(Self.left, Frames.a),
                        Frames.ipv4("10.0.0.254", "10.0.0.1"), ttl: 254, reply: true,
                        identifier: 7, sequence: 8, [1, 2, 3]), tunnel: nil)
            ])
        let snapshot = host.table.snapshot
        let translation = host.translator.translate(
            SwitchTranslationTests.input(frame, on: 1), in: snapshot)
        #expect(translation.slowPath == .sets(.icmpType))
    }

    /// RFC 1812 §5.3.1: a router that discards for the time to live says so.
    @Test func timeExceeded() throws {
        var host = Host(Self.resolved().snapshot(), ports: Self.ports)
        let frame = Frames.udp(Frames.a, Self.left, from: "10.0.0.1", to: "10.0.1.1", ttl: 1)
        let outcome = host.receive(frame, on: 1)
        let sent = try #require(outcome.sent.first)
        #expect(outcome.sent.count == 1)
        #expect(sent.port == 1)
        let key = FlowKey(of: sent.frame)
        #expect(key[.icmpType] == 11)
        #expect(key[.icmpCode] == 0)
        #expect(key[.ipTTL] == 254)
        #expect(key[.ipv4Source] == 0x0a00_00fe)
        #expect(key[.ipv4Destination] == 0x0a00_0001)
        #expect(key[.ethernetDestination] == Frames.a.bits)
        #expect(Array(sent.frame[42..<70]) == Array(frame[14..<42]), "the packet is quoted")
    }

    @Test func closedPortsOfTheRouter() throws {
        var host = Host(Self.resolved().snapshot(), ports: Self.ports)
        let datagram = Frames.udp(Frames.a, Self.left, from: "10.0.0.1", to: "10.0.0.254")
        let unreachable = FlowKey(of: try #require(host.receive(datagram, on: 1).sent.first).frame)
        #expect(unreachable[.icmpType] == 3)
        #expect(unreachable[.icmpCode] == 3)
        #expect(unreachable[.ipTTL] == 254)

        let segment = PacketBuilder.tcp(
            Frames.ethernet(Frames.a, Self.left), Frames.ipv4("10.0.0.1", "10.0.0.254"),
            TCPSegment(source: 5, destination: 6, sequence: 9, flags: TCPFlag.syn))
        let sent = try #require(host.receive(segment, on: 1).sent.first)
        let expected = PacketBuilder.tcp(
            Frames.ethernet(Self.left, Frames.a), Frames.ipv4("10.0.0.254", "10.0.0.1"), ttl: 62,
            TCPSegment(
                source: 6, destination: 5, acknowledgment: 10,
                flags: TCPFlag.reset | TCPFlag.ack))
        #expect(sent.frame == expected)
    }

    // MARK: - Neighbours

    @Test func aPacketWaitsForItsNeighbourAndGoesOn() throws {
        let control = Self.network()
        var host = Host(control.snapshot(), ports: Self.ports)
        let frame = Frames.udp(Frames.a, Self.left, from: "10.0.0.1", to: "10.0.1.1")
        let outcome = host.receive(frame, on: 1)
        let question = ARPMessage(
            operation: ARPMessage.request, sender: (Self.right, IPv4Address(0x0a00_01fe)),
            target: (.zero, IPv4Address(0x0a00_0101)))
        #expect(
            outcome.sent == [
                .init(
                    port: 2,
                    frame: PacketBuilder.arp(Frames.ethernet(Self.right, .broadcast), question),
                    tunnel: nil)
            ])
        guard case .wait(let pending)? = outcome.effects.first else {
            Issue.record("\(outcome.effects)")
            return
        }
        var buffer = NeighbourBuffer()
        buffer.add(pending, from: PacketSource(vport: 1), now: 0)
        #expect(buffer.takeKnown(in: control.view).isEmpty)

        let answer = ARPMessage(
            operation: ARPMessage.reply, sender: (Frames.b, IPv4Address(0x0a00_0101)),
            target: (Self.right, IPv4Address(0x0a00_01fe)))
        let learned = host.receive(
            PacketBuilder.arp(Frames.ethernet(Frames.b, Self.right), answer), on: 2)
        let key = NeighbourKey(
            port: PortReference(datapath: 3, port: 2), address: .v4(IPv4Address(0x0a00_0101)))
        #expect(learned.effects == [.neighbour(key, Frames.b, isShared: false)])

        control.view.neighbours[key] = Frames.b
        try host.swap(to: control.snapshot())
        let known = buffer.takeKnown(in: host.table.snapshot.view)
        #expect(known.count == 1)
        let emissions = host.translator.resume(
            known[0].packet, known[0].address, in: host.table.snapshot
        ).emissions
        let events = try host.kernel.execute(
            emissions[0].frame, metadata: emissions[0].metadata, actions: emissions[0].actions)
        let expected = Frames.udp(Self.right, Frames.b, from: "10.0.0.1", to: "10.0.1.1", ttl: 63)
        #expect(events == [.transmitted(port: 2, frame: expected, tunnel: nil)])
        #expect(host.receive(frame, on: 1).sent == [.init(port: 2, frame: expected, tunnel: nil)])
    }

    @Test func solicitationsForUnknownNeighbours() throws {
        var host = Host(Self.network().snapshot(), ports: Self.ports)
        let frame = PacketBuilder.echo(
            Frames.ethernet(Frames.a, Self.left), Frames.ipv6("fd00:0::1", "fd00:1::1"),
            identifier: 1, sequence: 1)
        let sent = try #require(host.receive(frame, on: 1).sent.first)
        let key = FlowKey(of: sent.frame)
        #expect(sent.port == 2)
        #expect(key[.icmpType] == 135)
        #expect(IPv6Address(key[wide: .ndTarget]).description == "fd00:1::1")
        #expect(key[.ndSourceLink] == Self.right.bits)
        #expect(key[.ethernetDestination] == 0x3333_ff00_0001)
    }

    /// RFC 1122 §2.3.2.1: one question per second for one destination.
    @Test func questionsAreLimited() throws {
        var translator = Translator()
        let frame = Frames.udp(Frames.a, Self.left, from: "10.0.0.1", to: "10.0.1.1")
        let translation = translator.translate(
            SwitchTranslationTests.input(frame, on: 1), in: Self.network().snapshot())
        let question = try #require(translation.emissions?.first?.question)
        guard case .wait(let packet)? = translation.effects.first else {
            Issue.record("\(translation.effects)")
            return
        }
        #expect(question == packet.neighbour)
        var buffer = NeighbourBuffer()
        let times: [Milliseconds] = [0, 0, 1, 999, 1000, 1001, 2000]
        let source = PacketSource(vport: 1)
        buffer.add(packet, from: source, now: 0)
        let asked = times.filter { time in
            guard buffer.mayAsk(question, now: time) else { return false }
            buffer.ask(question, from: source, now: time)
            return true
        }
        #expect(asked == [0, 1000, 2000])
        buffer.expire(now: 20_000)
        let late = buffer.mayAsk(question, now: 20_000)
        #expect(!late, "nobody waits for it")
    }
}
