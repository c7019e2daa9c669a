import OVSDBModel
import OVSDBSession
import Schemas

// The Southbound tables that only services read: which rows are requested.

package struct ServiceConditions: Hashable, Sendable {
    package let names: [Condition]
    package let multicast: [Condition]
    package let multicastGroups: [Condition]
    package let events: [Condition]

    /// What to ask of which table.
    package var byTable: [(table: any TypedRow.Type, condition: [Condition])] {
        [
            (SB.DNS.self, names), (SB.IPMulticast.self, multicast),
            (SB.IGMPGroup.self, multicastGroups), (SB.ControllerEvent.self, events),
        ]
    }

    package static let nothing = ServiceConditions(
        names: [.constant(false)], multicast: [.constant(false)],
        multicastGroups: [.constant(false)], events: [.constant(false)])

    private init(
        names: [Condition], multicast: [Condition], multicastGroups: [Condition],
        events: [Condition]
    ) {
        self.names = names
        self.multicast = multicast
        self.multicastGroups = multicastGroups
        self.events = events
    }

    /// - Parameter chassis: nil before there is a row.
    package init(datapaths: LocalDatapaths, chassis: RowUUID?, everything: Bool) {
        let local = everything ? [] : datapaths.rows.sorted().map { Datum.one(.uuid($0)) }
        let otherwise: [Condition] = everything ? [] : [.constant(false)]
        let names = local.map { Condition(SB.DNS.Column.datapaths, .includes, $0) }
        let multicast = local.map { Condition(SB.IPMulticast.Column.datapath, .equal, $0) }
        let own = chassis.map { Datum.one(.uuid($0)) }
        self.names = names.isEmpty ? otherwise : names
        self.multicast = multicast.isEmpty ? otherwise : multicast
        multicastGroups =
            own.map { [Condition(SB.IGMPGroup.Column.chassis, .includes, $0)] }
            ?? [.constant(false)]
        events =
            own.map { [Condition(SB.ControllerEvent.Column.chassis, .includes, $0)] }
            ?? [.constant(false)]
    }

    /// The tables as a client asks for them before it knows its datapaths.
    package static var tables: [ClientConfiguration.Table] {
        let nothing = Self.nothing
        return [
            .init(SB.DNS.self, condition: nothing.names),
            .init(SB.IPMulticast.self, condition: nothing.multicast),
            .init(SB.IGMPGroup.self, condition: nothing.multicastGroups),
            .init(SB.ControllerEvent.self, condition: nothing.events),
            .init(SB.ServiceMonitor.self),
        ]
    }
}

extension ServiceView {
    /// The tables that are read.
    package static let tables: [any TypedRow.Type] = [SB.DatapathBinding.self, SB.DNS.self]

    /// What the Southbound says for the local datapaths.
    package init(_ everything: Replica, datapaths: LocalDatapaths) {
        self.init()
        let replica = everything.limited(to: Self.tables)
        var keys: [RowUUID: UInt32] = [:]
        for row in replica.rows(SB.DatapathBinding.self) where datapaths.rows.contains(row.uuid) {
            keys[row.uuid] = UInt32(truncatingIfNeeded: row.row.tunnelKey)
        }
        for row in replica.rows(SB.DNS.self).sorted(by: { $0.uuid < $1.uuid }) {
            let zone = NameZone(
                records: row.row.records, isOwned: row.row.options["ovn-owned"] == "true")
            for datapath in row.row.datapaths {
                if let key = keys[datapath] { zones[key, default: []].append(zone) }
            }
        }
    }
}
