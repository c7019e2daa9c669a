import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// Who has to go when there are as many flows as there may be.
@Suite struct MegaflowRoomTests {
    private static func limits(
        flows: Int = 200_000, ofPort: Int = 65_536
    ) -> MegaflowTable.Limits {
        var limits = MegaflowTable.Limits()
        limits.flows = flows
        limits.flowsPerPort = ofPort
        return limits
    }

    /// Each address is a flow of its own.
    private static func network() -> Control {
        let control = SwitchTranslationTests.network()
        for number in 1...20 {
            control.flow(1, .ingress, 0, 60, "eth.src == \(address(number))", "next;")
        }
        return control
    }

    private static func address(_ number: Int) -> MACAddress {
        MACAddress(0x0a00_0000_1000 + UInt64(number))
    }

    private static func frame(_ number: Int) -> [UInt8] {
        Frames.udp(address(number), Frames.b)
    }

    private func host(_ limits: MegaflowTable.Limits) -> Host {
        Host(Self.network().snapshot(), ports: SwitchTranslationTests.ports, limits: limits)
    }

    /// The numbers of the addresses that have flows from a port.
    private func flows(_ host: borrowing Host, _ port: UInt64) -> [Int] {
        host.kernel.dump().filter { $0.key[.inputPort] == port }
            .map { Int($0.key[.ethernetSource] & 0xff) }.sorted()
    }

    private func review(_ host: inout Host, at now: UInt64) throws {
        host.now = now
        let dump = host.kernel.dump().map { ListedFlow(id: $0.id, statistics: $0.statistics) }
        for case .delete(let id) in host.table.review(dump, start: now, now: now).commands {
            try host.kernel.delete(id)
        }
    }

    @Test func aPortAtItsCapLosesItsIdlestFlow() throws {
        var host = host(Self.limits(ofPort: 4))
        _ = host.receive(Self.frame(9), on: 2)
        for number in 1...4 {
            host.now += 10
            _ = host.receive(Self.frame(number), on: 1)
        }
        #expect(flows(host, 1) == [1, 2, 3, 4])
        host.now += 10
        // In another order than that in which the kernel lists them.
        for number in [2, 1] {
            host.now += 10
            _ = host.receive(Self.frame(number), on: 1)
        }
        try review(&host, at: host.now + 10)
        for (number, left) in [
            (5, [1, 2, 4, 5]), (6, [1, 2, 5, 6]), (7, [1, 5, 6, 7]), (8, [5, 6, 7, 8]),
        ] {
            host.now += 10
            let outcome = host.receive(Self.frame(number), on: 1)
            #expect(outcome.faults == [])
            #expect(flows(host, 1) == left)
            #expect(host.table.count == 5)
        }
        #expect(flows(host, 2) == [9], "nobody else's")
    }

    @Test func whatWasUsedAgainStaysAndWhatWasMadeSinceToo() throws {
        var host = host(Self.limits(ofPort: 3))
        for number in 1...3 {
            host.now += 10
            _ = host.receive(Self.frame(number), on: 1)
        }
        try review(&host, at: host.now + 10)
        host.now += 10
        _ = host.receive(Self.frame(1), on: 1)
        host.now += 10
        _ = host.receive(Self.frame(4), on: 1)
        #expect(flows(host, 1) == [2, 3, 4], "nobody has told of the use yet")
        host.now += 10
        _ = host.receive(Self.frame(2), on: 1)
        try review(&host, at: host.now + 10)
        host.now += 10
        _ = host.receive(Self.frame(5), on: 1)
        host.now += 10
        _ = host.receive(Self.frame(6), on: 1)
        #expect(flows(host, 1) == [2, 5, 6])
    }

    @Test func whenThereMayBeNoMoreThePortWithMostLoses() throws {
        var host = host(Self.limits(flows: 6))
        for number in 1...5 {
            host.now += 10
            _ = host.receive(Self.frame(number), on: 1)
        }
        for number in 6...8 {
            host.now += 10
            _ = host.receive(Self.frame(number), on: 2)
        }
        #expect(flows(host, 1) == [3, 4, 5])
        #expect(flows(host, 2) == [6, 7, 8])
        for number in 9...12 { _ = host.receive(Self.frame(number), on: 1) }
        #expect(flows(host, 2) == [6, 7, 8])
        #expect(host.table.count == 6 && host.kernel.flowCount == 6)
    }

    /// The last packets of a flow that has made room count.
    @Test func theCountsOfAnEvictedFlowAreKept() throws {
        let control = Self.network()
        control.flow(1, .ingress, 0, 90, "eth.src == \(Self.address(1))", "drop;")
        var host = Host(
            control.snapshot(), ports: SwitchTranslationTests.ports,
            limits: Self.limits(ofPort: 1))
        for _ in 0..<4 { _ = host.receive(Self.frame(1), on: 1) }
        let flow = try #require(host.kernel.dump().first)
        _ = host.receive(Self.frame(2), on: 1)
        var traffic = TrafficReport()
        host.table.deleted(try #require(flow.id), flow.statistics, &traffic)
        #expect(traffic.drops.values.map(\.packets) == [3])
    }

    @Test func aTableWithoutAnyRoomRefuses() {
        var host = host(Self.limits(flows: 0))
        let outcome = host.receive(Self.frame(1), on: 1)
        #expect(outcome.sent.map(\.port) == [2])
        #expect(host.table.count == 0 && host.kernel.flowCount == 0)
    }
}

/// How many masks there are, whatever packets come.
@Suite struct MaskBoundTests {
    /// Lists that all but match what `explosion` sends.
    private static func network() -> Control {
        let control = SwitchTranslationTests.network()
        for term in ["ip4.dst == 10.0.1.111", "ip4.src == 10.0.2.222", "udp.dst == 80"] {
            control.flow(1, .ingress, 0, 90, term, "next;")
        }
        control.flow(1, .ingress, 0, 80, "ip4.src == 10.0.0.66 && udp", "drop;")
        return control
    }

