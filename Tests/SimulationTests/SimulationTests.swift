import Glibc
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Simulation

/// Whatever breaks and whoever stops while a CMS changes the network: when all is quiet again, the
/// Southbound database and the agents' pipelines are what they would be had they been made at once.
struct SimulationChecks {
    let cluster: SimulatedCluster
    let seed: UInt64

    init(
        seed: UInt64, steps: Int, _ size: SimulatedCluster.Size = .init(),
        _ mix: SimulatedCluster.Mix = .faults
    ) {
        self.seed = seed
        cluster = SimulatedCluster(seed: seed, size)
        cluster.populate()
        cluster.run(steps: steps, mix)
        let isAtRest = cluster.finish()
        let last = cluster.journal.suffix(30)
        #expect(isAtRest, "seed \(seed): the cluster does not come to rest: \(last)")
    }

    func check() {
        checkSouthbound()
        for agent in cluster.agents { check(agent) }
        checkProgress()
    }

    private func checkSouthbound() {
        let refusals = cluster.refusals
        #expect(refusals == [], "seed \(seed)")
        let writes = cluster.writesOfANewNorthd()
        #expect(writes == 0, "seed \(seed): rows that a northd which starts now would write")
        guard let difference = cluster.differenceFromScratch() else {
            Issue.record("seed \(seed): a northd alone does not come to rest")
            return
        }
        let isSame = difference.isEmpty
        #expect(isSame, "seed \(seed): \(difference)")
    }

    private func check(_ agent: SimulatedAgent) {
        guard let grown = agent.snapshot else {
            Issue.record("seed \(seed): \(agent.name) has no snapshot")
            return
        }
        let fresh = agent.fromScratch()
        let problems = agent.problems
        #expect(problems == fresh.problems, "seed \(seed): \(agent.name)")
        var comparison = PipelineComparison(grown, fresh.snapshot, seed: seed)
        comparison.run(packets: 60, lookups: 60)
        let differences = comparison.differences.prefix(3)
        #expect(differences == [], "seed \(seed): \(agent.name)")
    }

    /// The number that the CMS waits for has come back from every chassis.
    private func checkProgress() {
        let global = cluster.management.replica.only(NB.NBGlobal.self)?.row ?? NB.NBGlobal()
        let numbers = [global.nbCfg, global.sbCfg, global.hvCfg]
        #expect(numbers[0] > 0, "seed \(seed)")
        #expect(Set(numbers).count == 1, "seed \(seed): \(numbers)")
    }
}

@Suite struct SimulationTests {
    @Test func faultsLeaveNoTrace() {
        var words: Set<String> = []
        var held: [[Int]] = []
        for seed in 0..<4 as Range<UInt64> {
            let checks = SimulationChecks(seed: seed, steps: 350)
            checks.check()
            words.formUnion(checks.cluster.journal)
            held += checks.cluster.agents.map { [$0.claimCount, $0.flowCount] }
        }
        // The runs have something to compare, and meet the faults that they are about.
        #expect(words.contains("a northd dies"))
        #expect(words.contains { $0.hasSuffix("is cut off") })
        #expect(words.contains { $0.hasSuffix("restarts") })
        #expect(held.contains { $0[0] > 0 && $0[1] > 20 })
    }

    @Test func aSeedIsARun() {
        let runs = [11, 11, 12].map {
            SimulationChecks(seed: UInt64($0), steps: 150).cluster.journal
        }
        let firstDifference = zip(runs[0], runs[1]).enumerated().first {
            $0.element.0 != $0.element.1
        }
        let place = firstDifference.map { "\($0.offset): \($0.element)" }
        #expect(place == nil)
        let isAnother = runs[2] != runs[0]
        #expect(isAnother)
    }

    /// The checks see a row that is wrong, one that is missing and one too many.
    @Test func aWrongRowIsSeen() throws {
        let cluster = SimulationChecks(seed: 5, steps: 100).cluster
        let flow = try #require(cluster.observer.replica.rows(SB.LogicalFlow.self).first)
        let lines = SouthboundText(cluster.observer.replica).lines
        let differences = [lines, Array(lines.dropLast()), lines + lines.suffix(1)].map {
            TextDifference(from: lines, to: $0).isEmpty
        }
        #expect(differences == [true, false, false])
        // Nobody is there to mend it.
        for northd in cluster.northds { northd.die(now: cluster.now) }
        cluster.northds = []
        var transaction = TransactionBuilder()
        transaction.delete(SB.LogicalFlow.self, flow.uuid)
        cluster.observer.submit(transaction, now: cluster.now)
        while cluster.act() {}
        let writes = cluster.writesOfANewNorthd()
        #expect(writes > 0)
        let isSame = cluster.differenceFromScratch()?.isEmpty
        #expect(isSame == false)
    }

    /// An agent that did not hear of its last changes has another pipeline.
    @Test func aStalePipelineIsSeen() throws {
        let cluster = SimulationChecks(seed: 3, steps: 150).cluster
        let agent = try #require(cluster.agents.first { $0.claimCount > 0 })
        let grown = try #require(agent.snapshot)
        let other = try #require(cluster.agents.first { $0.name != agent.name }?.snapshot)
        var comparison = PipelineComparison(grown, other, seed: 1)
        comparison.run(packets: 60, lookups: 60)
        let differences = comparison.differences.count
        #expect(differences > 0)
        var same = PipelineComparison(grown, agent.fromScratch().snapshot, seed: 1)
        same.run(packets: 60, lookups: 60)
        let delivered = same.delivered
        #expect(delivered > 0)
    }
}

@Suite(.enabled(if: getenv("OVN_LONG") != nil))
struct SimulationCampaignTests {
    @Test(arguments: 1000..<1040 as Range<UInt64>)
    func faultsLeaveNoTrace(seed: UInt64) {
        SimulationChecks(seed: seed, steps: 2000, .init(northds: 3, agents: 4)).check()
    }

    @Test(arguments: 2000..<2040 as Range<UInt64>)
    func manyTakeoversLoseNothing(seed: UInt64) {
        SimulationChecks(seed: seed, steps: 1500, .init(northds: 4, agents: 1), .takeovers).check()
    }
}
