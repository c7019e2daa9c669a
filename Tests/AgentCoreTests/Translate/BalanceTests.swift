import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// Load balancers and other choices by hash.
@Suite struct BalanceTests {
    /// Clients behind p1; 30.0.0.1:80 stands for port 8080 of 10.0.0.2 (p2) and 10.0.0.3 (p3).
    static func network(
        _ balance: String = "ct_lb_mark(backends=10.0.0.2:8080,10.0.0.3:8080);"
    ) -> Control {
        let control = Control()
        for number in 1...3 {
            control.port("p\(number)", 1, UInt32(number), .here(vport: UInt32(number)))
            control.flow(
                1, .ingress, 2, 50, "ip4.dst == 10.0.0.\(number)",
                "outport = \"p\(number)\"; output;")
        }
        control.flow(1, .ingress, 0, 0, "ip", "ct_lb_mark;")
        control.flow(
            1, .ingress, 1, 100, "ct.new && ip4.dst == 30.0.0.1 && tcp.dst == 80",
            "reg4 = 30.0.0.1; reg2[0..15] = 80; \(balance)")
        control.flow(1, .ingress, 1, 0, "1", "next;")
        control.flow(1, .egress, 0, 0, "1", "ct_lb_mark;")
        control.flow(1, .egress, 1, 0, "1", "output;")
        return control
    }

    private static func client(_ port: UInt16, flags: UInt16 = TCPFlag.syn) -> [UInt8] {
        TrackingTests.tcp(
            (Frames.a, "10.0.0.1", port), (Frames.b, "30.0.0.1", 80), flags: flags)
    }

    @Test func connectionsAreSpreadAndStayWhereTheyAre() throws {
        let control = Self.network()
        // The backends are hosts of their own: their answers are tracked at the client's port.
        var host = Host(control.snapshot(), ports: TrackingTests.ports)
        var counts: [UInt32: Int] = [:]
        for port in 2000..<2064 as Range<UInt16> {
            let first = host.receive(Self.client(port), on: 1)
            #expect(first.faults.isEmpty)
            let backend = try #require(first.sent.first).port
            counts[backend, default: 0] += 1
            let key = FlowKey(of: first.sent[0].frame)
            #expect(key[.destinationPort] == 8080)
            #expect(key[.ipv4Destination] == 0x0a00_0000 + UInt64(backend))
            let again = host.receive(Self.client(port), on: 1)
            #expect(again.sent == first.sent, "a retransmission goes the same way")
            let answer = TrackingTests.tcp(
                (Frames.b, "10.0.0.\(backend)", 8080), (Frames.a, "10.0.0.1", port),
                flags: TrackingTests.answer)
            let reply = host.receive(answer, on: backend)
            let returned = try #require(reply.sent.first)
            let seen = FlowKey(of: returned.frame)
            #expect(seen[.ipv4Source] == 0x1e00_0001 && seen[.sourcePort] == 80)
            let third = host.receive(Self.client(port, flags: TCPFlag.ack), on: 1)
            #expect(third.sent.map(\.port) == [backend])
        }
        #expect(counts.values.allSatisfy { $0 > 12 } && counts.count == 2)
        let hashed = host.kernel.dump().filter { $0.mask[.datapathHash] != 0 }
        #expect(hashed.count <= 16 && Set(hashed.map(\.mask)).count == 1)
    }

    /// One pass on each side for a connection that is there; the first packet makes a trip for the
    /// hash and one for the choice.
    @Test func onlyFirstPacketsPayForTheChoice() throws {
        var host = Host(Self.network().snapshot(), ports: TrackingTests.ports)
        for port in 2000..<2200 as Range<UInt16> {
            let first = host.receive(Self.client(port), on: 1)
            let backend = try #require(first.sent.first).port
            let answer = TrackingTests.tcp(
                (Frames.b, "10.0.0.\(backend)", 8080), (Frames.a, "10.0.0.1", port),
                flags: TrackingTests.answer)
            _ = host.receive(answer, on: backend)
            _ = host.receive(Self.client(port, flags: TCPFlag.ack), on: 1)
        }
        let before = host.upcalls
        let first = host.receive(Self.client(3000), on: 1)
        #expect((first.trackings, first.recirculations) == (3, 4))
        let backend = try #require(first.sent.first).port
        let answer = TrackingTests.tcp(
            (Frames.b, "10.0.0.\(backend)", 8080), (Frames.a, "10.0.0.1", 3000),
            flags: TrackingTests.answer)
        _ = host.receive(answer, on: backend)
        _ = host.receive(Self.client(3000, flags: TCPFlag.ack), on: 1)
        let later = host.receive(Self.client(3000, flags: TCPFlag.ack), on: 1)
        #expect((later.trackings, later.recirculations) == (2, 2))
        #expect(host.upcalls == before, "connections share their flows")
    }

    @Test func aSingleBackendNeedsNoHash() {
        var host = Host(
            Self.network("ct_lb_mark(backends=10.0.0.3:8080; skip_snat);").snapshot(),
            ports: TrackingTests.ports)
        let outcome = host.receive(Self.client(2000), on: 1)
        #expect(outcome.sent.map(\.port) == [3])
        #expect(host.kernel.dump().allSatisfy { $0.mask[.datapathHash] == 0 })
        #expect(host.kernel.connections.all.first?.mark == 6)
        var old = Host(
            Self.network("ct_lb(backends=10.0.0.3:8080; force_snat);").snapshot(),
            ports: TrackingTests.ports)
        _ = old.receive(Self.client(2000), on: 1)
        #expect(old.kernel.connections.all.first?.label == 10)
        #expect(old.kernel.connections.all.first?.mark == 0)
    }

