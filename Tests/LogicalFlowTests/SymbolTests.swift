import Testing

@testable import LogicalFlow

@Suite struct SymbolTests {
    @Test func everySymbolIsDefinedAndHasOneName() {
        var names = Set<String>()
        for symbol in Symbol.allCases {
            let definition = SymbolTable.connectionTracking[symbol]
            #expect(names.insert(definition.name).inserted)
            #expect(SymbolTable.connectionTracking.symbol(named: definition.name) == symbol)
            guard symbol != .ctProto else { continue }
            #expect(SymbolTable.standard.symbol(named: definition.name) == symbol)
        }
    }

    /// A predicate is nominal if and only if its expansion mentions a nominal symbol.
    @Test func predicateLevels() {
        for table in [SymbolTable.standard, .connectionTracking] {
            for symbol in Symbol.allCases where table.contains(symbol) {
                guard case .predicate(let match) = table[symbol].meaning else { continue }
                let isNominal = match.symbols.contains { table[$0].level == .nominal }
                #expect((table[symbol].level == .nominal) == isNominal, "\(symbol)")
                #expect(throws: Never.self) { try match.check(in: table) }
            }
        }
    }

    @Test func subfieldsLieWithinTheirField() {
        for symbol in Symbol.allCases where SymbolTable.standard.contains(symbol) {
            guard let storage = SymbolTable.standard[symbol].storage else { continue }
            #expect(storage.offset + storage.width <= storage.field.width)
        }
    }

    @Test func translatedTransport() throws {
        let match = try Match(parsing: "tcp.dst == 80", table: .connectionTracking)
        let condition = Condition(match, table: .connectionTracking).simplified()
        #expect(
            condition
                == .and([
                    .bits(BitTest(.ctTpDst, .equal, 80, mask: 0xffff)),
                    .bits(BitTest(.ctState, .equal, 0x20, mask: 0x30)),
                    .bits(BitTest(.ctProto, .equal, 6, mask: 0xff)),
                ]))
    }
}
