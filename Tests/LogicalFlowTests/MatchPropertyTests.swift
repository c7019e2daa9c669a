import Testing

@testable import LogicalFlow

@Suite struct MatchPropertyTests {
    @Test func printedMatchesParseBack() throws {
        var random = RandomMatch(generator: SeededGenerator(seed: 1))
        random.symbols = Symbol.allCases.filter {
            SymbolTable.standard.contains($0) && SymbolTable.standard[$0].isMatchable
        }
        for _ in 0..<3000 {
            let match = random.match(depth: 3)
            #expect(throws: Never.self) { try match.check() }
            let again = try Match(parsing: match.description)
            #expect(again == match.canonical, "\(match)")
        }
    }

    /// Expanding and simplifying a match doesn't change what it means.
    @Test func conditionsMeanWhatMatchesSay() {
        var random = RandomMatch(generator: SeededGenerator(seed: 2))
        var hits = 0
        for _ in 0..<1500 {
            let match = random.match(depth: 3)
            let condition = Condition(match)
            let simplified = condition.simplified()
            for _ in 0..<8 {
                let packet = random.packet()
                let expected = MatchOracle(packet: packet).holds(match)
                #expect(condition.holds(for: packet) == expected, "\(match)")
                #expect(simplified.holds(for: packet) == expected, "\(match)")
                if expected { hits += 1 }
            }
        }
        #expect(hits > 1000)
    }

    @Test(arguments: [
        ("ip4 && tcp.dst == 80", "eth.type=0x800 tcp.dst=0x50 ip.proto=0x6"),
        ("ip4 && ip6", "false"), ("ip", "(eth.type=0x800 | eth.type=0x86dd)"),
        ("!ct.est", "ct_state=0x20/0x22"), ("ct.new && !ct.est", "ct_state=0x21/0x23"),
        ("reg0[0] == 1 && xxreg0[96] == 0", "false"), ("reg0 == 1/0", "true"),
        (
            "ip4.src == {10.0.0.1, 10.0.0.2}",
            "(ip4.src=0xa000001 | ip4.src=0xa000002) eth.type=0x800"
        ),
        ("reg0 >= 0 && reg1 <= 0xffffffff", "true"), ("reg0 > 0xffffffff", "false"),
        ("nd_ns", "eth.type=0x86dd ip.proto=0x3a icmp6.type=0x87 icmp6.code=0x0 ip.ttl=0xff"),
    ])
    func simplifies(_ text: String, _ expected: String) throws {
        let parts = Set(split(rendered(Condition(try Match(parsing: text)).simplified())))
        #expect(parts == Set(split(expected)))
    }

    private func split(_ text: String) -> [Substring] {
        text.replacing(" | ", with: "|").split(separator: " ")
    }

    private func rendered(_ condition: Condition) -> String {
        switch condition {
        case .constant(let value): return "\(value)"
        case .bits(let test):
            let name = Symbol.allCases.first {
                SymbolTable.standard.contains($0)
                    && SymbolTable.standard[$0].storage?.field == test.field
                    && SymbolTable.standard[$0].width == test.field.width
            }
            let mask =
                test.mask == test.field.fullMask ? "" : "/0x" + String(test.mask, radix: 16)
            return
                "\(name?.name ?? "?")\(test.relation == .equal ? "=" : test.relation.rawValue)0x\(String(test.value, radix: 16))\(mask)"
        case .and(let parts): return parts.map(rendered).joined(separator: " ")
        case .or(let parts): return "(" + parts.map(rendered).joined(separator: " | ") + ")"
        case .port, .portGroup, .addressSet, .isChassisResident: return "?"
        }
    }
}