    @Test func fieldsDecideWhereTheyAreNamed() {
        var host = Host(
            Self.network(
                "ct_lb_mark(backends=10.0.0.2:8080,10.0.0.3:8080; hash_fields=\"ip_src\");"
            ).snapshot(), ports: TrackingTests.ports)
        let ports = (2000..<2016 as Range<UInt16>).map {
            host.receive(Self.client($0), on: 1).sent.map(\.port)
        }
        #expect(Set(ports).count == 1, "one client, one backend")
        #expect(host.kernel.dump().allSatisfy { $0.mask[.datapathHash] == 0 })
    }

    @Test func localBackendsOnly() throws {
        let control = Self.network(
            "ct_lb_mark_local(backends=\"p2\":10.0.0.2:8080,\"p3\":10.0.0.3:8080);")
        control.view.localPorts = ["p1", "p3"]
        var host = Host(control.snapshot(), ports: TrackingTests.ports)
        for port in 2000..<2016 as Range<UInt16> {
            #expect(host.receive(Self.client(port), on: 1).sent.map(\.port) == [3])
        }
        control.view.localPorts = ["p1", "p2"]
        try host.swap(to: control.snapshot())
        for port in 3000..<3016 as Range<UInt16> {
            #expect(host.receive(Self.client(port), on: 1).sent.map(\.port) == [2])
        }
        control.view.localPorts = ["p1"]
        try host.swap(to: control.snapshot())
        #expect(host.receive(Self.client(4000), on: 1).sent.isEmpty)
    }

    @Test func selectSharesByWeight() {
        let control = Control()
        for number in 1...3 {
            control.port("p\(number)", 1, UInt32(number), .here(vport: UInt32(number)))
            control.flow(
                1, .ingress, 1, 50, "reg5[0..15] == \(number)",
                "outport = \"p\(number)\"; output;")
        }
        control.flow(
            1, .ingress, 0, 0, "ip", "ip.ttl--; reg5[0..15] = select(2=100, 3=300);")
        control.flow(1, .egress, 0, 0, "1", "output;")
        var host = Host(control.snapshot(), ports: TrackingTests.ports)
        var counts: [UInt32: Int] = [:]
        for port in 1000..<1400 as Range<UInt16> {
            let frame = TrackingTests.tcp(
                (Frames.a, "10.0.0.1", port), (Frames.b, "10.0.0.2", 80))
            let outcome = host.receive(frame, on: 1)
            #expect(outcome.sent.count == 1)
            guard let sent = outcome.sent.first else { continue }
            #expect(FlowKey(of: sent.frame)[.ipTTL] == 63, "once, although the flow is met twice")
            #expect(host.receive(frame, on: 1).sent == outcome.sent)
            counts[sent.port, default: 0] += 1
        }
        #expect((60..<150).contains(counts[2] ?? 0) && (counts[3] ?? 0) > 250)
    }

    @Test func forwardingGroupsChooseAPort() {
        let control = Control()
        for number in 1...3 {
            control.port("p\(number)", 1, UInt32(number), .here(vport: UInt32(number)))
        }
        control.flow(
            1, .ingress, 0, 0, "ip", "fwd_group(liveness=\"true\", childports=\"p2\", \"p3\");")
        control.flow(1, .egress, 0, 0, "1", "output;")
        var host = Host(control.snapshot(), ports: TrackingTests.ports)
        var seen: Set<[UInt32]> = []
        for port in 1000..<1040 as Range<UInt16> {
            let frame = TrackingTests.tcp(
                (Frames.a, "10.0.0.1", port), (Frames.b, "10.0.0.2", 80))
            seen.insert(host.receive(frame, on: 1).sent.map(\.port))
        }
        #expect(seen == [[2], [3]])
    }

    // MARK: - Slots

    private func choice(_ weights: [UInt64: UInt32]) -> HashChoice {
        HashChoice(
            weights.sorted { $0.key < $1.key }.map {
                .init(identity: StableHash.of(UInt128($0.key)), weight: $0.value)
            })
    }

    /// More members than a slot can name: those that it can are chosen from.
    @Test func membersHaveALimit() {
        let choice = HashChoice(
            (0..<70_000).map { .init(identity: StableHash.of(UInt128($0)), weight: 1) })
        #expect(choice.members.count == 65_535)
        #expect(choice.table().allSatisfy { Int($0) < choice.members.count })
    }

    @Test func slotsAreSharedByWeight() {
        func counts(_ choice: HashChoice) -> [Int] {
            let table = choice.table()
            return choice.members.indices.map { index in
                table.filter { Int($0) == index }.count
            }
        }
        #expect(counts(choice([1: 100, 2: 100, 3: 100])).sorted() == [5, 5, 6])
        #expect(counts(choice([1: 100, 2: 300])) == [4, 12])
        let many = choice(Dictionary(uniqueKeysWithValues: (1...100).map { ($0, 1) }))
        #expect(many.slotCount == 512)
        #expect(counts(many).allSatisfy { (5...6).contains($0) })
        let huge = choice(Dictionary(uniqueKeysWithValues: (1...5000).map { ($0, 1) }))
        #expect(counts(huge).allSatisfy { $0 > 0 })
    }

    /// A member that goes leaves most slots of the others where they are.
    @Test func fewSlotsChangeHands() {
        let before = choice([1: 1, 2: 1, 3: 1, 4: 1])
        let after = choice([1: 1, 2: 1, 4: 1])
        let old = before.table().map { before.members[Int($0)].identity }
        let new = after.table().map { after.members[Int($0)].identity }
        #expect(old.count == new.count)
        let gone = StableHash.of(3)
        let moved = zip(old, new).filter { $0 != $1 && $0 != gone }.count
        #expect(moved <= 4, "\(moved) of 12 slots moved")
    }
}
