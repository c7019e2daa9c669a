/// One timer for several who ask for it: it runs at the earliest time that was asked for, and whoever
/// asked for a later one asks again then. It lives at least until it has run.
///
/// Belongs to the thread of its event loop.
package final class EarliestTimer {
    private let loop: EventLoop
    private let action: () -> Void
    private var next: (deadline: MonotonicTime, timer: EventLoop.Timer)?

    package init(loop: EventLoop, _ action: @escaping () -> Void) {
        self.loop = loop
        self.action = action
    }

    /// Runs the action at the deadline, or before if somebody else has asked for that.
    package func ask(at deadline: MonotonicTime) {
        if let next {
            guard deadline < next.deadline else { return }
            loop.cancel(next.timer)
        }
        let timer = loop.schedule(at: deadline) { [self] in run() }
        next = (deadline, timer)
    }

    private func run() {
        next = nil
        action()
    }
}
