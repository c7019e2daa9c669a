import OVSDBModel
import OVSDBSession
import Schemas
import Wire

// Learned neighbours and stations age by their rows' timestamps, and northd deletes what is too old
// (`mac_binding_age_threshold`, `fdb_age_threshold`). What still sends is refreshed here, from the
// counters of the flows that its packets take. The property that must hold: an entry in use is
// written at most once in three sixteenths of its threshold, one that nobody uses never.

/// A learned entry that a packet's source agrees with.
package enum EntryUse: Hashable, Comparable, Sendable {
    case neighbour(NeighbourKey)
    case station(LearnedAddressKey)
}

package struct EntryRefresh: Sendable {
    package struct Limits: Sendable {
        package var pending = 10_000

        package init() {}
    }

    private let limits: Limits
    /// Uses since the last write.
    private var pending: Set<EntryUse> = []

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var isEmpty: Bool { pending.isEmpty }

    package mutating func add(_ uses: some Sequence<EntryUse>) {
        for use in uses where pending.count < limits.pending || pending.contains(use) {
            pending.insert(use)
        }
    }

    /// Writes the timestamps of entries that were used and are due.
    ///
    /// - Parameter wallClock: milliseconds.
    package mutating func write(
        _ rows: ServiceRows, _ replica: Replica, wallClock: Int64,
        into transaction: inout TransactionBuilder
    ) {
        for use in pending.sorted() {
            switch use {
            case .neighbour(let key):
                Self.refresh(key, rows, replica, wallClock, into: &transaction)
            case .station(let key):
                Self.refresh(key, rows, replica, wallClock, into: &transaction)
            }
        }
        pending = []
    }

    private static func refresh(
        _ key: NeighbourKey, _ rows: ServiceRows, _ replica: Replica, _ wallClock: Int64,
        into transaction: inout TransactionBuilder
    ) {
        guard let threshold = rows.neighbourThresholds[key.port.datapath],
            let port = rows.ports[key.port]
        else { return }
        let like = SB.MACBinding(
            logicalPort: port.row.logicalPort, ip: key.address.description)
        guard let old = replica.rows(like: like, in: [.logicalPort, .ip]).first,
            isDue(old.row.timestamp, threshold, wallClock)
        else { return }
        var row = old.row
        row.timestamp = Int(wallClock)
        transaction.update(old.uuid, from: old.row, to: row)
    }

    private static func refresh(
        _ key: LearnedAddressKey, _ rows: ServiceRows, _ replica: Replica, _ wallClock: Int64,
        into transaction: inout TransactionBuilder
    ) {
        guard let threshold = rows.stationThresholds[key.datapath] else { return }
        let like = SB.FDB(mac: key.address.description, dpKey: Int(key.datapath))
        guard let old = replica.rows(like: like, in: [.mac, .dpKey]).first,
            isDue(old.row.timestamp, threshold, wallClock)
        else { return }
        var row = old.row
        row.timestamp = Int(wallClock)
        transaction.update(old.uuid, from: old.row, to: row)
    }

    /// `threshold` in seconds. A timestamp of the far future never ages.
    private static func isDue(_ timestamp: Int, _ threshold: Int, _ wallClock: Int64) -> Bool {
        Int64(timestamp) <= wallClock
            && wallClock - Int64(timestamp) >= Int64(threshold) * 1000 * 3 / 16
    }
}
