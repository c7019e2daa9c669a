import Datapath
import LogicalFlow
import Testing

@testable import Pipeline

@Suite struct IncrementalTests {
    /// A lookup as a megaflow would remember it.
    private struct Remembered {
        let stage: Stage
        let datapath: DatapathKey
        let index: DatapathIndex
        let key: FlowKey
        let mask: FlowMask
        let flow: RowIdentifier?
    }

    /// After random edits a snapshot answers, and stores, what one built from scratch does; and a
    /// remembered lookup has another answer only if the changes say that it may.
    @Test func followsEdits() {
        var random = RandomPipeline(seed: 21)
        for _ in 0..<4 {
            var naive = random.pipeline(flows: 50)
            let builder = naive.builder()
            var snapshot = builder.commit()
            for _ in 0..<25 {
                let remembered = remember(snapshot, &random)
                for _ in 0..<random.generator.number(1..<4) { random.edit(&naive, builder) }
                let next = builder.commit()
                expectSameAsScratch(naive, builder, next, &random)
                expectChangesKnown(remembered, snapshot, next)
                snapshot = next
            }
        }
    }

    private func remember(
        _ snapshot: PipelineSnapshot, _ random: inout RandomPipeline
    ) -> [Remembered] {
        let scratch = FlowScratch(count: 2)
        return (0..<25).compactMap { _ in
            let datapath = random.generator.pick(random.datapaths)
            let stage = random.generator.pick(random.stages)
            guard let index = snapshot.index(of: datapath) else { return nil }
            random.fill(scratch[0], datapath)
            scratch[1].clear()
            let flow = found(snapshot, stage, datapath, scratch[0], scratch[1])
            let mask = FlowMask(copying: scratch[1])
            return Remembered(
                stage: stage, datapath: datapath, index: index,
                key: FlowKey(copying: scratch[0]).masked(by: mask), mask: mask, flow: flow)
        }
    }

    private func expectSameAsScratch(
        _ naive: NaivePipeline, _ builder: PipelineBuilder, _ snapshot: PipelineSnapshot,
        _ random: inout RandomPipeline
    ) {
        let other = naive.builder()
        let scratchSnapshot = other.commit()
        #expect(builder.statistics == other.statistics)
        #expect(builder.problems == other.problems)
        let scratch = FlowScratch(count: 3)
        for _ in 0..<25 {
            let datapath = random.generator.pick(random.datapaths)
            let stage = random.generator.pick(random.stages)
            random.fill(scratch[0], datapath)
            scratch[1].clear()
            scratch[2].clear()
            let mine = found(snapshot, stage, datapath, scratch[0], scratch[1])
            let theirs = found(scratchSnapshot, stage, datapath, scratch[0], scratch[2])
            #expect(mine == theirs)
            #expect(FlowMask(copying: scratch[1]) == FlowMask(copying: scratch[2]))
        }
    }

