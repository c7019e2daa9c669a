// What a CMS and the hosts do: small networks that change all the time, with names that meet
// again, so that what was deleted comes back and what is referred to goes away.

import Northd
import OVSDBModel
import OVSDBSession
import Schemas

extension SimulatedCluster {
    /// One change by the CMS, or of an interface of a host.
    func edit() {
        let edits: [(weight: Int, edit: () -> Void)] = [
            (5, addSwitchPort), (3, changeSwitchPort), (2, removeSwitchPort), (2, addDatapath),
            (1, removeDatapath), (3, addRouterPort), (2, changeRouterPort), (1, removeRouterPort),
            (2, addRoute), (2, changePortGroup), (1, changeAddressSet), (2, countUp),
            (6, changeInterface),
        ]
        var choice = random.random.number(edits.reduce(0) { $0 + $1.weight })
        for (weight, edit) in edits {
            if choice < weight { return edit() }
            choice -= weight
        }
    }

    private func pick<Row: TypedRow>(_ type: Row.Type) -> Identified<Row>? {
        management.replica.rows(type).randomElement(using: &random.random)
    }

    private func commit(_ body: (inout TransactionBuilder) -> Void) {
        guard management.session.canWrite else { return }
        var transaction = TransactionBuilder()
        body(&transaction)
        management.submit(transaction, now: now)
    }

    /// Divides the flows among the northds, or no longer.
    func switchDivision() {
        guard let global = management.replica.only(NB.NBGlobal.self) else { return }
        note("the division is switched")
        let options = Datum([DivisionMember.option: isDivided ? "false" : "true"])
        commit { $0.mutate(NB.NBGlobal.self, global.uuid, .options, .insert(options)) }
    }

    // MARK: The beginning

    /// Something to lose: two switches on a router, and a workload for every port of them.
    package func populate() {
        while !management.session.canWrite { if !act() { passTime() } }
        commit { transaction in
            let options = size.divides ? [DivisionMember.option: "true"] : [:]
            transaction.insert(NB.NBGlobal(options: options), uuid: random.random.uuid())
            var routerPorts: [RowUUID] = []
            for number in 0..<2 { routerPorts.append(populateSwitch(number, &transaction)) }
            transaction.insert(
                NB.LogicalRouter(name: "r0", ports: routerPorts.sorted()),
                uuid: random.random.uuid())
        }
        for number in 0..<Self.populatedPorts {
            guard !agents.isEmpty else { return }
            agents[number % agents.count].plug("p\(number)")
        }
    }

    private static let populatedPorts = 6

    /// - Returns: the router's port to it.
    private func populateSwitch(
        _ number: Int, _ transaction: inout TransactionBuilder
    ) -> RowUUID {
        var ports: [RowUUID] = []
        func add(_ row: NB.LogicalSwitchPort) {
            let uuid = random.random.uuid()
            ports.append(uuid)
            transaction.insert(row, uuid: uuid)
        }
        for port in 0..<Self.populatedPorts where port % 2 == number {
            let host = port + 2
            let address = "02:00:00:00:00:0\(host) 10.0.\(number).\(host) fd00:\(number)::\(host)"
            add(NB.LogicalSwitchPort(name: "p\(port)", addresses: [address]))
        }
        add(
            NB.LogicalSwitchPort(
                name: "s\(number)-r0", type: "router",
                options: ["router-port": "lrp\(number)"], addresses: ["router"]))
        let datapath = NB.LogicalSwitch(name: "s\(number)", ports: ports.sorted())
        transaction.insert(datapath, uuid: random.random.uuid())
        let uuid = random.random.uuid()
        transaction.insert(
            NB.LogicalRouterPort(
                name: "lrp\(number)", networks: ["10.0.\(number).1/24", "fd00:\(number)::1/64"],
                mac: "02:00:00:00:01:0\(number)"), uuid: uuid)
        return uuid
    }

    // MARK: Datapaths

    private func addDatapath() {
        let uuid = random.random.uuid()
        if random.random.oneIn(3) {
            let row = NB.LogicalRouter(name: "r\(random.random.number(4))")
            commit { $0.insert(row, uuid: uuid) }
        } else {
            let row = NB.LogicalSwitch(name: "s\(random.random.number(6))")
            commit { $0.insert(row, uuid: uuid) }
        }
    }

    private func removeDatapath() {
        if random.random.oneIn(2), let item = pick(NB.LogicalSwitch.self) {
            commit { $0.delete(NB.LogicalSwitch.self, item.uuid) }
        } else if let item = pick(NB.LogicalRouter.self) {
            commit { $0.delete(NB.LogicalRouter.self, item.uuid) }
        }
    }

