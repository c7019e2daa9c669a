import Testing

@testable import LogicalFlow

@Suite struct LexerTests {
    @Test(arguments: [
        ("", ""), ("  \t\n // only a comment", ""), ("a /* b */ c", "a c"),
        (
            "/* one line \n */",
            "error(\"`/*' without matching `*/'.\") error(\"Invalid character `*' in input.\") error(\"`/' is only valid as part of `//' or `/*'.\")"
        ),
        ("ip4.src", "ip4.src"), ("ip.ttl--", "ip.ttl --"), ("a..b", "a..b"), ("1..5", "1 .. 5"),
        (".a", "error(\"`.' is only valid as part of `..' or a number.\") a"),
        ("()[]{}", "( ) [ ] { }"), ("==!=<<=>>=!", "== != < <= > >= !"),
        ("&&||..,;=<->:-", "&& || .. , ; = <-> : -"), ("< -> <->", "< - > <->"),
        ("&", "error(\"`&' is only valid as part of `&&'.\")"),
        ("|", "error(\"`|' is only valid as part of `||'.\")"),
        ("a/b", "a error(\"`/' is only valid as part of `//' or `/*'.\") b"),
        ("$set @pg ^t", "$set @pg ^t"),
        ("$1", "error(\"`$' must be followed by a valid identifier.\") 1"),
        ("`", "error(\"Invalid character ``' in input.\")"),
        ("\"a\\u0062\\\"\\\\\\n\"", "\"ab\\\"\\\\\\n\""), ("\"\\ud83d\\ude00\"", "\"😀\""),
        ("\"abc", "error(\"Input ends inside quoted string.\")"),
        ("\"\\q\" x", "error(\"Invalid escape in quoted string.\") x"),
    ])
    func tokens(_ text: String, _ expected: String) { #expect(rendered(text) == expected) }

    @Test(arguments: [
        ("0 1 00", "0 1 error(\"Decimal constants must not have leading zeros.\")"),
        ("18446744073709551615", "18446744073709551615"),
        ("18446744073709551616", "error(\"Decimal constants must be less than 2**64.\")"),
        ("0x", "error(\"Hex digits expected following 0x.\")"), ("0X00fF 0x0", "0xff 0"),
        ("1x", "error(\"Invalid numeric constant.\")"),
        ("0x1ffffffffffffffffffffffffffffffff", "0x1ffffffffffffffffffffffffffffffff"),
        ("1/3 6/3 1/0", "1/3 2/3 0/0"), ("0/0xff 0x123/0xff", "0/0xff 0x23/0xff"),
        ("1/0xff", "error(\"Value and mask have incompatible formats.\")"),
        ("10.1.2.3/8 10.1.2.3/255.0.255.0", "10.0.0.0/8 10.0.2.0/255.0.255.0"),
        ("10.0.0.0/33", "error(\"Value and mask have incompatible formats.\")"),
        ("1.2.3.4:80", "1.2.3.4 : 80"), ("1.2.3.4.5", "error(\"Invalid numeric constant.\")"),
        ("::1 ::/0 fd00::1/64", "::1 ::/0 fd00::/64"), ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
        ("fd00::1:80", "fd00::1:80"), ("FE80::/ffc0::", "fe80::/10"),
        ("fe80 fe80:", "fe80 error(\"Invalid numeric constant.\")"),
        (
            "aA:bb:cc:dd:ee:ff 01:00:00:00:00:00/01:00:00:00:00:00",
            "aa:bb:cc:dd:ee:ff 01:00:00:00:00:00/01:00:00:00:00:00"
        ),
        ("a:b:c:d:e:f", "error(\"Invalid numeric constant.\")"),
    ])
    func numbers(_ text: String, _ expected: String) { #expect(rendered(text) == expected) }

    @Test func boundsHexadecimalConstants() {
        let widest = "0x" + String(repeating: "f", count: 256)
        #expect(rendered(widest) == widest)
        #expect(
            rendered(widest + "f")
                == "error(\"Hexadecimal constant requires more than 1024 bits.\")")
        #expect(rendered("0x0000" + String(repeating: "f", count: 256)) == widest)
        #expect(rendered(widest + "/0xf0") == "0xf0/0xf0")
    }

    /// Canonical text reads back as the same tokens.
    @Test func canonicalTextIsStable() {
        for text in Corpus.matches + Corpus.actions {
            let tokens = Lexer.tokens(of: text)
            let again = Lexer.tokens(of: tokens.map(\.description).joined(separator: " "))
            #expect(again == tokens, "\(text)")
        }
    }

    private func rendered(_ text: String) -> String {
        Lexer.tokens(of: text).map(\.description).joined(separator: " ")
    }
}

@Suite struct TemplateTests {
    @Test func expands() {
        let values = ["vip": "10.0.0.1", "port": "80"]
        #expect(
            Template.expand("ip4.dst == ^vip && tcp.dst == ^port", values)
                == .text("ip4.dst==10.0.0.1&&tcp.dst==80"))
        #expect(Template.expand("ip4.dst == ^other", values) == .missing("other"))
        #expect(Template.expand("inport == \"a^vip\"", values) == .text("inport==\"a^vip\""))
        #expect(Template.expand("ip4", values) == .text("ip4"))
        #expect(Template.variables(in: "^a == ^b") == ["a", "b"])
    }

    @Test func unexpandedIsAnError() {
        #expect(matchError("ip4.dst == ^vip") == "Unexpanded template.")
        #expect(actionError("reg0 = ^vip;") == "Unexpanded template.")
    }
}
