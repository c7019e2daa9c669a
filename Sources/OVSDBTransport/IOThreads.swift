import Linux
import NIOCore
import NIOPosix

/// The threads that do a process's socket I/O. They outlive every stream made on them.
///
/// Made after the process has detached: threads do not survive a fork.
package final class IOThreads: Sendable {
    let group: MultiThreadedEventLoopGroup

    package init(count: Int = 1) {
        precondition(count > 0, "at least one I/O thread")
        group = MultiThreadedEventLoopGroup(numberOfThreads: count)
    }

    /// Ends the threads and all streams on them; for tests. A program just exits.
    package func shutDown() {
        group.shutdownGracefully { _ in }
    }
}

enum PeerAddress {
    /// `tcp:HOST:PORT`, or `unix`, whose peers have no address.
    static func text(_ address: SocketAddress?) -> String {
        guard let host = address?.ipAddress, let port = address?.port else { return "unix" }
        return "tcp:\(ConnectionMethod.bracketed(host)):\(port)"
    }
}

enum FailureText {
    /// The system's words for an error of NIO.
    static func describe(_ error: any Error) -> String {
        switch error {
        case let error as IOError: ErrorCode(rawValue: error.errnoCode).description
        case let error as SystemError: error.code.description
        case let error as NIOConnectionError: describe(error)
        case ChannelError.connectTimeout: "connection timed out"
        default: "\(error)"
        }
    }

    private static func describe(_ error: NIOConnectionError) -> String {
        if let failure = error.connectionErrors.first { return describe(failure.error) }
        let lookUp = error.dnsAError ?? error.dnsAAAAError
        return lookUp.map { "\($0)" } ?? "no address for \(error.host)"
    }
}
