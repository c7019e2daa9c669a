import CLinux
import Glibc

/// The signals that a daemon handles.
package enum Signal: Sendable, CaseIterable {
    case terminate
    case interrupt
    case hangUp
    case child

    package var number: Int32 {
        switch self {
        case .terminate: SIGTERM
        case .interrupt: SIGINT
        case .hangUp: SIGHUP
        case .child: SIGCHLD
        }
    }
}

/// Signals as events of a descriptor instead of interruptions.
///
/// Made on the main thread before any other thread exists: the signals are blocked there, and the
/// threads started later inherit that; one that doesn't would be killed by SIGTERM.
package struct SignalSource: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// Also ignores SIGPIPE, so that a write to a closed peer is an error and no death.
    package init(_ signals: [Signal] = Signal.allCases) throws(SystemError) {
        clinux_ignore_signal(SIGPIPE)
        let numbers = signals.map(\.number)
        descriptor = FileDescriptor(
            owning: try checkedNegative("signalfd") {
                clinux_signal_descriptor(numbers, Int32(numbers.count))
            })
    }

    /// Readable when a signal waits.
    package var rawDescriptor: Int32 { descriptor.rawValue }

    /// The next signal that waits, or nil.
    package borrowing func next() throws(SystemError) -> Signal? {
        let source = descriptor.rawValue
        let number = try checkedNegative("read signalfd") { clinux_next_signal(source) }
        return Signal.allCases.first { $0.number == number }
    }
}
