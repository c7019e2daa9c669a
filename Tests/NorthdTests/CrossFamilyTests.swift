import OVSDBModel
import Schemas
import Testing

@testable import Northd

/// Address translation in less usual surroundings.
@Suite struct CrossFamilyTests {
    @Test(arguments: [true, false])
    func translationBehindANextHopOfTheOtherFamily(isGatewayRouter: Bool) {
        let gateway = GatewayNetwork(options: isGatewayRouter ? ["chassis": "gw1"] : [:])
        let network = gateway.network
        network.addNAT("snat", "172.16.0.100", "10.0.0.0/24", on: gateway.router)
        network.addRoute("0.0.0.0/0", via: "fe80::9", on: gateway.router) {
            $0.outputPort = "r-out"
        }
        network.settle()
        #expect(
            network.flows("lr_in_ip_routing", on: "r").contains {
                $0.hasPrefix("[1552] reg7 == 0 && ip4.dst == 0.0.0.0/0 ->")
                    && $0.contains("xxreg0 = fe80::9;") && $0.contains("reg9[9] = 0;")
            })
        #expect(
            network.flows("lr_out_snat", on: "r").contains {
                $0.contains("ip4.src == 10.0.0.0/24") && $0.hasSuffix("ct_snat(172.16.0.100);")
            })
        #expect(
            network.flows("lr_in_arp_resolve", on: "r").contains(
                "[1] reg9[9] == 0 -> get_nd(outport, xxreg0); next;"))
        #expect(network.northd.problems.isEmpty)
    }

    /// The router answers for it and translates it, wherever routes lead.
    @Test func anAddressOfNoNetworkOfTheRouter() {
        let gateway = GatewayNetwork()
        let network = gateway.network
        network.addNAT("dnat_and_snat", "203.0.113.5", "10.0.0.5", on: gateway.router)
        network.addRoute("0.0.0.0/0", via: "172.16.0.254", on: gateway.router)
        network.settle()
        let here = "is_chassis_resident(\"cr-r-out\")"
        #expect(
            network.flows("lr_in_ip_input", on: "r").contains {
                $0.hasPrefix(
                    "[92] inport == \"r-out\" && arp.op == 1 && arp.tpa == 203.0.113.5 && \(here)")
            })
        network.expectFlows(
            "lr_in_unsnat", on: "r",
            "[100] ip && ip4.dst == 203.0.113.5 && inport == \"r-out\" && \(here) -> ct_snat;")
        network.expectFlows(
            "lr_in_dnat", on: "r",
            "[100] ip && ip4.dst == 203.0.113.5 && inport == \"r-out\" && \(here) -> "
                + "ct_dnat(10.0.0.5);")
        #expect(
            network.flows("lr_out_egr_loop", on: "r").contains {
                $0.hasPrefix("[100] ip4.dst == 203.0.113.5 && outport == \"r-out\" && \(here) ->")
            })
    }

    /// A router without any other rule.
    @Test func nothingButFloatingIPs() {
        let gateway = GatewayNetwork(options: ["chassis": "gw1"])
        let network = gateway.network
        network.addNAT("dnat_and_snat", "172.16.0.101", "10.0.0.5", on: gateway.router)
        network.settle()
        network.expectFlows(
            "lr_in_unsnat", on: "r", "[90] ip && ip4.dst == 172.16.0.101 -> ct_snat;")
        #expect(
            network.flows("lr_in_dnat", on: "r").contains {
                $0.hasPrefix("[100] ip && ip4.dst == 172.16.0.101 ->")
                    && $0.hasSuffix("ct_dnat(10.0.0.5);")
            })
        #expect(
            network.flows("lr_out_snat", on: "r").contains {
                $0.contains("ip4.src == 10.0.0.5") && $0.hasSuffix("ct_snat(172.16.0.101);")
            })
        network.expectFlows(
            "lr_out_undnat", on: "r", "[50] ip -> flags.loopback = 1; ct_dnat;")
    }

    /// On the station's chassis the next hop is asked for, and not the gateway's.
    @Test func aFloatingIPThroughThePhysicalNetwork() {
        let gateway = GatewayNetwork()
        let network = gateway.network
        network.change(NB.LogicalRouterPort.self, gateway.outerPort) {
            $0.options["redirect-type"] = "bridged"
        }
        network.addPort("vm", to: gateway.inner, addresses: ["02:00:00:00:00:05 10.0.0.5"])
        network.addNAT("dnat_and_snat", "172.16.0.101", "10.0.0.5", on: gateway.router) {
            $0.externalMAC = "02:00:00:00:02:05"
            $0.logicalPort = "vm"
        }
        network.settle()
        let resolve = network.flows("lr_in_arp_resolve", on: "r")
        #expect(
            resolve.contains {
                $0.hasPrefix(
                    "[90] outport == \"r-out\" && ip4.src == 10.0.0.5 && "
                        + "is_chassis_resident(\"vm\") ->") && $0.contains("get_arp(outport, reg0)")
            }, "\(resolve)")
        #expect(
            resolve.contains {
                $0.hasPrefix("[50] outport == \"r-out\" && !is_chassis_resident(\"cr-r-out\") ->")
            })
    }
}
