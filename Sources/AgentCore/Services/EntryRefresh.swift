import OVSDBModel
import OVSDBSession
import Schemas
import Wire

// Learned neighbours and stations age by their rows' timestamps, and northd deletes what is too old
// (`mac_binding_age_threshold`, `fdb_age_threshold`). What still sends is refreshed here, from the
// counters of the flows that its packets take. A neighbour that is only sent to is asked, and its
// answer refreshes the entry. The property that must hold: an entry in use is written at most once in
// three sixteenths of its threshold, one that nobody uses never. Where so many are learned that
// some will have to go (`LearnedLimits`), entries count as if they aged: those in use stay.

/// A learned entry that a packet has used.
package enum EntryUse: Hashable, Comparable, Sendable {
    case neighbour(NeighbourKey)
    case station(LearnedAddressKey)
    /// A packet goes to the neighbour, which says nothing about whether it is still there.
    case destination(NeighbourKey)
}

package struct EntryRefresh: Sendable {
    package struct Limits: Sendable {
        package var pending = 10_000

        package init() {}
    }

    private let limits: Limits
    /// Uses since the last write.
    private var pending: Set<EntryUse> = []
    /// When a neighbour was asked last, by the wall clock.
    private var asked: [NeighbourKey: Int64] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var isEmpty: Bool { pending.isEmpty }

    package mutating func add(_ uses: some Sequence<EntryUse>) {
        for use in uses where pending.count < limits.pending || pending.contains(use) {
            pending.insert(use)
        }
    }

    /// Writes the timestamps of entries that were used and are due.
    ///
    /// - Parameters:
    ///   - wallClock: milliseconds.
    ///   - isResident: whether a router's port is on this chassis.
    /// - Returns: questions to neighbours that are only sent to.
    mutating func write(
        _ rows: ServiceRows, _ replica: Replica, wallClock: Int64,
        into transaction: inout TransactionBuilder, isResident: (SB.PortBinding) -> Bool
    ) -> [NeighbourQuestion] {
        var questions: [NeighbourQuestion] = []
        for use in pending.sorted() {
            switch use {
            case .neighbour(let key):
                Self.refresh(key, rows, replica, wallClock, into: &transaction)
            case .station(let key):
                Self.refresh(key, rows, replica, wallClock, into: &transaction)
            case .destination(let key) where !pending.contains(.neighbour(key)):
                if let question = question(key, rows, replica, wallClock, isResident) {
                    questions.append(question)
                }
            case .destination: break
            }
        }
        pending = []
        return questions
    }

    /// Nil unless the entry is due and nobody was asked as long as an entry may stay as it is.
    private mutating func question(
        _ key: NeighbourKey, _ rows: ServiceRows, _ replica: Replica, _ wallClock: Int64,
        _ isResident: (SB.PortBinding) -> Bool
    ) -> NeighbourQuestion? {
        guard let threshold = Self.threshold(ofRouter: key.port.datapath, rows, replica),
            let (port, row) = rows.holder(of: key.port), isResident(row),
            let entry = Self.entry(key, row, replica),
            Self.isDue(entry.row.timestamp, threshold, wallClock),
            Self.isDue(Int(asked[key] ?? 0), threshold, wallClock)
        else { return nil }
        if asked.count >= limits.pending { asked = [:] }
        asked[key] = wallClock
        return NeighbourQuestion(
            from: row, at: port, for: key.address, known: MACAddress(parsing: entry.row.mac))
    }

    private static func entry(
        _ key: NeighbourKey, _ port: SB.PortBinding, _ replica: Replica
    ) -> Identified<SB.MACBinding>? {
        let like = SB.MACBinding(logicalPort: port.logicalPort, ip: key.address.description)
        return replica.rows(like: like, in: [.logicalPort, .ip]).first
    }

    private static func refresh(
        _ key: NeighbourKey, _ rows: ServiceRows, _ replica: Replica, _ wallClock: Int64,
        into transaction: inout TransactionBuilder
    ) {
        guard let threshold = threshold(ofRouter: key.port.datapath, rows, replica),
            let port = rows.ports[key.port]
        else { return }
        guard let old = entry(key, port.row, replica),
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
        guard let threshold = threshold(ofSwitch: key.datapath, rows, replica) else { return }
        let like = SB.FDB(mac: key.address.description, dpKey: Int(key.datapath))
        guard let old = replica.rows(like: like, in: [.mac, .dpKey]).first,
            isDue(old.row.timestamp, threshold, wallClock)
        else { return }
        var row = old.row
        row.timestamp = Int(wallClock)
        transaction.update(old.uuid, from: old.row, to: row)
    }

    /// Seconds; nil if nothing ages.
    private static func threshold(
        ofRouter key: UInt32, _ rows: ServiceRows, _ replica: Replica
    ) -> Int? {
        let own = rows.neighbourThresholds[key]
        guard let datapath = rows.datapaths[key] else { return own }
        let count = replica.count(like: SB.MACBinding(datapath: datapath), in: [.datapath])
        let limit = rows.neighbourLimits[key] ?? LearnedLimits.standard
        return LearnedLimits.isCrowded(count, limit: limit)
            ? min(own ?? .max, LearnedLimits.crowdedAge) : own
    }

    private static func threshold(
        ofSwitch key: UInt32, _ rows: ServiceRows, _ replica: Replica
    ) -> Int? {
        let own = rows.stationThresholds[key]
        let count = replica.count(like: SB.FDB(dpKey: Int(key)), in: [.dpKey])
        return LearnedLimits.isCrowded(count) ? min(own ?? .max, LearnedLimits.crowdedAge) : own
    }

    /// `threshold` in seconds. A timestamp of the far future never ages.
    private static func isDue(_ timestamp: Int, _ threshold: Int, _ wallClock: Int64) -> Bool {
        guard Int64(timestamp) <= wallClock else { return false }
        let (age, isEndless) = wallClock.subtractingReportingOverflow(Int64(timestamp))
        return isEndless || age >= restTime(threshold)
    }

    /// Milliseconds for which an entry stays as it is written, of the seconds that it lives.
    package static func restTime(_ threshold: Int) -> Milliseconds {
        Int64(threshold.clamped(to: 0...ServiceRows.Limits.threshold)) * 1000 * 3 / 16
    }
}
