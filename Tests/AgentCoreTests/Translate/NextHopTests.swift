import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// Connections that came by one of several next hops go back by it, with the flows of a northd 23.03.
@Suite struct NextHopTests {
    enum Family: CaseIterable {
        case ip4, ip6

        var client: String { self == .ip4 ? "198.51.100.7" : "fd99::7" }
        var server: String { self == .ip4 ? "10.0.0.1" : "fd00::1" }
        var prefix: String { self == .ip4 ? "198.51.100.0/24" : "fd99::/64" }
        var name: String { self == .ip4 ? "ip4" : "ip6" }
    }

    /// Next hops: the first two are behind port 2, the third behind port 3.
    private static let hops = [Frames.b, Frames.c, MACAddress(0x0a00_0000_000d)]
    /// Where a packet goes that belongs to no connection: to none of them.
    private static let chosen = MACAddress(0x0a00_0000_00ee)

    /// A router with the server behind port 1 and equal routes to clients by the ports 2 and 3.
    private static func network() -> Control {
        let control = Control()
        control.view.routers.insert(1)
        for number in 1...4 as ClosedRange<UInt32> {
            control.port("p\(number)", 1, number, .here(vport: number))
        }
        for family in Family.allCases { route(control, family) }
        for table in 0...3 { control.flow(1, .ingress, table, 0, "1", "next;") }
        control.flow(1, .ingress, 4, 0, "1", "output;")
        control.flow(1, .egress, 0, 0, "1", "output;")
        return control
    }

    private static func route(_ control: Control, _ family: Family) {
        let there = "\(family.name).dst == \(family.prefix)"
        control.flow(1, .ingress, 0, 100, there, "reg9[5] = chk_ecmp_nh(); ct_next;")
        for port in 2...3 {
            let came = "inport == \"p\(port)\" && \(family.name).src == \(family.prefix)"
            control.flow(1, .ingress, 0, 100, came, "reg9[5] = chk_ecmp_nh_mac(); ct_next;")
            for transport in ["tcp", "udp", "sctp"] {
                let commit =
                    "ct_commit { ct_label.ecmp_reply_eth = eth.src; "
                    + "ct_mark.ecmp_reply_port = \(port); }; commit_ecmp_nh("
                    + "ipv6 = \(family == .ip6), proto = \(transport)); next;"
                control.flow(
                    1, .ingress, 1, 100, "\(came) && (ct.new && !ct.est) && \(transport)", commit)
                control.flow(
                    1, .ingress, 1, 100,
                    "\(came) && (!ct.rpl && ct.est) && \(transport) && reg9[5] == 0", commit)
            }
            let isAnswer = "ct.rpl && reg9[5] == 1 && ct_mark.ecmp_reply_port == \(port)"
            control.flow(
                1, .ingress, 2, 300, "\(isAnswer) && \(there)", "outport = \"p\(port)\"; next;")
            control.flow(
                1, .ingress, 3, 200, isAnswer,
                "push(xxreg1); xxreg1 = ct_label; eth.dst = xxreg1[32..79]; pop(xxreg1); next;")
        }
        control.flow(
            1, .ingress, 2, 100, there, "outport = \"p4\"; eth.dst = \(chosen); next;")
        control.flow(
            1, .ingress, 2, 100, "\(family.name).dst == \(family.server)",
            "outport = \"p1\"; next;")
    }

    private static let ports: [ModelDatapath.Port] = [.init(1), .init(2), .init(3), .init(4)]

    private static func host() -> Host { Host(network().snapshot(), ports: ports) }

    private func segment(
        _ family: Family, _ from: (MACAddress, String, UInt16),
        _ to: (MACAddress, String, UInt16), _ flags: UInt16
    ) -> [UInt8] {
        PacketBuilder.tcp(
            Frames.ethernet(from.0, to.0),
            family == .ip4 ? Frames.ipv4(from.1, to.1) : Frames.ipv6(from.1, to.1), ttl: 64,
            TCPSegment(source: from.2, destination: to.2, flags: flags), [])
    }

    private func request(
        _ family: Family, by hop: MACAddress, _ port: UInt16 = 2000,
        flags: UInt16 = TCPFlag.syn
    ) -> [UInt8] {
        segment(
            family, (hop, family.client, port), (Frames.router, family.server, 80), flags)
    }

    private func answer(
        _ family: Family, to hop: MACAddress = Frames.router, _ port: UInt16 = 2000
    ) -> [UInt8] {
        segment(
            family, (Frames.a, family.server, 80), (hop, family.client, port),
            TrackingTests.answer)
    }

