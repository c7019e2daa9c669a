import OVSDBModel
import Schemas
import Testing
import Wire

@testable import Northd

/// The flows of a feature, as `stage [priority] match -> actions`.
func lines(_ feature: some SwitchFeature) -> [String] {
    var flows = SwitchFlows(.datapath(.zero))
    feature.emit(into: &flows)
    return flows.rows.map(\.description)
}

func lines(_ feature: some RouterFeature) -> [String] {
    var flows = RouterFlows(.datapath(.zero))
    feature.emit(into: &flows)
    return flows.rows.map(\.description)
}

func switchPort(
    _ name: String, _ addresses: [String] = [],
    _ change: (inout NB.LogicalSwitchPort) -> Void = { _ in }
) -> SwitchPort {
    var row = NB.LogicalSwitchPort(name: name, addresses: addresses)
    change(&row)
    return SwitchPort(row, of: .zero) { column, reason in
        Issue.record("\(column): \(reason)")
    }
}

private func routerSide(_ name: String) -> (inout NB.LogicalSwitchPort) -> Void {
    { row in
        row.type = "router"
        row.options["router-port"] = name
    }
}

@Suite struct SwitchFeatureTests {
    private let p1 = switchPort("p1", ["02:00:00:00:00:01 10.0.0.1 fd00::1"])
    private let tooBig =
        "((ip4 && icmp4.type == 3 && icmp4.code == 4) || (ip6 && icmp6.type == 2 && icmp6.code == 0))"

