import Datapath
import LogicalFlow
import Testing

@testable import Pipeline

/// Cases that random pipelines seldom meet.
@Suite struct EdgeTests {
    private let stage = Stage(.egress, 1)
    private let datapath = DatapathKey(1)

    private func flow(
        _ number: UInt64, _ match: String, priority: UInt16 = 1, datapath: DatapathKey? = nil
    ) -> FlowRecord {
        FlowRecord(
            id: RowIdentifier(high: number << 32, low: 0), stage: stage, priority: priority,
            scope: .datapath(datapath ?? self.datapath), match: match, actions: "next;")
    }

    private func number(
        _ snapshot: PipelineSnapshot, _ key: FlowPointer, _ mask: FlowPointer
    ) -> UInt64? {
        mask.clear()
        return found(snapshot, stage, DatapathKey(UInt32(key[.datapath])), key, mask).map {
            $0.high >> 32
        }
    }

    /// Flows with the same tuple that come one by one, before and after those that are there.
    @Test func sameTupleInSeveralCommits() {
        let builder = PipelineBuilder()
        let scratch = FlowScratch(count: 2)
        let (key, mask) = (scratch[0], scratch[1])
        key[.datapath] = 1
        key[.register(0)] = 7
        for (index, priority) in [50, 20, 80, 60, 90, 10].enumerated() {
            let residual = priority == 90 ? " && reg1 > 5" : ""
            builder.add(
                flow(
                    UInt64(index), "reg0 == 7 && reg9 == 0" + residual,
                    priority: UInt16(priority)))
            builder.add(flow(UInt64(100 + index), "reg0 == \(index) && reg9 == 0"))
            _ = builder.commit()
        }
        var snapshot = builder.commit()
        #expect(builder.statistics.entries == 7)
        #expect(number(snapshot, key, mask) == 2)
        key[.register(1)] = 6
        #expect(number(snapshot, key, mask) == 4)
        builder.remove(RowIdentifier(high: 4 << 32, low: 0))
        builder.remove(RowIdentifier(high: 2 << 32, low: 0))
        snapshot = builder.commit()
        #expect(number(snapshot, key, mask) == 3)
    }

    @Test func twoGroupsOfOnePort() {
        let builder = PipelineBuilder()
        for key in UInt32(1)...3 {
            builder.setPort(
                PortRecord(name: "p\(key)", datapath: datapath, key: key, isResident: true))
        }
        builder.setPortGroup("1_a", ports: ["p1", "p2"])
        builder.setPortGroup("1_b", ports: ["p2", "p3"])
        builder.setPortGroup("1_with_line", ports: ["p3"])
        builder.add(flow(1, "inport == @a && inport == @b", priority: 3))
        builder.add(flow(2, "inport == @a && outport == @b", priority: 2))
        builder.add(flow(3, "inport == {@with_line, \"p1\"}", priority: 1))
        let snapshot = builder.commit()
        let scratch = FlowScratch(count: 2)
        let (key, mask) = (scratch[0], scratch[1])
        key[.datapath] = 1
        for (inport, outport, expected) in [
            (2, 0, 1), (1, 3, 2), (1, 1, 3), (3, 3, 3), (4, 3, nil), (2, 9, 1),
        ] as [(UInt64, UInt64, UInt64?)] {
            key[.inport] = inport
            key[.outport] = outport
            #expect(number(snapshot, key, mask) == expected)
            #expect(mask[.inport] == 0xffff_ffff)
        }
    }

    /// A set that exists but is empty is not a set that doesn't exist.
    @Test func emptySets() {
        let builder = PipelineBuilder()
        builder.add(flow(1, "ip4.src != $as"))
        let scratch = FlowScratch(count: 2)
        let (key, mask) = (scratch[0], scratch[1])
        key[.datapath] = 1
        key[.ethernetType] = 0x800
        #expect(number(builder.commit(), key, mask) == nil)
        builder.setAddressSet("as", [])
        #expect(number(builder.commit(), key, mask) == 1)
        builder.setAddressSet("as", ["0.0.0.0/8"])
        #expect(number(builder.commit(), key, mask) == nil)
        builder.removeAddressSet("as")
        builder.setAddressSet("as", [])
        #expect(number(builder.commit(), key, mask) == 1)
        builder.removeAddressSet("as")
        #expect(number(builder.commit(), key, mask) == nil)
        builder.setAddressSet("as", [])
        #expect(number(builder.commit(), key, mask) == 1)
    }

