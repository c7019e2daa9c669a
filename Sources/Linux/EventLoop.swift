import Atomics
import CLinux
import Glibc
import HeapModule

// A daemon's state has one owner: the thread that runs its event loop. Everything that happens to
// the daemon is a callback on that thread, one at a time, so the state needs no lock; other threads
// (NIO's, a namespace's) only `post` work to it.
//
// Properties that hold:
// - a callback never runs after its watch or timer was cancelled, even if the event was already
//   reported by the kernel in the same round;
// - timers run in the order of their deadlines, and of their creation when these are equal;
// - posted work runs in the order of posting; work posted while a round runs its queue runs in the
//   next round, so neither a descriptor nor a timer starves.

/// Descriptor readiness, timers and work from other threads, on one owner thread.
///
/// Unchecked: `post`, `stop`, `isOwner` are thread-safe (a lock, an atomic); all else is called by
/// the owner, which is checked.
package final class EventLoop: @unchecked Sendable {
    /// What a descriptor is ready for. `hangUp` and `error` are always reported, never asked for.
    package struct Readiness: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let readable = Readiness(rawValue: EPOLLIN.rawValue)
        package static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
        package static let error = Readiness(rawValue: EPOLLERR.rawValue)
        package static let hangUp = Readiness(rawValue: EPOLLHUP.rawValue)
    }

    /// Names a watched descriptor; never used twice.
    package struct Watch: Hashable, Sendable { fileprivate let token: UInt64 }
    /// Names a scheduled timer; never used twice.
    package struct Timer: Hashable, Sendable { fileprivate let token: UInt64 }

    private struct Watched {
        let descriptor: Int32
        let callback: (Readiness) -> Void
    }

    private struct Due: Comparable {
        let deadline: MonotonicTime
        let token: UInt64

        static func < (left: Due, right: Due) -> Bool {
            (left.deadline, left.token) < (right.deadline, right.token)
        }
    }

    private static let eventsPerRound = 64
    private static let wakeToken: UInt64 = 0

    private let epoll: FileDescriptor
    private let wakeUp: FileDescriptor
    private let owner = ManagedAtomic<Int32>(0)
    private let stopped = ManagedAtomic<Bool>(false)
    private let posted = PostedWork()

    private var nextToken: UInt64 = 1
    private var watched: [UInt64: Watched] = [:]
    private var due = Heap<Due>()
    private var timers: [UInt64: () -> Void] = [:]
    private var tokens = [UInt64](repeating: 0, count: eventsPerRound)
    private var events = [UInt32](repeating: 0, count: eventsPerRound)

    package init() throws(SystemError) {
        epoll = FileDescriptor(
            owning: try checked("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
        wakeUp = FileDescriptor(
            owning: try checked("eventfd") {
                eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
            })
        try control(EPOLL_CTL_ADD, wakeUp.rawValue, .readable, token: Self.wakeToken)
    }

    /// Whether the calling thread may touch the loop's state: it runs the loop, or none does yet.
    package var isOwner: Bool {
        let current = owner.load(ordering: .acquiring)
        return current == 0 || current == Thread.currentID
    }

    /// Runs until `stop`; the calling thread owns the loop meanwhile.
    package func run() throws(SystemError) {
        let previous = becomeOwner()
        defer { owner.store(previous, ordering: .releasing) }
        while !stopped.exchange(false, ordering: .acquiring) {
            try round(until: nil)
        }
    }

    /// Runs rounds until `condition` holds or the deadline has passed, and tells which; for
    /// start-up sequences and tests.
    package func run(
        until deadline: MonotonicTime, _ condition: () -> Bool
    ) throws(SystemError) -> Bool {
        let previous = becomeOwner()
        defer { owner.store(previous, ordering: .releasing) }
        while !condition() {
            if MonotonicTime.now() >= deadline { return false }
            try round(until: deadline)
        }
        return true
    }

    private func becomeOwner() -> Int32 {
        precondition(isOwner, "an event loop runs on one thread")
        return owner.exchange(Thread.currentID, ordering: .acquiringAndReleasing)
    }

    private func round(until deadline: MonotonicTime?) throws(SystemError) {
        let count = try wait(until: deadline)
        for index in 0..<count {
            deliver(tokens[index], Readiness(rawValue: events[index]))
        }
        for work in posted.takeAll() { work() }
        runDueTimers()
    }

    private func wait(until deadline: MonotonicTime?) throws(SystemError) -> Int {
        let limit = [deadline, nextDeadline].compactMap { $0 }.min()
        let timeout = limit.map { max(0, ($0 - .now()).wholeNanoseconds) } ?? -1
        let result = clinux_epoll_wait(
            epoll.rawValue, &tokens, &events, Int32(Self.eventsPerRound), timeout)
        if result >= 0 { return Int(result) }
        if result == -EINTR { return 0 }
        throw SystemError("epoll_pwait2", code: ErrorCode(rawValue: -result))
    }

    private func deliver(_ token: UInt64, _ readiness: Readiness) {
        if token == Self.wakeToken {
            var count: UInt64 = 0
            _ = read(wakeUp.rawValue, &count, 8)
        } else {
            watched[token]?.callback(readiness)
        }
    }
}

// MARK: - Descriptors

extension EventLoop {
    /// Calls back while the descriptor is ready (level-triggered). The caller keeps the descriptor
    /// open until `unwatch`.
    package func watch(
        _ descriptor: Int32, for interest: Readiness = .readable,
        _ callback: @escaping (Readiness) -> Void
    ) throws(SystemError) -> Watch {
        precondition(isOwner, "only the owner thread watches")
        let token = takeToken()
        try control(EPOLL_CTL_ADD, descriptor, interest, token: token)
        watched[token] = Watched(descriptor: descriptor, callback: callback)
        return Watch(token: token)
    }

    /// Changes what a watched descriptor is waited for.
    package func change(_ watch: Watch, to interest: Readiness) throws(SystemError) {
        precondition(isOwner, "only the owner thread changes a watch")
        guard let entry = watched[watch.token] else { return }
        try control(EPOLL_CTL_MOD, entry.descriptor, interest, token: watch.token)
    }

    /// Ends a watch; no callback follows. Before the descriptor is closed.
    package func unwatch(_ watch: Watch) {
        precondition(isOwner, "only the owner thread ends a watch")
        guard let entry = watched.removeValue(forKey: watch.token) else { return }
        _ = clinux_epoll_set(epoll.rawValue, EPOLL_CTL_DEL, entry.descriptor, 0, 0)
    }

    private func control(
        _ operation: Int32, _ descriptor: Int32, _ interest: Readiness, token: UInt64
    ) throws(SystemError) {
        let epoll = self.epoll.rawValue
        try checkedNegative("epoll_ctl", place: "descriptor \(descriptor)") {
            clinux_epoll_set(epoll, operation, descriptor, interest.rawValue, token)
        }
    }

    private func takeToken() -> UInt64 {
        defer { nextToken += 1 }
        return nextToken
    }
}

// MARK: - Timers

extension EventLoop {
    /// Calls back once, at or after the deadline.
    @discardableResult
    package func schedule(
        at deadline: MonotonicTime, _ callback: @escaping () -> Void
    ) -> Timer {
        precondition(isOwner, "only the owner thread schedules")
        let token = takeToken()
        timers[token] = callback
        due.insert(Due(deadline: deadline, token: token))
        return Timer(token: token)
    }

    /// Calls back once, after at least the interval.
    @discardableResult
    package func schedule(
        after interval: Duration, _ callback: @escaping () -> Void
    ) -> Timer {
        schedule(at: .now() + interval, callback)
    }

    /// Drops a timer; one that has run or was dropped is left alone.
    package func cancel(_ timer: Timer) {
        precondition(isOwner, "only the owner thread cancels")
        guard timers.removeValue(forKey: timer.token) != nil else { return }
        dropCancelled()
    }

    /// A cancelled timer stays in the heap until its deadline; this bounds how many.
    private func dropCancelled() {
        if due.count > 64, due.count > 2 * timers.count {
            due = Heap(due.unordered.filter { timers[$0.token] != nil })
        }
    }

    private var nextDeadline: MonotonicTime? {
        while let first = due.min, timers[first.token] == nil {
            due.removeMin()
        }
        return due.min?.deadline
    }

    private func runDueTimers() {
        let now = MonotonicTime.now()
        while let deadline = nextDeadline, deadline <= now {
            timers.removeValue(forKey: due.removeMin().token)?()
        }
    }
}

// MARK: - From other threads

extension EventLoop {
    /// Runs `work` on the owner thread, after all that was posted before. Thread-safe.
    package func post(_ work: @escaping @Sendable () -> Void) {
        if posted.append(work) { wake() }
    }

    /// Makes `run` return after the round it is in. Thread-safe.
    package func stop() {
        stopped.store(true, ordering: .releasing)
        wake()
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(wakeUp.rawValue, &one, 8)
    }
}
