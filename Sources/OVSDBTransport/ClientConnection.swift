import JSON
import Linux
import NIOCore
import NIOPosix
import Synchronization

/// A client's way to its server: at most one stream at a time, each a new generation.
///
/// `connect` returns the identifier of the stream it begins, and every event carries the identifier
/// of its stream, so the receiver tells a late event of an abandoned stream from a current one by
/// comparing. Every `connect` ends with exactly one `.closed` for its identifier. Nothing here
/// reconnects: when and where to try next is the session's decision.
package final class ClientConnection: Sendable {
    private let threads: IOThreads
    private let configuration: StreamConfiguration
    private let deliver: StreamHandler
    private let state = Mutex(State())

    private struct State: Sendable {
        var current: StreamID?
        var stream: MessageStream?
    }

    /// `deliver` is called on an I/O thread: it posts to the owner's event loop and returns.
    package init(
        threads: IOThreads, configuration: StreamConfiguration = .client,
        deliver: @escaping StreamHandler
    ) {
        self.threads = threads
        self.configuration = configuration
        self.deliver = deliver
    }

    /// Abandons the current stream and begins to connect to `method`.
    @discardableResult
    package func connect(to method: ConnectionMethod) -> StreamID {
        close()
        let id = StreamID.next()
        state.withLock { $0.current = id }
        StreamConnector(threads: threads, configuration: configuration)
            .connect(to: method, id: id) { [self] event in
                note(event)
                deliver(event)
            }
        return id
    }

    /// Queues a message on the open stream; without one it is dropped.
    package func send(_ message: JSON) { send([OutgoingBytes(message)]) }

    package func send(_ pieces: [OutgoingBytes]) {
        state.withLock { $0.stream }?.send(pieces)
    }

    /// Bytes queued that the kernel has not taken yet.
    package var unsentBytes: Int { state.withLock { $0.stream }?.unsentBytes ?? 0 }

    /// Closes the current stream, open or still connecting.
    package func close() {
        let stream = state.withLock { state in
            let stream = state.stream
            state = State()
            return stream
        }
        stream?.close()
    }

    private func note(_ event: StreamEvent) {
        switch event {
        case .opened(let stream):
            let isCurrent = state.withLock { state in
                if state.current == stream.id { state.stream = stream }
                return state.current == stream.id
            }
            if !isCurrent { stream.close() }
        case .closed(let id, _):
            state.withLock { if $0.current == id { $0 = State() } }
        case .received, .drained: break
        }
    }
}

/// Opens streams by the methods that call a peer; used by clients, and by servers told to call.
package struct StreamConnector: Sendable {
    package let threads: IOThreads
    package let configuration: StreamConfiguration
    /// How long a peer may take to accept.
    package var timeout: Duration = .seconds(10)

    package init(threads: IOThreads, configuration: StreamConfiguration) {
        self.threads = threads
        self.configuration = configuration
    }

    /// Begins to connect. Events carry `id`; a failure is its `.closed`.
    package func connect(
        to method: ConnectionMethod, id: StreamID = .next(), deliver: @escaping StreamHandler
    ) {
        let future: EventLoopFuture<any Channel>
        switch method {
        case .tcp(let host, let port):
            future = bootstrap(id, deliver)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: host, port: port)
        case .unix(let path):
            future = connectUnix(path, bootstrap(id, deliver))
        case .tls:
            deliver(.closed(id, .notSupported(method)))
            return
        case .passiveTCP, .passiveTLS, .passiveUnix:
            deliver(.closed(id, .wrongDirection(method)))
            return
        }
        future.whenFailure { error in
            deliver(.closed(id, .cannotConnect(method, reason: FailureText.describe(error))))
        }
    }

    private func connectUnix(
        _ path: String, _ bootstrap: ClientBootstrap
    ) -> EventLoopFuture<any Channel> {
        do {
            return bootstrap.withConnectedSocket(try UnixSocket.connect(path: path).release())
        } catch {
            return threads.group.next().makeFailedFuture(error)
        }
    }

    private func bootstrap(_ id: StreamID, _ deliver: @escaping StreamHandler) -> ClientBootstrap {
        let configuration = self.configuration
        return ClientBootstrap(group: threads.group)
            .connectTimeout(TimeAmount(timeout))
            .channelOption(.autoRead, value: false)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        MessageStreamHandler(
                            id: id, configuration: configuration, deliver: deliver))
                }
            }
    }
}
