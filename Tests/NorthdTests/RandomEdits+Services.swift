import OVSDBModel
import OVSDBSession
import Schemas

@testable import Northd

/// Random changes of what services are made of: the tables beside switches, routers and ports.
extension RandomEdits {
    mutating func changeServices(_ network: TestNetwork) {
        switch number(14) {
        case 0: changeDHCP(network)
        case 1: changeNames(network)
        case 2: changeMeters(network)
        case 3: changeMirrors(network)
        case 4: changeMulticast(network)
        case 5: changeNeighbours(network)
        case 6, 7: changePool(network)
        case 8: changePortServices(network)
        case 9: changeRouterServices(network)
        case 10: changeGroupsOfChassis(network)
        case 11: changeControlMeters(network)
        case 12: changeTemplates(network)
        default: report(network)
        }
    }

    /// One of few rows of a table: made, changed or deleted.
    private mutating func toggle<Row: TypedRow>(
        _ network: TestNetwork, limit: Int, _ make: (inout RandomEdits) -> Row
    ) {
        let rows = network.northbound.replica.rows(Row.self)
        if rows.count < limit, !chance(3) {
            let row = make(&self)
            network.insert(row)
        } else if let item = pick(Row.self, network) {
            if chance(3) { return network.edit { $0.delete(Row.self, item.uuid) } }
            let row = make(&self)
            network.edit { $0.update(item.uuid, from: item.row, to: row) }
        }
    }

    private mutating func changeDHCP(_ network: TestNetwork) {
        if chance(2) {
            return toggle(network, limit: 3) { edits in
                var options = [
                    "server_id": "10.0.0.1", "server_mac": "02:00:00:00:ff:01",
                    "lease_time": "\(edits.number(3))",
                ]
                if edits.chance(4) { options["mtu"] = "nonsense" }
                if edits.chance(4) { options["server_mac"] = nil }
                let cidr = edits.chance(3) ? "fd00::/64" : "10.0.\(edits.number(3)).0/24"
                if cidr.hasPrefix("f") { options["server_id"] = "02:00:00:00:ff:01" }
                return NB.DHCPOptions(cidr: cidr, options: options)
            }
        }
        guard let port = pick(NB.LogicalSwitchPort.self, network) else { return }
        let server = pick(NB.DHCPOptions.self, network)?.uuid
        let isSix = chance(3)
        network.change(NB.LogicalSwitchPort.self, port.uuid) {
            if isSix { $0.dhcpv6Options = server } else { $0.dhcpv4Options = server }
        }
    }

    private mutating func changeNames(_ network: TestNetwork) {
        if chance(2) {
            return toggle(network, limit: 3) { edits in
                NB.DNS(records: ["h\(edits.number(3))": "10.0.0.\(edits.number(5))"])
            }
        }
        guard let datapath = pick(NB.LogicalSwitch.self, network) else { return }
        let records = network.northbound.replica.rows(NB.DNS.self).map(\.uuid)
        let chosen = canonicalSet(records.filter { _ in chance(2) })
        network.change(NB.LogicalSwitch.self, datapath.uuid) { $0.dnsRecords = chosen }
    }

    private mutating func changeMeters(_ network: TestNetwork) {
        let name = "m\(number(3))"
        let rate = number(3) + 1
        let known = network.northbound.replica.rows(NB.Meter.self).first { $0.row.name == name }
        if let known {
            if chance(2) { return network.edit { $0.delete(NB.Meter.self, known.uuid) } }
            return network.edit {
                $0.update(known.row.bands[0], [.rate], of: NB.MeterBand(rate: rate))
            }
        }
        let (meter, band) = (network.northbound.makeUUID(), network.northbound.makeUUID())
        network.edit {
            $0.insert(NB.MeterBand(action: "drop", rate: rate), uuid: band)
            $0.insert(NB.Meter(name: name, unit: "pktps", bands: [band]), uuid: meter)
        }
    }

