import Datapath
import Testing
import Wire

@testable import AgentCore

/// Packets that wait for a neighbour are bounded, and nobody takes the place of somebody else's.
@Suite struct NeighbourBufferTests {
    private static let scanner = PacketSource(vport: 1)
    private static let honest = PacketSource(vport: 2)

    private static func packet(_ address: UInt32, _ mark: UInt8 = 0) -> PendingPacket {
        PendingPacket(
            neighbour: NeighbourKey(
                port: PortReference(datapath: 1, port: 1), address: .v4(IPv4Address(address))),
            frame: [mark], metadata: FlowKey(), resume: .output)
    }

    private static func view(knowing addresses: UInt32...) -> PhysicalView {
        var view = PhysicalView()
        for address in addresses { view.neighbours[packet(address).neighbour] = Frames.a }
        return view
    }

    @Test func theBufferIsBounded() {
        var limits = NeighbourBuffer.Limits()
        limits.keys = 2
        limits.packetsPerKey = 2
        var buffer = NeighbourBuffer(limits: limits)
        for mark in 0..<3 as Range<UInt8> {
            buffer.add(Self.packet(1, mark), from: Self.honest, now: 0)
        }
        buffer.add(Self.packet(2), from: Self.honest, now: 5)
        #expect(buffer.count == 3)
        #expect(buffer.takeGivenUp() == [2: .init(displaced: 1)])
        buffer.add(Self.packet(3), from: Self.honest, now: 5)
        #expect(buffer.count == 2)
        #expect(
            buffer.takeGivenUp() == [2: .init(displaced: 2)], "two packets for the first one")
        let known = buffer.takeKnown(in: Self.view(knowing: 1, 2))
        #expect(known.map(\.packet.frame) == [[0]])
        buffer.expire(now: 10_004)
        #expect(buffer.count == 1)
        buffer.expire(now: 10_005)
        #expect(buffer.count == 0)
        #expect(buffer.takeGivenUp() == [2: .init(unanswered: 1)])
        #expect(buffer.takeGivenUp() == [:])
    }

    @Test func theLatestPacketsWait() {
        var limits = NeighbourBuffer.Limits()
        limits.packetsPerKey = 2
        var buffer = NeighbourBuffer(limits: limits)
        for mark in 0..<3 as Range<UInt8> {
            buffer.add(Self.packet(1, mark), from: Self.honest, now: 0)
        }
        let known = buffer.takeKnown(in: Self.view(knowing: 1))
        #expect(known.map(\.packet.frame) == [[1], [2]])
        #expect(buffer.count == 0)
        #expect(!buffer.mayAsk(Self.packet(1).neighbour, now: 0), "nobody waits for it")
    }

    /// One workload looks for a hundred thousand neighbours that nobody is, as others look for theirs.
    @Test func aScanDisplacesNobodyElse() {
        var buffer = NeighbourBuffer()
        let limits = NeighbourBuffer.Limits()
        let mine = Self.packet(7, 9)
        buffer.add(mine, from: Self.honest, now: 0)
        buffer.ask(mine.neighbour, from: Self.honest, now: 0)
        for address in 1000..<101_000 as Range<UInt32> {
            let scanned = Self.packet(address)
            buffer.add(scanned, from: Self.scanner, now: 1)
            #expect(buffer.mayAsk(scanned.neighbour, now: 1))
            buffer.ask(scanned.neighbour, from: Self.scanner, now: 1)
        }
        #expect(buffer.count == limits.keys)
        #expect(buffer.asked == limits.questions)
        #expect(
            buffer.takeGivenUp() == [1: .init(displaced: 100_000 - UInt64(limits.keys) + 1)])
        #expect(!buffer.mayAsk(mine.neighbour, now: 999), "asked less than a second ago")
        #expect(buffer.mayAsk(mine.neighbour, now: 1000))

        let late = Self.packet(8, 10)
        buffer.add(late, from: Self.honest, now: 2)
        #expect(buffer.mayAsk(late.neighbour, now: 2))
        let known = buffer.takeKnown(in: Self.view(knowing: 7, 8, 100_999))
        #expect(known.map(\.packet.frame) == [[9], [10], [0]])
        buffer.expire(now: 20_000)
        #expect(buffer.count == 0 && buffer.asked == 0)
    }

    /// The scanner sends packets for the other one's neighbour too.
    @Test func packetsForOneNeighbourAreSharedOutToo() {
        var buffer = NeighbourBuffer()
        buffer.add(Self.packet(7, 9), from: Self.honest, now: 0)
        for mark in 0..<100 as Range<UInt8> {
            buffer.add(Self.packet(7, mark), from: Self.scanner, now: 1)
        }
        let known = buffer.takeKnown(in: Self.view(knowing: 7))
        #expect(known.map(\.packet.frame) == [[96], [97], [98], [99], [9]])
    }

    @Test func theChassisBehindATunnelShareItsPort() throws {
        var limits = NeighbourBuffer.Limits()
        limits.keys = 10
        var buffer = NeighbourBuffer(limits: limits)
        var key = FlowKey()
        key[.inputPort] = 9
        key[.tunnelFamily] = TunnelFamily.ipv4
        func source(_ sender: UInt32) -> PacketSource {
            key[wide: .tunnelSource] = UInt128(sender)
            return PacketSource(key)
        }
        buffer.add(Self.packet(7), from: source(0xc000_0201), now: 0)
        for address in 1000..<2000 as Range<UInt32> {
            buffer.add(Self.packet(address), from: source(0xc000_0202), now: 1)
        }
        #expect(buffer.count == 10)
        #expect(buffer.takeKnown(in: Self.view(knowing: 7)).count == 1)
    }
}
