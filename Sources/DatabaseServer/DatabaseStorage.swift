// Where transactions survive. A database server executes in memory, hands what changed to its
// storage, and tells nobody before the storage has it. The seam is small so that a log that several
// machines share can take the place of a file.

import OVSDBEngine
import OVSDBModel
import OVSDBSession

/// What a storage had when it was opened.
package struct StoredContents: Sendable {
    package let database: Database
    /// The name of the state before `recent`.
    package let state: RowUUID
    /// The last transactions, oldest first, each with the name of the state after it. They are part
    /// of `database`.
    package let recent: [(state: RowUUID, delta: DatabaseDelta)]
}

/// What a storage reports, on a thread of its own, in order.
package enum StorageEvent: Sendable {
    /// The next transactions are durable; the names of the states they lead to.
    case stored(epoch: Int, states: [RowUUID])
    /// Nothing of this epoch or an earlier one will be stored any more.
    case failed(epoch: Int, reason: String)
    case compacted(Result<Compaction, StorageFailure>)
}

/// What a compaction did.
package struct Compaction: Equatable, Sendable {
    package let bytesBefore: Int
    package let bytesAfter: Int
}

package struct StorageFailure: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Sizes by which the server decides when to compact.
package struct StorageStatistics: Equatable, Sendable {
    /// Transactions since the last compaction, or since the storage was made.
    package var transactions = 0
    package var bytes = 0
    /// `bytes` right after the last compaction or at start.
    package var compactedBytes = 0

    package init() {}
}

/// The durable log of one database. All calls come from the owner thread and return at once.
package protocol DatabaseStorage: AnyObject, Sendable {
    /// Appends a transaction, after all that were appended before. Transactions that wait together
    /// become durable together.
    func append(_ request: StoreRequest)

    /// Replaces the log by this state, which is what the transactions appended so far lead to,
    /// unless one of that epoch has failed.
    func compact(to snapshot: Database, epoch: Int)

    var statistics: StorageStatistics { get }

    /// Finishes what was appended and lets go of the log.
    func close()
}
