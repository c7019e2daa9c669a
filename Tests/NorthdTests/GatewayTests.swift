import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

extension TestNetwork {
    /// Puts a router port on chassis, the first preferred.
    func addGateways(_ chassis: String..., to port: RowUUID) {
        edit { builder in
            for (index, name) in chassis.enumerated() {
                let uuid = northbound.makeUUID()
                builder.insert(
                    NB.GatewayChassis(
                        name: "\(uuid)", chassisName: name, priority: 100 - index),
                    uuid: uuid)
                builder.mutate(
                    NB.LogicalRouterPort.self, port, .gatewayChassis, .insert(.ofSet([uuid])))
            }
        }
    }

    @discardableResult
    func addChassis(
        _ name: String, at address: String? = nil, features: Bool = true
    ) -> RowUUID {
        let (uuid, encap) = (southbound.makeUUID(), southbound.makeUUID())
        let config =
            features
            ? Dictionary(
                uniqueKeysWithValues: ChassisFeature.allCases.map { ($0.rawValue, "true") }) : [:]
        editSouthbound {
            $0.insert(SB.Encap(type: "geneve", ip: address ?? name, chassisName: name), uuid: encap)
            $0.insert(SB.Chassis(name: name, encaps: [encap], otherConfig: config), uuid: uuid)
        }
        return uuid
    }

    func addLocalnet(to datapath: RowUUID) {
        addPort("ln-\(datapath)", to: datapath, addresses: ["unknown"]) {
            $0.type = "localnet"
            $0.options["network_name"] = "physnet"
        }
    }
}

/// A router with an inner switch and an outer one, whose port is on gw1, else on gw2.
struct GatewayNetwork {
    let network = TestNetwork()
    let router: RowUUID
    let inner: RowUUID
    let outer: RowUUID
    let innerPort: RowUUID
    let outerPort: RowUUID

    init(localnet: Bool = true, options: [String: String] = [:]) {
        router = network.addRouter("r") { $0.options = options }
        inner = network.addSwitch("in")
        outer = network.addSwitch("out")
        innerPort =
            network.connect(
                router, inner, name: "r-in", mac: "02:00:00:00:01:01", networks: ["10.0.0.1/24"]
            ).routerPort
        outerPort =
            network.connect(
                router, outer, name: "r-out", mac: "02:00:00:00:01:02", networks: ["172.16.0.1/24"]
            ).routerPort
        if localnet { network.addLocalnet(to: outer) }
        if options["chassis"] == nil { network.addGateways("gw1", "gw2", to: outerPort) }
        network.settle()
    }
}

@Suite struct GatewayTests {
    // MARK: Gateway routers

