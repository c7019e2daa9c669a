// What signals mean to every daemon here: SIGTERM and SIGINT ask for an orderly end with status 0,
// SIGHUP for the log file to be opened again by its name, as logrotate(8) configurations send it;
// `vlog/reopen` does the same. A daemon without a log file goes on past a SIGHUP too: a terminal
// that goes away is no reason to stop forwarding.

import Logging

/// A daemon's signals, handled on its owner thread. It lives until the daemon ends.
package final class DaemonSignals {
    private let source: SignalSource
    private let loop: EventLoop
    private var end: () -> Void = {}

    /// From now on the signals wait; before any other thread is started (`SignalSource`).
    package init(loop: EventLoop) throws(SystemError) {
        source = try SignalSource()
        self.loop = loop
    }

    /// Begins to act on signals. `end` may be called more than once.
    package func handle(end: @escaping () -> Void) throws(SystemError) {
        self.end = end
        _ = try loop.watch(source.rawDescriptor) { [self] _ in takeAll() }
    }

    private func takeAll() {
        do {
            while let signal = try source.next() { act(on: signal) }
        } catch {
            Logger(label: "daemon").warning("signal: \(error)")
        }
    }

    private func act(on signal: Signal) {
        switch signal {
        case .terminate, .interrupt: end()
        case .hangUp: reopenLog()
        case .child: break
        }
    }

    /// A log that can't be opened is no reason to stop; what is said of it goes to the others.
    private func reopenLog() {
        do {
            _ = try Log.shared.reopenFile()
        } catch {
            Logger(label: "vlog").warning("failed to reopen the log file: \(error)")
        }
    }
}
