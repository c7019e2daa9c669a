import Testing
import Wire

@testable import AgentCore

/// A port that is alone has long turns; one that keeps another one waiting has short ones.
@Suite struct UpcallTurnTests {
    @Test func aPortAloneHasLongTurns() {
        var turns = UpcallTurns()
        for now in stride(from: 0, to: 5000, by: 10) as StrideTo<Milliseconds> {
            #expect(turns.limit(of: 1, now: now) == UpcallTurns.alone)
            turns.filled(by: 1, now: now)
        }
    }

    @Test func portsThatAreNotBusyHaveLongTurns() {
        var turns = UpcallTurns()
        for now in 0..<100 as Range<Milliseconds> {
            #expect(turns.limit(of: UInt32(now % 3), now: now) == UpcallTurns.alone)
        }
    }

    @Test func aBusyPortHasShortTurnsWhileAnotherHasAny() {
        var turns = UpcallTurns()
        turns.filled(by: 1, now: 0)
        #expect(turns.limit(of: 2, now: 10) == UpcallTurns.shared)
        #expect(turns.limit(of: 1, now: 11) == UpcallTurns.shared)
        turns.filled(by: 1, now: 11)
        let later = 10 + UpcallTurns.memory
        #expect(turns.limit(of: 1, now: later) == UpcallTurns.alone, "the other has had none since")
        turns.filled(by: 1, now: later)
        #expect(turns.limit(of: 2, now: later + 1) == UpcallTurns.shared)
    }
}
