import OVSDBModel
import OVSDBSession
import Schemas

@testable import Northd

/// Random changes of tables of which few rows exist, and of what chassis write.
extension RandomEdits {
    mutating func changeRareTables(_ network: TestNetwork) {
        switch number(7) {
        case 0: changeForwardingGroups(network)
        case 1: changeHealthChecks(network)
        case 2: changePortChecks(network)
        case 3: changeMirrorRules(network)
        case 4: changeSamples(network)
        case 5: changeFunctionChecks(network)
        default: changeDeployment(network)
        }
    }

    mutating func changeChassis(_ network: TestNetwork) {
        switch number(9) {
        case 0: changeFeatures(network)
        case 1: leave(network)
        case 2: changeEncaps(network)
        case 3: learn(network)
        case 4: learnStation(network)
        case 5: tamper(network)
        case 6: delegate(network)
        default: probe(network)
        }
    }

    // MARK: Northbound

    private mutating func changeForwardingGroups(_ network: TestNetwork) {
        guard let item = pick(NB.LogicalSwitch.self, network) else { return }
        if let group = item.row.forwardingGroups.first, chance(2) {
            return network.edit {
                $0.mutate(
                    NB.LogicalSwitch.self, item.uuid, .forwardingGroups,
                    .delete(.ofSet([group])))
            }
        }
        let uuid = network.northbound.makeUUID()
        let row = NB.ForwardingGroup(
            name: "f", vip: chance(4) ? "bad" : "10.0.0.77", vmac: "02:00:00:00:77:77",
            liveness: chance(2), childPort: ["p\(number(40))"])
        network.edit {
            $0.insert(row, uuid: uuid)
            $0.mutate(
                NB.LogicalSwitch.self, item.uuid, .forwardingGroups, .insert(.ofSet([uuid])))
        }
    }

    private mutating func changeHealthChecks(_ network: TestNetwork) {
        guard let item = pick(NB.LoadBalancer.self, network) else { return }
        var row = item.row
        let check = network.northbound.makeUUID()
        let vip = row.vips.keys.sorted().randomElement(using: &random) ?? "10.9.9.9:80"
        let options = ["interval": chance(4) ? "soon" : "\(number(3) + 1)"]
        row.healthCheck = chance(3) ? [] : [check]
        row.ipPortMappings = ["10.0.1.1": "p\(number(40)):10.0.1.9", "10.9.0.0": "p\(number(40))"]
        let isChecked = !row.healthCheck.isEmpty
        network.edit {
            if isChecked {
                $0.insert(NB.LoadBalancerHealthCheck(vip: vip, options: options), uuid: check)
            }
            $0.update(item.uuid, from: item.row, to: row)
        }
    }

    private mutating func changePortChecks(_ network: TestNetwork) {
        guard let item = pick(NB.LogicalSwitchPort.self, network) else { return }
        if let check = item.row.healthChecks.first {
            return network.edit {
                $0.mutate(
                    NB.LogicalSwitchPort.self, item.uuid, .healthChecks, .delete(.ofSet([check])))
            }
        }
        let uuid = network.northbound.makeUUID()
        let row = NB.LogicalSwitchPortHealthCheck(
            protocol: "tcp", srcIP: chance(4) ? "here" : "10.0.0.250", port: 80 + number(2))
        network.edit {
            $0.insert(row, uuid: uuid)
            $0.mutate(
                NB.LogicalSwitchPort.self, item.uuid, .healthChecks, .insert(.ofSet([uuid])))
        }
    }

