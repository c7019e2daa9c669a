// A database's log in a file, in the format of stock standalone servers.
//
// The file belongs to one thread of its own. Transactions that arrive while it waits for the disk
// are written together and share the next synchronisation, so that the disk's latency bounds the
// rate of synchronisations and not that of transactions.
//
// Properties that must hold:
// - what was reported as stored is in the file after a crash at any point;
// - after a failed write the file ends where it ended before, or nothing more is written to it;
// - a compaction replaces the file in one step, with every transaction appended meanwhile.

import Glibc
import Linux
import Logging
import OVSDBEngine
import OVSDBModel
import OVSDBSession
import Synchronization

/// The log file of one database, held by this process.
package final class LogFileStorage: DatabaseStorage {
    package let path: String
    private let loop: EventLoop
    private let report: @Sendable (StorageEvent) -> Void
    private let shared = Mutex(StorageStatistics())
    private let closed = Mutex(false)
    /// Only touched on the log's thread.
    private let file: LogThreadState

    private static let logger = Logger(label: "ovsdb_log")

    /// Locks and reads a file; a record that a crash has torn is cut off. Not on the owner thread
    /// of a server in service: it takes as long as the file is large.
    ///
    /// `report` is called on the log's thread.
    package static func open(
        _ path: String, makeUUID: @Sendable () -> RowUUID,
        report: @escaping @Sendable (StorageEvent) -> Void
    ) throws(StorageFailure) -> (storage: LogFileStorage, contents: StoredContents) {
        let real: String
        do {
            real = try resolvedPath(path)
        } catch {
            throw StorageFailure("\(error)")
        }
        let lock = try Self.lock(real)
        let contents = try LogFileContents(reading: real, makeUUID: makeUUID)
        if contents.goodOffset < contents.fileSize {
            logger.warning(
                "cutting off an incomplete record at the end of the file",
                metadata: [
                    "file": "\(path)", "offset": "\(contents.goodOffset)",
                    "bytes": "\(contents.fileSize - contents.goodOffset)",
                ])
        }
        do {
            let storage = try LogFileStorage(real, lock, contents, report)
            return (storage, contents.stored)
        } catch {
            throw StorageFailure("\(error)")
        }
    }

    private static func lock(_ path: String) throws(StorageFailure) -> FileLock {
        do {
            return try FileLock(for: path)
        } catch {
            throw StorageFailure("\(path): cannot lock the database file (\(error.code))")
        }
    }

    private init(
        _ path: String, _ lock: consuming FileLock, _ contents: LogFileContents,
        _ report: @escaping @Sendable (StorageEvent) -> Void
    ) throws(SystemError) {
        self.path = path
        self.report = report
        loop = try EventLoop()
        var statistics = StorageStatistics()
        statistics.transactions = contents.transactions
        statistics.bytes = contents.goodOffset
        statistics.compactedBytes = contents.goodOffset
        shared.withLock { $0 = statistics }
        file = LogThreadState(
            file: try LogAppender(path, size: contents.goodOffset),
            writer: LogWriter(schema: contents.stored.database.schema), state: contents.state,
            lock: lock)
        let loop = self.loop
        _ = try Thread.start(name: "log") {
            do {
                try loop.run()
            } catch {
                Self.logger.critical("the log thread failed", error: error)
            }
        }
    }

    package var statistics: StorageStatistics { shared.withLock { $0 } }

    package func append(_ request: StoreRequest) {
        loop.post { [self] in
            file.batch.append(request)
            // The next round begins when all that is posted by now has joined the batch.
            if file.batch.count == 1 { loop.post { self.writeBatch() } }
        }
    }

    package func close() {
        if closed.withLock({ isClosed in
            defer { isClosed = true }
            return isClosed
        }) {
            return
        }
        loop.post { [self] in
            if !file.batch.isEmpty { writeBatch() }
            file.finish()
            loop.stop()
        }
    }
}

/// What the log's thread owns.
///
/// Unchecked: made before the thread starts, then used by its work alone.
private final class LogThreadState: @unchecked Sendable {
    var file: LogAppender?
    let writer: LogWriter
    var state: StateName
    var lock: FileLock?
    var batch: [StoreRequest] = []
    /// Requests of this epoch or an earlier one follow a failure and are dropped.
    var failedEpoch = -1
    /// The compaction under way: where in the file its state ends.
    var compaction: (offset: Int, transactions: Int)?

