import Testing

@testable import LogicalFlow

/// A match that is known by its shape means what reading it says.
@Suite struct MatchShapesTests {
    private static func read(
        _ text: String, _ table: SymbolTable = .standard, _ prerequisites: [Symbol] = []
    ) throws(LanguageError) -> Condition {
        Condition(
            try Match(parsing: text, table: table), table: table, prerequisites: prerequisites
        ).simplified()
    }

    /// Texts of one shape, each with other constants.
    private static let families: [[String]] = [
        (1...40).map { "outport == \"lrp\($0)\" && reg0 == 10.1.2.\($0)" },
        (1...40).map { "reg0 == 10.1.2.\($0) && outport == \"a\\\"\($0)\" && ip4" },
        (1...9).map { "ip4.dst == 10.0.0.\($0) && tcp.dst == \($0 * 100)" },
        (1...9).map { "ip6.dst == fd00::\($0) && eth.src == 0a:00:00:00:00:0\($0)" },
        (0...33).map { "ip4.src == 10.0.0.0/\($0)" }, (0...9).map { "reg9[\($0)] == 1" },
        (0...9).map { "reg9[5] == \($0)" }, (0...9).map { "ct.est == \($0)" },
        (1...9).map { "ip4.src == 10.0.0.\($0) && ip4.src == 10.0.0.\(9 - $0)" },
        (1...9).map { "tcp.dst == \($0 * 20000)" }, (1...9).map { "inport == \($0)" },
        (1...9).map { "eth.type == \(0x7fc + $0) && ip4" }, (1...9).map { "eth.dst == abc\($0)" },
        (1...9).map { "inport == \"p\($0)\" && outport == \"q\($0)\" && reg0[0..3] == \($0)" },
        (1...9).map { "ip4 && reg1==\($0)&&arp.tpa==10.0.0.\($0)" },
        (1...9).map { "reg0 == 0x\($0) /* \($0) */" }, (1...9).map { "reg0 == {1, \($0)}" },
        (1...9).map { "reg0 == 0\($0)" }, (1...9).map { "reg0[3 == \($0)" },
        (1...9).map { "\"p\($0)\" == inport" }, (1...9).map { "reg0 = \($0)" },
        (1...9).map { "icmp4.type == \($0) && nd_ns && reg0 == \($0)" },
    ]

    @Test(arguments: families) func aShapeMeansWhatItsTextsSay(texts: [String]) {
        for table in [SymbolTable.standard, .connectionTracking] {
            for prerequisites in [[], [Symbol.ip4], [.tcp, .ip4]] {
                var shapes = MatchShapes()
                for text in texts + texts.reversed() {
                    let expected = Result { () throws(LanguageError) in
                        try Self.read(text, table, prerequisites)
                    }
                    let found = Result { () throws(LanguageError) in
                        try shapes.condition(text, table: table, prerequisites: prerequisites)
                    }
                    #expect(found == expected, "\(text)")
                }
            }
        }
    }

    /// Random matches with random constants, each printed as it was and after others of its shape.
    @Test func randomMatchesMeanWhatTheySay() throws {
        var random = RandomMatch(generator: SeededGenerator(seed: 3))
        random.symbols = Symbol.allCases.filter {
            SymbolTable.standard.contains($0) && SymbolTable.standard[$0].isMatchable
        }
        var shapes = MatchShapes()
        for _ in 0..<3000 {
            let text = random.match(depth: 2).description
            #expect(try shapes.condition(text) == Self.read(text), "\(text)")
        }
    }

    @Test func oneTextOfAShapeIsReadAsAMatch() throws {
        var shapes = MatchShapes()
        for text in Self.families[0] { _ = try shapes.condition(text) }
        #expect(shapes.parsed == 1)
        for text in Self.families[2] { _ = try shapes.condition(text) }
        #expect(shapes.parsed == 2)
    }
}