    /// A name that each datapath resolves for itself: a change of one key is a change of the flow.
    @Test func multicastKeysAreDependencies() throws {
        let builder = PipelineBuilder()
        for number in UInt32(1)...3 {
            builder.setMulticastGroup("_MC_flood", in: DatapathKey(number), key: 32768)
            builder.add(
                flow(UInt64(number), "outport == \"_MC_flood\"", datapath: DatapathKey(number)))
        }
        let first = builder.commit()
        let scratch = FlowScratch(count: 2)
        let (key, mask) = (scratch[0], scratch[1])
        key[.datapath] = 2
        key[.outport] = 40000
        #expect(number(first, key, mask) == nil)
        let index = try #require(first.index(of: DatapathKey(2)))
        builder.setMulticastGroup("_MC_flood", in: DatapathKey(2), key: 40000)
        let second = builder.commit()
        #expect(second.changes(from: first).affects(stage, index, key, mask))
        #expect(number(second, key, mask) == 2)
    }

    /// Two edits of a set in one commit are both reported.
    @Test func editsAddUp() throws {
        let builder = PipelineBuilder()
        builder.setAddressSet("as", [])
        builder.add(flow(1, "ip4.src == $as"))
        let first = builder.commit()
        builder.updateAddressSet("as", adding: ["10.0.0.1"], removing: [])
        builder.updateAddressSet("as", adding: ["10.0.0.2"], removing: [])
        let second = builder.commit()
        let changes = second.changes(from: first)
        let index = try #require(second.index(of: datapath))
        let scratch = FlowScratch(count: 2)
        let (key, mask) = (scratch[0], scratch[1])
        key[.datapath] = 1
        key[.ethernetType] = 0x800
        mask[.ipv4Source] = 0xffff_ffff
        for (address, isAffected) in [(UInt64(0x0a00_0001), true), (0x0a00_0002, true), (3, false)]
        {
            key[.ipv4Source] = address
            #expect(changes.affects(stage, index, key, mask) == isAffected)
        }
    }

    /// A tag of every kind of dependency: residency decides at once.
    @Test func residency() {
        let builder = PipelineBuilder()
        builder.add(flow(1, "is_chassis_resident(\"cr\")", priority: 2))
        builder.add(flow(2, "!is_chassis_resident(\"cr\")"))
        let scratch = FlowScratch(count: 2)
        scratch[0][.datapath] = 1
        #expect(number(builder.commit(), scratch[0], scratch[1]) == 2)
        builder.setPort(
            PortRecord(name: "cr", datapath: DatapathKey(9), key: 1, isResident: true))
        #expect(number(builder.commit(), scratch[0], scratch[1]) == 1)
        #expect(builder.statistics.candidates == 1)
        builder.removePort("cr")
        #expect(number(builder.commit(), scratch[0], scratch[1]) == 2)
    }

    @Test func contradictionsAndTruths() {
        let builder = PipelineBuilder()
        builder.add(flow(1, "ip4 && ip6", priority: 9))
        builder.add(flow(2, "0", priority: 9))
        builder.add(flow(3, "reg0 == {1, 2} && reg0 == 3", priority: 9))
        builder.add(flow(4, "ip4.src == 0.0.0.0/0 || 1"))
        let snapshot = builder.commit()
        let scratch = FlowScratch(count: 2)
        scratch[0][.datapath] = 1
        #expect(number(snapshot, scratch[0], scratch[1]) == 4)
        #expect(builder.statistics.candidates == 1)
        #expect(FlowMask(copying: scratch[1]) == FlowMask(exact: [.datapath]))
    }
}