    private mutating func changeMirrorRules(_ network: TestNetwork) {
        guard let item = pick(NB.Mirror.self, network) else { return }
        var row = item.row
        let uuid = network.northbound.makeUUID()
        let rule = NB.MirrorRule(
            match: chance(4) ? "((" : "tcp.dst == \(number(3))",
            action: chance(2) ? "mirror" : "skip", priority: number(3))
        let isRuled = chance(2)
        row.mirrorRules = isRuled ? [uuid] : []
        row.sink = chance(4) ? "10.0.0.9" : "p\(number(40))"
        row.type = chance(4) ? "gre" : "lport"
        row.filter = ["both", "from-lport", "to-lport"][number(3)]
        network.edit {
            if isRuled { $0.insert(rule, uuid: uuid) }
            $0.update(item.uuid, from: item.row, to: row)
        }
    }

    private mutating func changeSamples(_ network: TestNetwork) {
        let applications = ["drop", "acl-new", "acl-est"]
        let type = applications[number(3)]
        let known = network.northbound.replica.rows(NB.SamplingApp.self).first {
            $0.row.type == type
        }
        if chance(2) {
            if let known { return network.edit { $0.delete(NB.SamplingApp.self, known.uuid) } }
            network.insert(NB.SamplingApp(type: type, id: number(200) + 1))
            return
        }
        guard let item = pick(NB.ACL.self, network) else { return }
        let known2 = network.northbound.replica.rows(NB.SampleCollector.self)
        let collector = known2.first?.uuid ?? network.northbound.makeUUID()
        let sample = network.northbound.makeUUID()
        let point = number(1_000_000) + 1
        var row = item.row
        if chance(2) { row.sampleNew = sample } else { row.sampleEst = sample }
        network.edit {
            if known2.isEmpty {
                $0.insert(
                    NB.SampleCollector(id: 1, name: "c", probability: 100, setID: 5),
                    uuid: collector)
            }
            $0.insert(NB.Sample(collectors: [collector], metadata: point), uuid: sample)
            $0.update(item.uuid, from: item.row, to: row)
        }
    }

    private mutating func changeFunctionChecks(_ network: TestNetwork) {
        guard let item = pick(NB.NetworkFunction.self, network) else { return }
        let known = network.northbound.replica.rows(NB.NetworkFunctionHealthCheck.self).first
        let uuid = known?.uuid ?? network.northbound.makeUUID()
        let isChecked = chance(2)
        var row = item.row
        row.healthCheck = isChecked ? uuid : nil
        network.edit {
            if isChecked, known == nil {
                $0.insert(NB.NetworkFunctionHealthCheck(name: "hc"), uuid: uuid)
            }
            $0.update(item.uuid, from: item.row, to: row)
        }
    }

    private mutating func changeDeployment(_ network: TestNetwork) {
        let choices = [
            "debug_drop_collector_set": ["0", "7", "x"], "debug_drop_domain_id": ["3", "300"],
            "svc_monitor_ip": ["169.254.1.1", "x"], "svc_monitor_ip_dst": ["169.254.1.2"],
            "vxlan_mode": ["true", "false"], "install_ls_lb_from_router": ["true", "false"],
            "ignore_lsp_down": ["true", "false"],
        ]
        let keys = choices.keys.sorted()
        let key = keys[number(keys.count)]
        let values = choices[key] ?? []
        network.setOptions([key: values[number(values.count)]])
    }

    // MARK: Southbound

    private mutating func changeFeatures(_ network: TestNetwork) {
        guard let item = network.rows(SB.Chassis.self).randomElement(using: &random) else { return }
        var row = item.row
        for feature in ChassisFeature.allCases {
            row.otherConfig[feature.rawValue] = chance(2) ? "true" : nil
        }
        row.otherConfig["is-remote"] = chance(6) ? "true" : nil
        network.editSouthbound { $0.update(item.uuid, from: item.row, to: row) }
    }

    private mutating func leave(_ network: TestNetwork) {
        guard chance(3), let item = network.rows(SB.Chassis.self).randomElement(using: &random)
        else { return }
        network.editSouthbound { $0.delete(SB.Chassis.self, item.uuid) }
    }

