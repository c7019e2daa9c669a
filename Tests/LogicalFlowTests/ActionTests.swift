import Testing
import Wire

@testable import LogicalFlow

@Suite struct ActionTests {
    @Test func corpusParsesAndIsStable() throws {
        for text in Corpus.actions {
            let actions = try ActionList(parsing: text)
            let again = try ActionList(parsing: actions.description)
            #expect(again == actions, "\(text)")
            #expect(again.description == actions.description)
        }
    }

    @Test(arguments: [
        ("", "drop;"), ("drop;", "drop;"), ("next ;", "next;"), ("next(5);", "next(5);"),
        ("next(table=5,pipeline=egress);", "next(pipeline=egress, table=5);"),
        ("clone{};", "clone { drop; };"), ("ct_commit{};", "ct_commit;"),
        ("nd_na{drop;};", "nd_na { drop; };"), ("reg0=5;", "reg0 = 5;"),
        ("reg8[16..31] = select(1, 2=50);", "reg8[16..31] = select(1=100, 2=50);"),
        ("ct_dnat(10.0.0.1, 1-3000);", "ct_dnat(10.0.0.1,1-3000);"),
        (
            "fwd_group(liveness=false,childports=\"a\" \"b\");",
            "fwd_group(childports=\"a\", \"b\");"
        ),
        (
            "log(verdict=drop, severity=debug, verdict=allow);",
            "log(verdict=allow, severity=debug);"
        ),
        (
            "ct_lb_mark(backends=10.0.0.1:80 10.0.0.2);",
            "ct_lb_mark(backends=10.0.0.1:80,10.0.0.2);"
        ),
    ])
    func prints(_ text: String, _ expected: String) throws {
        #expect(try ActionList(parsing: text).description == expected)
    }

