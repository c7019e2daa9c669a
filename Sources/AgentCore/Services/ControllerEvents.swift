import OVSDBModel
import OVSDBSession
import Schemas

// Packets for load balancers without backends, told to the CMS as Controller_Event rows, so that it
// can start one. The property that must hold: one row says it once; the same event is not written
// again while its row is there nor within ten seconds.

package struct ControllerEvents: Sendable {
    package struct Limits: Sendable {
        package var remembered = 1000
        package var quiet: Milliseconds = 10_000

        package init() {}
    }

    private let limits: Limits
    /// When an event with these contents was last written.
    private var written: [[String: String]: Milliseconds] = [:]
    private var pending: [[String: String]] = []
    private var sequence = 0
    /// Events that were given up, because too many others had come just before.
    package private(set) var dropped: UInt64 = 0

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var isEmpty: Bool { pending.isEmpty }

    /// - Parameter options: those of `trigger_event`.
    package mutating func add(_ options: [String: String], now: Milliseconds) {
        let information = options.filter { ["vip", "protocol", "load_balancer"].contains($0.key) }
        written = written.filter { $0.value + limits.quiet > now }
        guard written[information] == nil else { return }
        guard written.count < limits.remembered else {
            dropped += 1
            return
        }
        written[information] = now
        pending.append(information)
    }

    package mutating func write(
        _ replica: Replica, chassis: ChassisIdentity, into transaction: inout TransactionBuilder,
        placeholder: () -> RowUUID
    ) {
        let rows = replica.rows(SB.ControllerEvent.self).map(\.row)
            .filter { $0.chassis == chassis.row }
        for information in pending
        where !rows.contains(where: { $0.eventInfo == information }) {
            sequence += 1
            transaction.insert(
                SB.ControllerEvent(
                    eventType: SB.ControllerEvent.eventTypeEmptyLbBackends,
                    eventInfo: information, chassis: chassis.row, seqNum: sequence),
                placeholder: placeholder())
        }
        pending = []
    }
}
