// One remote in service, on the owner thread: a listener with the sessions that came by it, or a
// caller that keeps one session to its peer.

import Linux
import Logging
import OVSDBSession
import OVSDBTransport

final class RemoteEndpoint {
    private(set) var settings: RemoteSettings
    /// The method with an absolute path.
    private let address: ConnectionMethod
    private let loop: EventLoop
    private let threads: IOThreads
    private let deliver: StreamHandler
    private var listener: StreamListener?
    private var retry: EventLoop.Timer?
    private var backoff: Duration = firstBackoff
    private(set) var sessions: [StreamID: MessageStream] = [:]
    private var connectedSince: [StreamID: MonotonicTime] = [:]
    private var disconnectedSince: MonotonicTime?
    private var lastError: String?
    /// Whether the last attempt to listen failed.
    private(set) var listenError: TransportError?
    private var isClosed = false

    private static let firstBackoff = Duration.seconds(1)
    private static let logger = Logger(label: "reconnect")

    /// `deliver` gets the events of all streams, on I/O threads.
    init(
        _ settings: RemoteSettings, address: ConnectionMethod, loop: EventLoop,
        threads: IOThreads, deliver: @escaping StreamHandler
    ) {
        self.settings = settings
        self.address = address
        self.loop = loop
        self.threads = threads
        self.deliver = deliver
        settings.method.isPassive ? listen() : connect()
    }

    var boundPort: Int? { listener?.boundPort }

    /// Ends it with all its sessions.
    func close() {
        isClosed = true
        listener?.close()
        listener = nil
        if let retry { loop.cancel(retry) }
        closeSessions()
    }

    func closeSessions() {
        for (_, stream) in sessions.sorted(by: { $0.key < $1.key }) { stream.close() }
    }

    /// Takes over what a changed row says, for the same method.
    func update(_ settings: RemoteSettings) {
        precondition(settings.method == self.settings.method, "another method is another endpoint")
        let interval = streamConfiguration.probeInterval
        self.settings = settings
        guard streamConfiguration.probeInterval != interval else { return }
        for stream in sessions.values { stream.setProbeInterval(streamConfiguration.probeInterval) }
    }

    private var streamConfiguration: StreamConfiguration {
        var configuration = StreamConfiguration.server(for: settings.method)
        if let interval = settings.probeInterval {
            configuration.probeInterval = interval == .zero ? nil : interval
        }
        return configuration
    }

    // MARK: - Streams

    func didOpen(_ stream: MessageStream) {
        sessions[stream.id] = stream
        connectedSince[stream.id] = .now()
        if settings.method.isPassive {
            // The row may say something else than when the listener was made.
            stream.setProbeInterval(streamConfiguration.probeInterval)
        } else {
            backoff = Self.firstBackoff
            lastError = nil
            Self.logger.info("\(settings.method): connected")
        }
        if isClosed { stream.close() }
    }

    func didClose(_ id: StreamID, _ reason: TransportError) {
        let wasOpen = sessions.removeValue(forKey: id) != nil
        connectedSince[id] = nil
        if wasOpen { disconnectedSince = .now() }
        guard !settings.method.isPassive, !isClosed else { return }
        lastError = "\(reason)"
        Self.logger.info("\(reason)", metadata: ["remote": "\(settings.method)"])
        scheduleRetry { $0.connect() }
    }

    private func scheduleRetry(_ attempt: @escaping (RemoteEndpoint) -> Void) {
        retry = loop.schedule(after: backoff) { [weak self] in
            guard let self else { return }
            retry = nil
            attempt(self)
        }
        backoff = min(backoff * 2, settings.maximumBackoff)
    }

    private func listen() {
        do throws(TransportError) {
            listener = try StreamListener(
                on: address, threads: threads, configuration: streamConfiguration,
                deliver: deliver)
            listenError = nil
        } catch {
            listener = nil
            listenError = error
            Logger(label: "ovsdb_jsonrpc_server").error("\(error)")
            scheduleRetry { $0.listen() }
        }
    }

    private func connect() {
        StreamConnector(threads: threads, configuration: streamConfiguration)
            .connect(to: address, deliver: deliver)
    }

    // MARK: - Status

    /// The columns `is_connected` and `status` of the remote's row.
    func status(
        now: MonotonicTime, locks: (StreamID) -> (held: Int, waiting: Int)
    ) -> (isConnected: Bool, status: [String: String]) {
        var status: [String: String] = [:]
        if let port = boundPort { status["bound_port"] = "\(port)" }
        if sessions.count > 1 { status["n_connections"] = "\(sessions.count)" }
        if let first = sessions.keys.min(), let since = connectedSince[first] {
            status["state"] = "ACTIVE"
            status["sec_since_connect"] = "\((now - since).components.seconds)"
            let counts = locks(first)
            if counts.held > 0 { status["locks_held"] = "\(counts.held)" }
            if counts.waiting > 0 { status["locks_waiting"] = "\(counts.waiting)" }
        } else if !settings.method.isPassive {
            status["state"] = retry == nil ? "CONNECTING" : "BACKOFF"
        }
        if let disconnectedSince {
            status["sec_since_disconnect"] = "\((now - disconnectedSince).components.seconds)"
        }
        if let lastError { status["last_error"] = lastError }
        return (!sessions.isEmpty, status)
    }
}