    init(
        file: consuming LogAppender, writer: LogWriter, state: StateName,
        lock: consuming FileLock
    ) {
        self.file = consume file
        self.writer = writer
        self.state = state
        self.lock = consume lock
    }

    /// Closes the file and releases its lock.
    func finish() {
        file = nil
        lock = nil
    }
}

// MARK: - Appending, on the log's thread

extension LogFileStorage {
    private func writeBatch() {
        let requests = file.batch.filter { $0.epoch > file.failedEpoch }
        file.batch = []
        guard let epoch = requests.last?.epoch else { return }
        var bytes: [UInt8] = []
        var state = file.state
        var states: [RowUUID] = []
        for request in requests {
            let record = record(request)
            state.advance(hash: LogFileStorage.hash(ofRecord: record))
            states.append(state.uuid)
            bytes += record
        }
        do {
            try file.file?.append(bytes)
        } catch {
            fail(epoch, error)
            return
        }
        file.state = state
        shared.withLock {
            $0.transactions += requests.count
            $0.bytes += bytes.count
        }
        report(.stored(epoch: epoch, states: states))
    }

    private func record(_ request: StoreRequest) -> [UInt8] {
        let record = file.writer.transactionRecord(
            request.delta, date: Clock.wallMilliseconds, comment: request.comment)
        guard let record else { preconditionFailure("only what is kept is stored") }
        return record
    }

    private func fail(_ epoch: Int, _ error: SystemError) {
        Self.logger.error("cannot append to the log", error: error, metadata: ["file": "\(path)"])
        file.failedEpoch = epoch
        report(.failed(epoch: epoch, reason: error.code.description))
    }

    /// The 40 digits of a record's header, which ends with them.
    static func hash(ofRecord record: [UInt8]) -> ArraySlice<UInt8> {
        let end = record.firstIndex(of: UInt8(ascii: "\n")) ?? record.endIndex
        return record[max(0, end - 40)..<end]
    }
}

// MARK: - Compacting

extension LogFileStorage {
    package func compact(to snapshot: Database, epoch: Int) {
        loop.post { [self] in
            if !file.batch.isEmpty { writeBatch() }
            guard file.compaction == nil, epoch > file.failedEpoch, let size = file.file?.size
            else {
                let reason =
                    file.compaction == nil
                    ? "the log could not be written" : "a compaction is under way"
                report(.compacted(.failure(StorageFailure(reason))))
                return
            }
            // The records that this state consists of end here.
            file.compaction = (size, statistics.transactions)
            let (writer, state, temporary) = (file.writer, file.state, "\(path).tmp")
            do {
                _ = try Thread.start(name: "compact") { [self] in
                    let result = CompactedFile.write(snapshot, writer, state, to: temporary)
                    loop.post { self.finishCompaction(result, temporary) }
                }
            } catch {
                endCompaction(.failure(StorageFailure("\(error)")), temporary)
            }
        }
    }

    /// Adds what was appended since the snapshot, and puts the new file in the old one's place.
    private func finishCompaction(
        _ result: Result<Int, SystemError>, _ temporary: String
    ) {
        do {
            let size = try result.get()
            guard let (offset, transactions) = file.compaction, let old = file.file?.size else {
                return
            }
            try CompactedFile.copy(from: path, at: offset, length: old - offset, to: temporary)
            let new = try LogAppender(temporary, size: size + old - offset)
            try CompactedFile.replace(path, by: temporary)
            file.file = consume new
            shared.withLock {
                $0.transactions -= transactions
                $0.bytes = size + old - offset
                $0.compactedBytes = size
            }
            endCompaction(
                .success(Compaction(bytesBefore: old, bytesAfter: size + old - offset)), temporary)
        } catch {
            endCompaction(.failure(StorageFailure("\(error)")), temporary)
        }
    }

    private func endCompaction(
        _ result: Result<Compaction, StorageFailure>, _ temporary: String
    ) {
        file.compaction = nil
        if case .failure = result { unlink(temporary) }
        report(.compacted(result))
    }
}
