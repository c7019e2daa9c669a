import OVSDBModel
import Schemas
import Testing
import Wire

@testable import Northd

private func routerPort(
    _ name: String, _ networks: [String], _ change: (inout NB.LogicalRouterPort) -> Void = { _ in }
) throws -> RouterPort {
    var row = NB.LogicalRouterPort(name: name, networks: networks, mac: "02:00:00:00:00:01")
    change(&row)
    return try #require(
        RouterPort(row, of: .zero) { column, reason in Issue.record("\(column): \(reason)") })
}

@Suite struct RouterFeatureTests {
    @Test func everyStageHasAFallback() {
        var flows = RouterFlows(.group(.routers(.any)))
        SharedRouterFlows(trait: .any).emit(into: &flows)
        SharedRouterFlows(trait: .learnsFromRequests).emit(into: &flows)
        let fallbacks = flows.rows.filter { $0.priority == 0 && $0.match == "1" }
        #expect(Set(fallbacks.map(\.stage)) == Set(RouterStage.allCases.map(\.name)))
        #expect(fallbacks.count == RouterStage.allCases.count)
    }

    @Test func aPortHasALinkLocalAddress() throws {
        let port = try routerPort("rp", ["10.0.0.1/24"])
        #expect(port.linkLocal.description == "fe80::ff:fe00:1")
        let own = try routerPort("rp", ["fe80::7/64"])
        #expect(own.networks6.map(\.description) == ["fe80::7/64"])
    }

