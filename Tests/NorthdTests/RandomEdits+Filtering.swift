import OVSDBModel
import OVSDBSession
import Schemas

@testable import Northd

/// Random changes of ACLs, load balancers and the options that concern them.
extension RandomEdits {
    mutating func changeACL(_ network: TestNetwork) {
        if chance(3), let item = pick(NB.ACL.self, network) {
            var row = item.row
            describe(&row)
            return network.edit { $0.update(item.uuid, from: item.row, to: row) }
        }
        if chance(4) { return removeACL(network) }
        var row = NB.ACL(direction: "from-lport", match: "ip4", action: "drop")
        describe(&row)
        if chance(2), let group = pick(NB.PortGroup.self, network) {
            network.addACL(row.match, row.action, onGroup: group.uuid) { $0 = row }
        } else if let datapath = pick(NB.LogicalSwitch.self, network) {
            network.addACL(row.match, row.action, on: datapath.uuid) { $0 = row }
        }
    }

    private mutating func describe(_ row: inout NB.ACL) {
        let matches = [
            "ip4", "ip6 && tcp.dst == 80", "ip4.src == $as1 || arp", "outport == @g1", "nonsense",
            "ip4.dst == ^address",
        ]
        row.match = matches[number(matches.count)]
        row.priority = number(4)
        row.direction = chance(2) ? "from-lport" : "to-lport"
        let actions = ["allow", "allow-related", "allow-stateless", "drop", "reject", "pass"]
        row.action = actions[number(actions.count)]
        row.tier = chance(4) ? number(4) : 0
        row.options = chance(4) ? ["apply-after-lb": "true"] : [:]
        if chance(4) { row.options["persist-established"] = "true" }
        row.log = chance(4)
        row.label = chance(4) ? number(3) : 0
        if row.log, chance(2) { row.options["log-related"] = "true" }
        if chance(2) { row.networkFunctionGroup = nil }
    }

    /// One group of one function, and rules that use it.
    mutating func changeNetworkFunction(_ network: TestNetwork) {
        let groups = network.northbound.replica.rows(NB.NetworkFunctionGroup.self)
        guard let group = groups.first else {
            guard let first = pick(NB.LogicalSwitchPort.self, network)?.uuid,
                let second = pick(NB.LogicalSwitchPort.self, network)?.uuid
            else { return }
            let isTap = chance(3)
            let uuids = [network.northbound.makeUUID(), network.northbound.makeUUID()]
            return network.edit {
                $0.insert(
                    NB.NetworkFunction(
                        name: "f", outport: isTap ? nil : second, inport: first, id: 1),
                    uuid: uuids[0])
                $0.insert(
                    NB.NetworkFunctionGroup(
                        name: "g", networkFunction: [uuids[0]],
                        mode: isTap ? "vtap" : "inline", id: 1), uuid: uuids[1])
            }
        }
        guard let item = pick(NB.ACL.self, network) else { return }
        var row = item.row
        row.networkFunctionGroup = group.uuid
        network.edit { $0.update(item.uuid, from: item.row, to: row) }
    }

    private mutating func removeACL(_ network: TestNetwork) {
        if chance(2), let item = pick(NB.PortGroup.self, network),
            let acl = item.row.acls.randomElement(using: &random)
        {
            network.edit {
                $0.mutate(NB.PortGroup.self, item.uuid, .acls, .delete(.ofSet([acl])))
            }
        } else if let item = pick(NB.LogicalSwitch.self, network),
            let acl = item.row.acls.randomElement(using: &random)
        {
            network.edit {
                $0.mutate(NB.LogicalSwitch.self, item.uuid, .acls, .delete(.ofSet([acl])))
            }
        }
    }

