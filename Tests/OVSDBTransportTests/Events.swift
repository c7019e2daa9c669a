import Glibc
import JSON
import Linux
import Synchronization

@testable import OVSDBTransport

/// Collects the events of streams; a test awaits the next one that it is interested in.
final class Events: Sendable {
    private let stream: AsyncStream<StreamEvent>
    private let continuation: AsyncStream<StreamEvent>.Continuation
    private let batches = Mutex<[ReceivedBatch]>([])

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    var handler: StreamHandler {
        { [continuation] event in continuation.yield(event) }
    }

    /// Passes over events until `select` takes one.
    func first<Value>(_ select: (StreamEvent) -> Value?) async throws -> Value {
        for await event in stream {
            if let value = select(event) { return value }
        }
        throw CancellationError()
    }

    func opened() async throws -> MessageStream {
        try await first { if case .opened(let stream) = $0 { stream } else { nil } }
    }

    /// The next `count` messages.
    func messages(_ count: Int) async throws -> [JSON] {
        var messages: [JSON] = []
        while messages.count < count {
            messages += try await first {
                if case .received(_, let batch) = $0 { batch.messages } else { nil }
            }
        }
        return messages
    }

    func closed() async throws -> TransportError {
        try await first { if case .closed(_, let reason) = $0 { reason } else { nil } }
    }
}

/// A directory that goes away with the value, for sockets.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/stream.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError.last("mkdtemp") }
        path = String(cString: made)
    }

    deinit {
        _ = try? ChildProcess.run(["rm", "-rf", path])
    }
}

/// A server and a client of it, each with its events.
struct Pair {
    let threads = IOThreads()
    let server = Events()
    let client = Events()
    let listener: StreamListener
    let connection: ClientConnection
    private let directory: TemporaryDirectory

    enum Family { case unix, tcp }

    init(
        _ family: Family, server configuration: StreamConfiguration? = nil,
        client clientConfiguration: StreamConfiguration = StreamConfiguration()
    ) throws {
        directory = try TemporaryDirectory()
        let path = "\(directory.path)/socket"
        let passive: ConnectionMethod =
            family == .unix
            ? .passiveUnix(path: path) : .passiveTCP(host: "127.0.0.1", port: 0)
        listener = try StreamListener(
            on: passive, threads: threads, configuration: configuration, deliver: server.handler)
        connection = ClientConnection(
            threads: threads, configuration: clientConfiguration, deliver: client.handler)
        connection.connect(
            to: family == .unix
                ? .unix(path: path)
                : .tcp(host: "127.0.0.1", port: listener.boundPort ?? 0))
    }

    func finish() {
        connection.close()
        listener.close()
        threads.shutDown()
    }
}
