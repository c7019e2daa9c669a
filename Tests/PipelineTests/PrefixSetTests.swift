import LogicalFlow
import Testing

@testable import Pipeline

@Suite struct PrefixSetTests {
    /// On a width small enough to try everything: membership is right, the decisive bits are a proof, and
    /// for prefixes no shorter prefix would be.
    @Test func membershipAndDecisiveBits() {
        var generator = SeededGenerator(seed: 31)
        for round in 0..<300 {
            let onlyPrefixes = round % 2 == 0
            let members = (0..<generator.number(0..<6)).map { _ in
                member(&generator, onlyPrefixes)
            }
            let set = PrefixSet(members, width: 6)
            let truth = (UInt128(0)..<64).map { value in
                members.contains { ($0.value ^ value) & ($0.mask ?? 63) == 0 }
            }
            for value in UInt128(0)..<64 {
                var decisive: UInt128 = 0
                let answer = set.contains(value, decisive: &decisive)
                #expect(answer == truth[Int(value)])
                #expect(isProof(decisive, value, answer, truth))
                guard onlyPrefixes, decisive != 0 else { continue }
                let shorter = decisive & (decisive << 1)
                #expect(!isProof(shorter, value, answer, truth))
            }
        }
    }

    private func member(_ generator: inout SeededGenerator, _ isPrefix: Bool) -> Number {
        let value = UInt128(generator.number(0..<64))
        let prefix = UInt128(63) << UInt128(generator.number(0..<6)) & 63
        let mask = isPrefix ? prefix : UInt128(generator.number(1..<64))
        return Number(value, mask: mask, format: .hexadecimal)
    }

    /// After any edit the ranges are those of a set made from the members, unless `edited` declines.
    @Test(arguments: [6, 100]) func anEditIsASetFromTheMembers(width: Int) {
        var generator = SeededGenerator(seed: UInt64(width))
        var declined = 0
        for _ in 0..<3000 {
            let (old, added, removed) = edit(&generator)
            var members = AddressMembers(old)
            for number in removed { _ = members.remove(number) }
            for number in added { _ = members.insert(number) }
            let edited = PrefixSet(old, width: width)
                .edited(adding: added, removing: removed, members: members)
            guard let edited else {
                declined += 1
                continue
            }
            let fresh = PrefixSet(members.numbers, width: width)
            #expect(edited.narrow == fresh.narrow && edited.wide == fresh.wide)
        }
        #expect(declined < 2500)
    }

    private func edit(
        _ generator: inout SeededGenerator
    ) -> (old: Set<Number>, added: [Number], removed: [Number]) {
        let formats = Number.Format.allCases
        let pool = Set(
            (0..<generator.number(1..<12)).map { _ in
                let isHost = generator.number(0..<3) > 0
                let format = formats[generator.number(0..<formats.count)]
                let member = member(&generator, true)
                return Number(member.value, mask: isHost ? nil : member.mask, format: format)
            })
        var old: Set<Number> = []
        var added: [Number] = []
        var removed: [Number] = []
        for number in pool.sorted(by: { "\($0)" < "\($1)" }) {
            switch generator.number(0..<4) {
            case 0: added.append(number)
            case 1:
                old.insert(number)
                removed.append(number)
            default: old.insert(number)
            }
        }
        return (old, added, removed)
    }

    private func isProof(
        _ bits: UInt128, _ value: UInt128, _ answer: Bool, _ truth: [Bool]
    ) -> Bool {
        (UInt128(0)..<64).allSatisfy { (($0 ^ value) & bits != 0) || truth[Int($0)] == answer }
    }

    @Test func widestAddresses() {
        let set = PrefixSet(
            [
                Number(.max, format: .ip6), Number(0, mask: .max << 127, format: .ip6),
                Number(5, format: .decimal),
            ], width: 128)
        var decisive: UInt128 = 0
        #expect(set.contains(.max, decisive: &decisive))
        #expect(decisive == .max)
        decisive = 0
        #expect(set.contains(7, decisive: &decisive))
        #expect(decisive == 1 << 127)
        let everything = PrefixSet([Number(0, mask: 0, format: .ip4)], width: 32)
        decisive = 0
        #expect(everything.contains(77, decisive: &decisive))
        #expect(decisive == 0)
        #expect(PrefixSet([Number(1 << 40, format: .decimal)], width: 32).storedCount == 0)
    }
}
