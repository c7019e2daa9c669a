import OVSDBModel
import Schemas
import Testing

@testable import Northd

/// options:ct_helper of ACLs and load balancers, an extension.
@Suite struct ConnectionHelperTests {
    private let network = TestNetwork()
    private let datapath: RowUUID

    init() {
        datapath = network.addSwitch("s")
        network.addPort("p", to: datapath, addresses: ["02:00:00:00:00:01 10.0.0.1"])
    }

    private func helped(_ stage: String) -> [String] {
        network.rows(SB.LogicalFlow.self).map(\.row)
            .filter { $0.externalIDs["stage-name"] == stage && $0.tags["ct_helper"] != nil }
            .map { "[\($0.priority)] \($0.tags["ct_helper"] ?? "") \($0.match)" }.sorted()
    }

    @Test func theRulesConnectionsAreCommittedWithTheHelper() {
        network.addACL("tcp.dst == 21", "allow-related", on: datapath) {
            $0.options["ct_helper"] = "ftp"
        }
        network.settle()
        #expect(
            network.flows("ls_in_acl_eval", on: "s").contains(
                "[2000] reg0[7] == 1 && tcp.dst == 21 -> reg8[16] = 1; reg8[24..25] = 1; next;"))
        for stage in ["ls_in_stateful", "ls_out_stateful"] {
            #expect(
                helped(stage).contains(
                    "[105] ftp reg0[1] == 1 && reg0[13] == 0 && reg8[24..25] == 1"))
            #expect(helped(stage).count == 8)
        }
        let opened = "ct.rel && (ct.new || ct.est) && ct_mark.blocked == 0"
        #expect(
            network.flows("ls_in_acl_eval", on: "s").contains(
                "[65532] \(opened) -> reg0[17] = 1; reg8[16] = 1; next;"))
        #expect(
            network.flows("ls_out_acl_eval", on: "s").contains(
                "[65532] \(opened) -> reg8[16] = 1; next;"))
        #expect(network.northd.problems.isEmpty)
        let commits = network.southboundCommits
        network.restartNorthd()
        network.settle()
        #expect(network.southboundCommits == commits, "the tag is known again")
    }

    @Test func withoutHelpersThereIsNothing() {
        network.addACL("tcp.dst == 21", "allow-related", on: datapath)
        network.settle()
        #expect(helped("ls_in_stateful").isEmpty)
        #expect(!network.flows("ls_in_acl_eval", on: "s").contains { $0.contains("reg8[24..25]") })
    }

    @Test func loadBalancers() {
        let balancer = network.addLoadBalancer("lb", ["10.0.0.10:69": "10.0.0.1:69"]) {
            $0.protocol = "udp"
            $0.options = ["ct_helper": "tftp", "affinity_timeout": "60"]
        }
        network.change(NB.LogicalSwitch.self, datapath) { $0.loadBalancer = [balancer] }
        let gateway = network.addRouter("r") {
            $0.options["chassis"] = "gw1"
            $0.loadBalancer = [balancer]
        }
        _ = gateway
        network.settle()
        #expect(helped("ls_in_lb").count == 2, "the choice, and that of clients who come back")
        #expect(helped("lr_in_dnat").count == 2)
        #expect(helped("lr_in_dnat").allSatisfy { $0.contains(" tftp ") })
        #expect(network.northd.problems.isEmpty)
    }

    @Test func whatIsWrongIsLocal() {
        network.addACL("tcp", "allow-related", on: datapath) { $0.options["ct_helper"] = "irc" }
        network.addACL("udp", "drop", on: datapath) { $0.options["ct_helper"] = "tftp" }
        network.addLoadBalancer("lb", ["10.0.0.10:21": "10.0.0.1:21"]) {
            $0.protocol = "udp"
            $0.options = ["ct_helper": "ftp"]
        }
        network.settle()
        #expect(
            Set(network.problems) == [
                "ACL options:ct_helper: neither ftp nor tftp: \"irc\"",
                "ACL options:ct_helper: only allow-related can have a helper",
                "Load_Balancer options:ct_helper: ftp is not carried by udp",
            ])
        #expect(network.flows("ls_in_acl_eval", on: "s").contains { $0.contains("&& tcp ->") })
    }
}
