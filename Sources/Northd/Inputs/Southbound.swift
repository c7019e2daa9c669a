import Incremental
import OVSDBModel
import OVSDBSession
import Schemas

/// Feeds into the engine what the Southbound database has and northd doesn't decide alone: keys in
/// use, where ports are bound, which chassis there are.
struct SouthboundEdge {
    let inputs: Inputs
    let engine: Engine
    /// The Northbound row of each Datapath_Binding.
    private(set) var northboundOf: [RowUUID: RowUUID] = [:]
    /// The name of each Port_Binding.
    private var portNames: [RowUUID: String] = [:]

    init(inputs: Inputs, engine: Engine) {
        self.inputs = inputs
        self.engine = engine
    }

    mutating func apply(_ changes: [TableChange]) {
        for row in changes.of(SB.MulticastGroup.self).compactMap(\.old) {
            if let address = address(of: row) {
                engine.set(inputs.multicastKeysInUse, address, nil)
            }
        }
        for change in changes.of(SB.DatapathBinding.self) { applyDatapath(change) }
        let ports = changes.of(SB.PortBinding.self)
        // A name may go with one row and come with another.
        for change in ports {
            withdrawPort(change)
            portNames[change.uuid] = change.new?.logicalPort
        }
        for change in ports { applyPort(change) }
        for change in changes.of(SB.Chassis.self) {
            engine.set(inputs.chassis, change.uuid, change.new.map(ChassisInput.init))
        }
        applyMulticast(changes)
        for change in changes.of(SB.Encap.self) {
            engine.set(inputs.encaps, change.uuid, change.new)
        }
        applySessions(changes.of(SB.BFD.self))
        applyNeighbours(changes.of(SB.MACBinding.self))
        for change in changes.of(SB.ACLID.self) {
            engine.set(inputs.aclNumbersInUse, change.uuid, change.new?.id)
        }
        for change in changes.of(SB.ServiceMonitor.self) {
            if let old = change.old.map(ServiceMonitorKey.init) {
                engine.set(inputs.serviceStates, old, nil)
            }
            guard let row = change.new else { continue }
            engine.set(inputs.serviceStates, ServiceMonitorKey(row), row.status ?? "")
        }
    }

    private mutating func applyDatapath(_ change: TypedChange<SB.DatapathBinding>) {
        if let old = change.old?.northbound, old != change.new?.northbound {
            engine.set(inputs.datapathKeysInUse, old, nil)
        }
        northboundOf[change.uuid] = change.new?.northbound
        if let row = change.new, let key = row.northbound {
            engine.set(inputs.datapathKeysInUse, key, row.tunnelKey)
        }
    }

    private func withdrawPort(_ change: TypedChange<SB.PortBinding>) {
        guard let old = change.old?.logicalPort, old != change.new?.logicalPort else { return }
        engine.set(inputs.portStates, old, nil)
        engine.set(inputs.queuesInUse, old, nil)
        engine.set(inputs.delegatedPrefixes, old, nil)
    }

    private func applyPort(_ change: TypedChange<SB.PortBinding>) {
        guard let row = change.new else { return }
        engine.set(
            inputs.portStates, row.logicalPort,
            PortState(
                datapath: northboundOf[row.datapath], tunnelKey: row.tunnelKey,
                chassis: row.chassis, additionalChassis: row.additionalChassis,
                isUp: row.up ?? false))
        let queue = row.options["qdisc_queue_id"].flatMap { Int($0) }
        engine.set(inputs.queuesInUse, row.logicalPort, queue)
        engine.set(inputs.delegatedPrefixes, row.logicalPort, row.options["ipv6_ra_pd_list"])
    }

    private func applyMulticast(_ changes: [TableChange]) {
        for change in changes.of(SB.IGMPGroup.self) {
            let report = change.new.flatMap { row -> MulticastReport? in
                guard row.chassis != nil,
                    let datapath = row.datapath.flatMap({ northboundOf[$0] })
                else { return nil }
                return MulticastReport(
                    datapath: datapath, address: row.address,
                    ports: row.ports.compactMap { portNames[$0] }.sorted())
            }
            engine.set(inputs.multicastReports, change.uuid, report)
        }
        for row in changes.of(SB.MulticastGroup.self).compactMap(\.new) {
            if let address = address(of: row) {
                engine.set(inputs.multicastKeysInUse, address, row.tunnelKey)
            }
        }
    }

    private func address(of row: SB.MulticastGroup) -> MulticastAddress? {
        guard !row.name.hasPrefix("_"), let datapath = northboundOf[row.datapath] else {
            return nil
        }
        return MulticastAddress(datapath: datapath, address: row.name)
    }

    private func applyNeighbours(_ changes: [TypedChange<SB.MACBinding>]) {
        for old in changes.compactMap(\.old) {
            engine.set(
                inputs.neighbours, BFDKey(port: old.logicalPort, address: old.ip), nil)
        }
        for row in changes.compactMap(\.new) {
            engine.set(
                inputs.neighbours, BFDKey(port: row.logicalPort, address: row.ip), row.mac)
        }
    }

    private func applySessions(_ changes: [TypedChange<SB.BFD>]) {
        let keys = changes.compactMap(\.new).map(BFDKey.init)
        for old in changes.compactMap(\.old).map(BFDKey.init) where !keys.contains(old) {
            engine.set(inputs.bfdStates, old, nil)
        }
        for row in changes.compactMap(\.new) {
            engine.set(
                inputs.bfdStates, BFDKey(row),
                BFDState(status: row.status, sourcePort: row.srcPort))
        }
    }
}

extension SB.DatapathBinding {
    /// The Northbound row that this is the binding of; older northds wrote it as an external id.
    package var northbound: RowUUID? {
        if let nbUUID { return nbUUID }
        let text = externalIDs["logical-switch"] ?? externalIDs["logical-router"]
        return text.flatMap { RowUUID(parsing: $0) }
    }
}

extension BFDKey {
    init(_ row: SB.BFD) { self.init(port: row.logicalPort, address: row.dstIP) }
}

extension ServiceMonitorKey {
    init(_ row: SB.ServiceMonitor) {
        self.init(
            logicalPort: row.logicalPort, address: row.ip, port: row.port,
            transport: row.protocol ?? "tcp")
    }
}

extension ChassisInput {
    init(_ row: SB.Chassis) {
        self.init(
            name: row.name, hostname: row.hostname,
            isRemote: row.otherConfig["is-remote"] == "true",
            features: ChassisFeature.all(in: row.otherConfig))
    }
}
