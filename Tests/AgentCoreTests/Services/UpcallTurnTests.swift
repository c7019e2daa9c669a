import Testing
import Wire

@testable import AgentCore

/// A port that is alone has long turns; one that keeps another one waiting has short ones.
@Suite struct UpcallTurnTests {
    /// A turn each of the ports, in order, at one time: what they might have.
    private func turn(
        _ turns: inout UpcallTurns, _ ports: [UInt32: Int], at now: Milliseconds
    ) -> [UInt32: Int] {
        var limits: [UInt32: Int] = [:]
        for (port, waiting) in ports.sorted(by: { $0.key < $1.key }) {
            let limit = turns.limit(of: port, now: now)
            turns.took(min(limit, waiting), from: port, now: now)
            limits[port] = limit
        }
        return limits
    }

    @Test func aPortAloneHasLongTurns() {
        var turns = UpcallTurns()
        for now in stride(from: 0, to: 5000, by: 10) as StrideTo<Milliseconds> {
            #expect(turn(&turns, [1: 1000], at: now) == [1: UpcallTurns.alone])
        }
    }

    @Test func portsThatAreNotBusyHaveLongTurns() {
        var turns = UpcallTurns()
        for now in stride(from: 0, to: 5000, by: 100) as StrideTo<Milliseconds> {
            #expect(
                turn(&turns, [1: 3, 2: 20], at: now) == [
                    1: UpcallTurns.alone, 2: UpcallTurns.alone,
                ])
        }
    }

    @Test func aBusyPortHasShortTurnsWhileAnotherHasAny() {
        var turns = UpcallTurns()
        for now in 0..<10 as Range<Milliseconds> { _ = turn(&turns, [1: 1000], at: now) }
        // Short turns make it no less busy, for as long as it has them.
        for now in 10..<5000 as Range<Milliseconds> {
            let limits = turn(&turns, now % 500 == 10 ? [1: 1000, 2: 1] : [1: 1000], at: now)
            #expect(limits[2] ?? UpcallTurns.alone == UpcallTurns.alone)
            if now > 10 { #expect(limits[1] == UpcallTurns.shared) }
        }
        #expect(
            turn(&turns, [1: 1000], at: 5000 + UpcallTurns.window) == [1: UpcallTurns.alone],
            "the other has had none since")
    }

    @Test func portsThatAreAllBusyHaveLongTurns() {
        var turns = UpcallTurns()
        for now in 0..<10 as Range<Milliseconds> { _ = turn(&turns, [1: 1000, 2: 20], at: now) }
        for now in 10..<20 as Range<Milliseconds> { _ = turn(&turns, [1: 1000, 2: 64], at: now) }
        for now in 20..<5000 as Range<Milliseconds> {
            let limits = turn(&turns, [1: 1000, 2: 1000], at: now)
            #expect(limits == [1: UpcallTurns.alone, 2: UpcallTurns.alone])
        }
    }

    @Test func aPortThatWasBusyIsForgotten() {
        var turns = UpcallTurns()
        for now in 0..<10 as Range<Milliseconds> { _ = turn(&turns, [1: 1000], at: now) }
        #expect(turn(&turns, [2: 1000], at: 10 + 2 * UpcallTurns.window) == [2: UpcallTurns.alone])
    }
}
