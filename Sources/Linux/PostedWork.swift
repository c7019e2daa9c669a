import Glibc

/// A queue of closures from any thread to one.
///
/// Unchecked: `queue` is touched only under `lock`.
final class PostedWork: @unchecked Sendable {
    package typealias Work = @Sendable () -> Void

    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private var queue: [Work] = []

    init() {
        pthread_mutex_init(lock, nil)
    }

    deinit {
        pthread_mutex_destroy(lock)
        lock.deallocate()
    }

    /// Adds work and tells whether the queue was empty, so that the reader must be woken.
    func append(_ work: @escaping Work) -> Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        queue.append(work)
        return queue.count == 1
    }

    func takeAll() -> [Work] {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        if queue.isEmpty { return [] }
        let taken = queue
        queue = []
        return taken
    }
}

/// A value that only the owner of an event loop touches, in a wrapper that other threads may hold:
/// what a transport's callback carries back to its daemon through `post`.
///
/// Unchecked: every access is checked to be on the loop's thread.
package struct LoopBound<Value>: @unchecked Sendable {
    private let loop: EventLoop
    private let bound: Value

    package init(_ value: Value, loop: EventLoop) {
        precondition(loop.isOwner, "a loop-bound value is made on its loop")
        self.loop = loop
        self.bound = value
    }

    package var value: Value {
        precondition(loop.isOwner, "a loop-bound value is used on its loop")
        return bound
    }
}
