import OVSDBModel
import OVSDBSession
import Schemas

extension Reconciler {
    /// The row that a datapath has or will have.
    func row(ofDatapath northbound: RowUUID) -> RowUUID {
        datapathRows[northbound] ?? SouthboundUUID.datapath(northbound)
    }

    /// The row that a port has or will have; nil if there shall be no such port.
    func row(ofPort name: String) -> RowUUID? {
        guard let port = desired.ports[name] else { return nil }
        if let place = portRows[name], place.datapath == row(ofDatapath: port.datapath) {
            return place.uuid
        }
        return SouthboundUUID.port(name, on: port.datapath)
    }

    func settleDatapath(
        _ key: RowUUID, _ replica: Replica, _ transaction: inout TransactionBuilder
    ) {
        let uuid = row(ofDatapath: key)
        let actual = replica[SB.DatapathBinding.self, uuid]
        guard let desired = desired.datapaths[key] else {
            if let actual { deleteDatapath(uuid, actual, replica, &transaction) }
            return
        }
        var wanted = actual ?? SB.DatapathBinding()
        wanted.tunnelKey = desired.tunnelKey
        wanted.type = desired.kind.rawValue
        wanted.nbUUID = key
        wanted.externalIDs = desired.externalIDs
        wanted.loadBalancers = []
        transaction.put(wanted, over: actual, uuid)
    }

    /// Deletes the row and what refers to it that nobody else would delete.
    func deleteDatapath(
        _ uuid: RowUUID, _ row: SB.DatapathBinding, _ replica: Replica,
        _ transaction: inout TransactionBuilder
    ) {
        for item in replica.rows(like: SB.MACBinding(datapath: uuid), in: [.datapath]) {
            transaction.delete(SB.MACBinding.self, item.uuid)
        }
        for item in replica.rows(like: SB.MulticastGroup(datapath: uuid), in: [.datapath]) {
            transaction.delete(SB.MulticastGroup.self, item.uuid)
        }
        for item in replica.rows(like: SB.FDB(dpKey: row.tunnelKey), in: [.dpKey]) {
            transaction.delete(SB.FDB.self, item.uuid)
        }
        for item in replica.rows(like: SB.IPMulticast(datapath: uuid), in: [.datapath]) {
            transaction.delete(SB.IPMulticast.self, item.uuid)
        }
        transaction.delete(SB.DatapathBinding.self, uuid)
    }

    func settlePort(
        _ name: String, _ replica: Replica, _ transaction: inout TransactionBuilder
    ) {
        let uuid = row(ofPort: name)
        if let old = portRows[name]?.uuid, old != uuid,
            let row = replica[SB.PortBinding.self, old]
        {
            deletePort(old, row, replica, &transaction)
        }
        guard let uuid, let desired = desired.ports[name] else { return }
        let actual = replica[SB.PortBinding.self, uuid]
        if let actual, actual.mac.contains("unknown"), !desired.mac.contains("unknown") {
            deleteStations(of: actual, replica, &transaction)
        }
        transaction.put(
            desired.row(
                over: actual, datapath: row(ofDatapath: desired.datapath),
                group: desired.haChassisGroup.flatMap { place(of: SB.HAChassisGroup.self, $0) }),
            over: actual, uuid)
    }

    /// The row of an owned table that has this name or will have it.
    private func place<Row: TypedRow>(of type: Row.Type, _ name: String) -> RowUUID? {
        tables.first { $0.tableName == Row.table.name }?.place(of: RowName(name))
    }

    /// Deletes the row, and what chassis have learned at the port.
    private func deletePort(
        _ uuid: RowUUID, _ row: SB.PortBinding, _ replica: Replica,
        _ transaction: inout TransactionBuilder
    ) {
        transaction.delete(SB.PortBinding.self, uuid)
        let learned = SB.MACBinding(logicalPort: row.logicalPort)
        for binding in replica.rows(like: learned, in: [.logicalPort]) {
            transaction.delete(SB.MACBinding.self, binding.uuid)
        }
        deleteStations(of: row, replica, &transaction)
    }

    /// Deletes the stations that chassis have learned behind the port.
    private func deleteStations(
        of row: SB.PortBinding, _ replica: Replica, _ transaction: inout TransactionBuilder
    ) {
        guard let datapath = replica[SB.DatapathBinding.self, row.datapath] else { return }
        for station in replica.rows(like: SB.FDB(dpKey: datapath.tunnelKey), in: [.dpKey])
        where station.row.portKey == row.tunnelKey {
            transaction.delete(SB.FDB.self, station.uuid)
        }
    }
}

extension PortRow {
    /// Options that chassis write.
    private static let kept = [
        "additional-chassis-activated", "vport-last-claim", "vport-backoff", "ipv6_ra_pd_list",
        boundByNorthd,
    ]

    private static let boundByNorthd = "is-remote-nb-bound"

    /// A port of another zone is bound by northd, which also undoes that.
    private func bindRemotely(_ row: inout SB.PortBinding) {
        let wasBound = row.options[PortRow.boundByNorthd] == "true"
        if let remoteChassis {
            row.chassis = remoteChassis
            row.options[PortRow.boundByNorthd] = "true"
        } else if wasBound {
            row.chassis = nil
            row.options[PortRow.boundByNorthd] = "false"
        }
    }

    /// The row as northd wants it, with what chassis wrote.
    fileprivate func row(
        over actual: SB.PortBinding?, datapath: RowUUID, group: RowUUID?
    ) -> SB.PortBinding {
        var row = actual ?? SB.PortBinding()
        row.logicalPort = name
        row.datapath = datapath
        row.tunnelKey = tunnelKey
        row.type = type
        row.options = options
        for key in PortRow.kept {
            if let value = actual?.options[key] { row.options[key] = value }
        }
        row.mac = mac
        row.portSecurity = portSecurity
        row.natAddresses = natAddresses
        row.parentPort = parentPort
        row.tag = tag
        row.externalIDs = externalIDs
        row.gatewayChassis = []
        if case .decided(let encap) = encap { row.encap = encap }
        bindRemotely(&row)
        row.haChassisGroup = group
        row.mirrorPort = mirrorPort
        row.mirrorRules = canonicalSet(mirrorRules)
        row.requestedChassis = requestedChassis.first
        row.requestedAdditionalChassis = canonicalSet(Array(requestedChassis.dropFirst()))
        if row.up == nil { row.up = false }
        return row
    }
}

extension TransactionBuilder {
    /// Inserts the row, or writes the columns that differ.
    mutating func put<Row: TypedRow>(_ wanted: Row, over actual: Row?, _ uuid: RowUUID) {
        if let actual {
            update(uuid, from: actual, to: wanted)
        } else {
            insert(wanted, uuid: uuid)
        }
    }
}