    mutating func changeLoadBalancer(_ network: TestNetwork) {
        switch number(5) {
        case 0:
            let group =
                chance(2)
                ? pick(NB.LoadBalancerGroup.self, network)?.uuid
                    ?? network.addLoadBalancerGroup("lbg\(number(1000))") : nil
            let row = balancer()
            network.addLoadBalancer(row.name, row.vips, in: group) { $0 = row }
        case 1:
            guard let item = pick(NB.LoadBalancer.self, network) else { return }
            let row = balancer()
            network.edit {
                $0.update(item.uuid, [.vips, .options, .protocol, .selectionFields], of: row)
            }
        case 2:
            guard let item = pick(NB.LoadBalancer.self, network) else { return }
            network.edit { $0.delete(NB.LoadBalancer.self, item.uuid) }
        default: attachLoadBalancer(network)
        }
    }

    private mutating func balancer() -> NB.LoadBalancer {
        let all = [
            "10.0.0.10:80": "10.0.1.1:8080,10.0.1.2:8080", "10.0.0.11": "10.0.1.1",
            "[fd00::10]:443": "[fd01::1]:8443", "10.0.0.12:53": "", "nonsense": "",
        ]
        var row = NB.LoadBalancer(name: "lb")
        row.vips = all.sorted { $0.key < $1.key }.reduce(into: [:]) { vips, entry in
            if chance(2) { vips[entry.key] = entry.value }
        }
        row.protocol = chance(3) ? "udp" : nil
        row.options = chance(3) ? ["reject": "true"] : [:]
        if chance(4) { row.options["affinity_timeout"] = "60" }
        if chance(5) { row.options["event"] = "true" }
        if chance(6) { row.options["template"] = "true" }
        if chance(6) { row.options["hairpin_snat_ip"] = "10.0.9.9" }
        row.selectionFields = chance(3) ? ["ip_src"] : []
        return row
    }

    private mutating func attachLoadBalancer(_ network: TestNetwork) {
        guard let datapath = pick(NB.LogicalSwitch.self, network) else { return }
        var row = datapath.row
        if chance(2) {
            guard let item = pick(NB.LoadBalancer.self, network) else { return }
            let isThere = row.loadBalancer.contains(item.uuid)
            row.loadBalancer =
                isThere
                ? row.loadBalancer.filter { $0 != item.uuid }
                : canonicalSet(row.loadBalancer + [item.uuid])
        } else {
            guard let item = pick(NB.LoadBalancerGroup.self, network) else { return }
            row.loadBalancerGroup = row.loadBalancerGroup.isEmpty ? [item.uuid] : []
        }
        network.edit { $0.update(datapath.uuid, from: datapath.row, to: row) }
    }

    mutating func changeOptions(_ network: TestNetwork) {
        let keys = [
            "default_acl_drop", "use_ct_inv_match", "acl_ct_translation", "controller_event",
            "ignore_chassis_features",
        ]
        network.setOptions([keys[number(keys.count)]: chance(2) ? "true" : "false"])
    }

    mutating func changeQoS(_ network: TestNetwork) {
        if chance(3), let item = pick(NB.LogicalSwitch.self, network),
            let rule = item.row.qosRules.randomElement(using: &random)
        {
            return network.edit {
                $0.mutate(NB.LogicalSwitch.self, item.uuid, .qosRules, .delete(.ofSet([rule])))
            }
        }
        guard let datapath = pick(NB.LogicalSwitch.self, network) else { return }
        network.addQoS(
            NB.QoS(
                priority: number(3), direction: chance(2) ? "from-lport" : "to-lport",
                match: chance(5) ? "bad" : "ip4", action: ["dscp": number(70)],
                bandwidth: chance(2) ? ["rate": 100] : [:]), to: datapath.uuid)
    }

    /// Port types and options of which there are few.
    mutating func specialize(_ row: inout NB.LogicalSwitchPort) {
        switch number(7) {
        case 0:
            row.type = "virtual"
            row.options = [
                "virtual-ip": chance(4) ? "bad" : "10.0.0.99",
                "virtual-parents": "p\(number(40)),p\(number(40))",
            ]
        case 1: row.type = "external"
        case 2: row.type = "vtep"
        case 3: row.options["arp_proxy"] = chance(4) ? "bad" : "10.9.0.0/16"
        case 4: row.options["pkt_clone_type"] = "mc_unknown"
        case 5: row.options["receive_multicast"] = "false"
        default: row.type = "remote"
        }
    }
}