    private mutating func changeMirrors(_ network: TestNetwork) {
        if chance(2) {
            let name = "mirror\(number(1000))"
            return toggle(network, limit: 3) { edits in
                NB.Mirror(
                    name: name, filter: "both", sink: "10.9.9.\(edits.number(9))",
                    type: edits.chance(3) ? "lport" : "gre")
            }
        }
        guard let port = pick(NB.LogicalSwitchPort.self, network) else { return }
        let mirrors = network.northbound.replica.rows(NB.Mirror.self).map(\.uuid)
        let chosen = canonicalSet(mirrors.filter { _ in chance(2) })
        network.change(NB.LogicalSwitchPort.self, port.uuid) { $0.mirrorRules = chosen }
    }

    private mutating func changeNeighbours(_ network: TestNetwork) {
        let address = "10.0.0.\(number(250))"
        let known = network.northbound.replica.rows(NB.StaticMACBinding.self)
        if known.count > 3, let first = known.first {
            return network.edit { $0.delete(NB.StaticMACBinding.self, first.uuid) }
        }
        if known.contains(where: { $0.row.ip == address }) { return }
        network.insert(
            NB.StaticMACBinding(
                logicalPort: "lrp\(number(12))", ip: address, mac: "02:00:00:00:00:77"))
    }

    private mutating func changePool(_ network: TestNetwork) {
        if chance(2), let port = pick(NB.LogicalSwitchPort.self, network) {
            let texts = [
                ["dynamic"], ["02:00:00:00:07:0\(number(9)) dynamic"],
                ["dynamic 10.0.0.\(number(5))"], [],
            ]
            let addresses = texts[number(4)]
            return network.change(NB.LogicalSwitchPort.self, port.uuid) { $0.addresses = addresses }
        }
        guard let datapath = pick(NB.LogicalSwitch.self, network) else { return }
        let choice = number(6)
        let third = number(2)
        network.change(NB.LogicalSwitch.self, datapath.uuid) { row in
            switch choice {
            case 0: row.otherConfig["subnet"] = nil
            case 1: row.otherConfig["exclude_ips"] = "10.0.\(third).2..10.0.\(third).3"
            case 2: row.otherConfig["ipv6_prefix"] = "fd00:\(third)::"
            case 3: row.otherConfig["mac_only"] = third == 0 ? "true" : nil
            default: row.otherConfig["subnet"] = "10.0.\(third).0/29"
            }
        }
    }

    private mutating func changePortServices(_ network: TestNetwork) {
        guard let port = pick(NB.LogicalSwitchPort.self, network) else { return }
        let choice = number(7)
        let request = number(3)
        network.change(NB.LogicalSwitchPort.self, port.uuid) { row in
            switch choice {
            case 0: row.options["qos_max_rate"] = request == 0 ? nil : "\(request)"
            case 1: (row.parentName, row.tagRequest) = ("p\(request)", request)
            case 2: (row.parentName, row.tagRequest) = (nil, nil)
            case 3: row.options["requested-encap-ip"] = "hv\(request)"
            case 4: row.options["requested-chassis"] = "hv\(request),hv1"
            case 5: row.options["mcast_flood"] = request == 0 ? "true" : nil
            default: row.options["mcast_flood_reports"] = request == 0 ? "true" : nil
            }
        }
    }

    private mutating func changeRouterServices(_ network: TestNetwork) {
        if chance(3), let router = pick(NB.LogicalRouter.self, network) {
            let isRelay = chance(2)
            return network.change(NB.LogicalRouter.self, router.uuid) {
                $0.options["mcast_relay"] = isRelay ? "true" : nil
                $0.options["mac_binding_age_threshold"] = isRelay ? "300" : nil
            }
        }
        if chance(4) {
            return toggle(network, limit: 2) { edits in
                NB.DHCPRelay(name: "r", servers: edits.chance(3) ? nil : "10.8.0.1")
            }
        }
        guard let port = pick(NB.LogicalRouterPort.self, network) else { return }
        let relay = chance(3) ? nil : pick(NB.DHCPRelay.self, network)?.uuid
        let choice = number(3)
        network.change(NB.LogicalRouterPort.self, port.uuid) { row in
            switch choice {
            case 0: row.dhcpRelay = relay
            case 1:
                row.ipv6RAConfigs = ["address_mode": "slaac", "send_periodic": "true"]
            default: row.ipv6RAConfigs = relay == nil ? [:] : ["address_mode": "nonsense"]
            }
        }
    }

