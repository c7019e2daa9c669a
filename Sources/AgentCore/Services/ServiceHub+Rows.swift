import OVSDBModel
import OVSDBSession
import Schemas
import Wire

// What the Southbound's rows ask of each service on this chassis.

extension ServiceHub.Context {
    private func isHere(_ row: SB.PortBinding) -> Bool { row.chassis == chassis.row }

    /// Whether a router's port is on this chassis: a gateway router's, or one whose redirect port
    /// is here; any other port of a router is everywhere.
    func isResident(_ row: SB.PortBinding) -> Bool {
        if row.type == "l3gateway" { return isHere(row) }
        guard let name = row.options["chassis-redirect-port"] else { return true }
        return isResident(named: name)
    }

    private func isResident(named name: String) -> Bool {
        rows.port(named: name).map { isHere($0.1.row) } ?? false
    }

    private func peer(_ row: SB.PortBinding) -> (PortReference, Identified<SB.PortBinding>)? {
        row.options["peer"].flatMap { rows.port(named: $0) }
    }

    // MARK: - Router advertisements

    var advertisements: [PeriodicAdvertisements.Configuration] {
        rows.sortedPorts.compactMap { _, port in
            guard port.row.options["ipv6_ra_send_periodic"] == "true",
                let peer = peer(port.row)
            else { return nil }
            return PeriodicAdvertisements.Configuration(port.row, port: peer.0)
        }
    }

    // MARK: - Announcements

    /// Stations on switches that reach a provider network from here.
    var stations: [Announcements.Station] {
        let plugged = Set(
            rows.sortedPorts.filter { _, port in
                guard let network = port.row.options["network_name"] else { return false }
                return port.row.type == "localnet" && networks.contains(network)
            }.map(\.0.datapath))
        return rows.sortedPorts.filter { plugged.contains($0.0.datapath) }
            .flatMap { stations(of: $1.row, at: $0) }
    }

    private func stations(
        of row: SB.PortBinding, at port: PortReference
    ) -> [Announcements.Station] {
        guard row.options["disable_garp_rarp"] != "true" else { return [] }
        switch row.type {
        case "":
            guard isHere(row) else { return [] }
            return row.mac.compactMap { StationAddresses(parsing: $0) }
                .flatMap { $0.stations(on: port) }
        case "patch", "l3gateway":
            if let router = peer(row)?.0.datapath, rows.quietRouters.contains(router) { return [] }
            return row.natAddresses.compactMap { StationAddresses(parsing: $0) }
                .filter { isResident($0, row) }
                .flatMap { $0.stations(on: port) }
        default: return []
        }
    }

    private func isResident(_ station: StationAddresses, _ row: SB.PortBinding) -> Bool {
        if let name = station.residence { return isResident(named: name) }
        return row.type == "l3gateway" && isHere(row)
    }

    // MARK: - Next hops

    /// What is asked of next hops that connections remember.
    var nextHops: [NeighbourQuestion] {
        var places: [RowUUID: PortReference] = [:]
        for (reference, port) in rows.sortedPorts { places[port.uuid] = reference }
        return replica.rows(SB.ECMPNexthop.self).compactMap { row in
            guard let place = places[row.row.port], let port = rows.ports[place]?.row,
                isResident(port), let target = IPAddress(parsing: row.row.nexthop)
            else { return nil }
            return NeighbourQuestion(from: port, at: place, for: target, asksAnyway: true)
        }
    }

    // MARK: - Multicast

    var multicast: [UInt32: MulticastSnooping.Configuration] {
        var keys: [RowUUID: UInt32] = [:]
        for (key, row) in rows.datapaths { keys[row] = key }
        var result: [UInt32: MulticastSnooping.Configuration] = [:]
        for row in replica.rows(SB.IPMulticast.self) {
            guard let key = keys[row.row.datapath] else { continue }
            result[key] = MulticastSnooping.Configuration(row.row)
        }
        return result
    }

    // MARK: - Service monitors

