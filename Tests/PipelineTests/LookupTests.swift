import Datapath
import LogicalFlow
import Testing

@testable import Pipeline

@Suite struct LookupTests {
    /// Lookups answer what a linear search over parsed matches answers, and their masks are sound.
    @Test func agreesWithLinearSearch() {
        var random = RandomPipeline(seed: 11)
        let scratch = FlowScratch(count: 4)
        var hits = 0
        for _ in 0..<20 {
            let naive = random.pipeline(flows: 60)
            let snapshot = naive.builder().commit()
            for _ in 0..<60 {
                let datapath = random.generator.pick(random.datapaths)
                let stage = random.generator.pick(random.stages)
                random.fill(scratch[0], datapath)
                let expected = naive.lookup(stage, datapath, scratch[0])
                scratch[1].clear()
                #expect(found(snapshot, stage, datapath, scratch[0], scratch[1]) == expected)
                if expected != nil { hits += 1 }
                for _ in 0..<3 {
                    random.disturb(scratch[0], outside: scratch[1], into: scratch[2])
                    scratch[3].clear()
                    #expect(
                        found(snapshot, stage, datapath, scratch[2], scratch[3]) == expected)
                    #expect(FlowMask(copying: scratch[1]) == FlowMask(copying: scratch[3]))
                }
            }
        }
        #expect(hits > 250)
    }

    @Test func higherPriorityWins() {
        let builder = PipelineBuilder()
        let datapath = DatapathKey(1)
        let stage = Stage(.ingress, 0)
        for (index, priority) in [10, 30, 20].enumerated() {
            builder.add(
                FlowRecord(
                    id: RowIdentifier(high: UInt64(index), low: 0), stage: stage,
                    priority: UInt16(priority), scope: .datapath(datapath),
                    match: index == 1 ? "ip6" : "1", actions: "next;"))
        }
        let snapshot = builder.commit()
        let scratch = FlowScratch(count: 2)
        scratch[0][.datapath] = 1
        scratch[0][.ethernetType] = 0x800
        #expect(found(snapshot, stage, datapath, scratch[0], scratch[1])?.high == 2)
        scratch[0][.ethernetType] = 0x86dd
        #expect(found(snapshot, stage, datapath, scratch[0], scratch[1])?.high == 1)
    }

    /// Ports stay out of the mask of a packet of another protocol, deeper tables out of that of a packet
    /// that a better flow has taken.
    @Test func masksAreTight() {
        let builder = PipelineBuilder()
        let datapath = DatapathKey(1)
        let stage = Stage(.ingress, 0)
        let flows: [(UInt16, String)] = [
            (100, "ip4 && tcp.dst == 80"), (90, "eth.dst == ff:ff:ff:ff:ff:ff"),
            (50, "ip4.dst == 10.0.0.0/24"), (40, "ip4.src == $as"), (0, "1"),
        ]
        builder.setAddressSet("as", ["10.1.0.0/16", "10.2.0.0/16"])
        for (index, flow) in flows.enumerated() {
            builder.add(
                FlowRecord(
                    id: RowIdentifier(high: UInt64(index), low: 0), stage: stage,
                    priority: flow.0, scope: .datapath(datapath), match: flow.1,
                    actions: "next;"))
        }
        let snapshot = builder.commit()
        let scratch = FlowScratch(count: 2)
        let (key, mask) = (scratch[0], scratch[1])
        key[.datapath] = 1
        key[.ethernetType] = 0x800
        key[.ethernetDestination] = 0xffff_ffff_ffff
        key[.ipProtocol] = 17
        #expect(found(snapshot, stage, datapath, key, mask)?.high == 1)
        #expect(mask[.ipProtocol] == 0xff)
        #expect(mask[.destinationPort] == 0)
        #expect(mask[.ipv4Destination] == 0)
        mask.clear()
        key[.ethernetDestination] = 1
        key[.ipv4Source] = 0x0a01_0203
        #expect(found(snapshot, stage, datapath, key, mask)?.high == 3)
        // 0.0.0.0 differs from 10.0.0.0/24 in the fifth bit.
        #expect(mask[.ipv4Destination] == 0xf800_0000)
        #expect(mask[.ipv4Source] == 0xffff_0000)
        mask.clear()
        key[.ipv4Destination] = 0x0a00_0007
        #expect(found(snapshot, stage, datapath, key, mask)?.high == 2)
        #expect(mask[.ipv4Destination] == 0xffff_ff00)
        #expect(mask[.ipv4Source] == 0)
    }

}

/// The identifier of the flow that a lookup finds.
func found(
    _ snapshot: PipelineSnapshot, _ stage: Stage, _ datapath: DatapathKey, _ key: FlowPointer,
    _ mask: FlowPointer
) -> RowIdentifier? {
    guard let index = snapshot.index(of: datapath) else { return nil }
    return withExtendedLifetime(snapshot) {
        snapshot.lookup(stage, index, key, mask).map { snapshot.rule($0).id }
    }
}

extension RandomPipeline {
    /// A pipeline of `count` flows with names around it.
    mutating func pipeline(flows count: Int) -> NaivePipeline {
        var naive = NaivePipeline()
        for name in portNames.dropLast(2) { naive.ports[name] = port(name) }
        for datapath in datapaths {
            naive.multicast["_MC_flood", default: [:]][datapath] = 32768
        }
        naive.multicast["_MC_one"] = [datapaths[0]: 32768]
        for name in ["as1", "as2", "as6"] { naive.addressSets[name] = addresses() }
        for datapath in datapaths {
            for name in ["pg1", "pg2"] {
                naive.portGroups["\(datapath.value)_\(name)"] = members()
            }
        }
        for id in groupIDs { naive.groups[id] = datapathSet() }
        naive.variables = ["vip": "10.0.0.1"]
        for _ in 0..<count {
            let flow = flow()
            naive.flows[flow.id] = flow
        }
        return naive
    }

    /// Another key that agrees with `key` on `mask`.
    mutating func disturb(
        _ key: FlowPointer, outside mask: FlowPointer, into result: FlowPointer
    ) {
        for word in 0..<FlowKey.wordCount {
            let noise = generator.chance(2) ? generator.next() : generator.next() & generator.next()
            result.words[word] =
                key.words[word] & mask.words[word] | noise & ~mask.words[word]
        }
    }
}
