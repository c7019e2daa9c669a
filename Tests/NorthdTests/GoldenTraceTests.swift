import OVSDBModel
import Schemas
import Testing

@testable import Northd

/// What becomes of packets on a switch with features that are younger than the releases that
/// Tools/differential compares with.
@Suite struct SwitchTraceTests {
    private let network = TestNetwork()
    private let s1: RowUUID
    private let p1: RowUUID

    init() {
        s1 = network.addSwitch("s1")
        p1 = network.addPort("p1", to: s1, addresses: ["02:00:00:00:00:01 10.0.0.1"])
        network.addPort("p2", to: s1, addresses: ["02:00:00:00:00:02 10.0.0.2"])
        network.settle()
    }

    private func packet(_ rest: String = "udp.src == 4000 && udp.dst == 53") -> String {
        Packet(
            inport: "p1", source: ("02:00:00:00:00:01", "10.0.0.1"),
            destination: ("02:00:00:00:00:02", "10.0.0.2"), rest: rest
        ).microflow
    }

    private func tcp(_ port: Int) -> String { packet("tcp.src == 4000 && tcp.dst == \(port)") }

    @Test func tiersDecideInTurn() throws {
        func add(_ match: String, _ action: String, _ priority: Int, tier: Int) {
            network.addACL(match, action, on: s1, priority: priority) { $0.tier = tier }
        }
        add("tcp.dst == 80", "pass", 2000, tier: 0)
        add("tcp.dst == 81", "allow", 2000, tier: 0)
        add("tcp.dst == 82", "drop", 2000, tier: 0)
        add("tcp.dst == {80, 81}", "drop", 1000, tier: 0)
        add("tcp.dst == 83", "reject", 1000, tier: 1)
        add("tcp.dst == {80, 81}", "drop", 10, tier: 2)
        network.settle()
        #expect(try network.receivers(tcp(81)) == ["p2"], "a lower tier is not asked")
        #expect(try network.receivers(tcp(82)) == [])
        #expect(try network.receivers(tcp(80)) == [], "passed on, and dropped by the third")
        #expect(try network.receivers(tcp(84)) == ["p2"])
        #expect(try network.trace(tcp(83)).first == "tcp_reset {")
        #expect(try network.receivers(tcp(83)) == ["p1"])
        network.setOptions(["default_acl_drop": "true"])
        network.settle()
        #expect(try network.receivers(tcp(84)) == [], "no tier allowed it")
        network.addACL("ip", "allow", on: s1, direction: "to-lport")
        network.addACL("ip", "allow", on: s1) { $0.options["apply-after-lb"] = "true" }
        network.settle()
        #expect(try network.receivers(tcp(81)) == ["p2"])
        #expect(try network.receivers(tcp(84)) == [])
    }