    private mutating func changeEncaps(_ network: TestNetwork) {
        guard let item = network.rows(SB.Chassis.self).randomElement(using: &random) else { return }
        let uuid = network.southbound.makeUUID()
        let encap = SB.Encap(
            type: chance(3) ? "vxlan" : "geneve", ip: "9.9.\(number(250)).\(number(250))",
            chassisName: item.row.name)
        network.editSouthbound {
            $0.insert(encap, uuid: uuid)
            $0.update(item.uuid, [.encaps], of: SB.Chassis(encaps: [uuid]))
        }
    }

    /// Neighbours and stations; northd deletes those of ports that go.
    private mutating func learn(_ network: TestNetwork) {
        guard let port = network.rows(SB.PortBinding.self).randomElement(using: &random) else {
            return
        }
        let uuid = network.southbound.makeUUID()
        let host = number(200)
        if network.rows(SB.MACBinding.self).contains(where: {
            $0.row.ip == "10.0.0.\(host)" && $0.row.logicalPort == port.row.logicalPort
        }) {
            return
        }
        network.editSouthbound {
            $0.insert(
                SB.MACBinding(
                    logicalPort: port.row.logicalPort, ip: "10.0.0.\(host)",
                    mac: "02:00:00:00:00:01", datapath: port.row.datapath), uuid: uuid)
        }
    }

    private mutating func learnStation(_ network: TestNetwork) {
        guard let port = network.rows(SB.PortBinding.self).randomElement(using: &random),
            let datapath = network.southbound.replica[SB.DatapathBinding.self, port.row.datapath]
        else { return }
        let mac = "02:00:00:00:0a:\(10 + number(80))"
        let isKnown = network.rows(SB.FDB.self).contains {
            $0.row.mac == mac && $0.row.dpKey == datapath.tunnelKey
        }
        if isKnown { return }
        let uuid = network.southbound.makeUUID()
        network.editSouthbound {
            $0.insert(
                SB.FDB(mac: mac, dpKey: datapath.tunnelKey, portKey: port.row.tunnelKey),
                uuid: uuid)
        }
    }

    /// Somebody else changes rows of northd's.
    private mutating func tamper(_ network: TestNetwork) {
        switch number(4) {
        case 0:
            guard let item = network.rows(SB.MulticastGroup.self).randomElement(using: &random)
            else { return }
            network.editSouthbound {
                $0.update(item.uuid, [.ports], of: SB.MulticastGroup(ports: []))
            }
        case 1:
            guard let item = network.rows(SB.MulticastGroup.self).randomElement(using: &random)
            else { return }
            network.editSouthbound { $0.delete(SB.MulticastGroup.self, item.uuid) }
        case 2:
            guard let item = network.rows(SB.ACLID.self).randomElement(using: &random) else {
                return
            }
            network.editSouthbound { $0.delete(SB.ACLID.self, item.uuid) }
        default:
            guard let item = network.rows(SB.AddressSet.self).randomElement(using: &random) else {
                return
            }
            network.editSouthbound {
                $0.update(item.uuid, [.addresses], of: SB.AddressSet(addresses: ["9.9.9.9"]))
            }
        }
    }

    /// A chassis was given prefixes for a router port; the configuration may want them.
    private mutating func delegate(_ network: TestNetwork) {
        guard let item = pick(NB.LogicalRouterPort.self, network) else { return }
        let wants = chance(2)
        network.change(NB.LogicalRouterPort.self, item.uuid) {
            $0.options["prefix"] = wants ? "true" : nil
            $0.options["prefix_delegation"] = wants ? "true" : nil
        }
    }

    /// A chassis says how a service is.
    private mutating func probe(_ network: TestNetwork) {
        guard let item = network.rows(SB.ServiceMonitor.self).randomElement(using: &random) else {
            return
        }
        let status = ["online", "offline", "error"][number(3)]
        network.editSouthbound {
            $0.update(item.uuid, [.status], of: SB.ServiceMonitor(status: status))
        }
    }
}