    private mutating func changeGroupsOfChassis(_ network: TestNetwork) {
        let (member, group) = (network.northbound.makeUUID(), network.northbound.makeUUID())
        let known = network.northbound.replica.rows(NB.HAChassisGroup.self)
        guard let first = known.first else {
            let name = "hv\(number(3))"
            return network.edit {
                $0.insert(NB.HAChassis(chassisName: name, priority: 1), uuid: member)
                $0.insert(NB.HAChassisGroup(name: "ha", haChassis: [member]), uuid: group)
            }
        }
        guard let port = pick(NB.LogicalSwitchPort.self, network) else { return }
        let isExternal = chance(2)
        network.change(NB.LogicalSwitchPort.self, port.uuid) {
            $0.type = isExternal ? "external" : ""
            $0.haChassisGroup = isExternal ? first.uuid : nil
        }
    }

    private mutating func changeControlMeters(_ network: TestNetwork) {
        let copps = network.northbound.replica.rows(NB.Copp.self)
        guard let copp = copps.first else {
            network.insert(NB.Copp(name: "c", meters: ["igmp": "m0", "dhcpv4-opts": "m1"]))
            return
        }
        guard let datapath = pick(NB.LogicalSwitch.self, network) else { return }
        let isMetered = chance(2)
        network.change(NB.LogicalSwitch.self, datapath.uuid) {
            $0.copp = isMetered ? copp.uuid : nil
            $0.otherConfig["mcast_snoop"] = isMetered ? "true" : nil
        }
    }

    private mutating func changeTemplates(_ network: TestNetwork) {
        let name = "hv\(number(3))"
        let known = network.northbound.replica.rows(NB.ChassisTemplateVar.self)
            .first { $0.row.chassis == name }
        if let known { return network.edit { $0.delete(NB.ChassisTemplateVar.self, known.uuid) } }
        network.insert(NB.ChassisTemplateVar(chassis: name, variables: ["v": name]))
    }

    private mutating func changeMulticast(_ network: TestNetwork) {
        guard let datapath = pick(NB.LogicalSwitch.self, network) else { return }
        let (choice, size) = (number(4), number(3))
        network.change(NB.LogicalSwitch.self, datapath.uuid) { row in
            switch choice {
            case 0: row.otherConfig["mcast_snoop"] = nil
            case 1: row.otherConfig["mcast_flood_unregistered"] = size == 0 ? nil : "true"
            case 2: row.otherConfig["mcast_table_size"] = size == 0 ? "x" : "\(size)"
            default: row.otherConfig["mcast_snoop"] = "true"
            }
        }
    }

    /// A chassis has heard of receivers.
    private mutating func report(_ network: TestNetwork) {
        let known = network.rows(SB.IGMPGroup.self)
        if known.count > 4, let first = known.first {
            return network.editSouthbound { $0.delete(SB.IGMPGroup.self, first.uuid) }
        }
        guard let chassis = network.rows(SB.Chassis.self).first,
            let port = network.rows(SB.PortBinding.self).randomElement(using: &random)
        else { return }
        let addresses = ["mrouters", "239.0.0.1", "239.0.0.2", "224.0.0.9", "ff0e::1", "bad"]
        let address = addresses[number(addresses.count)]
        if known.contains(where: {
            $0.row.address == address && $0.row.datapath == port.row.datapath
        }) {
            return
        }
        let uuid = network.southbound.makeUUID()
        network.editSouthbound {
            $0.insert(
                SB.IGMPGroup(
                    address: address, protocol: "IGMPv3", datapath: port.row.datapath,
                    chassis: chassis.uuid, ports: [port.uuid], chassisName: chassis.row.name),
                uuid: uuid)
        }
    }
}
