import Incremental
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

/// What re-runs after typical changes of rules, load balancers and services of switches: the objects
/// concerned, in a network where every switch has them all.
@Suite struct SwitchEventLogTests {
    private final class Network {
        let network = TestNetwork()
        var names: [RowUUID: String] = [:]
        private var rows: [String: RowUUID] = [:]
        private var chassis = RowUUID.zero

        /// Three switches with three ports each; what a switch has is called by its number.
        init() {
            let group = note("lbg", network.addLoadBalancerGroup("lbg"))
            for number in 0..<3 {
                let datapath = note(
                    "s\(number)",
                    network.addSwitch("s\(number)") {
                        $0.otherConfig["mcast_snoop"] = "true"
                        $0.loadBalancerGroup = [group]
                    })
                for host in 1...3 { addPort(number, host) }
                addRules(number, datapath)
                addServices(number, datapath)
            }
            let members = (0..<3).map { self["p\($0)-1"] }
            let pg = note("pg", network.addPortGroup("pg", canonicalSet(members)))
            note("aclg", network.addACL("outport == @pg && ip4", "allow-related", onGroup: pg))
            note("lbx", network.addLoadBalancer("lbx", ["10.9.9.9:80": "10.0.0.1:80"], in: group))
            chassis = network.addChassis("hv1", address: "1.1.1.1").chassis
            network.settle()
            network.northd.compiler.engine.log = EventLog()
        }

        subscript(_ name: String) -> RowUUID { rows[name] ?? .zero }

        @discardableResult
        func note(_ name: String, _ uuid: RowUUID) -> RowUUID {
            names[uuid] = name
            rows[name] = uuid
            return uuid
        }

        func addPort(_ number: Int, _ host: Int) {
            let name = "p\(number)-\(host)"
            note(
                name,
                network.addPort(
                    name, to: self["s\(number)"],
                    addresses: ["02:00:00:00:0\(number):0\(host) 10.0.\(number).\(host)"]))
        }

        private func addRules(_ number: Int, _ datapath: RowUUID) {
            note(
                "acl\(number)",
                network.addACL("ip4.src == 10.\(number).0.0/16", "drop", on: datapath))
            note(
                "qos\(number)",
                network.addQoS(
                    NB.QoS(
                        priority: 1, direction: "from-lport", match: "ip4",
                        action: ["dscp": number]), to: datapath))
            let balancer = note(
                "lb\(number)",
                network.addLoadBalancer("lb\(number)", ["10.8.0.\(number):80": "10.0.0.1:80"]))
            network.change(NB.LogicalSwitch.self, datapath) { $0.loadBalancer = [balancer] }
        }

        private func addServices(_ number: Int, _ datapath: RowUUID) {
            let options = [
                "server_id": "10.0.\(number).254", "server_mac": "02:00:00:00:ff:01",
                "lease_time": "3600",
            ]
            let server = note(
                "dhcp\(number)",
                network.insert(NB.DHCPOptions(cidr: "10.0.\(number).0/24", options: options)))
            network.change(NB.LogicalSwitchPort.self, self["p\(number)-1"]) {
                $0.dhcpv4Options = server
            }
            let dns = note(
                "dns\(number)", network.insert(NB.DNS(records: ["h\(number)": "10.0.0.1"])))
            network.change(NB.LogicalSwitch.self, datapath) { $0.dnsRecords = [dns] }
            let mirror = note(
                "mirror\(number)",
                network.insert(
                    NB.Mirror(
                        name: "m\(number)", filter: "both", sink: "p\(number)-3", type: "lport")))
            network.change(NB.LogicalSwitchPort.self, self["p\(number)-2"]) {
                $0.mirrorRules = [mirror]
            }
        }

        func change<Row: TypedRow>(_ name: String, _ type: Row.Type, _ body: (inout Row) -> Void) {
            network.change(type, self[name], body)
        }

        /// The objects whose cells ran since the last call.
        func concerned() -> Set<String> {
            network.settle()
            let engine = network.northd.compiler.engine
            let events = engine.log?.events ?? []
            engine.log?.clear()
            return Set(
                events.flatMap { event in
                    names.filter { event.cell.contains($0.key.description) }.map(\.value)
                })
        }

        func report(_ address: String, of port: String) {
            guard
                let place = network.rows(SB.PortBinding.self).first(where: {
                    $0.row.logicalPort == port
                })
            else { return }
            network.editSouthbound {
                $0.insert(
                    SB.IGMPGroup(
                        address: address, protocol: "IGMPv2", datapath: place.row.datapath,
                        chassis: chassis, ports: [place.uuid], chassisName: "hv1"),
                    uuid: network.southbound.makeUUID())
            }
        }
    }

    private typealias Change = (name: String, edit: (Network) -> Void, concerned: Set<String>)

    private func check(_ changes: [Change]) {
        let network = Network()
        for change in changes {
            change.edit(network)
            let concerned = network.concerned()
            #expect(concerned == change.concerned, "\(change.name)")
        }
    }

