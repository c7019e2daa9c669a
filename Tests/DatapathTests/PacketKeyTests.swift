import Testing
import Wire

@testable import Datapath

@Suite struct PacketKeyTests {
    @Test func keysOfKnownFrames() {
        let text = FlowText()
        let mask = FlowMask(exact: KeyField.allCases.filter { $0.position.word >= 26 })
        let lines = Frames.all.map { frame in
            let key = FlowKey(of: frame)
            return text.key(key, mask: mask.widened(for: key))
                .replacing("recirc_id(0),in_port(0),", with: "")
        }
        #expect(
            lines == [
                "eth(src=0a:00:00:00:00:01,dst=0a:00:00:00:00:02),eth_type(0x0800),"
                    + "ipv4(src=10.0.0.1,dst=10.0.0.2,proto=17,tos=0,ttl=64,frag=no),"
                    + "udp(src=1000,dst=53)",
                "eth(src=0a:00:00:00:00:01,dst=0a:00:00:00:00:02),eth_type(0x0800),"
                    + "ipv4(src=10.0.0.1,dst=10.0.0.2,proto=6,tos=0,ttl=64,frag=no),"
                    + "tcp(src=4000,dst=80),tcp_flags(syn)",
                "eth(src=0a:00:00:00:00:01,dst=0a:00:00:00:00:02),eth_type(0x0800),"
                    + "ipv4(src=10.0.0.1,dst=10.0.0.2,proto=1,tos=0,ttl=64,frag=no),"
                    + "icmp(type=8,code=0)",
                "eth(src=0a:00:00:00:00:01,dst=0a:00:00:00:00:02),eth_type(0x86dd),"
                    + "ipv6(src=fd00::1,dst=fd00::2,label=0,proto=58,tclass=0,hlimit=64,frag=no),"
                    + "icmpv6(type=128,code=0)",
                "eth(src=0a:00:00:00:00:01,dst=0a:00:00:00:00:02),eth_type(0x86dd),"
                    + "ipv6(src=fd00::1,dst=fd00::2,label=0,proto=17,tclass=0,hlimit=64,frag=no),"
                    + "udp(src=1000,dst=53)",
                "eth(src=0a:00:00:00:00:01,dst=0a:00:00:00:00:02),eth_type(0x0806),"
                    + "arp(sip=10.0.0.1,tip=10.0.0.2,op=1/0xff,sha=0a:00:00:00:00:01,"
                    + "tha=00:00:00:00:00:00)",
                "eth(src=0a:00:00:00:00:01,dst=0a:00:00:00:00:02),eth_type(0x86dd),"
                    + "ipv6(src=fd00::1,dst=ff02::1:ff00:2,label=0,proto=58,tclass=0,hlimit=255,"
                    + "frag=no),icmpv6(type=135,code=0),nd(target=fd00::2,sll=0a:00:00:00:00:01,"
                    + "tll=00:00:00:00:00:00)",
                "eth(src=0a:00:00:00:00:01,dst=0a:00:00:00:00:02),eth_type(0x86dd),"
                    + "ipv6(src=fd00::1,dst=fd00::2,label=0,proto=58,tclass=0,hlimit=255,frag=no),"
                    + "icmpv6(type=136,code=0),nd(target=fd00::1,sll=00:00:00:00:00:00,"
                    + "tll=0a:00:00:00:00:01)",
                "eth(src=0a:00:00:00:00:01,dst=0a:00:00:00:00:02),eth_type(0x8100),"
                    + "vlan(vid=10,pcp=3),encap(eth_type(0x0800),"
                    + "ipv4(src=10.0.0.1,dst=10.0.0.2,proto=6,tos=0,ttl=64,frag=no),"
                    + "tcp(src=4000,dst=80),tcp_flags(ack))",
            ])
    }

    /// RFC 4861 §4.6 allows options to repeat; the kernel then takes none of them.
    @Test func aLinkOptionThatIsThereTwiceCountsAsNone() {
        var frame = Frames.solicitation
        frame += frame.suffix(8)
        frame.store16(frame.uint16(at: 18) + 8, at: 18)
        let key = FlowKey(of: frame)
        #expect(key[.icmpType] == 135)
        #expect(key[wide: .ndTarget] == 0)
        #expect(key[.ndSourceLink] == 0)
    }

    @Test func arpOperationsBeyondEightBitsAreZero() {
        var frame = Frames.arp
        frame.store16(0x101, at: 20)
        #expect(FlowKey(of: frame)[.arpOperation] == 0)
    }

    @Test func laterFragmentsHaveNoPorts() {
        var frame = Frames.udp
        frame.store16(1, at: 20)
        let key = FlowKey(of: frame)
        #expect(key[.ipFragment] == 3)
        #expect(key[.sourcePort] == 0)
        #expect(key[.ipProtocol] == 17)
    }

    /// Garbage gives a key and never a trap: every prefix and many mutations of every frame.
    @Test func everyByteStringHasAKey() {
        var random = SeededGenerator(seed: 1)
        for frame in Frames.all {
            for length in 0...frame.count { _ = FlowKey(of: Array(frame[..<length])) }
            for _ in 0..<300 {
                var mutated = frame
                for _ in 0...Int.random(in: 0..<6, using: &random) {
                    mutated[Int.random(in: 0..<frame.count, using: &random)] = UInt8.random(
                        in: 0...255, using: &random)
                }
                mutated.removeLast(Int.random(in: 0..<20, using: &random))
                _ = FlowKey(of: mutated)
                exerciseRewriter(mutated)
            }
        }
    }

    private func exerciseRewriter(_ frame: [UInt8]) {
        guard var rewriter = PacketRewriter(frame) else { return }
        for field in KeyField.allCases { rewriter.set(field, to: 0x5a5a_5a5a) }
        rewriter.popTag()
        rewriter.pushTag(VLANTag(tci: 7))
    }

    /// Setting a field changes that field of the key to the value and no other, and keeps
    /// checksums correct.
    @Test func rewritingAFieldIsReadBack() throws {
        let mask: UInt128 = 0x5a5a_5a5a_5a5a_5a5a_5a5a_5a5a_5a5a_5a5a
        for frame in Frames.all {
            for field in KeyField.allCases {
                var rewriter = try #require(PacketRewriter(frame))
                var expected = FlowKey(of: frame)
                let old = expected[wide: field]
                guard rewriter.set(field, to: .max, mask: mask) else { continue }
                // The tag's own bit stays, and a larger ARP operation reads as zero.
                expected[wide: field] =
                    field == .vlanTCI ? old & 0x1000 | (old | mask) & 0xefff : old | mask
                if field == .arpOperation { expected[field] = 0 }
                // Another type or code is no neighbour discovery any more.
                if field == .icmpType || field == .icmpCode { continue }
                #expect(FlowKey(of: rewriter.frame) == expected, "\(field)")
                #expect(checksumsHold(rewriter.frame), "\(field)")
            }
        }
    }

    private func checksumsHold(_ frame: [UInt8]) -> Bool {
        guard let layout = PacketLayout(frame) else { return false }
        guard layout.network == .ipv4 else { return true }
        return InternetChecksum.of(frame[layout.networkOffset..<layout.transportOffset]) == 0
    }

    @Test func tagsComeAndGo() throws {
        var rewriter = try #require(PacketRewriter(Frames.tcp))
        rewriter.pushTag(VLANTag(tci: 0x100a))
        #expect(FlowKey(of: rewriter.frame)[.vlanTCI] == 0x100a)
        rewriter.set(.vlanTCI, to: 0x6005)
        #expect(FlowKey(of: rewriter.frame)[.vlanTCI] == 0x7005)
        rewriter.popTag()
        #expect(rewriter.frame == Frames.tcp)
    }
}
