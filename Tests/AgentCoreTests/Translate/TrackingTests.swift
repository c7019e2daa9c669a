import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// Connections through the translator and the model of the kernel, and what they cost.
@Suite struct TrackingTests {
    static let ports: [ModelDatapath.Port] = [.init(1), .init(2), .init(3), .init(99, .tunnel)]

    static func tcp(
        _ from: (MACAddress, String, UInt16), _ to: (MACAddress, String, UInt16),
        flags: UInt16 = TCPFlag.syn
    ) -> [UInt8] {
        PacketBuilder.tcp(
            Frames.ethernet(from.0, to.0), Frames.ipv4(from.1, to.1), ttl: 64,
            TCPSegment(source: from.2, destination: to.2, flags: flags), [])
    }

    static let answer = TCPFlag.syn | TCPFlag.ack

    /// A switch with ports p1 and p2 whose both sides let connections to port 80 in and answers out.
    static func stateful() -> Control {
        let control = Control()
        control.port("p1", 1, 1, .here(vport: 1))
        control.port("p2", 1, 2, .here(vport: 2))
        for pipeline in [Stage.Pipeline.ingress, .egress] {
            control.flow(1, pipeline, 0, 100, "ip", "ct_next;")
            control.flow(1, pipeline, 0, 0, "1", "next;")
            control.flow(
                1, pipeline, 1, 100, "ct.est && !ct.rel && ct.rpl && ct_mark.blocked == 0", "next;")
            control.flow(1, pipeline, 1, 95, "!ct.est && ct.rel && !ct.new", "ct_commit_nat;")
            control.flow(1, pipeline, 1, 90, "ct.est && !ct.rpl && ct_mark.blocked == 0", "next;")
            control.flow(
                1, pipeline, 1, 80, "ct.new && !ct.est && tcp.dst == 80", "reg0[1] = 1; next;")
            control.flow(1, pipeline, 1, 10, "ip", "drop;")
            control.flow(1, pipeline, 1, 0, "1", "next;")
            control.flow(
                1, pipeline, 2, 100, "reg0[1] == 1",
                "ct_commit { ct_mark.blocked = 0; ct_label.acl_id = reg2[16..31]; }; next;")
            control.flow(1, pipeline, 2, 0, "1", "next;")
        }
        for (port, mac) in [("p1", "0a:00:00:00:00:01"), ("p2", "0a:00:00:00:00:02")] {
            control.flow(
                1, .ingress, 3, 50, "eth.dst == \(mac)", "outport = \"\(port)\"; output;")
        }
        control.flow(1, .egress, 3, 0, "1", "output;")
        return control
    }

    /// Flows with the same actions differ by their helper.
    @Test func aFlowsHelperFollowsWhatItCommits() {
        let control = Control()
        control.port("p1", 1, 1, .here(vport: 1))
        control.port("p2", 1, 2, .here(vport: 2))
        let commit = "ct_commit; outport = \"p2\"; output;"
        control.flow(1, .ingress, 0, 100, "tcp.dst == 21", commit, helper: .ftp)
        control.flow(1, .ingress, 0, 90, "ip", commit)
        control.flow(1, .egress, 0, 0, "1", "output;")
        let snapshot = control.snapshot()
        for (port, isHelped) in [(UInt16(21), true), (22, false)] {
            var translator = Translator()
            let input = SwitchTranslationTests.input(
                Self.tcp(client, (server.0, server.1, port)), on: 1)
            let text = SwitchTranslationTests.text(
                input, translator.translate(input, in: snapshot))
            #expect(text.contains("helper=ftp") == isHelped, "\(text)")
            #expect(text.contains("commit"))
        }
    }

    private let client = (Frames.a, "10.0.0.1", UInt16(1000))
    private let server = (Frames.b, "10.0.0.2", UInt16(80))

    @Test func onlyConnectionsThatWereLetInGetAnswers() throws {
        var host = Host(Self.stateful().snapshot(), ports: Self.ports)
        let strange = host.receive(Self.tcp(server, client, flags: Self.answer), on: 2)
        #expect(strange.faults.isEmpty)
        #expect(strange.sent.isEmpty, "an answer to nothing")
        let first = host.receive(Self.tcp(client, server), on: 1)
        #expect(first.faults.isEmpty)
        #expect(first.sent == [.init(port: 2, frame: Self.tcp(client, server), tunnel: nil)])
        #expect(host.kernel.connections.all.map(\.zone) == [17, 18], "one in each port's zone")
        let back = host.receive(Self.tcp(server, client, flags: Self.answer), on: 2)
        #expect(back.sent.map(\.port) == [1])
        let other = host.receive(Self.tcp(client, (Frames.b, "10.0.0.2", 81)), on: 1)
        #expect(other.sent.isEmpty)

        let udp = Frames.udp(Frames.a, Frames.b)
        #expect(host.receive(udp, on: 1).sent.isEmpty)
        host.kernel.connections.flush(zones: [17])
        let orphan = host.receive(Self.tcp(server, client, flags: Self.answer), on: 2)
        #expect(orphan.sent.isEmpty, "the other side has forgotten it")
    }

