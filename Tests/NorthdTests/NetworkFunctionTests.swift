import LogicalFlow
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

/// Network functions that ACLs send packets through.
@Suite struct NetworkFunctionTests {
    private func chain(
        isIngress: Bool = true, isTap: Bool = false, failsOpen: Bool = false,
        active: NetworkFunctionChain.Function?
    ) -> [String] {
        lines(
            NetworkFunctionChain(
                group: 5, isIngress: isIngress, isTap: isTap, failsOpen: failsOpen,
                active: active))
    }

    private let pair = NetworkFunctionChain.Function(id: 7, input: "in", output: "out")

    @Test func requestsGoInAndRepliesComeBack() {
        let text = chain(active: pair)
        for line in [
            "ls_in_pre_network_function [99] reg8[21] == 1 && reg8[22] == 1 && reg0[22..29] == 5 -> reg0[22..29] = 7; next;",
            "ls_in_network_function [99] reg8[21] == 1 && reg8[22] == 1 && reg0[22..29] == 7 -> outport = \"in\"; output;",
            "ls_out_network_function [99] reg8[21] == 1 && reg8[22] == 0 && ct_label.nf_id == 7 -> outport = \"out\"; reg8[23] = 1; next(pipeline=ingress, table=33);",
            "ls_in_network_function [100] inport == \"out\" -> reg5[16..31] = ct_label.tun_if_id; next;",
            "ls_out_network_function [100] outport == \"in\" -> next;",
            "ls_out_pre_acl [110] inport == \"in\" -> next(pipeline=egress, table=14);",
            "ls_out_stateful [120] outport == \"in\" && reg0[13] == 0 -> ct_commit { ct_mark.blocked = 0; ct_mark.allow_established = reg0[20]; ct_label.acl_id = reg2[16..31]; ct_label.tun_if_id = reg5[16..31]; }; next;",
        ] {
            #expect(text.contains(line), "missing: \(line)")
        }
        let egress = chain(isIngress: false, active: pair)
        #expect(
            egress.contains(
                "ls_out_network_function [99] reg8[21] == 1 && reg8[22] == 1 && reg0[22..29] == 7 -> outport = \"out\"; reg8[23] = 1; next(pipeline=ingress, table=33);"
            ))
    }

    @Test func withoutAFunctionTheGroupDecides() {
        #expect(chain(active: nil).isEmpty)
        #expect(
            chain(failsOpen: true, active: nil) == [
                "ls_in_pre_network_function [10] reg8[21] == 1 && reg8[22] == 1 && reg0[22..29] == 5 -> reg8[21] = 0; reg0[22..29] = 0; next;"
            ])
        let text = lines(NetworkFunctionDefaults())
        #expect(text.contains("ls_in_network_function [1] reg8[21] == 1 -> drop;"))
        #expect(text.contains("ls_in_l2_lkup [100] reg8[23] == 1 -> output;"))
    }

    @Test func aTapGetsCopies() {
        let text = chain(
            isTap: true, active: NetworkFunctionChain.Function(id: 7, input: "in", output: nil))
        for line in [
            "ls_in_network_function [99] reg8[21] == 1 && reg8[22] == 1 && reg0[22..29] == 7 -> clone { outport = \"in\"; output; }; next;",
            "ls_in_network_function [100] inport == \"in\" -> drop;",
            "ls_out_pre_acl [110] ip && outport == \"in\" -> ct_clear; next;",
        ] {
            #expect(text.contains(line), "missing: \(line)")
        }
    }

    @Test func theFirstThatWorksIsChosenAndKept() throws {
        let network = TestNetwork()
        let datapath = network.addSwitch("s")
        let ports = (0..<4).map { network.addPort("n\($0)", to: datapath) }
        let functions = (0..<2).map { _ in network.northbound.makeUUID() }
        let group = network.northbound.makeUUID()
        network.edit { builder in
            for (number, uuid) in functions.enumerated() {
                builder.insert(
                    NB.NetworkFunction(
                        name: "f\(number)", outport: ports[2 * number + 1],
                        inport: ports[2 * number], id: number + 1), uuid: uuid)
            }
            builder.insert(
                NB.NetworkFunctionGroup(
                    name: "g", networkFunction: functions, mode: "inline", id: 9), uuid: group)
        }
        network.addACL("ip4", "allow-related", on: datapath) { $0.networkFunctionGroup = group }
        network.settle()
        let active = {
            network.northbound.replica[NB.NetworkFunctionGroup.self, group]?.networkFunctionActive
        }
        #expect(active() == nil)
        #expect(
            network.flows("ls_in_acl_eval", on: "s").contains {
                $0.contains("reg8[21] = 1; reg8[22] = 1; reg0[22..29] = 9; next;")
            })
        let chassis = network.addBareChassis("hv")
        network.claim(["n2", "n3"], chassis)
        #expect(active() == functions[1])
        #expect(
            network.flows("ls_in_network_function", on: "s").contains {
                $0.hasSuffix("-> outport = \"n2\"; output;")
            })
        network.claim(["n0", "n1"], chassis)
        #expect(active() == functions[1], "a choice that works stays")
        network.claim(["n2"], nil)
        #expect(active() == functions[0])
    }

    @Test func onlyRulesThatAllowHaveAFunction() {
        let network = TestNetwork()
        let datapath = network.addSwitch("s")
        let group = network.northbound.makeUUID()
        network.edit {
            $0.insert(NB.NetworkFunctionGroup(name: "g", mode: "inline", id: 9), uuid: group)
        }
        let rule = network.addACL("ip4", "drop", on: datapath) { $0.networkFunctionGroup = group }
        network.settle()
        #expect(network.northd.problems.map(\.row) == [rule])
        #expect(!network.flows("ls_in_acl_eval", on: "s").contains { $0.contains("ip4") })
    }

    /// Probes go in at one port of a function and are expected at the other.
    @Test func functionsAreProbed() {
        let network = TestNetwork()
        network.setOptions([
            "svc_monitor_mac": "02:00:00:00:aa:01", "svc_monitor_mac_dst": "02:00:00:00:aa:02",
            "svc_monitor_ip": "169.254.100.10", "svc_monitor_ip_dst": "169.254.100.11",
        ])
        let s1 = network.addSwitch("s1")
        let ports = ["in", "out"].map { network.addPort($0, to: s1) }
        let check = network.northbound.makeUUID()
        network.edit {
            $0.insert(
                NB.NetworkFunctionHealthCheck(name: "hc", options: ["interval": "7"]), uuid: check)
            $0.insert(
                NB.NetworkFunction(
                    name: "f", outport: ports[1], inport: ports[0], healthCheck: check, id: 1),
                uuid: network.northbound.makeUUID())
        }
        network.settle()
        let hv1 = network.addChassis("hv1", address: "1.1.1.1").chassis
        network.changeBinding("out") { ($0.chassis, $0.up) = (hv1, true) }
        network.changeBinding("in") { ($0.chassis, $0.up) = (hv1, true) }
        network.settle()
        let monitors = network.rows(SB.ServiceMonitor.self)
        #expect(
            monitors.map(\.row) == [
                SB.ServiceMonitor(
                    type: "network-function", ip: "169.254.100.11", mac: "02:00:00:00:aa:02",
                    protocol: "icmp", port: 0, logicalInputPort: "in", logicalPort: "out",
                    srcMAC: "02:00:00:00:aa:01", srcIP: "169.254.100.10", chassisName: "hv1",
                    status: "offline", options: ["interval": "7"])
            ])
        network.editSouthbound {
            $0.update(monitors[0].uuid, [.status], of: SB.ServiceMonitor(status: "online"))
        }
        network.changeBinding("in") { $0.up = false }
        network.settle()
        #expect(
            network.rows(SB.ServiceMonitor.self).first?.row.status == "offline",
            "both ports are needed")
        network.setOptions(["svc_monitor_ip": "here"])
        network.settle()
        #expect(network.rows(SB.ServiceMonitor.self).isEmpty)
        #expect(
            network.problems == [
                "Network_Function health_check: NB_Global.options have no svc_monitor_ip and svc_monitor_ip_dst"
            ])
    }

    /// A packet that a tunnel brought to a function goes back by that tunnel.
    @Test func repliesFindTheTunnelBack() {
        let text = lines(
            NetworkFunctionChain(
                group: 5, isIngress: true, isTap: false, failsOpen: false,
                active: NetworkFunctionChain.Function(id: 7, input: "in", output: "out")))
        #expect(
            text.contains(
                "ls_out_stateful [120] outport == \"out\" && reg0[13] == 0 -> ct_commit { ct_mark.blocked = 0; ct_mark.allow_established = reg0[20]; ct_label.acl_id = reg2[16..31]; ct_label.tun_if_id = reg5[16..31]; }; next;"
            ))
        #expect(
            text.contains(
                "ls_in_network_function [100] inport == \"in\" -> reg5[16..31] = ct_label.tun_if_id; next;"
            ))
    }
}

extension TestNetwork {
    /// One that says nothing of its features.
    func addBareChassis(_ name: String) -> RowUUID {
        let (chassis, encap) = (southbound.makeUUID(), southbound.makeUUID())
        editSouthbound {
            $0.insert(SB.Encap(type: "geneve", ip: name, chassisName: name), uuid: encap)
            $0.insert(SB.Chassis(name: name, encaps: [encap]), uuid: chassis)
        }
        return chassis
    }

    /// The chassis binds the ports and says that they are up, or lets go of them.
    func claim(_ names: [String], _ chassis: RowUUID?) {
        for port in rows(SB.PortBinding.self) where names.contains(port.row.logicalPort) {
            var row = port.row
            (row.chassis, row.up) = (chassis, chassis != nil)
            editSouthbound { $0.update(port.uuid, from: port.row, to: row) }
        }
        settle()
    }
}