    @Test func aGatewayRouterIsOnItsChassis() {
        let network = GatewayNetwork(options: ["chassis": "gw1"]).network
        for name in ["r-in", "to-r-in", "r-out", "to-r-out"] {
            let binding = network.binding(name)
            #expect(binding?.type == "l3gateway", "\(name)")
            #expect(binding?.options["l3gateway-chassis"] == "gw1", "\(name)")
        }
        #expect(network.binding("r-in")?.options["peer"] == "to-r-in")
        #expect(network.binding("cr-r-out") == nil)
        let input = network.flows("lr_in_ip_input", on: "r")
        #expect(
            input.contains {
                $0.hasPrefix("[80] ip4 && ip4.dst == 172.16.0.1 && !ip.later_frag && tcp")
            },
            "nothing else uses the address")
        let admission = network.flows("ls_in_check_port_sec", on: "in")
        #expect(
            admission.contains {
                $0.hasPrefix("[120]")
                    && $0.hasSuffix(
                        "eth.src == 02:00:00:00:01:01 && outport == \"to-r-in\" && "
                            + "flags.tunnel_rx == 1 -> outport <-> inport; next;")
            })
        #expect(network.reports.isEmpty)
    }

    @Test func aGatewayRouterHasNoGatewayPorts() {
        let gateway = GatewayNetwork(options: ["chassis": "gw1"])
        gateway.network.addGateways("gw2", to: gateway.outerPort)
        gateway.network.settle()
        #expect(gateway.network.binding("cr-r-out") == nil)
        #expect(gateway.network.northd.problems.map(\.column) == ["gateway_chassis"])
    }

    /// The change from one kind to the other leaves nothing behind.
    @Test func aRouterChangesItsKind() {
        let gateway = GatewayNetwork()
        let network = gateway.network
        network.edit {
            $0.update(
                gateway.router, [.options], of: NB.LogicalRouter(options: ["chassis": "gw1"]))
        }
        network.settle()
        #expect(network.binding("cr-r-out") == nil)
        #expect(network.binding("r-out")?.type == "l3gateway")
        #expect(network.rows(SB.HAChassisGroup.self).isEmpty)
        network.edit { $0.update(gateway.router, [.options], of: NB.LogicalRouter()) }
        network.settle()
        #expect(network.binding("cr-r-out")?.type == "chassisredirect")
        #expect(network.binding("r-in")?.type == "patch")
    }

    // MARK: Distributed gateway ports

    @Test func aGatewayPortHasABindingOnItsChassis() {
        let network = GatewayNetwork().network
        let binding = network.binding("cr-r-out")
        #expect(binding?.type == "chassisredirect")
        #expect(
            binding?.options == ["distributed-port": "r-out", "always-redirect": "true"])
        #expect(binding?.mac == ["02:00:00:00:01:02 172.16.0.1/24"])
        #expect(binding?.tunnelKey != network.binding("r-out")?.tunnelKey)
        #expect(
            network.binding("r-out")?.options
                == ["peer": "to-r-out", "chassis-redirect-port": "cr-r-out"])
        let group = network.rows(SB.HAChassisGroup.self)
        #expect(group.map(\.row.name) == ["r-out"])
        #expect(binding?.haChassisGroup == group.first?.uuid)
        let members = network.rows(SB.HAChassis.self).map(\.row)
        #expect(Set(members.compactMap { $0.externalIDs["chassis-name"] }) == ["gw1", "gw2"])
        #expect(members.allSatisfy { $0.chassis == nil })
        let chassis = network.addChassis("gw1")
        network.settle()
        #expect(
            network.rows(SB.HAChassis.self).first { $0.row.priority == 100 }?.row.chassis
                == chassis)
    }

    @Test func aGroupOfTheConfigurationGoesBeforeTheList() {
        let gateway = GatewayNetwork()
        let network = gateway.network
        let (group, member) = (network.northbound.makeUUID(), network.northbound.makeUUID())
        network.edit {
            $0.insert(NB.HAChassis(chassisName: "gw9", priority: 7), uuid: member)
            $0.insert(NB.HAChassisGroup(name: "hg", haChassis: [member]), uuid: group)
            $0.update(
                gateway.outerPort, [.haChassisGroup],
                of: NB.LogicalRouterPort(haChassisGroup: group))
        }
        network.settle()
        #expect(network.rows(SB.HAChassisGroup.self).map(\.row.name) == ["hg"])
        #expect(
            network.rows(SB.HAChassis.self).map { $0.row.externalIDs["chassis-name"] } == ["gw9"])
    }

    @Test func packetsEnterAndLeaveWhereThePortIs() {
        let network = GatewayNetwork().network
        #expect(
            network.flows("lr_in_admission", on: "r").contains(
                "[50] eth.dst == 02:00:00:00:01:02 && inport == \"r-out\" && "
                    + "is_chassis_resident(\"cr-r-out\") -> "
                    + "xreg0[0..47] = 02:00:00:00:01:02; next;"))
        #expect(
            network.flows("lr_in_gw_redirect", on: "r") == [
                "[50] outport == \"r-out\" -> outport = \"cr-r-out\"; next;", "[0] 1 -> next;",
            ])
        let lookup = network.flows("lr_in_lookup_neighbor", on: "r")
        #expect(
            lookup.first
                == "[120] inport == \"r-out\" && (nd_na || nd_ns) && eth.mcast && "
                + "!is_chassis_resident(\"cr-r-out\") -> reg9[2] = 1; next;")
        #expect(
            lookup.contains {
                $0.hasPrefix(
                    "[100] inport == \"r-out\" && arp.spa == 172.16.0.0/24 && arp.op == 1 && "
                        + "is_chassis_resident(\"cr-r-out\") ->")
            })
        let input = network.flows("lr_in_ip_input", on: "r")
        #expect(
            input.contains {
                $0.hasPrefix(
                    "[90] inport == \"r-out\" && arp.op == 1 && arp.tpa == 172.16.0.1 && "
                        + "arp.spa == 172.16.0.0/24 && is_chassis_resident(\"cr-r-out\") ->")
            })
        #expect(
            input.contains { $0.hasPrefix("[80] ip4 && ip4.dst == 172.16.0.1 && ") },
            "nothing else uses the address")
        #expect(
            input.contains {
                $0.hasPrefix("[31] inport == \"r-out\"")
                    && $0.contains("!ip.later_frag && is_chassis_resident(\"cr-r-out\") ->")
            })
        #expect(
            network.flows("lr_in_admission", on: "r").contains {
                $0.hasPrefix("[120]")
                    && $0.hasSuffix(
                        "eth.dst == 02:00:00:00:01:02 && !is_chassis_resident(\"cr-r-out\") && "
                            + "flags.tunnel_rx == 1 -> outport <-> inport; inport = \"r-out\"; next;"
                    )
            })
    }

    /// With a way to the physical network the switch delivers where the gateway is; without one
    /// it sends everything there.
    @Test func theSwitchKnowsWhereTheRouterIs() {
        let local = GatewayNetwork().network
        let delivered =
            "[50] eth.dst == 02:00:00:00:01:02 && is_chassis_resident(\"cr-r-out\") -> "
            + "outport = \"to-r-out\"; output;"
        #expect(local.flows("ls_in_l2_lkup", on: "out").contains(delivered))
        #expect(local.binding("cr-to-r-out") == nil)

        let tunnelled = GatewayNetwork(localnet: false).network
        let binding = tunnelled.binding("cr-to-r-out")
        #expect(binding?.type == "chassisredirect")
        #expect(binding?.options == ["distributed-port": "to-r-out"])
        #expect(binding?.haChassisGroup == tunnelled.binding("cr-r-out")?.haChassisGroup)
        let lookup = tunnelled.flows("ls_in_l2_lkup", on: "out")
        for line in [
            "[50] eth.dst == 02:00:00:00:01:02 && !is_chassis_resident(\"cr-to-r-out\") -> "
                + "outport = \"cr-to-r-out\"; output;",
            "[50] eth.dst == 02:00:00:00:01:02 && is_chassis_resident(\"cr-to-r-out\") -> "
                + "outport = \"to-r-out\"; output;",
            "[80] flags[1] == 0 && eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 1 && "
                + "arp.tpa == 172.16.0.1 && !is_chassis_resident(\"cr-to-r-out\") -> "
                + "outport = \"cr-to-r-out\"; output;",
        ] {
            #expect(lookup.contains(line), "missing: \(line)")
        }
        #expect(tunnelled.group("_MC_flood", on: "out") == ["cr-to-r-out"])
    }

    @Test func networksMayResideWithTheGateway() {
        let gateway = GatewayNetwork()
        let network = gateway.network
        network.addLocalnet(to: gateway.inner)
        network.edit {
            $0.update(
                gateway.innerPort, [.options],
                of: NB.LogicalRouterPort(options: ["reside-on-redirect-chassis": "true"]))
        }
        network.settle()
        #expect(
            network.flows("ls_in_l2_lkup", on: "in").contains(
                "[50] eth.dst == 02:00:00:00:01:01 && is_chassis_resident(\"cr-r-out\") -> "
                    + "outport = \"to-r-in\"; output;"))
        #expect(
            network.flows("lr_in_ip_input", on: "r").contains {
                $0.contains("arp.tpa == 10.0.0.1 && arp.spa == 10.0.0.0/24 && ")
                    && $0.contains("is_chassis_resident(\"cr-r-out\") ->")
            })
    }

    @Test func redirectThroughThePhysicalNetwork() {
        let gateway = GatewayNetwork()
        let network = gateway.network
        network.addPort("x", to: gateway.outer, addresses: ["02:00:00:00:00:09 172.16.0.9"])
        network.edit {
            $0.update(
                gateway.outerPort, [.options],
                of: NB.LogicalRouterPort(options: ["redirect-type": "bridged"]))
        }
        network.settle()
        #expect(
            network.binding("cr-r-out")?.options
                == ["distributed-port": "r-out", "redirect-type": "bridged"])
        let resolve = network.flows("lr_in_arp_resolve", on: "r")
        #expect(
            resolve.contains(
                "[50] outport == \"r-out\" && !is_chassis_resident(\"cr-r-out\") -> "
                    + "eth.dst = 02:00:00:00:01:02; next;"))
        #expect(!resolve.contains { $0.contains("172.16.0.9") })
    }

    @Test func severalGatewayPorts() {
        let gateway = GatewayNetwork(localnet: false)
        let network = gateway.network
        network.addGateways("gw3", to: gateway.innerPort)
        network.settle()
        #expect(network.binding("cr-r-in")?.type == "chassisredirect")
        #expect(network.binding("cr-to-r-out") == nil, "which one would be the way back?")
        #expect(network.flows("lr_in_gw_redirect", on: "r").count == 3)
        #expect(
            network.rows(SB.HAChassisGroup.self).map(\.row.name).sorted() == ["r-in", "r-out"])
    }

    @Test func aVTEPReachesTheRouterAnywhere() {
        let gateway = GatewayNetwork(localnet: false)
        gateway.network.addPort("v", to: gateway.outer) { $0.type = "vtep" }
        gateway.network.settle()
        let network = gateway.network
        #expect(network.flows("lr_in_gw_redirect", on: "r") == ["[0] 1 -> next;"])
        #expect(network.binding("cr-r-out")?.options["always-redirect"] == nil)
        #expect(
            network.flows("lr_in_admission", on: "r").contains(
                "[50] eth.dst == 02:00:00:00:01:02 && inport == \"r-out\" -> "
                    + "xreg0[0..47] = 02:00:00:00:01:02; next;"))
    }

    @Test func theHostingChassisIsTold() {
        let gateway = GatewayNetwork()
        let network = gateway.network
        let chassis = network.addChassis("gw2")
        let binding = network.rows(SB.PortBinding.self).first { $0.row.logicalPort == "cr-r-out" }
        func status() -> [String: String]? {
            network.northbound.replica[NB.LogicalRouterPort.self, gateway.outerPort]?.status
        }
        network.editSouthbound {
            $0.update(binding?.uuid ?? .zero, [.chassis], of: SB.PortBinding(chassis: chassis))
        }
        network.settle()
        #expect(status() == ["hosting-chassis": "gw2"])
        network.editSouthbound {
            $0.update(binding?.uuid ?? .zero, [.chassis], of: SB.PortBinding())
        }
        network.settle()
        #expect(status() == [:])
    }

    /// The members of a group watch the chassis that use its gateways.
    @Test func whoUsesTheGateway() {
        let gateway = GatewayNetwork()
        let network = gateway.network
        network.addPort("vm", to: gateway.inner, addresses: ["02:00:00:00:00:05 10.0.0.5"])
        let far = network.addSwitch("far")
        network.addPort("away", to: far, addresses: ["02:00:00:00:00:06 10.9.0.6"])
        network.settle()
        let (hv1, hv2) = (network.addChassis("hv1"), network.addChassis("hv2"))
        func bind(_ name: String, _ chassis: RowUUID) {
            let row = network.rows(SB.PortBinding.self).first { $0.row.logicalPort == name }
            network.editSouthbound {
                $0.update(row?.uuid ?? .zero, [.chassis], of: SB.PortBinding(chassis: chassis))
            }
            network.settle()
        }
        func references() -> [RowUUID]? {
            network.rows(SB.HAChassisGroup.self).first?.row.refChassis
        }
        bind("vm", hv1)
        bind("away", hv2)
        #expect(references() == [hv1])
        network.connect(
            gateway.router, far, name: "r-far", mac: "02:00:00:00:01:09",
            networks: ["10.9.0.1/24"])
        network.settle()
        #expect(references() == canonicalSet([hv1, hv2]))
        network.edit {
            $0.update(gateway.outerPort, [.gatewayChassis], of: NB.LogicalRouterPort())
        }
        network.addGateways("gw1", to: gateway.outerPort)
        network.settle()
        #expect(references() == [], "one member is watched by nobody")
    }

    /// A gateway port keeps its keys over a restart.
    @Test func keysOfGatewayPortsStay() {
        let network = GatewayNetwork(localnet: false).network
        let keys = {
            Set(
                network.rows(SB.PortBinding.self).map {
                    "\($0.row.logicalPort) \($0.row.tunnelKey)"
                })
        }
        let before = keys()
        let commits = network.southboundCommits
        network.restartNorthd()
        network.settle()
        #expect(keys() == before && network.southboundCommits == commits)
    }
}