    @Test func unicastGoesToThePortOfTheAddress() {
        #expect(
            lines(Unicast(port: p1, stations: p1.stations)) == [
                "ls_in_l2_lkup [50] eth.dst == 02:00:00:00:00:01 -> outport = \"p1\"; output;"
            ])
        let disabled = switchPort("p1", ["02:00:00:00:00:01"]) { $0.enabled = false }
        #expect(
            lines(Unicast(port: disabled, stations: disabled.stations)) == [
                "ls_in_l2_lkup [50] eth.dst == 02:00:00:00:00:01 -> drop;",
                "ls_in_l2_unknown [50] outport == \"p1\" -> drop;",
            ])
    }

    @Test func knownAddressesAreAnsweredFor() {
        let request = "arp.tpa == 10.0.0.1 && arp.op == 1 && eth.dst == ff:ff:ff:ff:ff:ff"
        let reply =
            "eth.dst = eth.src; eth.src = 02:00:00:00:00:01; arp.op = 2; arp.tha = arp.sha; "
            + "arp.sha = 02:00:00:00:00:01; arp.tpa = arp.spa; arp.spa = 10.0.0.1; "
            + "outport = inport; flags.loopback = 1; output;"
        let solicitation = "nd_ns_mcast && ip6.dst == ff02::1:ff00:1 && nd.target == fd00::1"
        let advertisement =
            "nd_na { eth.src = 02:00:00:00:00:01; ip6.src = fd00::1; nd.target = fd00::1; "
            + "nd.tll = 02:00:00:00:00:01; outport = inport; flags.loopback = 1; output; };"
        #expect(
            lines(NeighbourResponder(port: p1, stations: p1.stations)) == [
                "ls_in_arp_rsp [50] \(request) -> \(reply)",
                "ls_in_arp_rsp [100] \(request) && inport == \"p1\" -> next;",
                "ls_in_arp_rsp [50] \(solicitation) -> \(advertisement)",
                "ls_in_arp_rsp [100] \(solicitation) && inport == \"p1\" -> next;",
            ])
    }

    @Test func onASwitchWithALocalnetOnlyTheResidentChassisAnswers() {
        let text = lines(
            NeighbourResponder(port: p1, stations: p1.stations, hasLocalnet: true))
        #expect(
            text[0].contains(
                "((flags.localnet == 1 && is_chassis_resident(\"p1\")) || flags.localnet == 0)"))
        #expect(!text[1].contains("flags.localnet"))
    }

    @Test func portsThatMayHaveAnythingAreNotAnsweredFor() {
        #expect(!switchPort("p", ["unknown", "02:00:00:00:00:01 10.0.0.1"]).respondsForStations)
        #expect(!switchPort("p") { $0.options["disable_arp_nd_rsp"] = "true" }.respondsForStations)
        #expect(!switchPort("p") { $0.type = "l2gateway" }.respondsForStations)
        #expect(p1.respondsForStations)
    }

    @Test func stationsAreLearnedBehindUnknownPorts() {
        let unknown = switchPort("u", ["unknown"])
        #expect(
            lines(StationLearning(port: unknown)) == [
                "ls_in_lookup_fdb [100] inport == \"u\" -> reg0[11] = lookup_fdb(inport, eth.src); next;",
                "ls_in_put_fdb [100] inport == \"u\" && reg0[11] == 0 -> put_fdb(inport, eth.src); next;",
            ])
        let secured = switchPort("u", ["unknown"]) { $0.portSecurity = ["02:00:00:00:00:01"] }
        #expect(lines(StationLearning(port: secured)).isEmpty)
        let localnet = switchPort("ln", ["unknown"]) { $0.type = "localnet" }
        #expect(
            lines(StationLearning(port: localnet)) == [
                "ls_in_lookup_fdb [50] inport == \"ln\" -> flags.localnet = 1; next;"
            ])
        let learning = switchPort("ln", ["unknown"]) {
            $0.type = "localnet"
            $0.options["localnet_learn_fdb"] = "true"
        }
        #expect(
            lines(StationLearning(port: learning))[0].hasSuffix(
                "-> flags.localnet = 1; reg0[11] = lookup_fdb(inport, eth.src); next;"))
    }

    @Test func admission() {
        #expect(
            lines(SwitchPortAdmission(port: p1)) == [
                "ls_in_check_port_sec [110] \(tooBig) && eth.src == 02:00:00:00:00:01 && "
                    + "outport == \"p1\" && !is_chassis_resident(\"p1\") && flags.tunnel_rx == 1 "
                    + "-> outport <-> inport; next;"
            ])
        let disabled = switchPort("p2") { $0.enabled = false }
        #expect(
            lines(SwitchPortAdmission(port: disabled)) == [
                "ls_in_check_port_sec [100] inport == \"p2\" -> reg0[15] = 1; next;"
            ])
        let router = switchPort("sr", ["router"], routerSide("rs"))
        #expect(
            lines(SwitchPortAdmission(port: router, router: MACAddress(2))) == [
                "ls_in_check_port_sec [70] inport == \"sr\" -> reg0[18] = 1; next;",
                "ls_in_check_port_sec [120] \(tooBig) && eth.dst == 00:00:00:00:00:02 && "
                    + "flags.tunnel_rx == 1 -> outport <-> inport; next(pipeline=ingress, table=33);",
            ])
    }

    @Test func conntrackIsNotForRouterPorts() {
        #expect(!p1.kind.isUntracked)
        let router = switchPort("sr", ["router"], routerSide("rs"))
        #expect(
            lines(ConntrackBypass(port: router)) == [
                "ls_in_pre_lb [110] ip && inport == \"sr\" -> next;",
                "ls_out_pre_lb [110] ip && outport == \"sr\" -> flags.pkt_sampled = 0; ct_clear; next;",
            ])
    }

    @Test func requestsForARouterGoToItAlone() throws {
        let port = switchPort("sr", ["router"], routerSide("rs"))
        let router = try #require(
            RouterPort(
                NB.LogicalRouterPort(
                    name: "rs", networks: ["10.0.0.254/24"], mac: "02:00:00:00:00:fe"), of: .zero
            ) { _, _ in })
        let arp =
            "flags[1] == 0 && eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 1 && arp.tpa == 10.0.0.254"
        #expect(
            lines(RouterNeighbours(port: port, router: router)) == [
                "ls_in_l2_lkup [80] \(arp) -> outport = \"sr\"; output;",
                "ls_in_l2_lkup [90] \(arp) && arp.spa == 10.0.0.254 -> outport = \"_MC_flood_l2\"; output;",
                "ls_in_l2_lkup [80] flags[1] == 0 && eth.mcast && nd_ns && nd.target == fe80::ff:fe00:fe "
                    + "-> outport = \"sr\"; output;",
                "ls_in_l2_lkup [75] eth.src == 02:00:00:00:00:fe && eth.dst == ff:ff:ff:ff:ff:ff && "
                    + "(arp.op == 1 || rarp.op == 3 || nd_ns) -> outport = \"_MC_flood_l2\"; output;",
            ])
        let alone = lines(RouterNeighbours(port: port, router: router, switchHasHosts: false))
        #expect(alone.allSatisfy { !$0.contains("_MC_flood_l2") })
        let floods = lines(
            RouterNeighbours(port: port, router: router, switchFloodsUnknown: true))
        #expect(
            floods[0].hasSuffix(
                "-> clone { outport = \"sr\"; output; }; outport = \"_MC_unknown\"; output;"))
    }

    /// Every stage has exactly one fallback, and nothing is below it.
    @Test func everyStageHasAFallback() {
        var flows = SwitchFlows(.group(.switches(.any)))
        SharedSwitchFlows(trait: .any).emit(into: &flows)
        let fallbacks = flows.rows.filter { $0.priority == 0 && $0.match == "1" }
        let judging: Set<SwitchStage> = [
            .inACLAction, .inACLAfterLoadBalancerAction, .outACLAction,
        ]
        let all = Set(SwitchStage.allCases).subtracting(judging).map(\.name)
        #expect(Set(fallbacks.map(\.stage)) == Set(all))
        #expect(fallbacks.count == all.count)
        for trait in [SwitchTrait.judged(ACLTiers()), .judgedByTracker, .unjudged] {
            let ends = lines(SharedSwitchFlows(trait: trait)).filter { $0.contains(" [0] 1 -> ") }
            #expect(ends.count == judging.count)
        }
    }

    /// What the connection tracker calls invalid is dropped by the stage that acts on verdicts.
    @Test func balancedSwitchesWithoutRulesDropInvalidPackets() {
        let text = lines(SharedSwitchFlows(trait: .judgedByTracker))
        for stage in ["ls_in_acl_action", "ls_out_acl_action"] {
            #expect(
                text.contains(
                    "\(stage) [1000] reg8[17] == 1 -> reg8[16] = 0; reg8[17] = 0; reg8[18] = 0;"))
        }
    }

    @Test func floodingOfASwitch() {
        let text = lines(SharedSwitchFlows(trait: .any))
        for line in [
            "ls_in_l2_lkup [72] eth.mcast && (nd_na || nd_rs || nd_ra) -> outport = \"_MC_flood\"; output;",
            "ls_in_l2_lkup [71] eth.mcast && arp -> outport = \"_MC_flood\"; output;",
            "ls_in_l2_lkup [0] 1 -> outport = get_fdb(eth.dst); next;",
            "ls_out_check_port_sec [100] eth.mcast -> reg0[15] = 0; next;",
            "ls_out_check_port_sec [0] 1 -> reg0[15] = check_out_port_sec(); next;",
            "ls_out_apply_port_sec [50] reg0[15] == 1 -> drop;",
            "ls_out_apply_port_sec [0] 1 -> output;",
            "ls_in_check_port_sec [50] 1 -> reg0[15] = check_in_port_sec(); next;",
            "ls_in_check_port_sec [105] \(tooBig) && flags.tunnel_rx == 1 -> drop;",
            "ls_in_acl_eval [65532] nd || nd_rs || nd_ra || mldv1 || mldv2 -> reg8[16] = 1; next;",
        ] {
            #expect(text.contains(line), "missing: \(line)")
        }
        #expect(
            lines(SharedSwitchFlows(trait: .untagged)) == [
                "ls_in_check_port_sec [100] vlan.present -> drop;"
            ])
        #expect(
            lines(SharedSwitchFlows(trait: .multicast(.hasHosts))) == [
                "ls_in_l2_lkup [71] eth.mcast && ip -> outport = \"_MC_flood_l2\"; output;",
                "ls_in_l2_lkup [70] eth.mcast -> outport = \"_MC_flood_l2\"; output;",
            ])
        #expect(
            lines(SharedSwitchFlows(trait: .dropsUnknown)) == [
                "ls_in_l2_unknown [50] outport == \"none\" -> drop;"
            ])
    }
}

