import OVSDBModel
import Schemas
import Testing

@testable import Northd

/// Path MTU signalling where nothing asks for it but the sizes of the networks.
@Suite struct NarrowPathTests {
    private struct Sides {
        let network = TestNetwork()
        let router: RowUUID
        let wide: (datapath: RowUUID, port: RowUUID)
        let narrow: (datapath: RowUUID, port: RowUUID)

        init(wide size: String? = nil, narrow: String? = nil) {
            router = network.addRouter("r")
            let left = network.addSwitch("wide") { $0.otherConfig["mtu"] = size }
            let right = network.addSwitch("narrow") { $0.otherConfig["mtu"] = narrow }
            wide = (
                left,
                network.connect(
                    router, left, name: "rw", mac: "02:00:00:00:01:01",
                    networks: ["10.0.0.1/24", "fd01::1/64"]
                ).routerPort
            )
            self.narrow = (
                right,
                network.connect(
                    router, right, name: "rn", mac: "02:00:00:00:01:02",
                    networks: ["10.0.1.1/24", "fd02::1/64"]
                ).routerPort
            )
            network.settle()
        }

        var lengths: [String] { network.flows("lr_in_chk_pkt_len", on: "r") }
        var answers: [String] { network.flows("lr_in_larger_pkts", on: "r") }
    }

    @Test func aNarrowerNetworkAnswers() {
        let sides = Sides(wide: "9000", narrow: "1400")
        #expect(
            sides.lengths == [
                "[50] outport == \"rn\" && ip -> reg9[1] = check_pkt_larger(1414); "
                    + "reg9[16..31] = 1400; reg4[0..7] = ct_state_save(); next;",
                "[0] 1 -> next;",
            ])
        let match = "inport == \"rw\" && reg9[16..31] == 1400"
        for line in [
            "[130] \(match) && ip4 && reg9[1] && reg9[0] == 0 -> icmp4_error { reg9[16..31] = 0; "
                + "reg9[0] = 1; reg9[1] = 0; eth.dst = 02:00:00:00:01:01; ip4.dst = ip4.src; "
                + "ip4.src = 10.0.0.1; ip.ttl = 255; icmp4.type = 3; icmp4.code = 4; "
                + "icmp4.frag_mtu = 1400; next(pipeline=ingress, table=0); };",
            "[130] \(match) && ip6 && reg9[1] && reg9[0] == 0 -> icmp6_error { reg9[16..31] = 0; "
                + "reg9[0] = 1; reg9[1] = 0; eth.dst = 02:00:00:00:01:01; ip6.dst = ip6.src; "
                + "ip6.src = fd01::1; ip.ttl = 255; icmp6.type = 2; icmp6.code = 0; "
                + "icmp6.frag_mtu = 1400; next(pipeline=ingress, table=0); };",
        ] {
            #expect(sides.answers.contains(line), "missing: \(line)")
        }
        #expect(!sides.answers.contains { $0.contains("inport == \"rn\"") }, "nothing is too long")
        #expect(
            sides.network.flows("lr_out_post_snat", on: "r").contains(
                "[100] icmp && flags.icmp_snat == 1 -> ct_commit_nat(snat);"))
    }

    @Test func networksOfOneSizeCostNothing() {
        let sides = Sides(wide: "1400", narrow: "1400")
        #expect(sides.lengths == ["[0] 1 -> next;"])
        #expect(sides.answers.count == 1)
        sides.network.change(NB.LogicalSwitch.self, sides.wide.datapath) {
            $0.otherConfig["mtu"] = nil
        }
        sides.network.settle()
        #expect(sides.lengths.count == 2, "an unknown size may be longer")
    }

    /// What routers advertise is the size of IPv6 packets (RFC 4861 §4.6.4), and says nothing of
    /// IPv4.
    @Test func advertisedSizesAreThoseOfVersion6() {
        let sides = Sides()
        sides.network.change(NB.LogicalRouterPort.self, sides.narrow.port) {
            $0.ipv6RAConfigs = ["address_mode": "slaac", "mtu": "1300"]
        }
        sides.network.settle()
        #expect(
            sides.lengths.first
                == "[50] outport == \"rn\" && ip6 -> reg9[1] = check_pkt_larger(1314); "
                + "reg9[16..31] = 1300; reg4[0..7] = ct_state_save(); next;")
        #expect(sides.lengths.count == 2)
        #expect(!sides.answers.contains { $0.contains("icmp4_error") })
    }

    /// A size that no packet has says nothing.
    @Test(arguments: ["65536", "9223372036854775807"])
    func anAdvertisedSizeBeyondPackets(text: String) {
        let sides = Sides()
        let before = sides.lengths
        sides.network.change(NB.LogicalRouterPort.self, sides.narrow.port) {
            $0.ipv6RAConfigs = ["address_mode": "slaac", "mtu": text]
        }
        sides.network.settle()
        #expect(sides.lengths == before)
    }

    /// options:gateway_mtu has flows of its own.
    @Test func anExplicitLimitStays() {
        let sides = Sides(wide: "9000", narrow: "1400")
        sides.network.change(NB.LogicalRouterPort.self, sides.narrow.port) {
            $0.options["gateway_mtu"] = "1300"
        }
        sides.network.settle()
        #expect(!sides.lengths.contains { $0.contains("reg9[16..31]") })
        #expect(sides.answers.contains { $0.contains("icmp4.frag_mtu = 1300") })
    }

    @Test func aPortOfASwitchThatTakesLess() {
        let network = TestNetwork()
        let datapath = network.addSwitch("s") { $0.otherConfig["mtu"] = "jumbo" }
        let port = network.addPort("p", to: datapath, addresses: ["02:00:00:00:00:01 10.0.0.1"]) {
            $0.options["mtu"] = "1200"
        }
        network.settle()
        #expect(
            network.flows("ls_out_lookup_fdb", on: "s").first
                == "[50] outport == \"p\" && ip -> reg0[5] = check_pkt_larger(1214); next;")
        let answers = network.flows("ls_out_put_fdb", on: "s")
        let back = "outport <-> inport; next(pipeline=ingress, table=33); };"
        let six = "icmp6.type = 2; icmp6.code = 0; icmp6.frag_mtu = 1280; \(back)"
        let four = "icmp4.type = 3; icmp4.code = 4; icmp4.frag_mtu = 1200; \(back)"
        #expect(answers.count == 3)
        #expect(
            answers.contains(
                "[50] outport == \"p\" && ip6 && reg0[5] -> icmp6_error { eth.dst <-> eth.src; "
                    + "ip6.dst <-> ip6.src; ip.ttl = 255; \(six)"))
        #expect(
            answers.contains(
                "[50] outport == \"p\" && ip4 && reg0[5] -> icmp4_error { eth.dst <-> eth.src; "
                    + "ip4.dst <-> ip4.src; ip.ttl = 255; \(four)"))
        #expect(network.northd.problems.map(\.column) == ["other_config:mtu"])
        network.change(NB.LogicalSwitchPort.self, port) { $0.options["mtu"] = "12" }
        network.settle()
        #expect(network.flows("ls_out_lookup_fdb", on: "s").count == 1)
        #expect(network.northd.problems.map(\.column) == ["other_config:mtu", "options:mtu"])
    }
}
