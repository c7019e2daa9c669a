import Testing

@testable import Datapath

@Suite struct FlowKeyTests {
    /// Writing one field changes no other.
    @Test func fieldsShareNoBit() {
        var owner: [[KeyField?]] = Array(
            repeating: Array(repeating: nil, count: 64), count: FlowKey.wordCount)
        for field in KeyField.allCases {
            let position = field.position
            let bits = position.width == 128 ? 0..<128 : 0..<Int(position.width)
            for bit in bits {
                let word = Int(position.word) + bit / 64
                let place = Int(position.shift) + bit % 64
                #expect(owner[word][place] == nil, "\(field) meets another field")
                owner[word][place] = field
            }
        }
    }

    @Test func fieldsReadBackCutToTheirWidth() {
        for field in KeyField.allCases {
            var key = FlowKey()
            key[wide: field] = .max
            let width = field.position.width
            #expect(key[wide: field] == (width == 128 ? .max : (UInt128(1) << UInt128(width)) - 1))
            let bits = key.words.reduce(0) { $0 + $1.nonzeroBitCount }
            #expect(bits == Int(width))
            #expect(FlowMask(exact: [field]).words == key.words)
        }
    }

    @Test func registersArePartsOfTheWideOnes() {
        var key = FlowKey()
        for number in 0...9 { key[FieldPosition.register(number)] = UInt64(number + 1) }
        let first: UInt128 = 1 << 96 | 2 << 64 | 3 << 32 | 4
        let second: UInt128 = 5 << 96 | 6 << 64 | 7 << 32 | 8
        #expect(key[wide: .xxreg0] == first)
        #expect(key[wide: .xxreg1] == second)
        #expect(key[.xreg4] == 9 << 32 | 10)
        #expect(KeyField.xxreg0.position.bits(96...127) == .register(0))
        #expect(KeyField.xxreg0.position.bits(0...31) == .register(3))
    }

    @Test func scratchAndValueAgree() {
        let scratch = FlowScratch(count: 2)
        scratch[1][.ipv4Source] = 0x0a00_0001
        scratch[1][wide: .ipv6Source] = 1 << 100
        let key = FlowKey(copying: scratch[1])
        #expect(key[.ipv4Source] == 0x0a00_0001)
        #expect(key[wide: .ipv6Source] == 1 << 100)
        scratch[0].copy(from: key)
        #expect(FlowKey(copying: scratch[0]) == key)
        #expect(key.masked(by: FlowMask(exact: [.ipv4Source]))[wide: .ipv6Source] == 0)
    }

    @Test func supersetsOfMasks() {
        let narrow = FlowMask(exact: [.ipv4Source])
        let wide = FlowMask(exact: [.ipv4Source, .ipProtocol])
        #expect(wide.isSuperset(of: narrow))
        #expect(!narrow.isSuperset(of: wide))
    }
}