@Suite struct PortAddressTests {
    @Test(arguments: [
        ("unknown", PortAddress.unknown), ("router", .router),
        ("dynamic", .dynamic(DynamicRequest())),
        ("02:00:00:00:00:01 dynamic", .dynamic(DynamicRequest(mac: MACAddress(0x0200_0000_0001)))),
        ("dynamic 10.0.0.1", .dynamic(DynamicRequest(v4: IPv4Address(0x0a00_0001)))),
        ("02:00:00:00:00:01", .station(StationAddress(MACAddress(0x0200_0000_0001)))),
        (
            "02:00:00:00:00:01  10.0.0.1/24 fd00::1",
            .station(
                StationAddress(
                    MACAddress(0x0200_0000_0001),
                    [.v4(IPv4Address(0x0a00_0001)), .v6(IPv6Address(high: 0xfd00 << 48, low: 1))]))
        ),
    ])
    func parses(text: String, address: PortAddress) throws {
        #expect(try PortAddress(parsing: text) == address)
    }

    @Test(arguments: ["", "nonsense", "02:00:00:00:00:01 10.0.0.256", "02:00:00:00:00 10.0.0.1"])
    func refuses(text: String) {
        #expect(throws: AddressError.self) { try PortAddress(parsing: text) }
    }
}
