import Pipeline
import Testing
import Wire

@testable import AgentCore

/// How many kinds of drops are told apart, and which are given up.
@Suite struct DropCountTests {
    private static func drop(_ flow: Int) -> PacketDrop {
        PacketDrop(
            .flow, stage: LogicalStage(DatapathKey(1), Stage(.ingress, 2)),
            flow: RowIdentifier(high: 0, low: UInt64(flow)))
    }

    /// A source that somebody has made up.
    private static func forged(_ number: Int) -> PacketDrop {
        PacketDrop(.unknownTunnelSource(.v4(IPv4Address(UInt32(number)))))
    }

    @Test func aKindIsToldOnce() {
        var counts = DropCounts()
        #expect(counts.add(Self.drop(1), 2) == DropCounts.Change(added: Self.drop(1)))
        #expect(counts.add(Self.drop(1), 3) == nil)
        #expect(counts.add(Self.drop(2), 1) == DropCounts.Change(added: Self.drop(2)))
        #expect(counts.all == [Self.drop(1): 5, Self.drop(2): 1])
    }

    /// What has had no packet for longest goes, and no packet is lost from the sum.
    @Test func theIdlestKindsAreGivenUp() {
        var counts = DropCounts()
        let limit = DropCounts.Limits.kinds
        for flow in 0..<limit { #expect(counts.add(Self.drop(flow), 1)?.removed == []) }
        #expect(counts.add(Self.drop(0), 1) == nil)
        let removed = counts.add(Self.drop(limit), 1)?.removed
        #expect(removed == (1...DropCounts.Limits.batch).map(Self.drop))
        #expect(counts.all[Self.drop(0)] == 2)
        #expect(counts.all[Self.drop(1)] == nil)
        #expect(counts.all[PacketDrop(.notToldApart)] == UInt64(DropCounts.Limits.batch))
        #expect(counts.all.values.reduce(0, +) == UInt64(limit) + 2)
        #expect(counts.add(Self.drop(1), 1)?.added == Self.drop(1), "it may come again")
    }

    /// Packets of strangers leave the flows' counts alone, however many sources they claim.
    @Test func forgedSourcesDisplaceEachOther() {
        var counts = DropCounts()
        for flow in 0..<10 { _ = counts.add(Self.drop(flow), 1) }
        for number in 0..<(3 * DropCounts.Limits.kinds) {
            let removed = counts.add(Self.forged(number), 1)?.removed ?? []
            #expect(removed.allSatisfy { $0.stage == nil })
        }
        #expect((0..<10).allSatisfy { counts.all[Self.drop($0)] == 1 })
        #expect(counts.all.count <= DropCounts.Limits.kinds + 1)
    }
}
