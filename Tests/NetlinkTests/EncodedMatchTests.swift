import CLinux
import Datapath
import Testing

@testable import Netlink

/// A mask that was encoded for one packet serves those that have the same headers.
@Suite struct EncodedMatchTests {
    private static let rounds: UInt64 = 4000

    /// Another packet that differs in some words.
    private func variant(_ key: FlowKey, _ generator: inout SeededGenerator) -> FlowKey {
        var other = key
        let donor = generator.key()
        for word in FlowKey.firstKernelWord..<FlowKey.wordCount
        where generator.next() % 8 == 0 { other.words[word] = donor.words[word] }
        return other
    }

    @Test func whatFitsIsTheSameForm() throws {
        var (fitting, others) = (0, 0)
        for seed in 0..<Self.rounds {
            var generator = SeededGenerator(seed: seed)
            let key = generator.key()
            let mask = generator.mask().widened(for: key)
            let other = variant(key, &generator)
            let form = try EncodedMask(mask, for: key)
            guard form.fits(other) else {
                others += 1
                continue
            }
            fitting += 1
            #expect(try EncodedMask(mask, for: other) == form, "seed \(seed)")
        }
        #expect(fitting > 100 && others > 100)
    }

    /// A mask that one packet's flow has may serve another one: if it has the same shape with both, the
    /// kernel takes it for both, and as the same mask.
    @Test func aMaskOfTheSameShapeIsTheSameMask() {
        var (same, others) = (0, 0)
        for seed in 0..<Self.rounds {
            var generator = SeededGenerator(seed: seed)
            let key = generator.key()
            let mask = generator.mask().widened(for: key)
            let other = variant(key, &generator)
            guard HeaderShape(key, under: mask) == HeaderShape(other, under: mask) else {
                others += 1
                continue
            }
            same += 1
            #expect(mask.widened(for: other) == mask, "seed \(seed)")
        }
        #expect(same > 100 && others > 100)
    }

    /// What the book of flows says a flow of a packet from a tunnel compares, the kernel compares, whether
    /// or not something was read of the tunnel: else the flow of another tunnel would be taken for it.
    @Test func theBookKnowsThatTheTunnelIsCompared() {
        for family in [TunnelFamily.ipv4, TunnelFamily.ipv6] {
            var key = FlowKey()
            key[.inputPort] = 9
            key[.recirculationID] = 4
            key[.ethernetType] = 0x800
            key[.tunnelFamily] = family
            key[wide: .tunnelDestination] = 0xc000_0201
            let mask = FlowMask(exact: [.ctState]).widened(for: key)
            for field in [KeyField.tunnelFamily, .tunnelDestination] {
                #expect(mask[wide: field] != 0, "\(field)")
                #expect(KernelMatch(key: key, mask: mask).mask[wide: field] != 0, "\(field)")
            }
        }
    }

    @Test func otherHeadersDoNotFit() throws {
        var key = FlowKey()
        key[.ethernetType] = 0x86dd
        key[.ipProtocol] = 58
        key[.icmpType] = 135
        key[.tunnelFamily] = TunnelFamily.ipv4
        let form = try EncodedMask(FlowMask(exact: [.ctState, .ndTarget]), for: key)
        #expect(form.fits(key))
        for (field, value) in [
            (.icmpType, 128), (.ipProtocol, 6), (.tunnelFamily, TunnelFamily.ipv6),
            (.vlanTCI, 0x1001), (.ethernetType, 0x800),
        ] as [(KeyField, UInt64)] {
            var other = key
            other[field] = value
            #expect(!form.fits(other), "\(field)")
        }
        key[.icmpType] = 128
        key[.ctProtocol] = 58
        let tuple = try EncodedMask(FlowMask(exact: [.ctProtocol]), for: key)
        key[.ctProtocol] = 0
        #expect(!tuple.fits(key), "a packet without a tuple")
    }

    /// Headers that the mask doesn't look at are no reason for another form.
    @Test func headersThatAreNotComparedDoNotMatter() throws {
        var key = FlowKey()
        key[.ethernetType] = 0x800
        key[.ipProtocol] = 6
        let form = try EncodedMask(FlowMask(exact: [.ipv4Source]), for: key)
        key[.ipProtocol] = 17
        #expect(form.fits(key))
        let ports = try EncodedMask(FlowMask(exact: [.sourcePort]), for: key)
        key[.ipProtocol] = 6
        #expect(!ports.fits(key))
    }

    /// The kernel gets the same match as from key and mask by themselves, also with the form that was made
    /// for another packet.
    @Test func aPutWithTheKernelsKeyIsTheSameMatch() throws {
        let bench = MessageBench()
        let decoder = FlowDecoder()
        for seed in 0..<Self.rounds {
            var generator = SeededGenerator(seed: seed)
            let first = generator.key()
            let mask = generator.mask().widened(for: first)
            let other = variant(first, &generator)
            let form = try EncodedMask(mask, for: first)
            var put = FlowPut(
                id: FlowID(high: 1, low: seed), key: form.fits(other) ? other : first, mask: mask,
                actions: .drop)
            let whole = FlowPut(
                id: put.id, key: put.key, mask: FlowMask(exact: KeyField.allCases), actions: .drop)
            let kernelKey = withOnlyMessage(bench.encode(.put(whole)) ?? []) { message in
                message.attributes(behind: 8).first(Int(OVS_FLOW_ATTR_KEY.rawValue))?.bytes
            }
            let plain = withOnlyMessage(bench.encode(.put(put)) ?? []) { decoder.decode($0) }
            put.encoded = EncodedMatch(key: kernelKey ?? [], mask: form)
            let record = withOnlyMessage(bench.encode(.put(put)) ?? []) { decoder.decode($0) }
            let match = try #require(plain?.match)
            guard record?.match == match else {
                Issue.record("seed \(seed): \(match.differences(from: record?.match))")
                return
            }
        }
    }
}