    var monitors: [RowUUID: ServiceMonitors.Target] {
        var result: [RowUUID: ServiceMonitors.Target] = [:]
        for row in replica.rows(SB.ServiceMonitor.self) where !row.row.remote {
            result[row.uuid] = target(row.row)
        }
        return result
    }

    private func target(_ row: SB.ServiceMonitor) -> ServiceMonitors.Target? {
        guard let (input, port) = rows.port(named: row.logicalPort), isHere(port.row),
            port.row.up != false, let address = IPAddress(parsing: row.ip),
            let source = IPAddress(parsing: row.srcIP),
            let sourceMAC = MACAddress(parsing: row.srcMAC),
            let mac = destination(row, address, port.row), let kind = kind(row),
            let addresses = IPHeader.Addresses(from: source, to: address)
        else { return nil }
        var output = input
        if row.type == SB.ServiceMonitor.typeNetworkFunction {
            guard let other = rows.port(named: row.logicalInputPort) else { return nil }
            output = other.0
        }
        var target = ServiceMonitors.Target(
            kind: kind, output: output, input: input,
            ethernet: EthernetHeader(destination: mac, source: sourceMAC), addresses: addresses)
        let time = { (key: String) in
            row.options[key].flatMap { Int64($0) }
                .map { $0.clamped(to: ServiceMonitors.Limits.seconds) * 1000 }
        }
        target.interval = time("interval") ?? target.interval
        target.timeout = time("timeout") ?? target.timeout
        target.successCount = max(1, row.options["success_count"].flatMap { Int($0) } ?? 1)
        target.failureCount = max(1, row.options["failure_count"].flatMap { Int($0) } ?? 1)
        return target
    }

    private func kind(_ row: SB.ServiceMonitor) -> ServiceMonitors.Target.Kind? {
        let port = UInt16(clamping: row.port)
        switch row.protocol {
        case SB.ServiceMonitor.protocolUDP: return .udp(port)
        case SB.ServiceMonitor.protocolICMP: return .icmp
        case SB.ServiceMonitor.protocolTCP, nil: return .tcp(port)
        default: return nil
        }
    }

    /// The row's own address, or that of the port's entry with the monitored IP address.
    private func destination(
        _ row: SB.ServiceMonitor, _ address: IPAddress, _ port: SB.PortBinding
    ) -> MACAddress? {
        if let own = MACAddress(parsing: row.mac), own != .zero { return own }
        let entries = port.mac.compactMap { StationAddresses(parsing: $0) }
        return (entries.first { $0.addresses.contains(address) } ?? entries.first)?.mac
    }

    // MARK: - Prefix delegation

    var delegations: [PrefixDelegation.Request] {
        var uplinks: [UInt32: (PortReference, SB.PortBinding)] = [:]
        for (reference, port) in rows.sortedPorts
        where port.row.options["ipv6_prefix_delegation"] == "true" && isResident(port.row) {
            uplinks[reference.datapath] = uplinks[reference.datapath] ?? (reference, port.row)
        }
        return rows.sortedPorts.compactMap { reference, port in
            guard port.row.options["ipv6_prefix"] == "true",
                let uplink = uplinks[reference.datapath], let entry = peer(uplink.1),
                let mac = uplink.1.mac.compactMap({ StationAddresses(parsing: $0) }).first?.mac
            else { return nil }
            return PrefixDelegation.Request(
                row: port.uuid, identifier: reference.port, uplink: uplink.0, entry: entry.0,
                mac: mac)
        }
    }
}

extension IPHeader.Addresses {
    /// Nil for two families.
    init?(from source: IPAddress, to destination: IPAddress) {
        switch (source, destination) {
        case (.v4(let source), .v4(let destination)):
            self = .v4(source: source, destination: destination)
        case (.v6(let source), .v6(let destination)):
            self = .v6(source: source, destination: destination)
        case (.v4, .v6), (.v6, .v4): return nil
        }
    }
}