    @Test func rules() {
        check([
            (
                "a rule joins",
                {
                    $0.note("new", $0.network.addACL("ip6", "drop", on: $0["s1"]))
                }, ["new"]
            ),
            ("its match", { $0.change("new", NB.ACL.self) { $0.match = "ip4" } }, ["new"]),
            ("its priority", { $0.change("new", NB.ACL.self) { $0.priority = 7 } }, ["new"]),
            (
                "its log",
                { $0.change("new", NB.ACL.self) { ($0.log, $0.severity) = (true, "info") } },
                ["new"]
            ),
            (
                "its verdict", { $0.change("new", NB.ACL.self) { $0.action = "reject" } },
                ["new"]
            ),
            (
                "it leaves",
                { network in
                    network.network.edit {
                        $0.mutate(
                            NB.LogicalSwitch.self, network["s1"], .acls,
                            .delete(.ofSet([network["new"]])))
                    }
                }, ["new"]
            ),
            (
                "a rule of a port group", { $0.change("aclg", NB.ACL.self) { $0.match = "ip6" } },
                ["aclg"]
            ),
            (
                "a port joins the group",
                { network in
                    network.network.edit {
                        $0.mutate(
                            NB.PortGroup.self, network["pg"], .ports,
                            .insert(.ofSet([network["p0-2"]])))
                    }
                }, ["p0-2"]
            ),
            (
                "a port leaves the group",
                { network in
                    network.network.edit {
                        $0.mutate(
                            NB.PortGroup.self, network["pg"], .ports,
                            .delete(.ofSet([network["p0-2"]])))
                    }
                }, ["p0-2"]
            ),
            (
                "an address set",
                {
                    $0.note(
                        "set", $0.network.insert(NB.AddressSet(name: "as", addresses: ["10.0.0.1"]))
                    )
                },
                ["set"]
            ),
            (
                "an address joins the set",
                {
                    $0.change("set", NB.AddressSet.self) {
                        $0.addresses = ["10.0.0.1", "10.0.0.2"]
                    }
                },
                ["set"]
            ),
            ("a mark", { $0.change("qos1", NB.QoS.self) { $0.action = ["dscp": 9] } }, ["qos1"]),
            (
                "a rate joins",
                {
                    $0.note(
                        "rate",
                        $0.network.addQoS(
                            NB.QoS(
                                priority: 2, direction: "to-lport", match: "ip6",
                                bandwidth: ["rate": 100]), to: $0["s2"]))
                }, ["rate"]
            ),
        ])
    }

    @Test func loadBalancers() {
        check([
            (
                "a backend",
                {
                    $0.change("lb1", NB.LoadBalancer.self) {
                        $0.vips = ["10.8.0.1:80": "10.0.0.2:80"]
                    }
                },
                ["lb1"]
            ),
            (
                "an address",
                {
                    $0.change("lb1", NB.LoadBalancer.self) {
                        $0.vips["10.8.0.9:80"] = "10.0.0.2:80"
                    }
                },
                ["lb1"]
            ),
            (
                "an option",
                { $0.change("lb1", NB.LoadBalancer.self) { $0.options["reject"] = "true" } },
                ["lb1"]
            ),
            (
                "a backend of a group's",
                {
                    $0.change("lbx", NB.LoadBalancer.self) {
                        $0.vips = ["10.9.9.9:80": "10.0.0.3:80"]
                    }
                },
                ["lbx"]
            ),
            (
                "one joins the group",
                {
                    $0.note(
                        "lby",
                        $0.network.addLoadBalancer(
                            "lby", ["10.9.9.8:80": "10.0.0.1:80"], in: $0["lbg"]))
                }, ["lby"]
            ),
            (
                "one joins a switch",
                { network in
                    let row = network.network.addLoadBalancer("lbz", ["10.9.9.7:80": ""])
                    network.note("lbz", row)
                    network.change("s2", NB.LogicalSwitch.self) {
                        $0.loadBalancer = canonicalSet($0.loadBalancer + [row])
                    }
                }, ["lbz", "s2"]
            ),
            (
                "one leaves",
                { network in
                    network.network.edit { $0.delete(NB.LoadBalancer.self, network["lbz"]) }
                }, ["lbz", "s2"]
            ),
        ])
    }

    @Test func services() {
        check([
            (
                "an option of a server",
                { $0.change("dhcp1", NB.DHCPOptions.self) { $0.options["mtu"] = "1400" } },
                ["dhcp1", "p1-1"]
            ),
            (
                "a client joins",
                { network in
                    network.change("p1-2", NB.LogicalSwitchPort.self) {
                        $0.dhcpv4Options = network["dhcp1"]
                    }
                }, ["p1-2"]
            ),
            (
                "a name", { $0.change("dns1", NB.DNS.self) { $0.records["x"] = "10.0.0.9" } },
                ["dns1"]
            ),
            (
                "a mirror's filter",
                { $0.change("mirror1", NB.Mirror.self) { $0.filter = "from-lport" } },
                ["mirror1", "p1-2"]
            ),
            (
                "a mirror joins a port",
                { network in
                    network.change("p1-1", NB.LogicalSwitchPort.self) {
                        $0.mirrorRules = [network["mirror1"]]
                    }
                }, ["p1-1", "p1-2"]
            ),
            ("receivers", { $0.report("239.1.1.1", of: "p0-1") }, ["s0"]),
            ("more receivers", { $0.report("239.1.1.2", of: "p0-1") }, ["s0"]),
            (
                "shaping",
                {
                    $0.change("p2-1", NB.LogicalSwitchPort.self) {
                        $0.options["qos_max_rate"] = "1000"
                    }
                }, ["p2-1"]
            ),
            (
                "port security",
                {
                    $0.change("p2-1", NB.LogicalSwitchPort.self) {
                        $0.portSecurity = ["02:00:00:00:02:01"]
                    }
                }, ["p2-1"]
            ),
            (
                "a meter",
                { network in
                    let band = network.network.northbound.makeUUID()
                    let meter = network.note("meter", network.network.northbound.makeUUID())
                    network.network.edit {
                        $0.insert(NB.MeterBand(action: "drop", rate: 5), uuid: band)
                        $0.insert(NB.Meter(name: "m", unit: "pktps", bands: [band]), uuid: meter)
                    }
                }, ["meter"]
            ),
            (
                "a chassis", { _ = $0.network.addChassis("hv2", address: "1.1.1.2") }, []
            ),
        ])
    }
}
