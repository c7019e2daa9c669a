import Linux
import Logging
import Synchronization

/// Threads for work on snapshots, so that the owner thread never looks at a whole database.
final class WorkerPool: Sendable {
    private let loops: [EventLoop]
    private let next = Atomic<Int>(0)

    /// Starts `count` threads.
    init(count: Int) throws(SystemError) {
        precondition(count > 0, "at least one worker")
        var loops: [EventLoop] = []
        for _ in 0..<count {
            let loop = try EventLoop()
            _ = try Thread.start(name: "worker") {
                do {
                    try loop.run()
                } catch {
                    Logger(label: "worker").critical("a worker thread failed", error: error)
                }
            }
            loops.append(loop)
        }
        self.loops = loops
    }

    /// Runs work on the next thread in turn.
    func run(_ work: @escaping @Sendable () -> Void) {
        loops[next.wrappingAdd(1, ordering: .relaxed).oldValue % loops.count].post(work)
    }

    func stop() {
        for loop in loops { loop.stop() }
    }
}
