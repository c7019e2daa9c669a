import Testing

@testable import Simulation

/// A northd that stands by takes over from one that dies without a word: it has derived everything
/// already, and writes what the other one had not written yet.
@Suite struct TakeoverTests {
    /// At rest, with one northd at work and one that stands by.
    private func atRest(
        seed: UInt64, _ change: (SimulatedCluster) -> Void
    ) throws -> (cluster: SimulatedCluster, standby: SimulatedNorthd) {
        let cluster = SimulatedCluster(seed: seed, .init(northds: 2, agents: 1))
        cluster.populate()
        change(cluster)
        let isAtRest = cluster.finish()
        #expect(isAtRest, "seed \(seed)")
        return (cluster, try #require(cluster.northds.first { !$0.isActive }))
    }

    @Test(arguments: 0..<2 as Range<UInt64>)
    func atRestNothingIsDerivedAndNothingWritten(seed: UInt64) throws {
        let (cluster, standby) = try atRest(seed: seed) { $0.run(steps: 200, .edits) }
        standby.startLog()
        cluster.killActiveNorthd()
        let isAtRest = cluster.settle()
        #expect(isAtRest)
        #expect(standby.isActive)
        let derived = standby.log
        #expect(derived == [])
        #expect(standby.writtenRows == 0)
    }

    @Test func onlyWhatChangedIsDerived() throws {
        var written: [Int] = []
        for seed in 10..<18 as Range<UInt64> {
            let (cluster, standby) = try atRest(seed: seed) {
                for _ in 0..<6 { _ = $0.editOnePort() }
            }
            var names: [String] = []
            for _ in 0..<3 {
                names += cluster.editOnePort()
                let steps = cluster.random.random.number(seed % 3 == 0 ? 200 : 9)
                for _ in 0..<steps { _ = cluster.act() }
            }
            standby.startLog()
            cluster.killActiveNorthd()
            let isAtRest = cluster.settle()
            #expect(isAtRest, "seed \(seed)")
            let others = standby.log.filter { event in !names.contains { event.cell.contains($0) } }
            #expect(others == [], "seed \(seed): \(names)")
            written.append(standby.writtenRows)
            check(cluster, seed)
        }
        // Some northds die before they have written, some after.
        #expect(written.contains(0))
        #expect(written.contains { $0 > 0 })
    }

    @Test func manyTakeoversLoseNothing() {
        SimulationChecks(seed: 30, steps: 300, .init(northds: 3, agents: 1), .takeovers).check()
    }

    private func check(_ cluster: SimulatedCluster, _ seed: UInt64) {
        let refusals = cluster.refusals
        #expect(refusals == [], "seed \(seed)")
        let missing = cluster.writesOfANewNorthd()
        #expect(missing == 0, "seed \(seed)")
    }
}
