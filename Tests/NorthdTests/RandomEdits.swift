import OVSDBModel
import OVSDBSession
import Schemas

@testable import Northd

/// Makes random changes of every Northbound table that northd reads, valid and invalid ones.
struct RandomEdits {
    var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func edit(_ network: TestNetwork) {
        let edits: [(Int, (inout RandomEdits, TestNetwork) -> Void)] = [
            (3, { $0.addDatapath($1) }), (8, { $0.addSwitchPort($1) }),
            (6, { $0.changeSwitchPort($1) }), (3, { $0.removeSwitchPort($1) }),
            (5, { $0.addRouterPort($1) }), (3, { $0.changeRouterPort($1) }),
            (2, { $0.removeRouterPort($1) }), (4, { $0.addRoute($1) }),
            (2, { $0.removeRoute($1) }), (2, { $0.changeDatapath($1) }),
            (1, { $0.removeDatapath($1) }), (3, { $0.changeGroups($1) }),
            (4, { $0.bind($1) }), (12, { $0.changeServices($1) }), (1, { $0.restart($1) }),
            (4, { $0.changeGateways($1) }),
            (5, { $0.changeACL($1) }), (5, { $0.changeLoadBalancer($1) }),
            (1, { $0.changeOptions($1) }), (2, { $0.changeQoS($1) }),
            (1, { $0.changeNetworkFunction($1) }),
            (4, { $0.changeNAT($1) }),
            (4, { $0.changePolicies($1) }),
            (3, { $0.addElaborateRoute($1) }),
            (2, { $0.changeSessions($1) }),
            (4, { $0.changeBalancing($1) }),
            (4, { $0.changeExtensions($1) }),
            (6, { $0.changeRareTables($1) }),
            (4, { $0.changeChassis($1) }),
        ]
        var choice = Int.random(in: 0..<edits.reduce(0) { $0 + $1.0 }, using: &random)
        for (weight, edit) in edits {
            if choice < weight { return edit(&self, network) }
            choice -= weight
        }
    }

    // MARK: Choices

    mutating func chance(_ one: Int) -> Bool {
        Int.random(in: 0..<one, using: &random) == 0
    }

