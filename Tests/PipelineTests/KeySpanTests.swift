import Datapath
import LogicalFlow
import Testing

@testable import Pipeline

@Suite struct KeySpanTests {
    @Test func everyMatchableFieldHasItsWidth() {
        for symbol in Symbol.allCases where SymbolTable.standard.contains(symbol) {
            let definition = SymbolTable.standard[symbol]
            guard let storage = definition.storage, definition.isMatchable else { continue }
            let span = KeySpan(storage)
            #expect(span.map { Int($0.width) } == definition.width ?? 32, "\(definition.name)")
        }
    }

    @Test func fieldsThatCanMeetDoNotOverlap() {
        let scratch = FlowScratch(count: 1)
        let apart: [Field] = [
            .inport, .outport, .xxreg0, .xxreg1, .xreg4, .flags, .ctState, .ctMark, .ctLabel,
            .ctProto, .ctTpSrc, .ctTpDst, .ethSrc, .ethDst, .ethType, .vlanTCI, .ipProto, .ipDSCP,
            .ipECN, .ipTTL, .ipFrag, .ip4Src, .ip4Dst, .ip6Src, .ip6Dst, .ip6Label, .icmp4Type,
            .icmp4Code, .arpOp, .arpSPA, .arpTPA, .arpSHA, .arpTHA, .ndTarget, .ndSLL, .ndTLL,
            .tcpSrc, .tcpDst, .tcpFlags, .pktMark,
        ]
        for field in apart {
            guard let span = KeySpan(field) else { continue }
            #expect(scratch[0][span] == 0, "\(field)")
            scratch[0].setExact(span)
            #expect(scratch[0][span] == field.fullMask, "\(field)")
        }
    }

    @Test func registersAreParts() throws {
        let scratch = FlowScratch(count: 1)
        let key = scratch[0]
        for number in 0...9 {
            let symbol = try #require(SymbolTable.standard.symbol(named: "reg\(number)"))
            let span = try #require(KeySpan(FieldRange(symbol)))
            key[span] = UInt128(number + 1)
            #expect(key[FieldPosition.register(number)] == UInt64(number + 1))
        }
        let pair = try #require(KeySpan(Symbol.xxreg0[32...95]))
        #expect(key[pair] == UInt128(2) << 32 | 3)
        key[pair] = UInt128(0xaaaa_bbbb) << 32 | 0xcccc_dddd
        #expect(key[.register(0)] == 1)
        #expect(key[.register(1)] == 0xaaaa_bbbb)
        #expect(key[.register(2)] == 0xcccc_dddd)
        #expect(key[.register(3)] == 4)
    }
}