    @Test(arguments: [
        ("next", "Syntax error at end of input expecting `;'."),
        ("xyzzy;", "Syntax error at `xyzzy' expecting action."),
        ("5;", "Syntax error at `5' expecting action."),
        ("drop; next;", "Syntax error at `next' expecting end of input."),
        ("next; drop;", "Syntax error at `drop' expecting action."),
        ("foo = 1;", "Syntax error at `foo' expecting field name."),
        ("reg0[0] == 1;", "Syntax error at `==' expecting `=' or `<->'."),
        ("reg0 = {1};", "Syntax error at `{' expecting constant."),
        ("reg0 = foo(1);", "Syntax error at `foo' expecting field name."),
        ("reg0 = \"a\";", "Integer field reg0 is not compatible with string constant."),
        ("outport = 1;", "String field outport is not compatible with integer constant."),
        ("ip4.src = ::1;", "128-bit constant is not compatible with 32-bit field ip4.src."),
        ("ip4.src = reg0[0..15];", "Can't assign 16-bit value to 32-bit destination."),
        ("outport = reg0;", "Can't assign integer field (reg0) to string field (outport)."),
        ("outport <-> reg0;", "Can't exchange string field (outport) with integer field (reg0)."),
        ("ip.proto = 1;", "Field ip.proto is not modifiable."),
        ("ct_mark = 1;", "Field ct_mark is not modifiable."),
        ("ct_commit { reg0 = 1; };", "Field reg0 is not modifiable."),
        ("ip4 = 1;", "Predicate symbol ip4 used where lvalue required."),
        (
            "reg0[0..1] = check_in_port_sec();",
            "Cannot use 2-bit field reg0[0..1] where 1-bit field is required."
        ),
        (
            "reg0[0..9] = select(1, 2);",
            "Cannot use 10-bit field reg0[0..9] for \"select\", which requires at least 16 bits."
        ),
        ("reg0 = select(1);", "Syntax error at `;' expecting at least 2 group members."),
        ("reg0 = select(1=0, 2);", "Syntax error at `0' weight can't be 0."),
        ("reg0[0] = dns_lookup(1);", "dns_lookup doesn't take any parameters"),
        ("reg0[0] = chk_lb_aff(1);", "chk_lb_aff doesn't take any parameters"),
    ])
    func assignments(_ text: String, _ expected: String) { #expect(actionError(text) == expected) }

    @Test(arguments: [
        ("next(foo);", "Syntax error at `foo' expecting \"pipeline\" or \"table\"."),
        ("next(pipeline=up);", "Syntax error at `up' expecting \"ingress\" or \"egress\"."),
        (
            "get_arp(outport, xxreg0);",
            "Cannot use 128-bit field xxreg0[0..127] where 32-bit field is required."
        ),
        ("get_arp(reg0, reg0);", "Cannot use numeric field reg0 where string field is required."),
        (
            "put_arp(inport, arp.spa, inport);",
            "Cannot use string field inport where numeric field is required."
        ),
        ("set_queue(61441);", "Queue ID 61441 for set_queue is not in valid range 0 to 61440."),
        ("set_meter(0);", "Rate 0 for set_meter is not in valid."),
        ("ct_lb_mark(foo);", "Syntax error at `foo' expecting backends."),
        ("ct_lb_mark(backends=foo);", "Syntax error at `foo' expecting IP address."),
        ("ct_lb_mark(backends=[10.0.0.1]);", "Syntax error at `10.0.0.1' expecting IPv6 address."),
        ("ct_lb_mark(backends=1.2.3.4:70000);", "Syntax error at `70000' expecting port number."),
        (
            "ct_lb_mark(backends=1.2.3.4; hash_fields=1);",
            "Syntax error at `1' invalid hash_fields."
        ),
        ("ct_snat(foo);", "Syntax error at `foo' expecting IPv4 or IPv6 address."),
        ("ct_snat(1.2.3.4, foo);", "Syntax error at `foo' expecting Integer for port range."),
        (
            "ct_snat(1.2.3.4, 5-4);",
            "Syntax error at `4' range high should be greater than range low."
        ),
        ("ct_next(up);", "Syntax error at `up' expecting parameter 'dnat' or 'snat'."),
        ("reg0[0] = put_dhcp_opts(foo=1);", "Syntax error at `foo' expecting DHCPv4 option name."),
        (
            "reg0[0] = put_dhcp_opts(router=1.2.3.4);",
            "put_dhcp_opts requires offerip to be specified."
        ),
        (
            "reg0[0] = put_dhcp_opts(offerip=\"a\");",
            "DHCPv4 option offerip requires numeric value."
        ),
        ("reg0[0] = put_nd_ra_opts(addr_mode=\"slaac\");", "slla option not present"),
        (
            "reg0[0] = put_nd_ra_opts(slla=00:00:00:00:00:01);",
            "prefix option needs to be set when address mode is slaac/dhcpv6_stateless."
        ),
        ("log(verdict=up);", "Syntax error at `up' unknown verdict."),
        ("log(severity=up);", "Syntax error at `up' unknown severity."),
        ("log();", "Syntax error at `;' expecting verdict."),
        ("mirror(1);", "Syntax error at `1' expecting port name string."),
        ("fwd_group(childports=1);", "Syntax error at `1' expecting logical switch port."),
        ("fwd_group(liveness=1);", "Syntax error at `1' expecting true or false."),
    ])
    func arguments(_ text: String, _ expected: String) { #expect(actionError(text) == expected) }

    @Test func boundsNesting() {
        let deep = String(repeating: "clone { ", count: 32) + String(repeating: "}; ", count: 32)
        #expect(actionError(deep) == "")
        #expect(actionError("clone { " + deep + "};") == "Actions nested too deeply.")
    }

    @Test(arguments: [
        ("next;", []), ("ip.ttl--; ct_next;", [Symbol.ip]), ("tcp.dst = 80;", [.tcp]),
        ("clone { ip4.src = 1.2.3.4; }; reject { tcp.src = 1; };", [.ip4, .tcp]),
        ("icmp4 { tcp.src = 1; };", [.ip4]), ("nd_na { nd.tll = eth.src; };", [.ndNS]),
        ("reg0[0] = dns_lookup();", [.udp]), ("put_nd(inport, nd.target, nd.tll);", [.nd, .ndNA]),
    ])
    func prerequisites(_ text: String, _ expected: [Symbol]) throws {
        #expect(try ActionList(parsing: text).prerequisites == expected)
    }

    @Test func nextStaysWithinThePipeline() throws {
        let place = ActionList.Place(.ingress, table: 34)
        #expect(
            try ActionList(parsing: "next;").problem(at: place)
                == "\"next\" action cannot advance beyond table 34.")
        #expect(
            try ActionList(parsing: "clone { next(pipeline=egress, table=16); };")
                .problem(at: place) == "\"next\" action cannot advance beyond table 15.")
        #expect(try ActionList(parsing: "next(3); output;").problem(at: place) == nil)
    }
}
