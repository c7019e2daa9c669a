import OVSDBModel
import OVSDBSession
import Schemas
import Wire

// IP_Multicast rows in, IGMP_Group rows out.

extension MulticastSnooping.Configuration {
    private static let idleTimeouts = 15...3600
    private static let queryIntervals = 1...3600

    /// Nil for a switch that doesn't snoop.
    package init?(_ row: SB.IPMulticast) {
        guard row.enabled == true else { return nil }
        self.init()
        tableSize = max(1, row.tableSize ?? tableSize)
        idleTimeout = (row.idleTimeout ?? idleTimeout).clamped(to: Self.idleTimeouts)
        queryInterval = (row.queryInterval ?? idleTimeout / 2).clamped(to: Self.queryIntervals)
        queryResponse = (row.queryMaxResp ?? queryResponse)
            .clamped(to: 1...MulticastQuery.Limits.responseTime)
        sequence = row.seqNo
        guard row.querier == true, let ethernet = MACAddress(parsing: row.ethSrc) else { return }
        let (ipv4, ipv6) = (IPv4Address(parsing: row.ip4Src), IPv6Address(parsing: row.ip6Src))
        guard ipv4 != nil || ipv6 != nil else { return }
        querier = MulticastSnooping.Querier(ethernet: ethernet, ipv4: ipv4, ipv6: ipv6)
    }
}

extension MulticastSnooping {
    /// The address under which northd looks for the ports with routers.
    static let routersAddress = "mrouters"

    /// Writes what differs from the rows that this chassis has.
    package func write(
        _ rows: ServiceRows, _ replica: Replica, chassis: ChassisIdentity,
        into transaction: inout TransactionBuilder, placeholder: () -> RowUUID
    ) {
        struct Key: Hashable {
            let datapath: RowUUID?
            let address: String
        }
        var wanted: [Key: SB.IGMPGroup] = [:]
        var order: [Key] = []
        for membership in memberships {
            guard let row = row(membership, rows, chassis) else { continue }
            let key = Key(datapath: row.datapath, address: row.address)
            wanted[key] = row
            order.append(key)
        }
        for old in replica.rows(SB.IGMPGroup.self).sorted(by: { $0.uuid < $1.uuid })
        where old.row.chassis == chassis.row {
            let key = Key(datapath: old.row.datapath, address: old.row.address)
            if let new = wanted.removeValue(forKey: key) {
                transaction.update(old.uuid, from: old.row, to: new)
            } else {
                transaction.delete(SB.IGMPGroup.self, old.uuid)
            }
        }
        for key in order {
            if let row = wanted[key] { transaction.insert(row, placeholder: placeholder()) }
        }
    }

    private func row(
        _ membership: Membership, _ rows: ServiceRows, _ chassis: ChassisIdentity
    ) -> SB.IGMPGroup? {
        guard let datapath = rows.datapaths[membership.datapath] else { return nil }
        let ports = membership.ports.compactMap {
            rows.ports[PortReference(datapath: membership.datapath, port: $0)]?.uuid
        }
        guard !ports.isEmpty else { return nil }
        return SB.IGMPGroup(
            address: membership.group?.description ?? Self.routersAddress,
            protocol: membership.protocol?.rawValue ?? "", datapath: datapath,
            chassis: chassis.row, ports: ports, chassisName: chassis.name)
    }
}