    private func expectChangesKnown(
        _ remembered: [Remembered], _ old: PipelineSnapshot, _ new: PipelineSnapshot
    ) {
        let changes = new.changes(from: old)
        #expect(!changes.isComplete)
        let scratch = FlowScratch(count: 3)
        for lookup in remembered {
            scratch[0].copy(from: lookup.key)
            scratch[1].copy(from: lookup.mask)
            if changes.affects(lookup.stage, lookup.index, scratch[0], scratch[1]) { continue }
            scratch[2].clear()
            #expect(new.index(of: lookup.datapath) == lookup.index)
            #expect(
                found(new, lookup.stage, lookup.datapath, scratch[0], scratch[2]) == lookup.flow)
        }
    }

    @Test func changesAreNarrow() {
        let builder = PipelineBuilder()
        let datapath = DatapathKey(1)
        let stage = Stage(.ingress, 4)
        builder.setAddressSet("as", ["10.0.0.0/24"])
        func flow(_ number: UInt64, _ match: String) -> FlowRecord {
            FlowRecord(
                id: RowIdentifier(high: number, low: 0), stage: stage, priority: 1,
                scope: .datapath(datapath), match: match, actions: "next;")
        }
        builder.add(flow(1, "ip4.src == $as"))
        builder.add(flow(2, "ip6"))
        let first = builder.commit()
        let scratch = FlowScratch(count: 3)
        let (key, mask, spare) = (scratch[0], scratch[1], scratch[2])
        key[.datapath] = 1
        key[.ethernetType] = 0x800
        key[.ipv4Source] = 0x0a00_0105
        guard let index = first.index(of: datapath) else { return }
        #expect(first.lookup(stage, index, key, mask) == nil)

        builder.updateAddressSet("as", adding: ["10.0.2.0/24"], removing: [])
        let second = builder.commit()
        let changes = second.changes(from: first)
        #expect(changes.stages == [stage])
        #expect(changes.flows(in: stage) == [RowIdentifier(high: 1, low: 0)])
        #expect(!changes.affects(stage, index, key, mask))
        #expect(second.stillHolds(nil, stage, index, key, mask, scratch: spare))

        builder.updateAddressSet("as", adding: ["10.0.1.0/24"], removing: [])
        let third = builder.commit()
        #expect(third.changes(from: second).affects(stage, index, key, mask))
        #expect(third.changes(from: first).affects(stage, index, key, mask))
        #expect(!third.changes(from: third).affects(stage, index, key, mask))
        #expect(third.changes(from: third).isEmpty)

        builder.remove(RowIdentifier(high: 2, low: 0))
        let fourth = builder.commit()
        #expect(!fourth.changes(from: third).affects(stage, index, key, mask))
    }

    @Test func namesOfPortsAreResolvedPerDatapath() throws {
        let builder = PipelineBuilder()
        let (one, two) = (DatapathKey(1), DatapathKey(2))
        builder.setMulticastGroup("_MC_flood", in: one, key: 32768)
        builder.setMulticastGroup("_MC_flood", in: two, key: 40000)
        builder.add(
            FlowRecord(
                id: RowIdentifier(high: 1, low: 1), stage: Stage(.ingress, 0), priority: 1,
                scope: .datapath(one), match: "1",
                actions: "outport = \"_MC_flood\"; output;"))
        let first = builder.commit()
        let scratch = FlowScratch(count: 2)
        scratch[0][.datapath] = 1
        let index = try #require(first.index(of: one))
        let rule = try #require(first.lookup(Stage(.ingress, 0), index, scratch[0], scratch[1]))
        let load = withExtendedLifetime(first) { first.rule(rule).program.instructions[0] }
        guard case .loadPort(let span, let name) = load else {
            Issue.record("no port is loaded")
            return
        }
        #expect(span == KeySpan(.outport))
        #expect(first.portKey(name, in: one) == 32768)
        #expect(first.portKey(name, in: two) == 40000)
        #expect(first.portKey(name, in: DatapathKey(3)) == nil)
        builder.removeMulticastGroup("_MC_flood", in: two)
        let second = builder.commit()
        #expect(second.portKey(name, in: two) == nil)
        #expect(second.changes(from: first).affects(name))
        #expect(first.portKey(name, in: two) == 40000)
    }

    /// Snapshots of long ago make everything count as changed.
    @Test func historyIsBounded() {
        let builder = PipelineBuilder()
        let first = builder.commit()
        var last = first
        for _ in 0...PipelineLimits.history { last = builder.commit() }
        #expect(last.changes(from: first).isComplete)
    }

    /// Of too many changed flows nothing is told; the next few are told again.
    @Test func tooManyChangesAreEverything() {
        let builder = PipelineBuilder()
        func add(_ numbers: Range<Int>) -> PipelineSnapshot {
            for number in numbers {
                builder.add(
                    FlowRecord(
                        id: RowIdentifier(high: UInt64(number), low: 0),
                        stage: Stage(.ingress, 0), priority: 1,
                        scope: .datapath(DatapathKey(1)), match: "1", actions: "next;"))
            }
            return builder.commit()
        }
        let limit = PipelineLimits.changedFlows
        let first = add(0..<1)
        let second = add(1..<limit + 1)
        #expect(!second.changes(from: first).isComplete)
        let third = add(limit..<2 * limit + 2)
        #expect(third.changes(from: second).isComplete)
        let fourth = add(0..<1)
        #expect(fourth.changes(from: third).flows(in: Stage(.ingress, 0)).count == 1)
        #expect(fourth.changes(from: second).isComplete)
    }

    @Test func reportsProblems() {
        let builder = PipelineBuilder()
        func add(_ number: UInt64, _ match: String, _ actions: String) {
            builder.add(
                FlowRecord(
                    id: RowIdentifier(high: number, low: 0), stage: Stage(.ingress, 0),
                    priority: 1, scope: .datapath(DatapathKey(1)), match: match,
                    actions: actions))
        }
        add(1, "ip4 &&", "next;")
        add(2, "ip4", "foo;")
        add(3, "ip4.dst == ^vip", "next;")
        add(4, "ip4", "next;")
        _ = builder.commit()
        #expect(
            builder.problems == [
                RowIdentifier(high: 1, low: 0):
                    "error parsing match \"ip4 &&\": Syntax error at end of input expecting constant.",
                RowIdentifier(high: 2, low: 0):
                    "error parsing actions \"foo;\": Syntax error at `foo' expecting action.",
                RowIdentifier(high: 3, low: 0): "template variable vip has no value",
            ])
        #expect(builder.statistics.flows == 1)
        builder.setTemplateVariables(["vip": "10.0.0.1"])
        builder.remove(RowIdentifier(high: 1, low: 0))
        _ = builder.commit()
        #expect(builder.problems.count == 1)
        #expect(builder.statistics.flows == 2)
    }
}

