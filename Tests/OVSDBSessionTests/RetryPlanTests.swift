import Testing

@testable import OVSDBSession

/// When a refused transaction is made again.
@Suite struct RetryPlanTests {
    private static let interval: Int64 = 1000

    @Test func whatWasBuiltOnOldRowsIsMadeAgainAtOnce() {
        var plan = RetryPlan(interval: Self.interval)
        plan.beginAttempt()
        plan.noteChange()
        let waits = plan.noteRefusal(at: 100)
        #expect(!waits)
        #expect(plan.allowsAttempt(at: 100))
        #expect(plan.time == nil)
    }

    @Test func aChangeThatComesLaterEndsTheWait() {
        var plan = RetryPlan(interval: Self.interval)
        plan.beginAttempt()
        let waits = plan.noteRefusal(at: 100)
        #expect(waits)
        #expect(!plan.allowsAttempt(at: 100))
        plan.noteChange()
        #expect(plan.allowsAttempt(at: 100))
    }

    @Test func whatIsWrongByItselfWaits() {
        var plan = RetryPlan(interval: Self.interval)
        for attempt in 0..<3 as Range<Int64> {
            plan.beginAttempt()
            plan.noteChange()
            let waits = plan.noteRefusal(at: attempt)
            #expect(waits == (attempt > 0))
            plan.noteChange()
        }
        #expect(!plan.allowsAttempt(at: Self.interval + 1))
        #expect(plan.time == Self.interval + 2)
        plan.beginAttempt()
        plan.noteSuccess()
        plan.beginAttempt()
        plan.noteChange()
        let waits = plan.noteRefusal(at: 9)
        #expect(!waits, "the first one since a success")
    }
}
