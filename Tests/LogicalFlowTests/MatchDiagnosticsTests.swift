import Testing

@testable import LogicalFlow

@Suite struct MatchDiagnosticsTests {
    @Test(arguments: [
        ("", "Syntax error at end of input expecting constant."),
        ("&&", "Syntax error at `&&' expecting constant."),
        ("ip4 &&", "Syntax error at end of input expecting constant."),
        ("xyzzy", "Syntax error at `xyzzy' expecting field name."),
        ("123", "Syntax error at end of input expecting relational operator."),
        ("123 x", "Syntax error at `x' expecting relational operator."),
        ("123 == 123", "Syntax error at `123' expecting field name."),
        ("1 == xyzzy", "Syntax error at `xyzzy' expecting field name."),
        ("eth.type == xyzzy", "Syntax error at `xyzzy' expecting constant."),
        ("{1, \"eth0\"}", "Syntax error at `\"eth0\"' expecting integer."),
        ("{\"eth0\", 1}", "Syntax error at `1' expecting string."),
        ("ip4.src == {}", "Syntax error at `}' expecting constant."),
        ("(1 x)", "Syntax error at `x' expecting `)'."),
        ("ip4 ip6", "Syntax error at `ip6' expecting end of input."),
        ("foo(\"x\")", "Syntax error at `foo' parsing function name."),
        ("is_chassis_resident", "Syntax error at `is_chassis_resident' expecting field name."),
        ("is_chassis_resident(1)", "Syntax error at `1' expecting string."),
        ("is_chassis_resident(\"a\"", "Syntax error at end of input expecting `)'."),
        ("!!ip4", "Syntax error at `!' expecting constant."),
        ("ip4 & ip6", "`&' is only valid as part of `&&'."),
        ("icmp4.frag_mtu == 1", "Syntax error at `icmp4.frag_mtu' expecting field name."),
        ("ct_proto == 6", "Syntax error at `ct_proto' expecting field name."),
    ])
    func syntax(_ text: String, _ expected: String) { #expect(matchError(text) == expected) }

    @Test(arguments: [
        ("ip4 && ip6 || tcp", "&& and || must be parenthesized when used together."),
        ("ip4 || ip6 && tcp", "&& and || must be parenthesized when used together."),
        ("!reg0 == 1", "Missing parentheses around operand of !."),
        ("eth.type[] == 1", "Syntax error at `]' expecting small integer."),
        ("eth.type[::1] == 1", "Syntax error at `::1' expecting small integer."),
        (
            "eth.type[18446744073709551615] == 1",
            "Syntax error at `18446744073709551615' expecting small integer."
        ),
        ("eth.type[5!]", "Syntax error at `!' expecting `]'."),
        ("eth.type[5..1]", "Invalid bit range 5 to 1."),
        ("eth.type[12..16]", "Cannot select bits 12 to 16 of 16-bit field eth.type."),
        ("eth.type[10] == 1", "Cannot select subfield of nominal field eth.type."),
        ("inport[1] == 1", "Cannot select subfield of string field inport."),
        (
            "eth.type",
            "Explicit `!= 0' is required for inequality test of multibit field against 0."
        ),
        ("inport", "Syntax error at end of input expecting relational operator."),
        ("inport && ip4", "Syntax error at `&&' expecting relational operator."),
        ("ip4.src = 10.0.0.1", "Syntax error at `=' expecting relational operator."),
        ("ip4 = 1", "Syntax error at `=' expecting relational operator."),
        (
            "!(!(vlan.pcp))",
            "Explicit `!= 0' is required for inequality test of multibit field against 0."
        ),
        (
            "1 == reg0 == 2",
            "Range expressions must have the form `x < field < y' or `x > field > y', with each `<' optionally replaced by `<=' or `>' by `>=')."
        ),
        (
            "1 < reg0 > 2",
            "Range expressions must have the form `x < field < y' or `x > field > y', with each `<' optionally replaced by `<=' or `>' by `>=')."
        ),
    ])
    func structure(_ text: String, _ expected: String) { #expect(matchError(text) == expected) }

    @Test(arguments: [
        ("inport == 1", "String field inport is not compatible with integer constant."),
        ("reg0 == \"a\"", "Integer field reg0 is not compatible with string constant."),
        ("ip4.src == ::1", "128-bit constant is not compatible with 32-bit field ip4.src."),
        ("tcp.src == 65536", "17-bit constant is not compatible with 16-bit field tcp.src."),
        (
            "reg0 == 0x1ffffffffffffffffffffffffffffffff",
            "129-bit constant is not compatible with 32-bit field reg0."
        ),
        (
            "reg0 == {1, 0x1ffffffffffffffffffffffffffffffff}",
            "129-bit constant is not compatible with 32-bit field reg0."
        ),
        (
            "inport == 0x1ffffffffffffffffffffffffffffffff",
            "String field inport is not compatible with integer constant."
        ),
        ("ip4.src > {1, 2, 3}", "Only == and != operators may be used with value sets."),
        ("ip4.src > {1}", "Only == and != operators may be used with value sets."),
        ("ip4.src > $set", "Only == and != operators may be used with value sets."),
        ("eth.type > 0x800", "Only == and != operators may be used with nominal field eth.type."),
        (
            "vlan.present > 0",
            "Only == and != operators may be used with Boolean field vlan.present."
        ),
        (
            "ip4.src < 10.0.0.0/8",
            "Only == and != operators may be used with masked constants.  Consider using subfields instead (e.g. eth.src[0..15] > 0x1111 in place of eth.src > 00:00:00:00:11:11/00:00:00:00:ff:ff)."
        ),
        (
            "inport != \"eth0\"",
            "Nominal field inport may only be tested for equality (taking enclosing `!' operators into account)."
        ),
        (
            "!(eth.type == 0x800)",
            "Nominal field eth.type may only be tested for equality (taking enclosing `!' operators into account)."
        ),
        (
            "!ip4",
            "Nominal predicate ip4 may only be tested positively, e.g. `ip4' or `ip4 == 1' but not `!ip4' or `ip4 == 0'."
        ),
        (
            "ip4 == 0",
            "Nominal predicate ip4 may only be tested positively, e.g. `ip4' or `ip4 == 1' but not `!ip4' or `ip4 == 0'."
        ),
    ])
    func types(_ text: String, _ expected: String) { #expect(matchError(text) == expected) }

    @Test(arguments: [
        "!vlan.pcp", "!(ip4 == 0)", "!(!ip4)", "eth.type[0..15] == 0x800", "!(inport != \"a\")",
        "!eth.type", "1", "!0", "{1, 2,} == reg0", "1 < reg0 <= 5", "9 >= reg0 >= 2",
        "reg0[0..3] == 255", "ip4.src == $set", "inport == {@pg, \"a\"}", "reg0 == 1/0",
    ])
    func accepts(_ text: String) { #expect(matchError(text) == "") }

    @Test func boundsNesting() {
        let deep = String(repeating: "(", count: 100) + "ip4" + String(repeating: ")", count: 100)
        #expect(matchError(deep) == "")
        #expect(matchError("(" + deep + ")") == "Parentheses nested too deeply.")
        #expect(matchError(String(repeating: "!(", count: 100_000)) != "")
    }

    @Test func namesThePlace() {
        #expect(throws: LanguageError("Syntax error at `)' expecting constant.", at: 7)) {
            try Match(parsing: "ip4 && )")
        }
    }

    /// A value built in code is held to the same rules as text.
    @Test func checksValues() {
        for text in Corpus.matches {
            guard let match = try? Match(parsing: text) else { continue }
            #expect(throws: Never.self) { try match.check() }
        }
        #expect(throws: LanguageError.self) { try Match.not(.symbol(.ip4)).check() }
        #expect(throws: LanguageError.self) {
            try Match.compare(.tcpDst, .equal, 70_000).check()
        }
        #expect(throws: LanguageError.self) { try Match.symbol(.vlanPCP).check() }
    }
}
