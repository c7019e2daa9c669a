import OVSDBModel
import OVSDBSession
import Schemas

// A virtual port (an address that moves between several ports, VRRP) belongs to the chassis of the
// port behind which it has last shown itself. Two chassis that both hear it must not write against
// each other for ever, so a claim that comes too soon after the last one waits, each time longer.
// The property that must hold: only a port of `virtual-parents` that is held here can take it.

package struct VirtualPorts: Sendable {
    package struct Limits: Sendable {
        package var pending = 1000
        package var firstBackoff: Int64 = 1000
        package var longestBackoff: Int64 = 10_000

        package init() {}
    }

    private let limits: Limits
    /// Parents by virtual port.
    private var pending: [String: PortReference] = [:]
    /// Claims that were given up, because too many others wait.
    package private(set) var dropped: UInt64 = 0

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var isEmpty: Bool { pending.isEmpty }

    package mutating func bind(_ name: String, parent: PortReference) {
        guard pending[name] != nil || pending.count < limits.pending else {
            dropped += 1
            return
        }
        pending[name] = parent
    }

    /// Writes claims, and gives up those whose parent is not held here any more.
    ///
    /// - Parameter wallClock: milliseconds.
    package mutating func write(
        _ rows: ServiceRows, chassis: ChassisIdentity, wallClock: Int64,
        into transaction: inout TransactionBuilder
    ) {
        for (reference, port) in rows.sortedPorts where port.row.type == "virtual" {
            var row = port.row
            if let parent = pending[row.logicalPort], parent.datapath == reference.datapath {
                claim(&row, parent, rows, chassis, wallClock)
            }
            Self.releaseIfAlone(&row, rows, chassis)
            transaction.update(port.uuid, from: port.row, to: row)
        }
        pending = [:]
    }

    private func claim(
        _ row: inout SB.PortBinding, _ parent: PortReference, _ rows: ServiceRows,
        _ chassis: ChassisIdentity, _ wallClock: Int64
    ) {
        guard let port = rows.ports[parent]?.row, port.chassis == chassis.row,
            Self.parents(of: row).contains(port.logicalPort),
            row.chassis != chassis.row || row.virtualParent != port.logicalPort
        else { return }
        let last = row.options["vport-last-claim"].flatMap { Int64($0) } ?? 0
        let backoff = (row.options["vport-backoff"].flatMap { Int64($0) } ?? 0)
            .clamped(to: 0...limits.longestBackoff)
        guard wallClock - backoff >= last else {
            let longer = min(backoff + limits.firstBackoff, limits.longestBackoff)
            row.options["vport-backoff"] = String(longer)
            return
        }
        row.options["vport-last-claim"] = String(wallClock)
        row.options["vport-backoff"] = String(limits.firstBackoff)
        row.chassis = chassis.row
        row.virtualParent = port.logicalPort
        row.encap = port.encap
        if row.up == false { row.up = true }
    }

    private static func parents(of row: SB.PortBinding) -> [String] {
        (row.options["virtual-parents"] ?? "").split(separator: ",").map {
            String($0.drop { $0 == " " }.prefix { $0 != " " })
        }
    }

    private static func releaseIfAlone(
        _ row: inout SB.PortBinding, _ rows: ServiceRows, _ chassis: ChassisIdentity
    ) {
        guard row.chassis == chassis.row else { return }
        if let parent = row.virtualParent, parents(of: row).contains(parent),
            rows.port(named: parent)?.1.row.chassis == chassis.row
        {
            return
        }
        row = released(row, by: chassis)
    }

    /// The row once this chassis has given it up; unchanged if it didn't hold it, or if it is none
    /// of a virtual port.
    package static func released(
        _ row: SB.PortBinding, by chassis: ChassisIdentity
    ) -> SB.PortBinding {
        guard row.type == "virtual", row.chassis == chassis.row else { return row }
        var row = row
        row.chassis = nil
        row.virtualParent = nil
        row.encap = nil
        if row.up == true { row.up = false }
        return row
    }
}