extension RandomPipeline {
    /// One random edit, of both.
    mutating func edit(_ naive: inout NaivePipeline, _ builder: PipelineBuilder) {
        switch generator.number(0..<14) {
        case 0, 1, 2, 3:
            let flow = flow()
            naive.flows[flow.id] = flow
            builder.add(flow)
        case 4, 5, 6: removeFlow(&naive, builder)
        case 7, 8: editPort(&naive, builder)
        case 9: editMulticast(&naive, builder)
        case 10: editPortGroup(&naive, builder)
        case 11: editAddressSet(&naive, builder)
        case 12: editGroup(&naive, builder)
        default:
            naive.variables = generator.pick([[:], ["vip": "10.0.0.1"], ["vip": "10.0.0.2"]])
            builder.setTemplateVariables(naive.variables)
        }
    }

    private mutating func removeFlow(_ naive: inout NaivePipeline, _ builder: PipelineBuilder) {
        guard let id = naive.flows.keys.sorted().randomElement(using: &generator) else { return }
        naive.flows[id] = nil
        builder.remove(id)
    }

    private mutating func editPort(_ naive: inout NaivePipeline, _ builder: PipelineBuilder) {
        let name = generator.pick(portNames)
        if generator.chance(3) {
            naive.ports[name] = nil
            builder.removePort(name)
        } else {
            let port = port(name)
            naive.ports[name] = port
            builder.setPort(port)
        }
    }

    private mutating func editMulticast(_ naive: inout NaivePipeline, _ builder: PipelineBuilder) {
        let name = generator.pick(["_MC_flood", "_MC_one", "p3"])
        let datapath = generator.pick(datapaths)
        if generator.chance(2) {
            naive.multicast[name]?[datapath] = nil
            if naive.multicast[name]?.isEmpty == true { naive.multicast[name] = nil }
            builder.removeMulticastGroup(name, in: datapath)
        } else {
            let key = generator.pick([UInt32(32768), 3, 4])
            naive.multicast[name, default: [:]][datapath] = key
            builder.setMulticastGroup(name, in: datapath, key: key)
        }
    }

    private mutating func editPortGroup(_ naive: inout NaivePipeline, _ builder: PipelineBuilder) {
        let name = "\(generator.pick(datapaths).value)_\(generator.pick(["pg1", "pg2"]))"
        switch generator.number(0..<4) {
        case 0:
            naive.portGroups[name] = nil
            builder.removePortGroup(name)
        case 1:
            let members = members()
            naive.portGroups[name] = members
            builder.setPortGroup(name, ports: members)
        default:
            let (added, removed) = (members(), members())
            naive.portGroups[name, default: []].subtract(removed)
            naive.portGroups[name, default: []].formUnion(added)
            builder.updatePortGroup(name, adding: added, removing: removed)
        }
    }

    private mutating func editAddressSet(_ naive: inout NaivePipeline, _ builder: PipelineBuilder) {
        let name = generator.pick(["as1", "as2", "as6"])
        switch generator.number(0..<4) {
        case 0:
            naive.addressSets[name] = nil
            builder.removeAddressSet(name)
        case 1:
            let members = addresses()
            naive.addressSets[name] = members
            builder.setAddressSet(name, members)
        default:
            let (added, removed) = (addresses(), addresses())
            naive.addressSets[name, default: []].subtract(removed)
            naive.addressSets[name, default: []].formUnion(added)
            builder.updateAddressSet(name, adding: added, removing: removed)
        }
    }

    private mutating func editGroup(_ naive: inout NaivePipeline, _ builder: PipelineBuilder) {
        let id = generator.pick(groupIDs)
        let members = datapathSet()
        naive.groups[id] = members
        builder.setDatapathGroup(id, members)
    }
}
