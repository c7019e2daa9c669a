import Glibc
import Northd
import OVSDBModel
import Schemas
import Testing

@testable import Simulation

/// Northds that divide the flows leave what one alone would have written, whatever dies.
struct DivisionChecks {
    let checks: SimulationChecks
    private var cluster: SimulatedCluster { checks.cluster }

    init(seed: UInt64, steps: Int, northds: Int = 5, agents: Int = 1) {
        checks = SimulationChecks(
            seed: seed, steps: steps, .init(northds: northds, agents: agents, divides: true))
    }

    func check() {
        checks.check()
        let map = DivisionMap(cluster.observer.replica)
        let members = cluster.isDivided ? cluster.northds.count : 0
        #expect(map.members.count == members, "seed \(checks.seed): \(map)")
        #expect(map.offers.count == members, "seed \(checks.seed): \(map)")
        #expect(cluster.isDivided == map.isDivided)
    }
}

/// Where SB_Global.nb_cfg has come to the number that the CMS has chosen, nothing of what it had
/// configured before is missing.
struct NumberChecks {
    let seed: UInt64

    func check(rounds: Int) {
        let cluster = SimulatedCluster(seed: seed, .init(northds: 4, agents: 0, divides: true))
        cluster.populate()
        let isAtRest = cluster.settle()
        #expect(isAtRest)
        for round in 0..<rounds {
            for _ in 0..<6 { cluster.edit() }
            cluster.countUp()
            var steps = 0
            while !cluster.isCovered, steps < 4000 {
                if !cluster.act() { cluster.passTime() }
                steps += 1
                if steps % 60 == 30 { cluster.disturbMembers(switches: false) }
            }
            #expect(cluster.isCovered, "seed \(seed), round \(round)")
            let missing = cluster.writesOfANewNorthd()
            #expect(missing == 0, "seed \(seed), round \(round), after \(steps) steps")
        }
    }
}

@Suite struct DivisionSimulationTests {
    @Test func severalNorthdsLeaveWhatOneWouldHaveWritten() {
        var words: Set<String> = []
        var shared = 0
        for seed in 500..<503 as Range<UInt64> {
            let division = DivisionChecks(seed: seed, steps: 300)
            division.check()
            words.formUnion(division.checks.cluster.journal)
            shared += division.checks.cluster.northds.count { $0.sharedRows > 0 }
        }
        #expect(words.contains("a northd dies"))
        #expect(words.contains("the division is switched"))
        #expect(words.contains { $0.hasSuffix("restarts") })
        #expect(shared > 3, "northds that wrote flows beside the holder")
    }

    @Test(arguments: 520..<522 as Range<UInt64>)
    func theNumberCoversTheFlowsOfAllMembers(seed: UInt64) {
        NumberChecks(seed: seed).check(rounds: 4)
    }

    /// A share that becomes free is taken over without deriving anything.
    @Test func takingOverAShareDerivesNothing() throws {
        let cluster = SimulatedCluster(seed: 540, .init(northds: 3, agents: 0, divides: true))
        cluster.populate()
        #expect(cluster.settle())
        let member = try #require(cluster.northds.first { !$0.isActive })
        for northd in cluster.northds { northd.startLog() }
        cluster.kill(member)
        #expect(cluster.settle())
        #expect(DivisionMap(cluster.observer.replica).members.count == 2)
        for northd in cluster.northds { #expect(northd.log.isEmpty) }
    }
}

@Suite(.enabled(if: getenv("OVN_LONG") != nil))
struct DivisionSimulationCampaignTests {
    @Test(arguments: 3000..<3040 as Range<UInt64>)
    func severalNorthdsLeaveWhatOneWouldHaveWritten(seed: UInt64) {
        DivisionChecks(seed: seed, steps: 1500).check()
    }

    @Test(arguments: 3100..<3120 as Range<UInt64>)
    func theNumberCoversTheFlowsOfAllMembers(seed: UInt64) {
        NumberChecks(seed: seed).check(rounds: 12)
    }
}