    /// Differs from what lists name in one bit of each of two addresses.
    private static func explosion(_ number: Int) -> [UInt8] {
        PacketBuilder.udp(
            Frames.ethernet(Frames.a, Frames.b),
            .v4(
                source: IPv4Address(0x0a00_02de ^ 1 << UInt32(number / 32 % 32)),
                destination: IPv4Address(0x0a00_016f ^ 1 << UInt32(number % 32))),
            ttl: 64, source: 1000, destination: 53, [1])
    }

    private static func limits(_ masks: Int, ofPort: Int) -> MegaflowTable.Limits {
        var limits = MegaflowTable.Limits()
        limits.masks = masks
        limits.masksPerWorkload = ofPort
        limits.masksPerSharedPort = masks
        return limits
    }

    /// Every fifth packet of an explosion, so that all bits of both have their turn.
    private static let numbers = stride(from: 0, to: 1024, by: 5)

    @Test func withoutABoundThereWouldBeManyMasks() {
        var host = Host(
            Self.network().snapshot(), ports: SwitchTranslationTests.ports,
            limits: Self.limits(.max / 4, ofPort: .max / 4))
        for number in Self.numbers { _ = host.receive(Self.explosion(number), on: 1) }
        #expect(host.kernel.masks.count > 100)
    }

    @Test func anExplosionHasTheMasksOfItsPort() {
        var host = Host(
            Self.network().snapshot(), ports: SwitchTranslationTests.ports,
            limits: Self.limits(64, ofPort: 16))
        for number in Self.numbers {
            let outcome = host.receive(Self.explosion(number), on: 1)
            #expect(outcome.faults == [] && outcome.sent.map(\.port) == [2])
            #expect(host.kernel.masks.count <= 16)
        }
        #expect(host.table.maskCount == host.kernel.masks.count)
        // Each packet has a flow of its own now, and no more than one.
        let before = host.upcalls
        for number in Self.numbers { _ = host.receive(Self.explosion(number), on: 1) }
        #expect(host.upcalls == before)
        // A neighbour's flows compare what they must.
        _ = host.receive(Frames.udp(Frames.b, Frames.c, to: "10.0.1.111"), on: 2)
        let flow = host.kernel.dump().first { $0.key[.inputPort] == 2 }
        #expect(flow?.mask[.ethernetSource] == 0)
    }

    /// Flows that compare more than they need to are right when they are asked again, and are found
    /// right by whoever starts after.
    @Test func narrowedFlowsAreNoFinding() throws {
        let control = Self.network()
        var host = Host(
            control.snapshot(), ports: SwitchTranslationTests.ports,
            limits: Self.limits(8, ofPort: 8))
        for number in Self.numbers { _ = host.receive(Self.explosion(number), on: 1) }
        let flows = host.kernel.dump()
        control.flow(
            1, .ingress, 1, 60, "eth.dst == 0a:00:00:00:00:02", "outport = \"p2\"; output;")
        #expect(try host.swap(to: control.snapshot()) > 0)
        #expect(host.kernel.dump() == flows)

        var random = SeededGenerator(seed: 1)
        var translator = Translator()
        let snapshot = host.table.snapshot
        for flow in flows {
            let finding = MegaflowCheck.examine(flow, using: &random) { key in
                translator.translate(
                    TranslationInput(key: key, frame: nil, upcallPort: Host.upcallPort),
                    in: snapshot)
            }
            #expect(finding == nil)
            let found = host.table.correction(of: flow, expressed: { $0 })
            #expect(found == nil)
        }
    }

    @Test func adoptedFlowsCountAndNewOnesFindTheirMasks() throws {
        let snapshot = Self.network().snapshot()
        var old = Host(snapshot, ports: SwitchTranslationTests.ports)
        for number in Self.numbers.prefix(40) { _ = old.receive(Self.explosion(number), on: 1) }
        #expect(old.kernel.masks.count > 16)
        var new = Host(
            snapshot, ports: SwitchTranslationTests.ports, epoch: 2,
            limits: Self.limits(16, ofPort: 16))
        new.kernel = old.kernel
        for flow in old.kernel.dump() {
            let translation = new.translator.translate(
                TranslationInput(key: flow.key, frame: nil, upcallPort: Host.upcallPort),
                in: snapshot)
            #expect(new.table.adopt(flow, translation, now: 0) == nil)
        }
        let masks = new.kernel.masks.count
        #expect(new.table.maskCount == masks)
        for number in Self.numbers { _ = new.receive(Self.explosion(number), on: 1) }
        #expect(new.kernel.masks.count == masks)
    }

    /// When masks are free again, new flows compare what they must.
    @Test func roomComesBack() throws {
        var host = Host(
            Self.network().snapshot(), ports: SwitchTranslationTests.ports,
            limits: Self.limits(8, ofPort: 8))
        for number in Self.numbers { _ = host.receive(Self.explosion(number), on: 1) }
        let frame = Frames.arpRequest(Frames.a, "10.0.0.1", "10.0.0.2")
        for case .delete(let id) in host.table.purge() { try host.kernel.delete(id) }
        #expect(host.table.maskCount == 0)
        _ = host.receive(frame, on: 1)
        let mask = try #require(host.kernel.dump().first?.mask)
        #expect(mask[.arpOperation] == 0 && mask[.ethernetSource] == 0)
    }
}
