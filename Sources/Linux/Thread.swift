import CLinux
import Glibc

/// An operating-system thread of its own, for work that blocks or owns state: Swift's concurrency
/// pool has one thread per core and must never wait.
///
/// Dropping the value detaches the thread; `join` waits for its end.
package struct Thread: ~Copyable, Sendable {
    private let handle: UInt

    /// Starts `body` on a new thread whose name (15 bytes are kept) shows in `top` and logs.
    package static func start(
        name: String, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) -> Thread {
        let context = Unmanaged.passRetained(ThreadStart(name: name, body: body))
        var handle = pthread_t()
        let error = pthread_create(
            &handle, nil,
            { raw in
                guard let raw else { return nil }
                let start = Unmanaged<ThreadStart>.fromOpaque(raw).takeRetainedValue()
                clinux_name_thread(start.name)
                start.body()
                return nil
            }, context.toOpaque())
        if error != 0 {
            context.release()
            throw SystemError("pthread_create", code: ErrorCode(rawValue: error), place: name)
        }
        return Thread(handle: UInt(handle))
    }

    private init(handle: UInt) {
        self.handle = handle
    }

    deinit {
        pthread_detach(pthread_t(handle))
    }

    /// Waits until the thread has ended.
    package consuming func join() {
        let handle = self.handle
        discard self
        pthread_join(pthread_t(handle), nil)
    }

    /// Runs `body` on a thread of its own and waits for its result: for calls that change the
    /// thread they run on, such as entering a network namespace.
    package static func runToEnd<Result: ~Copyable & Sendable>(
        name: String, _ body: @Sendable () throws(SystemError) -> Result
    ) throws(SystemError) -> Result {
        let slot = ResultSlot<Result>()
        try withoutActuallyEscaping(body) { (escaping) throws(SystemError) in
            let thread = try start(name: name) { slot.fill(escaping) }
            thread.join()
        }
        return try slot.take()
    }

    /// The kernel's id of the calling thread.
    package static var currentID: Int32 { clinux_thread_id() }
}

private final class ThreadStart: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

/// Carries a result from a thread to the one that joins it.
///
/// Unchecked: written once before the thread ends, read once after the join, which orders both.
private final class ResultSlot<Value: ~Copyable & Sendable>: @unchecked Sendable {
    private var value: Value?
    private var error: SystemError?

    func fill(_ body: () throws(SystemError) -> Value) {
        do {
            value = try body()
        } catch {
            self.error = error
        }
    }

    func take() throws(SystemError) -> Value {
        if let error { throw error }
        guard let value = value.take() else {
            preconditionFailure("a joined thread has left a result or an error")
        }
        return value
    }
}
