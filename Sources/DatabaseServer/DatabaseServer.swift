// A database server around `ServerCore`: streams in, log files out, on the owner thread of a daemon.
// The core decides; this performs, and keeps what the core must not know of: which stream a session
// is, where a database is stored, which remotes there are.

import Glibc
import Linux
import Logging
import OVSDBEngine
import OVSDBModel
import OVSDBSession
import OVSDBTransport

/// Serves databases. Used on the thread that owns `loop`, by the program `ovsdb-server` and by
/// daemons that serve a database themselves.
package final class DatabaseServer {
    package let loop: EventLoop
    private let threads: IOThreads
    private let runDirectory: String
    private let workers: WorkerPool
    var core: ServerCore
    var storages: [String: StoredDatabase] = [:]
    var remotes = RemoteTable()
    private var streams: [SessionID: MessageStream] = [:]
    private var timer: (deadline: Int64, handle: EventLoop.Timer)?
    private let trimmer: HeapTrimmer
    private var observers: [(String, DatabaseDelta) -> Void] = []
    private var isClosed = false
    var willWriteStatuses = false

    static let logger = Logger(label: "ovsdb_server")

    /// Bytes that may wait for a peer before its updates are merged instead of queued.
    private static let congestion = 4 << 20

    /// A server without databases and remotes. Relative paths of sockets are in `runDirectory`.
    package init(
        loop: EventLoop, threads: IOThreads, runDirectory: String = "",
        limits: ServerLimits = ServerLimits()
    ) throws(SystemError) {
        precondition(loop.isOwner, "a server belongs to its loop's thread")
        self.loop = loop
        self.runDirectory = runDirectory
        trimmer = HeapTrimmer(loop: loop)
        self.threads = threads
        workers = try WorkerPool(count: max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) - 1))
        core = ServerCore(limits: limits, makeUUID: Self.makeUUID)
        scheduleUpkeep()
    }

    /// A random UUID of the system's generator.
    @Sendable package static func makeUUID() -> RowUUID {
        var generator = SystemRandomNumberGenerator()
        return RowUUID(using: &generator)
    }

    /// Calls back after each committed transaction, with the database's name.
    package func observe(_ observer: @escaping (String, DatabaseDelta) -> Void) {
        observers.append(observer)
    }

    /// What sessions see of a database now.
    package func snapshot(of database: String) -> Database? { core.snapshot(of: database) }

    /// Ends all sessions and remotes, and returns when everything appended is on disk.
    package func close() {
        isClosed = true
        if let timer { loop.cancel(timer.handle) }
        remotes.closeAll()
        for (_, stored) in storages { stored.storage.close() }
        storages = [:]
        workers.stop()
    }
}

// MARK: - Events

extension DatabaseServer {
    /// Takes an event of the core's and performs what it asks for.
    func handle(_ event: ServerCore.Event) {
        if isClosed { return }
        perform(core.handle(event, now: Clock.monotonicMilliseconds))
    }

    func perform(_ actions: [ServerCore.Action]) {
        for action in actions { perform(action) }
        trimmer.noteWork()
        reschedule()
    }

    private func perform(_ action: ServerCore.Action) {
        switch action {
        case .send(let session, let bytes):
            guard let stream = streams[session] else { return }
            stream.send([OutgoingBytes(bytes)])
            if stream.unsentBytes > Self.congestion { handle(.congested(session)) }
        case .close(let session, let reason):
            guard let stream = streams.removeValue(forKey: session) else { return }
            Self.logger.info(
                "disconnecting a session", metadata: ["peer": "\(stream.peer)", "why": "\(reason)"])
            stream.close()
        case .store(let request): storages[request.database]?.storage.append(request)
        case .run(let job): run(job)
        case .committed(let database, let delta):
            for observer in observers { observer(database, delta) }
            remotesMayHaveChanged(database, delta)
        }
    }

    private func run(_ job: MonitorJob) {
        let server = LoopBound(self, loop: loop)
        workers.run { [loop] in
            let output = job.run()
            loop.post { server.value.handle(.finished(output)) }
        }
    }

    /// Keeps one timer for the core's next deadline.
    private func reschedule() {
        let deadline = core.deadline
        if timer?.deadline == deadline { return }
        if let timer { loop.cancel(timer.handle) }
        timer = nil
        guard let deadline else { return }
        let handle = loop.schedule(at: MonotonicTime(milliseconds: deadline)) { [weak self] in
            self?.timer = nil
            self?.handle(.timer)
        }
        timer = (deadline, handle)
    }
}

// MARK: - Streams

extension DatabaseServer {
    /// A handler for the streams of an endpoint.
    func streamHandler(_ endpoint: RemoteTable.EndpointID) -> StreamHandler {
        let server = LoopBound(self, loop: loop)
        return { [loop] event in
            loop.post { server.value.handle(event, of: endpoint) }
        }
    }

    func makeEndpoint(
        _ settings: RemoteSettings, _ id: RemoteTable.EndpointID
    ) -> RemoteEndpoint {
        RemoteEndpoint(
            settings, address: settings.method.resolved(in: runDirectory), loop: loop,
            threads: threads, deliver: streamHandler(id))
    }

    private func handle(_ event: StreamEvent, of id: RemoteTable.EndpointID) {
        if isClosed { return }
        let endpoint = remotes.endpoint(id)
        switch event {
        case .opened(let stream):
            guard let endpoint else { return stream.close() }
            endpoint.didOpen(stream)
            writeRemoteStatusesSoon(endpoint)
            let session = SessionID(stream.id.number)
            streams[session] = stream
            handle(
                .opened(session, SessionRights(isReadOnly: endpoint.settings.isReadOnly)))
        case .received(let id, let batch):
            withExtendedLifetime(batch) {
                for message in batch.messages {
                    handle(.received(SessionID(id.number), message))
                }
            }
        case .drained(let id): handle(.drained(SessionID(id.number)))
        case .closed(let id, let reason):
            endpoint?.didClose(id, reason)
            if let endpoint { writeRemoteStatusesSoon(endpoint) }
            let session = SessionID(id.number)
            streams[session] = nil
            handle(.closed(session))
        }
    }
}