    mutating func number(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

    mutating func pick<Row: TypedRow>(
        _ type: Row.Type, _ network: TestNetwork
    ) -> Identified<Row>? {
        network.northbound.replica.rows(type).randomElement(using: &random)
    }

    private mutating func addresses() -> [String] {
        var result: [String] = []
        if chance(4) { result.append("unknown") }
        if chance(6) { result.append("router") }
        if chance(20) { result.append("nonsense") }
        if !chance(4) {
            let host = number(6) + 2
            result.append("02:00:00:00:00:0\(host) 10.0.\(number(3)).\(host) fd00::\(host)")
        }
        return result
    }

    // MARK: Datapaths

    private mutating func addDatapath(_ network: TestNetwork) {
        if chance(3) {
            network.addRouter("r\(number(1000))")
        } else {
            network.addSwitch("s\(number(1000))")
        }
    }

    private mutating func changeDatapath(_ network: TestNetwork) {
        if chance(2) {
            guard let item = pick(NB.LogicalSwitch.self, network) else { return }
            var row = item.row
            row.otherConfig = chance(2) ? ["vlan-passthru": "true"] : [:]
            if chance(4) { row.otherConfig["broadcast-arps-to-all-routers"] = "false" }
            if chance(4) { row.otherConfig["requested-tnl-key"] = "\(number(5) + 1)" }
            network.edit { $0.update(item.uuid, from: item.row, to: row) }
        } else {
            guard let item = pick(NB.LogicalRouter.self, network) else { return }
            var row = item.row
            row.options = chance(2) ? ["always_learn_from_arp_request": "false"] : [:]
            if chance(3) { row.options["dynamic_neigh_routers"] = "true" }
            if chance(5) { row.options["chassis"] = "hv\(number(3))" }
            if chance(5) { row.options["ct-commit-all"] = "true" }
            if chance(4) { row.options["mcast_relay"] = "true" }
            if chance(5) {
                row.options["lb_force_snat_ip"] = chance(2) ? "router_ip" : "10.0.1.\(number(9))"
            }
            if chance(6) { row.options["dnat_force_snat_ip"] = "10.0.0.\(number(9))" }
            row.enabled = chance(4) ? false : nil
            network.edit { $0.update(item.uuid, from: item.row, to: row) }
        }
    }

    private mutating func removeDatapath(_ network: TestNetwork) {
        if chance(2) {
            if let item = pick(NB.LogicalSwitch.self, network) {
                network.edit { $0.delete(NB.LogicalSwitch.self, item.uuid) }
            }
        } else if let item = pick(NB.LogicalRouter.self, network) {
            network.edit { $0.delete(NB.LogicalRouter.self, item.uuid) }
        }
    }

    // MARK: Ports

    private mutating func addSwitchPort(_ network: TestNetwork) {
        guard let datapath = pick(NB.LogicalSwitch.self, network) else { return }
        let name = "p\(number(40))"
        let taken = network.northbound.replica.rows(NB.LogicalSwitchPort.self)
            .contains { $0.row.name == name }
        if taken { return }
        let addresses = addresses()
        var row = NB.LogicalSwitchPort(name: name, addresses: addresses)
        change(&row)
        network.addPort(name, to: datapath.uuid, addresses: addresses) { $0 = row }
    }

    private mutating func change(_ row: inout NB.LogicalSwitchPort) {
        switch number(8) {
        case 0, 1:
            row.type = "router"
            row.options["router-port"] = "lrp\(number(12))"
        case 2: row.type = chance(4) ? "vtep" : "localnet"
        case 3: row.portSecurity = ["02:00:00:00:00:01"]
        case 4: row.enabled = chance(2)
        case 5: row.options["requested-tnl-key"] = "\(number(6) + 1)"
        case 6: row.options["requested-chassis"] = "hv\(number(3))"
        default:
            row.type = ""
            row.options = [:]
        }
        if chance(3) { specialize(&row) }
    }

    private mutating func changeSwitchPort(_ network: TestNetwork) {
        guard let item = pick(NB.LogicalSwitchPort.self, network) else { return }
        var row = item.row
        if chance(2) { row.addresses = canonicalSet(addresses()) } else { change(&row) }
        network.edit { $0.update(item.uuid, from: item.row, to: row) }
    }

    private mutating func removeSwitchPort(_ network: TestNetwork) {
        guard let item = pick(NB.LogicalSwitch.self, network),
            let port = item.row.ports.randomElement(using: &random)
        else { return }
        if chance(3), let other = pick(NB.LogicalSwitch.self, network), other.uuid != item.uuid {
            network.edit {
                $0.mutate(NB.LogicalSwitch.self, other.uuid, .ports, .insert(.ofSet([port])))
            }
            if chance(3) { return }
        }
        network.removePort(port, from: item.uuid)
    }

    private mutating func addRouterPort(_ network: TestNetwork) {
        guard let router = pick(NB.LogicalRouter.self, network) else { return }
        let name = "lrp\(number(12))"
        let taken = network.northbound.replica.rows(NB.LogicalRouterPort.self)
            .contains { $0.row.name == name }
        if taken { return }
        let host = number(9) + 1
        let peer = chance(3) ? "lrp\(number(12))" : nil
        network.addRouterPort(
            name, to: router.uuid, mac: chance(20) ? "x" : "02:00:00:00:01:0\(host)",
            networks: ["10.0.\(number(3)).\(host)/24", "fd00::1\(host)/64"]
        ) { $0.peer = peer }
    }

    private mutating func changeRouterPort(_ network: TestNetwork) {
        guard let item = pick(NB.LogicalRouterPort.self, network) else { return }
        var row = item.row
        switch number(4) {
        case 0: row.enabled = chance(2)
        case 1: row.mac = "02:00:00:00:02:0\(number(9))"
        case 2: row.peer = "lrp\(number(12))"
        default: row.networks = canonicalSet(["10.0.\(number(3)).1/2\(number(5))"])
        }
        network.edit { $0.update(item.uuid, from: item.row, to: row) }
    }

    private mutating func removeRouterPort(_ network: TestNetwork) {
        guard let item = pick(NB.LogicalRouter.self, network),
            let port = item.row.ports.randomElement(using: &random)
        else { return }
        network.edit {
            $0.mutate(NB.LogicalRouter.self, item.uuid, .ports, .delete(.ofSet([port])))
        }
    }

    // MARK: Routes and groups

    private mutating func addRoute(_ network: TestNetwork) {
        guard let router = pick(NB.LogicalRouter.self, network) else { return }
        let hop = chance(5) ? "discard" : "10.0.\(number(3)).\(number(9) + 1)"
        let policy = chance(5) ? "src-ip" : nil
        let port = chance(5) ? "lrp\(number(12))" : nil
        network.addRoute("10.\(number(3)).0.0/16", via: hop, on: router.uuid) {
            $0.policy = policy
            $0.outputPort = port
        }
    }

    private mutating func removeRoute(_ network: TestNetwork) {
        guard let item = pick(NB.LogicalRouter.self, network),
            let route = item.row.staticRoutes.randomElement(using: &random)
        else { return }
        network.edit {
            $0.mutate(NB.LogicalRouter.self, item.uuid, .staticRoutes, .delete(.ofSet([route])))
        }
    }

    private mutating func changeGroups(_ network: TestNetwork) {
        if chance(3) { return changeAddressSet(network) }
        let name = "g\(number(4))"
        let members = network.northbound.replica.rows(NB.LogicalSwitchPort.self).map(\.uuid)
        let ports = canonicalSet(members.filter { _ in chance(3) })
        let known = network.northbound.replica.rows(NB.PortGroup.self)
            .first { $0.row.name == name }
        guard let known else {
            let uuid = network.northbound.makeUUID()
            return network.edit { $0.insert(NB.PortGroup(name: name, ports: ports), uuid: uuid) }
        }
        if chance(5) { return network.edit { $0.delete(NB.PortGroup.self, known.uuid) } }
        network.edit { $0.update(known.uuid, [.ports], of: NB.PortGroup(ports: ports)) }
    }

    private mutating func changeAddressSet(_ network: TestNetwork) {
        // Some clash with the generated sets of port groups.
        let name = chance(3) ? "g\(number(4))_ip4" : "as\(number(3))"
        let addresses = canonicalSet((0..<number(4)).map { "10.0.0.\($0)" })
        let known = network.northbound.replica.rows(NB.AddressSet.self)
            .first { $0.row.name == name }
        guard let known else {
            let uuid = network.northbound.makeUUID()
            return network.edit {
                $0.insert(NB.AddressSet(name: name, addresses: addresses), uuid: uuid)
            }
        }
        if chance(4) { return network.edit { $0.delete(NB.AddressSet.self, known.uuid) } }
        network.edit {
            $0.update(known.uuid, [.addresses], of: NB.AddressSet(addresses: addresses))
        }
    }

    // MARK: Southbound

    /// A chassis appears, or one claims a port, or it lets go.
    private mutating func bind(_ network: TestNetwork) {
        let name = "hv\(number(3))"
        let known = network.rows(SB.Chassis.self).first { $0.row.name == name }
        guard let chassis = known?.uuid else {
            let (uuid, encap) = (network.southbound.makeUUID(), network.southbound.makeUUID())
            return network.editSouthbound {
                $0.insert(SB.Encap(type: "geneve", ip: name, chassisName: name), uuid: encap)
                $0.insert(SB.Chassis(name: name, encaps: [encap]), uuid: uuid)
            }
        }
        guard let port = network.rows(SB.PortBinding.self).randomElement(using: &random) else {
            return
        }
        var row = port.row
        row.chassis = chance(3) ? nil : chassis
        row.up = row.chassis != nil
        network.editSouthbound { $0.update(port.uuid, from: port.row, to: row) }
    }

    private mutating func restart(_ network: TestNetwork) {
        if chance(3) { network.restartNorthd() }
    }
}

/// A generator with a seed, so that a failure names its run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_f491_4f6c_dd1d
    }
}
