import OVSDBModel
import Schemas
import Testing

@testable import Northd

/// What becomes of packets at a router with features that are younger than the releases that
/// Tools/differential compares with, and of its own questions where addresses are translated.
@Suite struct RouterTraceTests {
    private let gateway = GatewayNetwork(localnet: false)
    private var network: TestNetwork { gateway.network }

    init() {
        network.addPort("ln", to: gateway.outer, addresses: ["unknown"]) {
            $0.type = "localnet"
            $0.options["network_name"] = "physnet"
        }
        network.addPort("vm", to: gateway.inner, addresses: ["02:00:00:00:00:05 10.0.0.5"])
        network.addRoute("0.0.0.0/0", via: "172.16.0.254", on: gateway.router)
        network.settle()
    }

    private func out(
        _ rest: String = "udp.src == 4000 && udp.dst == 53", to address: String = "8.8.8.8"
    ) -> String {
        Packet(
            inport: "vm", source: ("02:00:00:00:00:05", "10.0.0.5"),
            destination: ("02:00:00:00:01:01", address), rest: rest
        ).microflow
    }

    private func learnNextHop() {
        network.learn("172.16.0.254", "02:00:00:00:99:01", at: "r-out")
        network.settle()
    }

    // MARK: Questions and answers

    /// Whatever the packet's source becomes, the question is the router's own: of the address that
    /// the port has in the next hop's network.
    @Test func aRouterAsksWithItsOwnAddress() throws {
        network.addNAT("snat", "203.0.113.9", "10.0.0.0/24", on: gateway.router)
        network.settle()
        let lines = try network.trace(out(), connection: "new")
        let question = try #require(lines.firstIndex { $0 == "arp {" }, "\(lines)")
        #expect(lines[question...].contains("    arp.spa = 0xac100001;"), "\(lines)")
        #expect(lines[question...].contains("    arp.tpa = 0xac1000fe;"), "\(lines)")
        #expect(!lines.contains { $0.contains("arp.spa = 0xcb007109") })
    }

    /// An address that no network of a port has is answered for at the gateway, whoever asks.
    @Test func aTranslatedSourceIsAnsweredFor() throws {
        network.addNAT("snat", "203.0.113.9", "10.0.0.0/24", on: gateway.router)
        network.settle()
        let question =
            "inport == \"ln\" && eth.src == 02:00:00:00:99:01 && "
            + "eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 1 && arp.spa == 172.16.0.254 && "
            + "arp.sha == 02:00:00:00:99:01 && arp.tpa == 203.0.113.9"
        let lines = try network.trace(question)
        #expect(lines.contains("    arp.sha = 0x20000000102;"), "\(lines)")
        #expect(lines.contains("    arp.spa = 203.0.113.9;"), "\(lines)")
        #expect(try network.receivers(question).contains("ln"))
        let reply = Packet(
            inport: "ln", source: ("02:00:00:00:99:01", "8.8.8.8"),
            destination: ("02:00:00:00:01:02", "203.0.113.9"),
            rest: "udp.src == 53 && udp.dst == 4000")
        #expect(
            try network.trace(reply.microflow, connection: "est,rpl").contains {
                $0.hasPrefix("ct_snat")
            })
    }

    // MARK: Younger features

    @Test func aRuleChoosesByPriorityAndMatch() throws {
        network.addNAT("snat", "172.16.0.100", "10.0.0.0/24", on: gateway.router)
        network.addNAT("snat", "172.16.0.101", "10.0.0.0/24", on: gateway.router) {
            $0.match = "udp.dst == 53"
            $0.priority = 10
        }
        learnNextHop()
        let names = try network.trace(out(), connection: "new")
        #expect(names.contains { $0.contains("172.16.0.101") }, "\(names)")
        let web = try network.trace(out("tcp.src == 4000 && tcp.dst == 80"), connection: "new")
        #expect(web.contains { $0.contains("172.16.0.100") }, "\(web)")
        #expect(!web.contains { $0.contains("172.16.0.101") })
    }

    @Test func policiesJumpToAChain() throws {
        network.addPolicy(10, "ip4", "jump", on: gateway.router) { $0.jumpChain = "inner" }
        network.addPolicy(5, "tcp", "drop", on: gateway.router) { $0.chain = "inner" }
        network.addPolicy(4, "udp", "allow", on: gateway.router) { $0.chain = "inner" }
        learnNextHop()
        #expect(try network.receivers(out()) == ["ln"])
        #expect(try network.receivers(out("tcp.src == 4000 && tcp.dst == 80")) == [])
    }

    @Test func oneOfSeveralRoutesDiscards() throws {
        network.addRoute("9.0.0.0/8", via: "172.16.0.254", on: gateway.router)
        network.addRoute("9.0.0.0/8", via: "discard", on: gateway.router)
        learnNextHop()
        let ways = Set(
            try (0..<2).map { try network.receivers(out(to: "9.9.9.9"), choosing: $0) })
        #expect(ways.contains([]), "discard is always there: \(ways)")
    }

    @Test func requestsAreRelayed() throws {
        let relay = network.insert(NB.DHCPRelay(name: "d", servers: "172.16.0.3"))
        network.change(NB.LogicalRouterPort.self, gateway.innerPort) { $0.dhcpRelay = relay }
        network.change(NB.LogicalSwitch.self, gateway.inner) {
            $0.otherConfig["dhcp_relay_port"] = "to-r-in"
        }
        network.settle()
        let discovery =
            "inport == \"vm\" && eth.src == 02:00:00:00:00:05 && eth.dst == ff:ff:ff:ff:ff:ff && "
            + "ip4.src == 0.0.0.0 && ip4.dst == 255.255.255.255 && ip.ttl == 64 && "
            + "udp.src == 68 && udp.dst == 67"
        let lines = try network.trace(discovery)
        #expect(lines.contains("ip4.dst = 172.16.0.3;"), "\(lines)")
        #expect(lines.contains("ip4.src = 10.0.0.1;"), "\(lines)")
    }

    @Test func aDaemonSpeaksForTheRouter() throws {
        network.addPort("daemon", to: gateway.outer, addresses: ["unknown"])
        network.change(NB.LogicalRouterPort.self, gateway.outerPort) {
            $0.options["routing-protocol-redirect"] = "daemon"
            $0.options["routing-protocols"] = "BGP"
        }
        network.settle()
        func session(_ rest: String) -> String {
            Packet(
                inport: "ln", source: ("02:00:00:00:99:01", "172.16.0.254"),
                destination: ("02:00:00:00:01:02", "172.16.0.1"), rest: rest
            ).microflow
        }
        #expect(try network.receivers(session("tcp.src == 4000 && tcp.dst == 179")) == ["daemon"])
        #expect(try network.receivers(session("tcp.src == 4000 && tcp.dst == 80")) != ["daemon"])
    }

    @Test func routersRefuseForThemselves() throws {
        let lines = try network.trace(
            out("tcp.src == 4000 && tcp.dst == 80", to: "10.0.0.1"))
        #expect(lines.first == "tcp_reset {", "\(lines)")
        #expect(
            try network.receivers(out("tcp.src == 4000 && tcp.dst == 80", to: "10.0.0.1"))
                == ["vm"])
    }
}