    @Test func aConnectionOutlivesItsRule() throws {
        network.addACL("tcp.dst == 80", "allow-related", on: s1) {
            $0.options["persist-established"] = "true"
        }
        network.addACL("tcp", "drop", on: s1, priority: 1)
        network.settle()
        #expect(try network.receivers(tcp(80), connection: "new") == ["p2"])
        #expect(try network.receivers(tcp(81), connection: "new") == [])
        let flows = network.flows("ls_in_acl_eval", on: "s1")
        #expect(
            flows.contains {
                $0.hasPrefix("[65532] ct.est && ct_mark.allow_established == 1")
            }, "\(flows)")
    }

    @Test func statelessRulesBesideABalancer() throws {
        let balancer = network.addLoadBalancer("lb", ["10.0.0.9:53": "10.0.0.2:5353"]) {
            $0.protocol = "udp"
        }
        network.change(NB.LogicalSwitch.self, s1) { $0.loadBalancer = [balancer] }
        network.addACL("ip4", "allow-stateless", on: s1)
        network.addACL("ip4", "allow-stateless", on: s1, direction: "to-lport")
        network.settle()
        let service = packet().replacing("ip4.dst == 10.0.0.2", with: "ip4.dst == 10.0.0.9")
        #expect(try network.trace(service, connection: "new") == ["output(\"p2\");"])
        network.change(NB.LogicalSwitch.self, s1) {
            $0.otherConfig["enable-stateless-acl-with-lb"] = "true"
        }
        network.settle()
        let lines = try network.trace(service, connection: "new")
        #expect(
            lines.prefix(4) == [
                "ct_lb_mark {", "    reg1[16..23] = 17;", "    reg1[0..15] = 53;",
                "    ct_lb_mark {",
            ], "\(lines)")
        #expect(try network.receivers(packet()) == ["p2"])
    }

    @Test func packetsToAPortAreCopied() throws {
        network.addPort("u", to: s1, addresses: ["unknown"])
        network.change(NB.LogicalSwitchPort.self, p1) {
            $0.options["pkt_clone_type"] = "mc_unknown"
        }
        network.settle()
        let back = Packet(
            inport: "p2", source: ("02:00:00:00:00:02", "10.0.0.2"),
            destination: ("02:00:00:00:00:01", "10.0.0.1"))
        #expect(try network.receivers(back.microflow).sorted() == ["p1", "u"])
        #expect(try network.receivers(packet()) == ["p2"])
    }

    @Test func aPortThatWantsNoMulticast() throws {
        let broadcast = packet().replacing("02:00:00:00:00:02", with: "ff:ff:ff:ff:ff:ff")
        let p3 = network.addPort("p3", to: s1, addresses: ["02:00:00:00:00:03"])
        network.settle()
        #expect(try network.receivers(broadcast) == ["p2", "p3"])
        network.change(NB.LogicalSwitchPort.self, p3) { $0.options["receive_multicast"] = "false" }
        network.settle()
        #expect(try network.receivers(broadcast) == ["p2"])
    }

    @Test func switchesThatAreJoined() throws {
        let s2 = network.addSwitch("s2")
        for (name, datapath, peer) in [("a", s1, "b"), ("b", s2, "a")] {
            network.addPort(name, to: datapath, addresses: ["unknown"]) {
                $0.type = "switch"
                $0.peer = peer
            }
        }
        network.addPort("far", to: s2, addresses: ["02:00:00:00:00:09 10.0.0.9"])
        network.settle()
        let there = packet().replacing("02:00:00:00:00:02", with: "02:00:00:00:00:09")
        #expect(try network.receivers(there) == ["far"])
        let broadcast = packet().replacing("02:00:00:00:00:02", with: "ff:ff:ff:ff:ff:ff")
        #expect(try network.receivers(broadcast).sorted() == ["far", "p2"])
    }

    @Test func functionsAreInTheWay() throws {
        let ports = ["nin", "nout"].map { name in
            network.addPort(name, to: s1) {
                $0.options["receive_multicast"] = "false"
                $0.options["lsp_learn_fdb"] = "false"
            }
        }
        let (function, group) = (network.northbound.makeUUID(), network.northbound.makeUUID())
        network.edit {
            $0.insert(
                NB.NetworkFunction(name: "f", outport: ports[1], inport: ports[0], id: 1),
                uuid: function)
            $0.insert(
                NB.NetworkFunctionGroup(
                    name: "g", networkFunction: [function], mode: "inline", id: 9), uuid: group)
        }
        network.addACL("inport == \"p1\" && ip4", "allow-related", on: s1) {
            $0.networkFunctionGroup = group
        }
        network.settle()
        network.claim(["nin", "nout", "p1", "p2"], network.addBareChassis("hv"))
        #expect(try network.receivers(packet(), connection: "new") == ["nin"])
        let further = packet().replacing("inport == \"p1\"", with: "inport == \"nout\"")
        #expect(try network.receivers(further, connection: "new") == ["p2"])
    }

    @Test func requestsSpareRouters() throws {
        let router = network.addRouter("r")
        network.connect(
            router, s1, name: "r-s1", mac: "02:00:00:00:01:01", networks: ["10.0.0.254/24"])
        network.settle()
        let question =
            "inport == \"p1\" && eth.src == 02:00:00:00:00:01 && eth.dst == ff:ff:ff:ff:ff:ff && "
            + "arp.op == 1 && arp.spa == 10.0.0.1 && arp.sha == 02:00:00:00:00:01 && "
            + "arp.tpa == 10.0.0.77"
        let asked = try network.trace(question)
        #expect(asked.contains { $0.hasPrefix("put_arp") || $0.contains("output(\"p2\")") })
        network.change(NB.LogicalSwitch.self, s1) {
            $0.otherConfig["broadcast-arps-to-all-routers"] = "false"
        }
        network.settle()
        #expect(try network.receivers(question) == [], "nobody here may have unknown addresses")
    }

    @Test func aMirrorGetsCopies() throws {
        let probes = network.addSwitch("probes")
        network.addPort("probe", to: probes)
        let mirror = network.insert(
            NB.Mirror(name: "m", filter: "both", sink: "probe", type: "lport"))
        network.change(NB.LogicalSwitchPort.self, p1) { $0.mirrorRules = [mirror] }
        network.settle()
        let lines = try network.trace(packet())
        #expect(lines.contains { $0.contains("mirror") || $0.contains("mp-s1-probe") }, "\(lines)")
        #expect(lines.last == "output(\"p2\");")
    }
}
