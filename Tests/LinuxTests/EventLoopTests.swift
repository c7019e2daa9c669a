import Glibc
import Testing

@testable import Linux

/// What a callback wrote, in order.
private final class Journal {
    var entries: [String] = []
}

@Suite struct EventLoopTests {
    private func later(_ interval: Duration = .seconds(30)) -> MonotonicTime { .now() + interval }

    @Test func timersRunInTheOrderOfDeadlinesThenOfCreation() throws {
        let loop = try EventLoop()
        let journal = Journal()
        let now = MonotonicTime.now()
        for (name, offset) in [("c", 3), ("a", 1), ("b1", 2), ("b2", 2)] {
            loop.schedule(at: now + .milliseconds(offset)) { journal.entries.append(name) }
        }
        #expect(try loop.run(until: later()) { journal.entries.count == 4 })
        #expect(journal.entries == ["a", "b1", "b2", "c"])
    }

    @Test func aCancelledTimerNeverRuns() throws {
        let loop = try EventLoop()
        let journal = Journal()
        let now = MonotonicTime.now()
        let victim = loop.schedule(at: now + .milliseconds(1)) { journal.entries.append("victim") }
        loop.schedule(at: now) {
            journal.entries.append("first")
            loop.cancel(victim)
        }
        loop.schedule(at: now + .milliseconds(5)) { journal.entries.append("last") }
        #expect(try loop.run(until: later()) { journal.entries.contains("last") })
        #expect(journal.entries == ["first", "last"])
    }

    @Test func manyCancelledTimersLeaveTheOthersInOrder() throws {
        let loop = try EventLoop()
        let journal = Journal()
        let now = MonotonicTime.now()
        for index in 0..<1000 {
            let timer = loop.schedule(at: now + .microseconds(1000 - index)) {
                journal.entries.append("\(index)")
            }
            if index % 100 != 0 { loop.cancel(timer) }
        }
        #expect(try loop.run(until: later()) { journal.entries.count == 10 })
        #expect(journal.entries == (0..<10).reversed().map { "\($0 * 100)" })
    }

    @Test func aReadableDescriptorCallsBackUntilItIsUnwatched() throws {
        let loop = try EventLoop()
        let pipe = try FileDescriptor.pipe()
        var count = 0
        let reader = pipe.first.rawValue
        let watch = try loop.watch(reader) { readiness in
            #expect(readiness == .readable)
            count += 1
        }
        _ = try [UInt8](repeating: 1, count: 3).withUnsafeBytes { try pipe.second.write($0) }
        #expect(try loop.run(until: later()) { count == 3 })
        loop.unwatch(watch)
        #expect(try !loop.run(until: .now() + .milliseconds(5)) { count > 3 })
    }

    @Test func aCallbackMayEndAnotherWatchOfTheSameRound() throws {
        let loop = try EventLoop()
        let left = try FileDescriptor.pipe()
        let right = try FileDescriptor.pipe()
        var calls = 0
        var watches: [EventLoop.Watch] = []
        for descriptor in [left.first.rawValue, right.first.rawValue] {
            watches.append(
                try loop.watch(descriptor) { _ in
                    calls += 1
                    for watch in watches { loop.unwatch(watch) }
                })
        }
        _ = try [UInt8(1)].withUnsafeBytes { try left.second.write($0) }
        _ = try [UInt8(1)].withUnsafeBytes { try right.second.write($0) }
        #expect(try loop.run(until: later()) { calls > 0 })
        #expect(try !loop.run(until: .now() + .milliseconds(5)) { calls > 1 })
    }

    @Test func interestCanChangeToWritable() throws {
        let loop = try EventLoop()
        let pipe = try FileDescriptor.pipe()
        var seen: EventLoop.Readiness = []
        let watch = try loop.watch(pipe.second.rawValue, for: []) { seen.insert($0) }
        #expect(try !loop.run(until: .now() + .milliseconds(5)) { !seen.isEmpty })
        try loop.change(watch, to: .writable)
        #expect(try loop.run(until: later()) { seen == .writable })
    }

    @Test func workPostedFromThreadsRunsInOrderOnTheOwner() throws {
        let loop = try EventLoop()
        let journal = LoopBound(Journal(), loop: loop)
        let threads = 4
        let each = 500
        for thread in 0..<threads {
            let poster = try Thread.start(name: "poster\(thread)") {
                for index in 0..<each {
                    loop.post { journal.value.entries.append("\(thread):\(index)") }
                }
            }
            poster.join()
        }
        #expect(try loop.run(until: later()) { journal.value.entries.count == threads * each })
        let expected = (0..<threads).flatMap { thread in (0..<each).map { "\(thread):\($0)" } }
        #expect(journal.value.entries == expected)
    }

    @Test func stopFromAnotherThreadEndsRun() throws {
        let loop = try EventLoop()
        let stopper = try Thread.start(name: "stopper") {
            loop.post { loop.stop() }
        }
        try loop.run()
        stopper.join()
    }

    @Test func anotherThreadIsNotTheOwnerOfARunningLoop() throws {
        let loop = try EventLoop()
        var answer: Bool?
        loop.schedule(after: .zero) {
            answer = try? Thread.runToEnd(name: "stranger") { loop.isOwner }
        }
        #expect(try loop.run(until: later()) { answer != nil })
        #expect(answer == false)
    }

    @Test func aBadDescriptorIsAnErrorWithItsPlace() throws {
        let loop = try EventLoop()
        let error = #expect(throws: SystemError.self) { try loop.watch(99999) { _ in } }
        #expect(error?.operation == "epoll_ctl")
        #expect(error?.code.name == "EBADF")
        #expect(error?.description == "epoll_ctl descriptor 99999: Bad file descriptor")
    }
}