    /// An ICMP error about a connection passes where the connection does.
    @Test func errorsOfConnectionsPass() throws {
        var host = Host(Self.stateful().snapshot(), ports: Self.ports)
        let sent = Self.tcp(client, server)
        _ = host.receive(sent, on: 1)
        let layout = try #require(PacketLayout(sent))
        let error = try #require(ResponseBuilder.icmpError(sent, layout))
        var rewriter = try #require(PacketRewriter(error))
        rewriter.set(.ethernetSource, to: UInt128(Frames.b.bits))
        rewriter.set(.ethernetDestination, to: UInt128(Frames.a.bits))
        rewriter.set(.ipv4Source, to: 0x0a00_0002)
        rewriter.set(.ipv4Destination, to: 0x0a00_0001)
        let outcome = host.receive(rewriter.frame, on: 2)
        #expect(outcome.faults.isEmpty)
        #expect(outcome.sent.map(\.port) == [1])
    }

    /// Each direction is tracked once on each side, and comes back once for each.
    @Test func aStatefulSwitchCostsOnePassForEachSide() {
        var host = Host(Self.stateful().snapshot(), ports: Self.ports)
        _ = host.receive(Self.tcp(client, server), on: 1)
        _ = host.receive(Self.tcp(server, client, flags: Self.answer), on: 2)
        _ = host.receive(Self.tcp(client, server, flags: TCPFlag.ack), on: 1)
        let before = host.upcalls
        for frame in [
            (Self.tcp(client, server, flags: TCPFlag.ack), UInt32(1)),
            (Self.tcp(server, client, flags: TCPFlag.ack), 2),
        ] {
            let outcome = host.receive(frame.0, on: frame.1)
            #expect(outcome.sent.count == 1)
            #expect((outcome.trackings, outcome.recirculations) == (2, 2))
        }
        #expect(host.upcalls == before)
        let other = (Frames.a, "10.0.0.1", UInt16(1001))
        let first = host.receive(Self.tcp(other, server), on: 1)
        #expect(
            (first.trackings, first.recirculations) == (4, 2), "a look and a commit on each side")
        #expect(host.upcalls == before, "connections share their flows")
    }

    /// The pipeline forgets at once; the kernel only where it would take the old connection again.
    @Test func clearingCostsNothingUntilTheZoneComesAgain() {
        let control = Control()
        control.port("p1", 1, 1, .here(vport: 1))
        control.port("p2", 1, 2, .here(vport: 2))
        control.flow(1, .ingress, 0, 0, "ip", "ct_next;")
        control.flow(1, .ingress, 1, 0, "ct.trk", "ct_clear; next;")
        control.flow(1, .ingress, 2, 10, "udp && !ct.trk", "outport = \"p2\"; output;")
        control.flow(1, .ingress, 2, 0, "tcp && !ct.trk", "ct_next;")
        control.flow(1, .ingress, 3, 0, "ct.new", "outport = \"p2\"; output;")
        control.flow(1, .egress, 0, 0, "1", "output;")
        var host = Host(control.snapshot(), ports: Self.ports)
        #expect(host.receive(Frames.udp(Frames.a, Frames.b), on: 1).sent.map(\.port) == [2])
        #expect(host.receive(Self.tcp(client, server), on: 1).sent.map(\.port) == [2])
        let actions = host.kernel.dump().map { FlowText().actions($0.actions) }
        #expect(actions.filter { $0.contains("ct_clear,ct(zone=17)") }.count == 1)
        #expect(actions.filter { $0.contains("ct_clear") }.count == 1)
    }

    @Test func theFirstPacketsTupleCanBeCopied() {
        let control = Control()
        control.port("p1", 1, 1, .here(vport: 1))
        control.port("p2", 1, 2, .here(vport: 2))
        control.flow(1, .ingress, 0, 100, "udp && ip4.dst == 10.0.0.9", "ct_dnat(10.0.0.2, 53);")
        control.flow(
            1, .ingress, 1, 0, "ip4",
            "reg0 = ct_nw_dst(); reg2[0..15] = ct_tp_dst(); reg1[0..7] = ct_proto(); "
                + "reg1[8..15] = ct_state_save(); next;")
        control.flow(
            1, .ingress, 2, 0,
            "reg0 == 10.0.0.9 && reg2[0..15] == 7000 && reg1[0..7] == 17 && reg1[13] == 1 "
                + "&& ip4.dst == 10.0.0.2 && udp.dst == 53", "outport = \"p2\"; output;")
        control.flow(1, .egress, 0, 0, "1", "output;")
        var host = Host(control.snapshot(), ports: Self.ports)
        let frame = Frames.udp(Frames.a, Frames.b, to: "10.0.0.9", port: 7000)
        #expect(host.receive(frame, on: 1).sent.map(\.port) == [2])
        #expect(host.receive(frame, on: 1).sent.map(\.port) == [2])
    }

    // MARK: - Routers

    /// The network of RouterTranslationTests with 10.0.0.0/24 behind 192.0.2.1 towards the right,
    /// and 192.0.2.9 standing for 10.0.0.1.
    private static func translating() -> Control {
        let control = RouterTranslationTests.resolved()
        control.flow(
            3, .egress, 0, 200,
            "ip && ip4.src == 10.0.0.0/24 && outport == \"lr2\" && (!ct.trk || !ct.rpl)",
            "ct_snat(192.0.2.1);")
        control.flow(3, .egress, 0, 190, "ip && outport == \"lr1\"", "next;")
        control.flow(3, .egress, 1, 0, "1", "output;")
        control.flow(3, .ingress, 1, 150, "ip && ip4.dst == 192.0.2.1", "ct_snat;")
        control.flow(3, .ingress, 1, 150, "ip && ip4.dst == 192.0.2.9", "ct_dnat(10.0.0.1);")
        control.flow(
            3, .egress, 0, 210, "ip && ip4.src == 10.0.0.1 && udp.src == 53", "ct_dnat;")
        return control
    }

    @Test func sourcesAreTranslatedOnTheWayOut() throws {
        var host = Host(Self.translating().snapshot(), ports: RouterTranslationTests.ports)
        let out = Frames.udp(
            Frames.a, RouterTranslationTests.left, from: "10.0.0.1", to: "10.0.1.1", port: 99)
        for round in 0..<3 {
            let outcome = host.receive(out, on: 1)
            #expect(outcome.faults.isEmpty)
            let sent = try #require(outcome.sent.first)
            #expect(sent.port == 2)
            let key = FlowKey(of: sent.frame)
            #expect(key[.ipv4Source] == 0xc000_0201 && key[.sourcePort] == 1000)
            if round == 2 { #expect((outcome.trackings, outcome.recirculations) == (1, 1)) }
            let back = PacketBuilder.udp(
                Frames.ethernet(Frames.b, RouterTranslationTests.right),
                Frames.ipv4("10.0.1.1", "192.0.2.1"), ttl: 64, source: 99, destination: 1000, [1])
            let reply = host.receive(back, on: 2)
            #expect(reply.faults.isEmpty)
            let returned = try #require(reply.sent.first)
            #expect(returned.port == 1)
            let seen = FlowKey(of: returned.frame)
            #expect(seen[.ipv4Destination] == 0x0a00_0001 && seen[.destinationPort] == 1000)
            #expect(seen[.ipTTL] == 63)
            if round == 2 { #expect((reply.trackings, reply.recirculations) == (1, 1)) }
        }
        #expect(host.kernel.connections.all.map(\.zone) == [2003])
    }

    @Test func destinationsAreTranslatedOnTheWayIn() throws {
        var host = Host(Self.translating().snapshot(), ports: RouterTranslationTests.ports)
        let into = PacketBuilder.udp(
            Frames.ethernet(Frames.b, RouterTranslationTests.right),
            Frames.ipv4("10.0.1.1", "192.0.2.9"), ttl: 64, source: 1000, destination: 53, [1])
        let out = PacketBuilder.udp(
            Frames.ethernet(Frames.a, RouterTranslationTests.left),
            Frames.ipv4("10.0.0.1", "10.0.1.1"), ttl: 64, source: 53, destination: 1000, [1])
        for round in 0..<3 {
            let outcome = host.receive(into, on: 2)
            let sent = try #require(outcome.sent.first)
            #expect(sent.port == 1 && FlowKey(of: sent.frame)[.ipv4Destination] == 0x0a00_0001)
            let reply = host.receive(out, on: 1)
            let returned = try #require(reply.sent.first)
            #expect(returned.port == 2)
            #expect(FlowKey(of: returned.frame)[.ipv4Source] == 0xc000_0209)
            guard round == 2 else { continue }
            #expect((outcome.trackings, outcome.recirculations) == (1, 1))
            #expect((reply.trackings, reply.recirculations) == (1, 1))
        }
    }

    // MARK: - Floods

    /// A flood to more tracked ports than the kernel can put off copies for.
    @Test func floodsToTrackedPortsReachAll() {
        let control = Control()
        var ports: [ModelDatapath.Port] = [.init(1)]
        control.port("in", 1, 1, .here(vport: 1))
        let members = Array(10..<74 as Range<UInt32>)
        for member in members {
            control.port("m\(member)", 1, member, .here(vport: member))
            ports.append(.init(member))
        }
        control.group("all", 1, 0x8000, local: members)
        // As deep as a packet gets before its copies would be put off.
        for table in 0..<3 { control.flow(1, .ingress, table, 0, "ip", "ct_next;") }
        control.flow(1, .ingress, 3, 0, "ip", "outport = \"all\"; output;")
        control.flow(1, .egress, 0, 0, "ip", "ct_next;")
        control.flow(1, .egress, 1, 0, "ct.new", "output;")
        var host = Host(control.snapshot(), ports: ports)
        for _ in 0..<3 {
            let outcome = host.receive(Frames.udp(Frames.a, .broadcast), on: 1)
            #expect(outcome.faults.isEmpty)
            #expect(outcome.sent.map(\.port).sorted() == members)
        }
    }
}
