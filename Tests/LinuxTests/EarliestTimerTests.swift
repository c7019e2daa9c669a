import Testing

@testable import Linux

@Suite struct EarliestTimerTests {
    private let loop: EventLoop
    private let now = MonotonicTime.now()

    init() throws { loop = try EventLoop() }

    private func offset(_ milliseconds: Int) -> MonotonicTime { now + .milliseconds(milliseconds) }

    /// Times that are a long way off must not take the place of the one that is near.
    @Test(arguments: [[1, 60_000_000], [60_000_000, 1], [60_000_000, 1, 50_000_000]])
    func theEarliestTimeCounts(asked: [Int]) throws {
        var runs = 0
        let timer = EarliestTimer(loop: loop) { runs += 1 }
        for time in asked { timer.ask(at: offset(time)) }
        #expect(try loop.run(until: .now() + .seconds(30)) { runs == 1 })
    }

    @Test func itIsAskedAnewAfterItHasRun() throws {
        var runs = 0
        let timer = EarliestTimer(loop: loop) { runs += 1 }
        for time in [1, 2] { timer.ask(at: offset(time)) }
        #expect(try loop.run(until: .now() + .seconds(30)) { runs == 1 })
        timer.ask(at: offset(3))
        #expect(try loop.run(until: .now() + .seconds(30)) { runs == 2 })
    }

    /// A time that another replaced does not run the action once more.
    @Test func aLaterTimeIsForgotten() throws {
        var runs = 0
        var isOver = false
        let timer = EarliestTimer(loop: loop) { runs += 1 }
        for time in [2, 1, 3] { timer.ask(at: offset(time)) }
        loop.schedule(at: offset(4)) { isOver = true }
        #expect(try loop.run(until: .now() + .seconds(30)) { isOver })
        #expect(runs == 1)
    }
}