    private func isUse(_ effect: SideEffect) -> Bool {
        if case .nextHopUse = effect { true } else { false }
    }

    private func isCommit(_ effect: SideEffect) -> Bool {
        if case .nextHop = effect { true } else { false }
    }

    @Test(arguments: Family.allCases)
    func answersGoBackTheWayTheRequestCame(_ family: Family) {
        var host = Self.host()
        let strange = host.receive(answer(family), on: 1)
        #expect(strange.sent.map(\.port) == [4], "nobody has asked")
        for (number, (hop, port)) in zip(Self.hops, [2, 2, 3] as [UInt32]).enumerated() {
            let client = UInt16(3000 + number)
            let first = host.receive(request(family, by: hop, client), on: port)
            #expect(first.faults.isEmpty)
            #expect(first.sent.map(\.port) == [1], "the first packet goes on at once")
            for _ in 0..<2 {
                let back = host.receive(answer(family, client), on: 1)
                #expect(back.faults.isEmpty)
                #expect(
                    back.sent == [
                        .init(port: port, frame: answer(family, to: hop, client), tunnel: nil)
                    ])
            }
        }
        #expect(host.translator.nextHops.count == Self.hops.count)
    }

    /// A connection that is known is not committed with every packet, and the kernel serves it alone.
    @Test func aKnownConnectionCostsNothing() {
        var host = Self.host()
        let packet = request(.ip4, by: Frames.b, flags: TCPFlag.ack)
        _ = host.receive(request(.ip4, by: Frames.b), on: 2)
        _ = host.receive(answer(.ip4), on: 1)
        _ = host.receive(packet, on: 2)
        let before = host.upcalls
        let there = host.receive(packet, on: 2)
        let back = host.receive(answer(.ip4), on: 1)
        #expect(host.upcalls == before)
        #expect(there.sent.map(\.port) == [1])
        #expect(back.sent.map(\.port) == [2])
        for outcome in [there, back] {
            #expect(outcome.effects.contains(where: isUse), "packets keep the entry alive")
            #expect(!outcome.effects.contains(where: isCommit))
        }
    }

    /// The client's network sends by another next hop from now on: the very next answer goes there.
    @Test func answersFollowTheRequests() {
        var host = Self.host()
        _ = host.receive(request(.ip4, by: Frames.b), on: 2)
        _ = host.receive(answer(.ip4), on: 1)
        let moves: [(MACAddress, UInt32)] = [(Frames.c, 2), (Self.hops[2], 3), (Frames.b, 2)]
        for (hop, port) in moves {
            _ = host.receive(request(.ip4, by: hop, flags: TCPFlag.ack), on: port)
            let back = host.receive(answer(.ip4), on: 1)
            #expect(
                back.sent == [.init(port: port, frame: answer(.ip4, to: hop), tunnel: nil)])
        }
        #expect(host.translator.nextHops.count == 1)
    }

    /// Flows that stand for a connection are asked again when its entry goes and when it comes back.
    @Test func flowsFollowTheEntry() throws {
        var host = Self.host()
        let packet = request(.ip4, by: Frames.b, flags: TCPFlag.ack)
        _ = host.receive(request(.ip4, by: Frames.b), on: 2)
        for _ in 0..<2 {
            _ = host.receive(answer(.ip4), on: 1)
            _ = host.receive(packet, on: 2)
        }
        try host.expire(now: 21_001)
        #expect(host.translator.nextHops.count == 0)
        #expect(host.receive(answer(.ip4), on: 1).sent.map(\.port) == [4], "forgotten")
        let again = host.receive(packet, on: 2)
        #expect(again.faults.isEmpty)
        #expect(again.sent.map(\.port) == [1])
        #expect(again.effects.contains(where: isCommit), "committed anew")
        #expect(host.receive(answer(.ip4), on: 1).sent.map(\.port) == [2])
    }

    /// After half a minute a request commits again; answers keep their way meanwhile.
    @Test func aLongConnectionIsRenewed() throws {
        var host = Self.host()
        let packet = request(.ip4, by: Frames.b, flags: TCPFlag.ack)
        _ = host.receive(request(.ip4, by: Frames.b), on: 2)
        for time in [11_000, 21_000, 31_000] as [UInt64] {
            host.now = time
            _ = host.receive(answer(.ip4), on: 1)
            var outcome = host.receive(packet, on: 2)
            #expect(!outcome.effects.contains(where: isCommit))
            host.learn(outcome.effects, &outcome)
            #expect(outcome.faults.isEmpty)
            try host.expire(now: Int64(time))
        }
        #expect(host.receive(answer(.ip4), on: 1).sent.map(\.port) == [2])
        #expect(host.receive(packet, on: 2).effects.contains(where: isCommit))
        #expect(!host.receive(packet, on: 2).effects.contains(where: isCommit))
    }

    /// Packets that the kernel serves while there is no entry teach it too: none comes up for it.
    @Test func aFullTableKeepsTheKernelServing() {
        var host = Self.host()
        var limits = NextHopTable.Limits()
        limits.entries = 1
        host.translator.nextHops = NextHopTable(limits: limits)
        let packet = request(.ip4, by: Frames.c, 2001, flags: TCPFlag.ack)
        _ = host.receive(request(.ip4, by: Frames.b), on: 2)
        for _ in 0..<2 { _ = host.receive(request(.ip4, by: Frames.c, 2001), on: 2) }
        _ = host.receive(answer(.ip4, 2001), on: 1)
        for _ in 0..<2 { _ = host.receive(packet, on: 2) }
        let before = host.upcalls
        let served = host.receive(packet, on: 2)
        #expect(host.upcalls == before)
        #expect(served.sent.map(\.port) == [1])
        #expect(served.effects.contains(where: isCommit))
        #expect(host.translator.nextHops.count == 1)

        host.translator.nextHops = NextHopTable()
        var outcome = served
        host.learn(served.effects, &outcome)
        #expect(outcome.faults.isEmpty)
        #expect(host.receive(answer(.ip4, 2001), on: 1).sent.map(\.port) == [2])
    }

    /// What has no ports is no connection here, nor is a packet of another protocol than the flow says.
    @Test func onlyWhatTheActionNamesIsCommitted() {
        let control = Self.network()
        control.flow(
            1, .ingress, 1, 200, "udp", "commit_ecmp_nh(ipv6 = false, proto = tcp); next;")
        control.flow(
            1, .ingress, 1, 200, "icmp4", "commit_ecmp_nh(ipv6 = false, proto = tcp); next;")
        control.flow(
            1, .ingress, 1, 200, "tcp", "commit_ecmp_nh(ipv6 = true, proto = tcp); next;")
        var host = Host(control.snapshot(), ports: Self.ports)
        let echo = PacketBuilder.echo(
            Frames.ethernet(Frames.b, Frames.router),
            Frames.ipv4(Family.ip4.client, Family.ip4.server), identifier: 1, sequence: 1)
        for frame in [
            Frames.udp(
                Frames.b, Frames.router, from: Family.ip4.client, to: Family.ip4.server),
            echo, request(.ip4, by: Frames.b),
        ] {
            #expect(host.receive(frame, on: 2).sent.map(\.port) == [1])
        }
        #expect(host.translator.nextHops.count == 0)
    }

    @Test func entriesEnd() {
        func key(_ port: UInt16) -> ConnectionKey {
            ConnectionKey(
                datapath: 1, proto: IPProtocol.tcp, source: (.v4(IPv4Address(1)), port),
                destination: (.v4(IPv4Address(2)), 80))
        }
        var limits = NextHopTable.Limits()
        limits.entries = 2
        var table = NextHopTable(limits: limits)
        let taken = [1, 1, 2, 3].map { table.commit(key($0), by: Frames.b, now: 0) }
        #expect(taken == [true, false, true, false], "the third finds no room")
        #expect(table[key(1)] == Frames.b)
        #expect(table[key(3)] == nil && !table.contains(key(3)))
        let moved = table.commit(key(2), by: Frames.c, now: 0)
        #expect(moved)

        table.refresh(key(1), now: 15_000)
        table.refresh(key(3), now: 15_000)
        let idle = [19_999, 20_000].map { table.expire(now: $0) }
        #expect(idle == [[], [key(2)]])
        table.refresh(key(1), now: 25_000)
        let renewed = [29_999, 30_000, 30_001].map { table.expire(now: $0) }
        #expect(renewed == [[], [key(1)], []])
        #expect(table[key(1)] == nil && table.contains(key(1)))
        let again = [30_002, 30_003].map { table.commit(key(1), by: Frames.b, now: $0) }
        #expect(again == [true, false])
        let last = table.expire(now: 50_003)
        #expect(last == [key(1)])
        #expect(table.count == 0)
    }
}
