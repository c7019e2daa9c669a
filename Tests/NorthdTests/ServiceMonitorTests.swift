import OVSDBModel
import Schemas
import Testing

@testable import Northd

@Suite struct ServiceMonitorTests {
    private func network() -> (TestNetwork, datapath: RowUUID, port: RowUUID) {
        let network = TestNetwork()
        let datapath = network.addSwitch("s1")
        let port = network.addPort("p1", to: datapath, addresses: ["02:00:00:00:00:05 10.0.0.5"])
        network.settle()
        return (network, datapath, port)
    }

    private func addBalancer(
        _ network: TestNetwork, to datapath: RowUUID, mapping: String
    ) -> RowUUID {
        let (balancer, check) = (network.northbound.makeUUID(), network.northbound.makeUUID())
        network.edit {
            $0.insert(
                NB.LoadBalancerHealthCheck(vip: "10.0.0.100:80", options: ["interval": "3"]),
                uuid: check)
            $0.insert(
                NB.LoadBalancer(
                    name: "lb", vips: ["10.0.0.100:80": "10.0.0.5:8080"], protocol: "tcp",
                    healthCheck: [check], ipPortMappings: ["10.0.0.5": mapping]),
                uuid: balancer)
            $0.mutate(
                NB.LogicalSwitch.self, datapath, .loadBalancer, .insert(.ofSet([balancer])))
        }
        network.settle()
        return balancer
    }

    private func monitor(_ network: TestNetwork) -> SB.ServiceMonitor? {
        network.rows(SB.ServiceMonitor.self).first?.row
    }

