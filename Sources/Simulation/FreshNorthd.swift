// A northd that starts when all is quiet, as the judge of what northds before it have left.

import Northd
import OVSDBModel
import OVSDBSession
import Schemas

extension SimulatedCluster {
    /// What a northd that starts now on both databases would write to the Southbound one: nothing,
    /// if what is there is right.
    package func writesOfANewNorthd() -> Int {
        let northd = newNorthd()
        return transactions(of: northd).reduce(0) { $0 + $1.rowCount }
    }

    private func newNorthd() -> Northd {
        let northd = Northd(generator: SimulationRandom(seed: 1))
        northd.changed(.northbound, management.replica.asChanges)
        northd.changed(.southbound, observer.replica.asChanges)
        return northd
    }

    private func transactions(of northd: Northd) -> [TransactionBuilder] {
        let view = NorthdView(
            northbound: management.replica, southbound: observer.replica, mayWrite: true)
        return northd.step(view, now: now).compactMap {
            if case .write(.southbound, let transaction) = $0 { transaction } else { nil }
        }
    }

    /// How the Southbound database differs from that which a northd makes out of nothing but the
    /// Northbound one, the chassis, and the keys that were given out.
    /// - Returns: nil if that northd does not come to rest.
    package func differenceFromScratch() -> TextDifference? {
        let northd = newNorthd()
        _ = transactions(of: northd)
        let other = SimulatedCluster(
            seed: 1, Size(northds: 0, agents: 0), northbound: northbound.contents,
            state: northd.compiler.state)
        other.copyChassis(of: self)
        guard other.settle() else { return nil }
        return TextDifference(
            from: SouthboundText(other.observer.replica).lines,
            to: SouthboundText(observer.replica).lines)
    }

    /// The rows by which chassis show themselves, before any northd has started.
    private func copyChassis(of other: SimulatedCluster) {
        var transaction = TransactionBuilder()
        for item in other.observer.replica.rows(SB.Encap.self) {
            transaction.insert(item.row, uuid: item.uuid)
        }
        for item in other.observer.replica.rows(SB.Chassis.self) {
            transaction.insert(item.row, uuid: item.uuid)
        }
        letObserverWrite(transaction)
    }

    private func letObserverWrite(_ transaction: TransactionBuilder) {
        while !observer.session.canWrite, act() {}
        observer.submit(transaction, now: now)
    }
}
