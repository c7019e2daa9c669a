import Linux
import Netlink

/// The thread of samples, as others see it. What runs there is `SamplingLoop`.
final class SamplingThread: @unchecked Sendable {
    // Sound because `loop` is thread-safe where it is used (`post`, `stop`), `state` is only touched
    // on the loop's own thread, and `thread` by the one that starts and stops it.
    private let loop: EventLoop
    private let state: SamplingLoop
    private var thread: Thread?
    /// The netlink port on which samples arrive.
    let samplePort: UInt32
    /// Hears what goes wrong. Set once, before `start`.
    var report: @Sendable (String) -> Void = { _ in }

    init(_ socket: UpcallSocket) throws(SystemError) {
        loop = try EventLoop()
        samplePort = socket.portID
        state = SamplingLoop(loop: loop, socket: socket)
    }

    func start() throws(SystemError) {
        state.report = report
        let state = OwnerBound(self.state, loop: loop)
        let loop = self.loop
        let report = self.report
        thread = try Thread.start(name: "sampling") {
            do {
                try state.value.start()
                try loop.run()
            } catch {
                report("sampling thread: \(error)")
            }
        }
    }

    /// Sends all that was gathered, and waits until that is done.
    func stop() {
        let state = OwnerBound(self.state, loop: loop)
        let loop = self.loop
        loop.post {
            state.value.flush()
            loop.stop()
        }
        if let thread = thread.take() { thread.join() }
    }

    func configure(_ configuration: SamplingConfiguration) {
        let state = OwnerBound(self.state, loop: loop)
        loop.post { state.value.configure(configuration) }
    }

    func show(_ answer: @escaping @Sendable (String) -> Void) {
        let state = OwnerBound(self.state, loop: loop)
        loop.post { answer(state.value.text) }
    }
}