    // MARK: Switch ports

    private static let portNames = 24

    private func addresses() -> [String] {
        let host = 2 + random.random.number(7)
        let network = random.random.number(3)
        let own = "02:00:00:00:00:0\(host) 10.0.\(network).\(host) fd00:\(network)::\(host)"
        switch random.random.number(6) {
        case 0: return ["unknown"]
        case 1: return [own, "unknown"]
        default: return [own]
        }
    }

    private func addSwitchPort() {
        let name = "p\(random.random.number(Self.portNames))"
        guard let datapath = pick(NB.LogicalSwitch.self) else { return addDatapath() }
        let known = management.replica.rows(NB.LogicalSwitchPort.self)
        if known.contains(where: { $0.row.name == name }) { return }
        var row = NB.LogicalSwitchPort(name: name, addresses: addresses())
        change(&row)
        let uuid = random.random.uuid()
        commit {
            $0.insert(row, uuid: uuid)
            $0.mutate(NB.LogicalSwitch.self, datapath.uuid, .ports, .insert(Datum([uuid])))
        }
    }

    private func change(_ row: inout NB.LogicalSwitchPort) {
        switch random.random.number(6) {
        case 0:
            row.type = "router"
            row.addresses = ["router"]
            row.options["router-port"] = "lrp\(random.random.number(8))"
        case 1: row.portSecurity = row.addresses.filter { $0 != "unknown" }
        case 2: row.enabled = random.random.oneIn(2)
        case 3: row.options["requested-chassis"] = "hv\(random.random.number(size.agents + 1))"
        case 4: row.addresses = addresses()
        default:
            row.type = ""
            row.options = [:]
        }
    }

    private func changeSwitchPort() {
        guard let item = pick(NB.LogicalSwitchPort.self) else { return }
        var row = item.row
        change(&row)
        commit { $0.update(item.uuid, from: item.row, to: row) }
    }

    private func removeSwitchPort() {
        guard let item = pick(NB.LogicalSwitch.self),
            let port = item.row.ports.randomElement(using: &random.random)
        else { return }
        commit { $0.mutate(NB.LogicalSwitch.self, item.uuid, .ports, .delete(Datum([port]))) }
    }

    /// A change of one port, of no interest to any other object.
    /// - Returns: what the port is called in derivations.
    package func editOnePort() -> [String] {
        let ports = management.replica.rows(NB.LogicalSwitchPort.self).filter { $0.row.type == "" }
            .sorted { $0.uuid < $1.uuid }
        let host = random.random.number(200) + 20
        let address = "02:00:00:00:03:\(String(host, radix: 16)) 10.0.0.\(host)"
        guard let item = ports.randomElement(using: &random.random), !random.random.oneIn(3) else {
            return addOnePort("q\(host)", address)
        }
        var row = item.row
        if random.random.oneIn(2) {
            row.enabled = row.enabled == false
        } else {
            row.addresses = [address]
        }
        commit { $0.update(item.uuid, from: item.row, to: row) }
        return [item.row.name, item.uuid.description]
    }

    private func addOnePort(_ name: String, _ address: String) -> [String] {
        let ports = management.replica.rows(NB.LogicalSwitchPort.self)
        guard let datapath = pick(NB.LogicalSwitch.self),
            !ports.contains(where: { $0.row.name == name })
        else { return [] }
        let uuid = random.random.uuid()
        commit {
            $0.insert(NB.LogicalSwitchPort(name: name, addresses: [address]), uuid: uuid)
            $0.mutate(NB.LogicalSwitch.self, datapath.uuid, .ports, .insert(Datum([uuid])))
        }
        return [name, uuid.description]
    }

    // MARK: Routers

    private func addRouterPort() {
        guard let router = pick(NB.LogicalRouter.self) else { return addDatapath() }
        let number = random.random.number(8)
        let known = management.replica.rows(NB.LogicalRouterPort.self)
        if known.contains(where: { $0.row.name == "lrp\(number)" }) { return }
        let row = NB.LogicalRouterPort(
            name: "lrp\(number)",
            networks: ["10.0.\(number % 3).1/24", "fd00:\(number % 3)::1/64"],
            mac: "02:00:00:00:01:0\(number)")
        let uuid = random.random.uuid()
        commit {
            $0.insert(row, uuid: uuid)
            $0.mutate(NB.LogicalRouter.self, router.uuid, .ports, .insert(Datum([uuid])))
        }
    }