    @Test func admission() throws {
        let port = try routerPort("rp", ["10.0.0.1/24"])
        #expect(
            lines(RouterPortAdmission(port: port)) == [
                "lr_in_admission [50] eth.mcast && inport == \"rp\" -> xreg0[0..47] = 02:00:00:00:00:01; next;",
                "lr_in_admission [50] eth.dst == 02:00:00:00:00:01 && inport == \"rp\" "
                    + "-> xreg0[0..47] = 02:00:00:00:00:01; next;",
                "lr_out_delivery [100] outport == \"rp\" -> output;",
                "lr_in_network_id [110] outport == \"rp\" && ip4 && reg0 == 10.0.0.0/24 "
                    + "-> flags.network_id = 0; next;",
                "lr_in_network_id [110] outport == \"rp\" && ip6 && xxreg0 == fe80::/64 "
                    + "-> flags.network_id = 0; next;",
            ])
        let disabled = try routerPort("rp", ["10.0.0.1/24"]) { $0.enabled = false }
        #expect(lines(RouterPortAdmission(port: disabled)).isEmpty)
    }

    @Test func learningFromRequests() throws {
        let port = try routerPort("rp", ["10.0.0.1/24"])
        let request = "inport == \"rp\" && arp.spa == 10.0.0.0/24 && arp.op == 1"
        let lookup = "reg9[2] = lookup_arp(inport, arp.spa, arp.sha);"
        #expect(
            lines(NeighbourLearning(port: port)) == [
                "lr_in_lookup_neighbor [100] \(request) -> \(lookup) next;"
            ])
        #expect(
            lines(NeighbourLearning(port: port, learnsFromRequests: false)) == [
                "lr_in_lookup_neighbor [100] \(request) -> \(lookup) "
                    + "reg9[3] = lookup_arp_ip(inport, arp.spa); next;",
                "lr_in_lookup_neighbor [110] \(request) && arp.tpa == 10.0.0.1 -> \(lookup) reg9[3] = 1; next;",
            ])
        let strict = lines(SharedRouterFlows(trait: .learnsFromReplies))
        for line in [
            "lr_in_lookup_neighbor [100] arp.op == 2 -> \(lookup) reg9[3] = 1; next;",
            "lr_in_lookup_neighbor [110] nd_na && ip6.src == fe80::/10 && ip6.dst == ff00::/8 -> "
                + "reg9[2] = lookup_nd(inport, nd.target, nd.tll); "
                + "reg9[3] = lookup_nd_ip(inport, nd.target); next;",
            "lr_in_learn_neighbor [100] reg9[2] == 1 || reg9[3] == 0 -> mac_cache_use; next;",
        ] {
            #expect(strict.contains(line), "missing: \(line)")
        }
    }

    @Test func ownAddresses() throws {
        let text = lines(
            RouterAddressInput(port: try routerPort("rp", ["10.0.0.1/24", "fd00::1/64"])))
        for line in [
            "lr_in_ip_input [100] ip4.src == {10.0.0.1, 10.0.0.255} && reg9[0] == 0 -> drop;",
            "lr_in_ip_input [90] inport == \"rp\" && arp.op == 1 && arp.tpa == 10.0.0.1 && "
                + "arp.spa == 10.0.0.0/24 -> eth.dst = eth.src; eth.src = xreg0[0..47]; arp.op = 2; "
                + "arp.tha = arp.sha; arp.sha = xreg0[0..47]; arp.tpa <-> arp.spa; outport = inport; "
                + "flags.loopback = 1; output;",
            "lr_in_ip_input [90] inport == \"rp\" && ip6.dst == {fd00::1, ff02::1:ff00:1} && nd_ns && "
                + "nd.target == fd00::1 -> nd_na_router { eth.src = xreg0[0..47]; ip6.src = nd.target; "
                + "nd.tll = xreg0[0..47]; outport = inport; flags.loopback = 1; output; };",
            "lr_in_ip_input [90] ip4.dst == 10.0.0.1 && icmp4.type == 8 && icmp4.code == 0 -> "
                + "ip4.dst <-> ip4.src; ip.ttl = 255; icmp4.type = 0; flags.loopback = 1; next;",
            "lr_in_ip_input [90] ip6.dst == {fd00::1, fe80::ff:fe00:1} && icmp6.type == 128 && "
                + "icmp6.code == 0 -> ip6.dst <-> ip6.src; ip.ttl = 255; icmp6.type = 129; "
                + "flags.loopback = 1; next;",
            "lr_in_ip_input [80] ip4 && ip4.dst == 10.0.0.1 && !ip.later_frag && udp -> "
                + "icmp4 { eth.dst <-> eth.src; ip4.dst <-> ip4.src; ip.ttl = 255; icmp4.type = 3; "
                + "icmp4.code = 3; next; };",
            "lr_in_ip_input [80] ip6 && ip6.dst == fd00::1 && !ip.later_frag && tcp -> "
                + "tcp_reset { eth.dst <-> eth.src; ip6.dst <-> ip6.src; next; };",
            "lr_in_ip_input [70] ip6 && ip6.dst == fd00::1 && !ip.later_frag -> "
                + "icmp6 { eth.dst <-> eth.src; ip6.dst <-> ip6.src; ip.ttl = 255; icmp6.type = 1; "
                + "icmp6.code = 3; next; };",
            "lr_in_ip_input [60] ip4.dst == 10.0.0.1 -> drop;",
            "lr_in_ip_input [60] ip6.dst == {fd00::1, fe80::ff:fe00:1} -> drop;",
        ] {
            #expect(text.contains(line), "missing: \(line)")
        }
    }

    @Test func expiringPackets() throws {
        let text = lines(TimeExceeded(port: try routerPort("rp", ["10.0.0.1/24"])))
        let answer =
            "icmp4 { eth.dst = eth.src; eth.src = 02:00:00:00:00:01; icmp4.type = 11; icmp4.code = 0; ip4.dst = ip4.src; "
            + "ip4.src = 10.0.0.1; ip.ttl = 254; outport = \"rp\"; flags.loopback = 1; output; };"
        #expect(
            text[0]
                == "lr_in_ip_input [31] inport == \"rp\" && ip4 && ip4.src == 10.0.0.0/24 && "
                + "ip.ttl == {0, 1} && !ip.later_frag -> " + answer)
        #expect(
            text[2]
                == "lr_in_ip_input [30] inport == \"rp\" && ip4 && ip.ttl == {0, 1} && "
                + "!ip.later_frag -> " + answer)
    }

    @Test func connectedNetworks() throws {
        #expect(
            lines(ConnectedRoutes(port: try routerPort("rp", ["10.0.0.1/24"]))) == [
                "lr_in_ip_routing [1842] ip4.dst == 10.0.0.0/24 -> ip.ttl--; reg8[0..15] = 0; "
                    + "reg0 = ip4.dst; reg5 = 10.0.0.1; eth.src = 02:00:00:00:00:01; "
                    + "outport = \"rp\"; flags.loopback = 1; reg9[9] = 1; next;",
                "lr_in_ip_routing [2322] inport == \"rp\" && ip6.dst == fe80::/64 -> ip.ttl--; "
                    + "reg8[0..15] = 0; xxreg0 = ip6.dst; xxreg1 = fe80::ff:fe00:1; "
                    + "eth.src = 02:00:00:00:00:01; outport = \"rp\"; flags.loopback = 1; "
                    + "reg9[9] = 0; next;",
            ])
    }

    private func hop(_ address: String) -> RouteHop {
        RouteHop(
            portName: "rp", mac: MACAddress(0x0200_0000_0001),
            source: .v4(IPv4Address(0x0a00_0001)),
            nextHop: IPAddress(parsing: address))
    }

    private func key(_ prefix: String, bySource: Bool = false) throws -> RouteKey {
        RouteKey(
            router: .zero, prefix: try #require(IPPrefix(parsing: prefix)), isSourceRoute: bySource)
    }

    @Test func staticRoutes() throws {
        #expect(
            lines(StaticRoutes(key: try key("10.9.0.0/16"), hops: [hop("10.0.0.9")])) == [
                "lr_in_ip_routing [1744] reg7 == 0 && ip4.dst == 10.9.0.0/16 -> ip.ttl--; "
                    + "reg8[0..15] = 0; reg0 = 10.0.0.9; reg5 = 10.0.0.1; "
                    + "eth.src = 02:00:00:00:00:01; outport = \"rp\"; flags.loopback = 1; "
                    + "reg9[9] = 1; next;"
            ])
        #expect(
            lines(StaticRoutes(key: try key("0.0.0.0/0", bySource: true), hops: [])) == [
                "lr_in_ip_routing [1548] reg7 == 0 && ip4.src == 0.0.0.0/0 -> drop;"
            ])
    }

    @Test func severalRoutesOfOnePrefixShareTheLoad() throws {
        let routes = StaticRoutes(
            key: try key("10.9.0.0/16"), hops: [hop("10.0.0.8"), hop("10.0.0.9")], group: 3)
        #expect(
            lines(routes) == [
                "lr_in_ip_routing [1744] reg7 == 0 && ip4.dst == 10.9.0.0/16 -> ip.ttl--; "
                    + "flags.loopback = 1; reg8[0..15] = 3; reg8[16..31] = select(1=100, 2=100);",
                "lr_in_ip_routing_ecmp [100] reg8[0..15] == 3 && reg8[16..31] == 1 -> "
                    + "reg0 = 10.0.0.8; reg5 = 10.0.0.1; eth.src = 02:00:00:00:00:01; "
                    + "outport = \"rp\"; reg9[9] = 1; next;",
                "lr_in_ip_routing_ecmp [100] reg8[0..15] == 3 && reg8[16..31] == 2 -> "
                    + "reg0 = 10.0.0.9; reg5 = 10.0.0.1; eth.src = 02:00:00:00:00:01; "
                    + "outport = \"rp\"; reg9[9] = 1; next;",
            ])
    }

    /// The longest prefix wins whatever its origin; within one, connected beats static.
    @Test func orderOfRoutes() throws {
        func priority(_ text: String, _ origin: RoutePriority.Origin) throws -> Int {
            RoutePriority.of(try #require(IPPrefix(parsing: text)), origin)
        }
        let long = try priority("10.0.0.0/25", .source)
        let short = try priority("10.0.0.0/24", .connected)
        #expect(long > short)
        #expect(try priority("10.0.0.0/24", .connected) > priority("10.0.0.0/24", .static))
        #expect(try priority("10.0.0.0/24", .static) > priority("10.0.0.0/24", .source))
        #expect(try priority("::/128", .connected) < 10300, "below what is said of multicast")
    }

    @Test func neighboursOnTheNetworkAreKnown() throws {
        let port = try routerPort("rp", ["10.0.0.1/24"])
        let station = StationAddress(
            MACAddress(9), [.v4(IPv4Address(0x0a00_0009)), .v4(IPv4Address(0x0b00_0009))])
        #expect(
            lines(KnownNeighbours(port: port, stations: [station])) == [
                "lr_in_arp_resolve [100] outport == \"rp\" && reg0 == 10.0.0.9 -> "
                    + "eth.dst = 00:00:00:00:00:09; next;"
            ])
    }

    @Test func resolution() {
        let text = lines(SharedRouterFlows(trait: .any))
        for line in [
            "lr_in_arp_resolve [1] reg9[9] == 1 -> get_arp(outport, reg0); next;",
            "lr_in_arp_resolve [1] reg9[9] == 0 -> get_nd(outport, xxreg0); next;",
            "lr_in_arp_request [100] eth.dst == 00:00:00:00:00:00 && reg9[9] == 1 -> arp { "
                + "eth.dst = ff:ff:ff:ff:ff:ff; arp.spa = reg5; arp.tpa = reg0; arp.op = 1; output; }; next;",
            "lr_in_arp_request [100] eth.dst == 00:00:00:00:00:00 && reg9[9] == 0 -> "
                + "nd_ns { nd.target = xxreg0; output; }; next;",
            "lr_in_ecmp_stateful_egr [0] 1 -> output;",
            "lr_in_ip_routing [0] 1 -> drop;",
            "lr_in_policy [0] 1 -> reg8[0..15] = 0; next;",
            "lr_out_chk_dnat_local [0] 1 -> reg9[4] = 0; next;",
        ] {
            #expect(text.contains(line), "missing: \(line)")
        }
    }
}
