import Linux
import Logging
import OVSDBEngine
import OVSDBModel
import OVSDBSession

/// A database in service and where it is kept.
struct StoredDatabase {
    /// As the operator named it.
    let path: String
    let storage: any DatabaseStorage
    /// Set while the disk refuses to store.
    var failure: String?
    var isCompacting = false
    /// Requests that wait for the end of the compaction under way.
    var compactionWaiters: [(Result<Compaction, StorageFailure>) -> Void] = []
    var lastCompaction = MonotonicTime.now()
}

/// When a log is compacted without being asked.
struct CompactionRule: Equatable, Sendable {
    var leastInterval: Duration = .seconds(600)
    var longestInterval: Duration = .seconds(24 * 3600)
    var leastTransactions = 100
    var leastBytes = 10 << 20

    func isDue(_ statistics: StorageStatistics, since: Duration) -> Bool {
        if since < leastInterval { return false }
        if since >= longestInterval { return statistics.transactions > 0 }
        return statistics.transactions >= leastTransactions && statistics.bytes >= leastBytes
            && statistics.bytes >= 2 * statistics.compactedBytes
    }
}

extension DatabaseServer {
    /// How often sizes and statuses are looked at.
    private static let upkeepInterval = Duration.seconds(5)

    /// Opens a file and offers its database; returns the database's name.
    @discardableResult
    package func open(file path: String) throws(StorageFailure) -> String {
        let server = LoopBound(self, loop: loop)
        let name = NameSlot()
        let loop = self.loop
        let (storage, contents) = try LogFileStorage.open(path, makeUUID: Self.makeUUID) { event in
            loop.post { server.value.storageDid(event, name.value) }
        }
        let schema = contents.database.schema
        if storages[schema.name] != nil || core.snapshot(of: schema.name) != nil {
            storage.close()
            throw StorageFailure("\(path): duplicate database name \(schema.name)")
        }
        name.value = schema.name
        storages[schema.name] = StoredDatabase(path: path, storage: storage)
        perform(
            core.addDatabase(
                contents.database, state: contents.state, recent: contents.recent, isLogged: true,
                now: Clock.monotonicMilliseconds))
        remotesMayHaveChanged()
        return schema.name
    }

    /// Offers a database that is kept in memory only.
    package func add(_ database: Database) {
        perform(
            core.addDatabase(
                database, state: nil, isLogged: false, now: Clock.monotonicMilliseconds))
        remotesMayHaveChanged()
    }

    /// Withdraws a database; false if there is none of that name.
    package func remove(database name: String) -> Bool {
        guard let stored = storages.removeValue(forKey: name) else { return false }
        perform(core.removeDatabase(name, now: Clock.monotonicMilliseconds))
        stored.storage.close()
        remotesMayHaveChanged()
        return true
    }

    private func storageDid(_ event: StorageEvent, _ database: String) {
        switch event {
        case .stored(let epoch, let states):
            storages[database]?.failure = nil
            handle(.stored(database: database, epoch: epoch, states: states))
        case .failed(let epoch, let reason):
            storages[database]?.failure = reason
            let error = OVSDBError(tag: "I/O error", details: "\(database): \(reason)")
            handle(.storeFailed(database: database, epoch: epoch, error))
        case .compacted(let result): didCompact(database, result)
        }
    }
}

/// The name of a database that is known only after its file was opened.
///
/// Unchecked: written on the owner thread before its loop runs the first event that reads it there.
private final class NameSlot: @unchecked Sendable {
    var value = ""
}

// MARK: - Compaction

extension DatabaseServer {
    /// Compacts a database's log and tells how it went.
    func compact(
        _ name: String, _ completion: @escaping (Result<Compaction, StorageFailure>) -> Void
    ) {
        guard let stored = storages[name], let state = core.executedState(of: name) else {
            completion(.failure(StorageFailure("\(name): not a stored database")))
            return
        }
        storages[name]?.compactionWaiters.append(completion)
        if stored.isCompacting { return }
        storages[name]?.isCompacting = true
        stored.storage.compact(to: state.snapshot, epoch: state.epoch)
    }

    private func didCompact(_ name: String, _ result: Result<Compaction, StorageFailure>) {
        switch result {
        case .success(let compaction):
            Self.logger.info(
                "compacted",
                metadata: [
                    "database": "\(name)", "before": "\(compaction.bytesBefore)",
                    "after": "\(compaction.bytesAfter)",
                ])
        case .failure(let failure):
            Self.logger.error(
                "compaction failed", error: failure, metadata: ["database": "\(name)"])
        }
        let waiters = storages[name]?.compactionWaiters ?? []
        storages[name]?.compactionWaiters = []
        storages[name]?.isCompacting = false
        storages[name]?.lastCompaction = .now()
        for waiter in waiters { waiter(result) }
    }

    /// Looks at sizes and statuses now and again.
    func scheduleUpkeep() {
        loop.schedule(after: Self.upkeepInterval) { [weak self] in
            guard let self else { return }
            let rule = CompactionRule()
            for (name, stored) in storages.sorted(by: { $0.key < $1.key })
            where !stored.isCompacting
                && rule.isDue(stored.storage.statistics, since: .now() - stored.lastCompaction)
            {
                Self.logger.info("compacting \(name) database")
                compact(name) { _ in }
            }
            writeRemoteStatuses()
            scheduleUpkeep()
        }
    }
}