@Suite struct PacketLengthTests {
    private func network(_ options: [String: String]) -> TestNetwork {
        let gateway = GatewayNetwork()
        gateway.network.edit {
            $0.update(gateway.outerPort, [.options], of: NB.LogicalRouterPort(options: options))
        }
        gateway.network.settle()
        return gateway.network
    }

    @Test func whatIsTooLongIsAnswered() {
        let network = network(["gateway_mtu": "1500"])
        let admission = network.flows("lr_in_admission", on: "r")
        let toPort =
            "eth.dst == 02:00:00:00:01:02 && inport == \"r-out\" && is_chassis_resident(\"cr-r-out\")"
        for line in [
            "[50] \(toPort) -> reg9[1] = check_pkt_larger(1514); xreg0[0..47] = 02:00:00:00:01:02; next;",
            "[55] \(toPort) && arp -> xreg0[0..47] = 02:00:00:00:01:02; next;",
        ] {
            #expect(admission.contains(line), "missing: \(line)")
        }
        #expect(
            network.flows("lr_in_chk_pkt_len", on: "r") == [
                "[55] outport == \"r-out\" && arp -> reg4[0..7] = ct_state_save(); next;",
                "[50] outport == \"r-out\" -> reg9[1] = check_pkt_larger(1514); "
                    + "reg4[0..7] = ct_state_save(); next;",
                "[0] 1 -> next;",
            ])
        let answer =
            "reg9[0] = 1; reg9[1] = 0; eth.dst = 02:00:00:00:01:01; ip4.dst = ip4.src; "
            + "ip4.src = 10.0.0.1; ip.ttl = 255; icmp4.type = 3; icmp4.code = 4; "
            + "icmp4.frag_mtu = 1500; next(pipeline=ingress, table=0); };"
        let larger = network.flows("lr_in_larger_pkts", on: "r")
        let match = "inport == \"r-in\" && outport == \"r-out\" && ip4 && reg9[1] && reg9[0] == 0"
        for line in [
            "[160] \(match) && reg4[5] && reg4[3] && reg4[7] -> "
                + "icmp4_error { flags.icmp_snat = 1; \(answer)",
            "[150] \(match) -> icmp4_error { \(answer)",
        ] {
            #expect(larger.contains(line), "missing: \(line)")
        }
        #expect(
            network.flows("lr_in_ip_input", on: "r").contains {
                $0.hasPrefix(
                    "[150] inport == \"r-out\" && ip4 && reg9[1] && reg9[0] == 0 -> icmp4_error")
            })
        #expect(
            network.flows("lr_out_post_snat", on: "r").contains(
                "[100] icmp && flags.icmp_snat == 1 -> ct_commit_nat(snat);"))
    }

    @Test(arguments: ["65536", "9223372036854775807", "-9223372036854775808", "-1", "many"])
    func aLimitIsAPacketSize(text: String) {
        let network = network(["gateway_mtu": text])
        #expect(
            network.problems == [
                "Logical_Router_Port options:gateway_mtu: no packet size: \"\(text)\""
            ])
        #expect(network.flows("lr_in_chk_pkt_len", on: "r") == ["[0] 1 -> next;"])
    }

    @Test func exceptionsPass() {
        let network = network(["gateway_mtu": "1500", "gateway_mtu_bypass": "tcp"])
        #expect(
            network.flows("lr_in_chk_pkt_len", on: "r").contains(
                "[55] outport == \"r-out\" && (arp || tcp) -> reg4[0..7] = ct_state_save(); next;"))
        let wrong = self.network(["gateway_mtu": "1500", "gateway_mtu_bypass": "tcp &&"])
        #expect(wrong.northd.problems.map(\.column) == ["options:gateway_mtu_bypass"])
        #expect(wrong.flows("lr_in_chk_pkt_len", on: "r").count == 3, "the limit itself works")
    }

    /// With a chassis that can't, nothing asks for it.
    @Test func olderChassis() {
        let network = network(["gateway_mtu": "1400"])
        network.addChassis("old", features: false)
        network.settle()
        #expect(
            network.flows("lr_in_larger_pkts", on: "r").first?.contains(
                "ct.trk && ct.rpl && ct.dnat") == true)
        #expect(
            !network.flows("lr_in_chk_pkt_len", on: "r").contains { $0.contains("ct_state_save") })
        #expect(network.flows("lr_out_post_snat", on: "r") == ["[0] 1 -> next;"])
    }
}
