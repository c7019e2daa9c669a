import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import AgentCore

/// Which rows a chassis asks for, and how it gets there.
@Suite struct MonitorConditionTests {
    private func datapaths(_ numbers: Range<UInt64>) -> LocalDatapaths {
        LocalDatapaths(
            held: numbers.map { RowUUID(high: 0, low: $0) }, portsOf: { _ in [] },
            named: { _ in nil })
    }

    private func conditions(_ numbers: Range<UInt64>) -> MonitorConditions {
        MonitorConditions(
            chassisName: "hv1", chassis: nil, logicalPorts: ["vm1"], datapaths: datapaths(numbers),
            datapathKeys: [])
    }

    private func stagesOfFlows(_ changes: [ConditionChange]) -> [[Condition]] {
        changes.first { $0.tableName == "Logical_Flow" }?.stages ?? []
    }

    private func isWanted(_ flow: SB.LogicalFlow, _ conditions: MonitorConditions) -> Bool {
        conditions.logicalFlows.matchesAny(uuid: .zero, version: .zero, row: flow.row())
    }

    @Test func flowsOfLocalDatapathsAndOfGroupsAreWanted() {
        let wanted = conditions(1..<3)
        var flow = SB.LogicalFlow()
        flow.logicalDatapath = RowUUID(high: 0, low: 2)
        #expect(isWanted(flow, wanted))
        flow.logicalDatapath = RowUUID(high: 0, low: 3)
        #expect(!isWanted(flow, wanted))
        flow.logicalDatapath = nil
        flow.logicalDPGroup = RowUUID(high: 0, low: 9)
        #expect(isWanted(flow, wanted))
    }

    /// Debian's server finds a row's clauses in a table then, instead of trying all of them.
    @Test func clausesOfFlowsAreEqualities() {
        #expect(conditions(1..<9).logicalFlows.allSatisfy { $0.function == .equal })
    }

    @Test func flowsOfManyDatapathsComeInStages() {
        let many = UInt64(MonitorConditions.datapathsPerStage * 3)
        let wanted = conditions(0..<many)
        let stages = stagesOfFlows(wanted.changes(after: conditions(0..<1)))
        #expect(stages.count > 1 && stages.count <= MonitorConditions.mostStages)
        #expect(stages.last == wanted.logicalFlows)
        for (stage, next) in zip(stages, stages.dropFirst()) {
            #expect(Set(stage).isStrictSubset(of: next))
        }
        // What is there already stays throughout.
        for stage in stages {
            #expect(Set(conditions(0..<1).logicalFlows).isSubset(of: stage))
        }
    }

    @Test func nothingIsNoPartOfAStage() {
        let wanted = conditions(0..<200)
        let stages = stagesOfFlows(wanted.changes(after: conditions(0..<0)))
        #expect(stages.count > 1)
        #expect(stages.allSatisfy { !$0.contains(.constant(false)) })
    }

    @Test func flowsOfAFewDatapathsComeAtOnce() {
        let wanted = conditions(0..<200)
        #expect(stagesOfFlows(wanted.changes(after: conditions(0..<195))) == [wanted.logicalFlows])
        let everything = MonitorConditions(allFor: nil)
        #expect(stagesOfFlows(everything.changes(after: nil)) == [[]])
        #expect(stagesOfFlows(wanted.changes(after: everything)) == [wanted.logicalFlows])
    }

    @Test func whatIsOfAnotherChassisOrRouterIsNotWanted() {
        let wanted = conditions(1..<3)
        for (name, isWanted) in [("hv1", true), ("hv2", false)] {
            let row = SB.ChassisTemplateVar(chassis: name, variables: [:]).row()
            #expect(
                wanted.templateVariables.matchesAny(uuid: .zero, version: .zero, row: row)
                    == isWanted)
        }
        for (number, isWanted) in [(2, true), (3, false)] as [(UInt64, Bool)] {
            let row = SB.ECMPNexthop(datapath: RowUUID(high: 0, low: number)).row()
            #expect(
                wanted.nextHops.matchesAny(uuid: .zero, version: .zero, row: row) == isWanted)
        }
        #expect(conditions(0..<0).nextHops == [.constant(false)])
    }

    @Test func everyTableWithAConditionIsAskedForOnce() {
        let changes = conditions(1..<3).changes(after: nil)
        let asked = changes.map(\.tableName)
        #expect(Set(asked).count == asked.count)
        let conditional = SouthboundMonitor.configuration(remotes: []).tables
            .filter { $0.condition == [.constant(false)] }.map(\.name)
        #expect(Set(conditional).isSubset(of: asked))
    }
}
