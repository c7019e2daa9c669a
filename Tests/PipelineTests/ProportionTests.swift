import Testing

@testable import Pipeline

/// Memory is proportional to the text of the flows, counted rather than measured.
@Suite struct ProportionTests {
    private func flow(
        _ number: Int, _ scope: FlowRecord.Scope, _ match: String, table: Int = 0
    ) -> FlowRecord {
        FlowRecord(
            id: RowIdentifier(high: UInt64(number) << 32, low: 0),
            stage: Stage(.ingress, table), priority: UInt16(number % 100), scope: scope,
            match: match, actions: "next;")
    }

    @Test func groupsAreNotCopiedToTheirMembers() {
        let builder = PipelineBuilder()
        let group = RowIdentifier(high: 1, low: 0)
        for number in 0..<50 { builder.add(flow(number, .group(group), "reg0 == \(number)")) }
        _ = builder.commit()
        let before = builder.statistics
        builder.setDatapathGroup(group, Set((1...500).map { DatapathKey($0) }))
        let snapshot = builder.commit()
        #expect(builder.statistics == before)
        #expect(before.candidates == 50)
        #expect(before.tables == 1)
        #expect(snapshot.index(of: DatapathKey(499)) != nil)
    }

    @Test func addressSetsAreNotMultiplied() {
        let builder = PipelineBuilder()
        builder.setAddressSet("a", (0..<200).map { "10.0.\($0).1" })
        builder.setAddressSet("b", (0..<200).map { "10.1.\($0).1" })
        for number in 0..<20 {
            builder.add(
                flow(
                    number, .datapath(DatapathKey(1)),
                    "ip4.src == $a && ip4.dst == $b && tcp.dst == \(number)"))
        }
        _ = builder.commit()
        let statistics = builder.statistics
        #expect(statistics.candidates == 20)
        #expect(statistics.addresses == 400)
        #expect(statistics.matchWords < 20 * 12)
    }

    /// Of two literal sets one is spread over the table, the other kept as a set.
    @Test func literalSetsAreNotMultiplied() {
        let builder = PipelineBuilder()
        let ports = (1...40).map(String.init).joined(separator: ", ")
        builder.add(
            flow(
                1, .datapath(DatapathKey(1)),
                "tcp && tcp.src == {\(ports)} && tcp.dst == {\(ports)}"))
        _ = builder.commit()
        #expect(builder.statistics.candidates == 40)
    }

    @Test func textsAreSharedByFlowsAndDatapaths() {
        let builder = PipelineBuilder()
        for number in 0..<200 {
            builder.add(
                flow(number, .datapath(DatapathKey(UInt32(number + 1))), "ip4 && tcp.dst == 80"))
        }
        _ = builder.commit()
        #expect(builder.statistics.matches == 1)
        #expect(builder.statistics.programs == 1)
        for number in 0..<200 {
            builder.remove(RowIdentifier(high: UInt64(number) << 32, low: 0))
        }
        let snapshot = builder.commit()
        #expect(builder.statistics == PipelineStatistics())
        #expect(snapshot.index(of: DatapathKey(1)) == nil)
    }

    /// A change of one flow leaves all tables but one as they are.
    @Test func snapshotsShareWhatDidNotChange() {
        let builder = PipelineBuilder()
        for datapath in 1...50 {
            for number in 0..<20 {
                builder.add(
                    flow(
                        datapath * 100 + number, .datapath(DatapathKey(UInt32(datapath))),
                        "reg0 == \(number)", table: number % 4))
            }
        }
        let first = builder.commit()
        builder.add(flow(9999, .datapath(DatapathKey(7)), "reg0 == 5", table: 1))
        let second = builder.commit()
        #expect(first.scopes.unsharedChunks(with: second.scopes) == 1)
        #expect(second.rules.unsharedChunks(with: first.rules) == 1)
        #expect(second.names === first.names)
        #expect(second.datapaths === first.datapaths)
        #expect(second.addressSets === first.addressSets)
    }

    private func port(_ name: String, _ key: UInt32, isResident: Bool = false) -> PortRecord {
        PortRecord(name: name, datapath: DatapathKey(1), key: key, isResident: isResident)
    }

    /// A match is compiled again only if a name that it uses became another after it was compiled.
    @Test func matchesAreCompiledOnceIfTheirNamesAreKnown() {
        let builder = PipelineBuilder()
        builder.setPort(port("a", 1))
        builder.add(flow(1, .datapath(DatapathKey(1)), "inport == \"a\""))
        builder.add(flow(2, .datapath(DatapathKey(1)), "is_chassis_resident(\"a\")"))
        builder.add(flow(3, .datapath(DatapathKey(1)), "inport == \"b\" || outport == \"a\""))
        _ = builder.commit()
        #expect(builder.recompilations == 0)
        builder.setPort(port("b", 2))
        _ = builder.commit()
        #expect(builder.recompilations == 1)
        builder.setPort(port("a", 1, isResident: true))
        _ = builder.commit()
        #expect(builder.recompilations == 2)
        builder.setPort(port("a", 7, isResident: true))
        _ = builder.commit()
        #expect(builder.recompilations == 4)
        builder.setPort(port("a", 7, isResident: true))
        _ = builder.commit()
        #expect(builder.recompilations == 4)
    }

    @Test func namesAreForgotten() {
        let builder = PipelineBuilder()
        for number in 0..<100 {
            let port = PortRecord(
                name: "p\(number)", datapath: DatapathKey(1), key: 1, isResident: false)
            builder.setPort(port)
            builder.setPort(port)
            builder.setMulticastGroup("m\(number)", in: DatapathKey(1), key: 5)
            builder.setPortGroup("1_g\(number)", ports: ["p\(number)", "x\(number)"])
            builder.add(
                flow(number, .datapath(DatapathKey(1)), "inport == \"q\(number)\" && inport == @g1")
            )
            _ = builder.commit()
            builder.removePort("p\(number)")
            builder.removeMulticastGroup("m\(number)", in: DatapathKey(1))
            builder.removePortGroup("1_g\(number)")
            builder.remove(RowIdentifier(high: UInt64(number) << 32, low: 0))
        }
        let snapshot = builder.commit()
        #expect(builder.statistics == PipelineStatistics())
        #expect(snapshot.names.capacity == 256)
    }
}