    private func changeRouterPort() {
        guard let item = pick(NB.LogicalRouterPort.self) else { return }
        var row = item.row
        switch random.random.number(3) {
        case 0: row.enabled = random.random.oneIn(2)
        case 1: row.mac = "02:00:00:00:02:0\(random.random.number(9))"
        default: row.networks = ["10.0.\(random.random.number(3)).1/24"]
        }
        commit { $0.update(item.uuid, from: item.row, to: row) }
    }

    private func removeRouterPort() {
        guard let item = pick(NB.LogicalRouter.self),
            let port = item.row.ports.randomElement(using: &random.random)
        else { return }
        commit { $0.mutate(NB.LogicalRouter.self, item.uuid, .ports, .delete(Datum([port]))) }
    }

    private func addRoute() {
        guard let router = pick(NB.LogicalRouter.self) else { return }
        if let route = router.row.staticRoutes.randomElement(using: &random.random),
            random.random.oneIn(2)
        {
            return commit {
                $0.mutate(
                    NB.LogicalRouter.self, router.uuid, .staticRoutes, .delete(Datum([route])))
            }
        }
        let row = NB.LogicalRouterStaticRoute(
            ipPrefix: "10.\(1 + random.random.number(3)).0.0/16",
            nexthop: "10.0.\(random.random.number(3)).\(2 + random.random.number(7))")
        let uuid = random.random.uuid()
        commit {
            $0.insert(row, uuid: uuid)
            $0.mutate(NB.LogicalRouter.self, router.uuid, .staticRoutes, .insert(Datum([uuid])))
        }
    }

    // MARK: Groups

    private func changePortGroup() {
        let name = "g\(random.random.number(3))"
        let ports = management.replica.rows(NB.LogicalSwitchPort.self).map(\.uuid)
            .filter { _ in random.random.oneIn(3) }.sorted()
        let known = management.replica.rows(NB.PortGroup.self).first { $0.row.name == name }
        guard let known else {
            let uuid = random.random.uuid()
            return commit { $0.insert(NB.PortGroup(name: name, ports: ports), uuid: uuid) }
        }
        if random.random.oneIn(4) {
            return commit { $0.delete(NB.PortGroup.self, known.uuid) }
        }
        commit { $0.update(known.uuid, [.ports], of: NB.PortGroup(ports: ports)) }
    }

    private func changeAddressSet() {
        let name = "as\(random.random.number(3))"
        let addresses = (0..<8).filter { _ in random.random.oneIn(3) }.map { "10.0.0.\($0)" }
        let known = management.replica.rows(NB.AddressSet.self).first { $0.row.name == name }
        guard let known else {
            let uuid = random.random.uuid()
            return commit {
                $0.insert(NB.AddressSet(name: name, addresses: addresses), uuid: uuid)
            }
        }
        commit { $0.update(known.uuid, [.addresses], of: NB.AddressSet(addresses: addresses)) }
    }

    /// As `ovn-nbctl --wait` does.
    func countUp() {
        guard let global = management.replica.only(NB.NBGlobal.self) else {
            let uuid = random.random.uuid()
            return commit {
                $0.requireEmpty(NB.NBGlobal.self)
                $0.insert(NB.NBGlobal(), uuid: uuid)
            }
        }
        commit { $0.mutate(NB.NBGlobal.self, global.uuid, .nbCfg, .add(1)) }
    }

    // MARK: Interfaces

    /// A workload comes, goes or moves.
    private func changeInterface() {
        guard let agent = agents.randomElement(using: &random.random) else { return }
        let name = "p\(random.random.number(Self.portNames))"
        if agent.attached.contains(name) {
            note("\(agent.name) unplugs \(name)")
            agent.unplug(name)
        } else {
            note("\(agent.name) plugs \(name)")
            if !random.random.oneIn(5) {
                for other in agents where other !== agent { other.unplug(name) }
            }
            agent.plug(name)
        }
    }

    /// The last words of the CMS: no workload is in two places, and a number that everybody has to
    /// reach.
    /// - Returns: false if the cluster does not come to rest.
    package func finish() -> Bool {
        for (number, agent) in agents.enumerated() {
            for later in agents[(number + 1)...] {
                for port in agent.attached.intersection(later.attached).sorted() {
                    later.unplug(port)
                }
            }
        }
        for _ in 0..<3 {
            countUp()
            guard settle() else { return false }
        }
        return true
    }
}