    @Test func backendsAreProbedFromTheirChassis() {
        let (network, datapath, _) = network()
        _ = addBalancer(network, to: datapath, mapping: "p1:10.0.0.2")
        #expect(monitor(network)?.status == "offline" && monitor(network)?.chassisName == "")
        let hv1 = network.addChassis("hv1", address: "1.1.1.1").chassis
        network.changeBinding("p1") { ($0.chassis, $0.up) = (hv1, true) }
        network.settle()
        #expect(monitor(network)?.chassisName == "hv1")
        #expect(monitor(network)?.srcIP == "10.0.0.2" && monitor(network)?.port == 8080)
        #expect(monitor(network)?.srcMAC == network.global.options["svc_monitor_mac"])
        #expect(monitor(network)?.options["interval"] == "3")
        #expect(monitor(network)?.type == "load-balancer" && monitor(network)?.protocol == "tcp")
        let mac = network.global.options["svc_monitor_mac"] ?? ""
        #expect(
            network.flows("ls_in_arp_rsp", on: "s1").contains {
                $0.hasPrefix("[110] arp.tpa == 10.0.0.2 && arp.op == 1 -> ") && $0.contains(mac)
            })
        network.editSouthbound {
            $0.update(
                network.rows(SB.ServiceMonitor.self)[0].uuid, [.status],
                of: SB.ServiceMonitor(status: "online"))
        }
        network.settle()
        #expect(monitor(network)?.status == "online", "a chassis says how it is")
        network.changeBinding("p1") { $0.up = false }
        network.settle()
        #expect(monitor(network)?.status == "offline", "a port that is down serves nobody")
    }

    @Test func aMonitorGoesWithItsLoadBalancer() {
        let (network, datapath, _) = network()
        let balancer = addBalancer(network, to: datapath, mapping: "p1:10.0.0.2")
        let foreign = RowUUID(high: 9, low: 9)
        network.editSouthbound {
            $0.insert(
                SB.ServiceMonitor(
                    ip: "10.0.0.9", protocol: "tcp", port: 1, logicalPort: "p9", icLearned: true),
                uuid: foreign)
        }
        network.settle()
        #expect(network.rows(SB.ServiceMonitor.self).count == 2)
        network.edit { $0.delete(NB.LoadBalancer.self, balancer) }
        network.settle()
        #expect(network.rows(SB.ServiceMonitor.self).map(\.uuid) == [foreign])
    }

    @Test func probesFromARoutersAddress() {
        let (network, datapath, _) = network()
        let router = network.addRouter("r1")
        network.connect(
            router, datapath, name: "r1-s1", mac: "02:00:00:00:01:01", networks: ["10.0.0.254/24"])
        _ = addBalancer(network, to: datapath, mapping: "p1:10.0.0.254")
        #expect(monitor(network)?.srcMAC == "02:00:00:00:01:01")
        #expect(
            network.flows("ls_in_l2_lkup", on: "s1").contains(
                "[110] inport == \"p1\" && ip4.dst == 10.0.0.254 && ip4.src == 10.0.0.5 && eth.dst == 02:00:00:00:01:01 && tcp.src == 8080 -> handle_svc_check(inport);"
            ))
        #expect(network.flows("ls_in_arp_rsp", on: "s1").allSatisfy { !$0.hasPrefix("[110]") })
    }

    @Test func backendsOfAnotherZoneAreProbedThere() {
        let (network, datapath, _) = network()
        _ = addBalancer(network, to: datapath, mapping: "p1:10.0.0.2:west")
        #expect(monitor(network)?.remote == true)
        #expect(monitor(network)?.options["az-name"] == "west")
    }

    /// A port with addresses of both families is probed at that of the source's, and what can't be
    /// probed is a problem.
    @Test func aCheckOfAPortIsOfItsSourcesFamily() {
        let (network, _, port) = network()
        let check = network.northbound.makeUUID()
        network.edit {
            $0.update(
                port, [.addresses],
                of: NB.LogicalSwitchPort(addresses: ["02:00:00:00:00:05 10.0.0.5 fd00::5"]))
            $0.insert(
                NB.LogicalSwitchPortHealthCheck(protocol: "icmp", srcIP: "10.0.0.3"), uuid: check)
            $0.update(port, [.healthChecks], of: NB.LogicalSwitchPort(healthChecks: [check]))
        }
        network.settle()
        #expect(network.rows(SB.ServiceMonitor.self).map(\.row.ip) == ["10.0.0.5"])
        network.edit {
            $0.update(check, [.srcIP], of: NB.LogicalSwitchPortHealthCheck(srcIP: "fd00::3"))
        }
        network.settle()
        #expect(network.rows(SB.ServiceMonitor.self).map(\.row.ip) == ["fd00::5"])
        network.edit {
            $0.update(check, [.srcIP], of: NB.LogicalSwitchPortHealthCheck(srcIP: "here"))
        }
        network.settle()
        #expect(network.rows(SB.ServiceMonitor.self).isEmpty)
        #expect(
            network.problems
                == ["Logical_Switch_Port_Health_Check src_ip: no IP address: \"here\""])
    }

    @Test func portsHaveChecksOfTheirOwn() {
        let (network, _, port) = network()
        let check = network.northbound.makeUUID()
        network.edit {
            $0.insert(
                NB.LogicalSwitchPortHealthCheck(protocol: "icmp", srcIP: "10.0.0.3"), uuid: check)
            $0.update(port, [.healthChecks], of: NB.LogicalSwitchPort(healthChecks: [check]))
        }
        network.settle()
        #expect(monitor(network)?.type == "logical-switch-port")
        #expect(monitor(network)?.ip == "10.0.0.5" && monitor(network)?.protocol == "icmp")
        // The port asks for the probes' source before it answers them.
        #expect(
            network.flows("ls_in_arp_rsp", on: "s1").contains {
                $0.hasPrefix("[110] arp.tpa == 10.0.0.3 && arp.op == 1 -> ")
                    && $0.contains("eth.src = \(monitor(network)?.srcMAC ?? "no address");")
            })
        func status() -> String? {
            network.northbound.replica[NB.LogicalSwitchPortHealthCheck.self, check]?.status
        }
        #expect(status() == "offline")
        let hv1 = network.addChassis("hv1", address: "1.1.1.1").chassis
        network.changeBinding("p1") { ($0.chassis, $0.up) = (hv1, true) }
        network.editSouthbound {
            $0.update(
                network.rows(SB.ServiceMonitor.self)[0].uuid, [.status],
                of: SB.ServiceMonitor(status: "online"))
        }
        network.settle()
        #expect(status() == "online")
    }
}
