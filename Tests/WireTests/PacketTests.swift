import Testing

@testable import Wire

@Suite struct PacketTests {
    static let ethernet = EthernetHeader(
        destination: MACAddress(0x0a00_0000_0002), source: MACAddress(0x0a00_0000_0001))
    static let ipv4 = IPHeader.Addresses.v4(
        source: IPv4Address(0x0a00_0001), destination: IPv4Address(0x0a00_0002))
    static let ipv6 = IPHeader.Addresses.v6(
        source: IPv6Address(high: 0xfd00 << 48, low: 1),
        destination: IPv6Address(high: 0xfd00 << 48, low: 2))

    /// A sum over a packet that contains its own correct checksum is zero.
    static func hasCorrectChecksums(_ frame: [UInt8]) -> Bool {
        guard let layout = PacketLayout(frame) else { return false }
        let message = Array(frame[layout.transportOffset..<layout.networkEnd])
        var sum = InternetChecksum()
        switch layout.network {
        case .ipv4:
            let header = frame[layout.networkOffset..<layout.transportOffset]
            guard InternetChecksum.of(header) == 0 else { return false }
            if layout.transport != .icmp {
                sum.addPseudoHeader(
                    source: IPv4Address(frame.uint32(at: layout.networkOffset + 12)),
                    destination: IPv4Address(frame.uint32(at: layout.networkOffset + 16)),
                    proto: layout.ipProtocol, length: message.count)
            }
        case .ipv6:
            sum.addPseudoHeader(
                source: IPv6Address(frame.uint128(at: layout.networkOffset + 8)),
                destination: IPv6Address(frame.uint128(at: layout.networkOffset + 24)),
                proto: layout.ipProtocol, length: message.count)
        default: return true
        }
        if layout.transport == .udp, message.uint16(at: 6) == 0 { return true }
        sum.add(message)
        return sum.value == 0
    }

    static var samples: [[UInt8]] {
        [ipv4, ipv6].flatMap { addresses in
            [
                PacketBuilder.udp(ethernet, addresses, source: 1, destination: 2, [1, 2, 3]),
                PacketBuilder.tcp(
                    ethernet, addresses,
                    TCPSegment(source: 80, destination: 4000, sequence: 7, flags: TCPFlag.syn), [9]),
                PacketBuilder.echo(ethernet, addresses, identifier: 3, sequence: 4, [5, 6, 7]),
            ]
        }
    }

    static func answer(
        _ frame: [UInt8], _ build: ([UInt8], PacketLayout) -> [UInt8]?
    ) -> [UInt8]? {
        PacketLayout(frame).flatMap { build(frame, $0) }
    }

    @Test func builtPacketsHaveCorrectChecksumsAndLayouts() {
        for frame in Self.samples {
            #expect(Self.hasCorrectChecksums(frame))
            #expect(PacketLayout(frame)?.transport != nil)
        }
    }

    /// RFC 1071 §3 computes this example: the sum is ddf2 (before the complement).
    @Test func checksumOfTheExampleInRFC1071() {
        #expect(InternetChecksum.of([0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7] as [UInt8]) == ~0xddf2)
    }

    @Test func replacingBytesKeepsAChecksumCorrectAtEveryOffset() throws {
        for frame in Self.samples {
            let layout = try #require(PacketLayout(frame))
            let checksum = try #require(layout.transportChecksumOffset)
            for offset in layout.transportOffset..<frame.count - 3
            where !(checksum - 2...checksum + 1).contains(offset) {
                for width in 1...3 where offset + width <= checksum || offset > checksum + 1 {
                    var changed = frame
                    changed.replace(
                        at: offset, width: width, with: 0xabcdef, from: layout.transportOffset,
                        checksums: [checksum])
                    #expect(Self.hasCorrectChecksums(changed), "offset \(offset) width \(width)")
                }
            }
        }
    }

    @Test func arpReadsBack() throws {
        let message = ARPMessage(
            operation: ARPMessage.reply, sender: (MACAddress(1), IPv4Address(2)),
            target: (MACAddress(3), IPv4Address(4)))
        let frame = PacketBuilder.arp(Self.ethernet, message)
        #expect(frame.count == 42)
        #expect(ARPMessage(frame, try #require(PacketLayout(frame))) == message)
    }

    @Test func tagsAreReadAndKept() throws {
        var header = Self.ethernet
        header.tags = [VLANTag(tpid: EtherType.serviceVLAN, tci: 5), VLANTag(tci: 0x2007)]
        let frame = PacketBuilder.udp(header, Self.ipv4, source: 1, destination: 2, [])
        let layout = try #require(PacketLayout(frame))
        #expect(layout.tags == header.tags)
        #expect(layout.transport == .udp)
        #expect(EthernetHeader(of: frame, layout) == header)
    }

    @Test func ipv6ExtensionsLeadToTheTransportHeader() throws {
        var options: [UInt8] = [IPProtocol.routing, 0, 1, 4, 0, 0, 0, 0]
        options += [IPProtocol.udp, 0, 0, 0, 0, 0, 0, 0]
        let datagram: [UInt8] = [0, 53, 0, 54, 0, 8, 0, 0]
        let header = IPHeader(Self.ipv6, proto: IPProtocol.hopByHop, ttl: 64)
        let frame = Self.ethernet.frame(EtherType.ipv6, header.packet(options + datagram))
        let layout = try #require(PacketLayout(frame))
        #expect(layout.transport == .udp)
        #expect(layout.ipProtocol == IPProtocol.udp)
        #expect(layout.transportOffset == 14 + 40 + 16)
    }

    @Test func fragments() throws {
        for (field, expected): (UInt16, Fragment) in [
            (0x4000, .none), (0x2000, .first), (0x2001, .later), (0x0001, .later),
        ] {
            var frame = PacketBuilder.udp(Self.ethernet, Self.ipv4, source: 1, destination: 2, [])
            frame.store16(field, at: 14 + 6)
            let layout = try #require(PacketLayout(frame))
            #expect(layout.fragment == expected)
            #expect((layout.transport == .udp) == (expected != .later))
        }
    }

    /// RFC 792: the internet header and the first 64 bits at least are quoted.
    @Test func icmpErrorsQuoteThePacket() throws {
        let frame = PacketBuilder.udp(
            Self.ethernet, Self.ipv4, source: 1, destination: 2, [UInt8](repeating: 7, count: 1400))
        let error = try #require(Self.answer(frame) { ResponseBuilder.icmpError($0, $1) })
        #expect(error.count == 576)
        #expect(Self.hasCorrectChecksums(error))
        #expect(Array(error[14 + 20 + 8..<14 + 20 + 8 + 28]) == Array(frame[14..<42]))

        let long = PacketBuilder.udp(
            Self.ethernet, Self.ipv6, source: 1, destination: 2, [UInt8](repeating: 7, count: 1400))
        let tooLong = try #require(Self.answer(long) { ResponseBuilder.icmpv6Error($0, $1) })
        #expect(tooLong.count == 14 + 1280)
        #expect(Self.hasCorrectChecksums(tooLong))
    }

    @Test func resetAcknowledgesTheSegment() throws {
        let segment = TCPSegment(source: 80, destination: 4000, sequence: .max, flags: TCPFlag.syn)
        let frame = PacketBuilder.tcp(Self.ethernet, Self.ipv4, segment)
        let layout = try #require(PacketLayout(frame))
        let reset = try #require(ResponseBuilder.tcpReset(frame, layout))
        let start = try #require(PacketLayout(reset)).transportOffset
        #expect(reset.uint16(at: start) == 4000)
        #expect(reset.uint32(at: start + 8) == 0)
        #expect(reset.uint16(at: start + 12) & 0xfff == TCPFlag.reset | TCPFlag.ack)
        #expect(Self.hasCorrectChecksums(reset))
        #expect(Self.answer(reset, ResponseBuilder.tcpReset) == nil, "a reset is not answered")
    }

    @Test func solicitationsAndAdvertisements() throws {
        let target = IPv6Address(high: 0xfd00 << 48, low: 0x1234)
        let trigger = PacketBuilder.udp(Self.ethernet, Self.ipv6, source: 1, destination: 2, [])
        let question = ResponseBuilder.neighborSolicitation(
            trigger, try #require(PacketLayout(trigger)), target: target)
        let layout = try #require(PacketLayout(question))
        #expect(Self.hasCorrectChecksums(question))
        #expect(question.uint48(at: 0) == 0x3333_ff00_1234)
        let option = layout.neighborOption(1, in: question.span.bytes)
        #expect(question.uint48(at: try #require(option)) == Self.ethernet.source.bits)

        let answer = try #require(
            ResponseBuilder.neighborAdvertisement(question, layout, router: true))
        #expect(Self.hasCorrectChecksums(answer))
        let start = try #require(PacketLayout(answer)).transportOffset
        #expect(answer[start + 4] == 0xe0)
        let again = Self.answer(answer) {
            ResponseBuilder.neighborAdvertisement($0, $1, router: true)
        }
        #expect(again == nil)
    }

    @Test func geneveReadsBackAndRejectsWhatIsCutShort() throws {
        let header = GeneveHeader(vni: 0x123456, options: [.logical(ingress: 2, egress: 0x8001)])
        let bytes = header.encoded + [1, 2, 3]
        let decoded = try GeneveHeader.decode(bytes, at: 0)
        #expect(decoded.header == header)
        #expect(decoded.payload == bytes.count - 3)
        #expect(header.hasCriticalOptions)
        for length in 0..<decoded.payload {
            #expect(throws: GeneveHeader.DecodeError.self) {
                try GeneveHeader.decode(Array(bytes[..<length]), at: 0)
            }
        }
        #expect(throws: GeneveHeader.DecodeError.version(1)) {
            try GeneveHeader.decode([0x40] + bytes.dropFirst(), at: 0)
        }
    }

    @Test func sctpChecksumOfKnownBytes() {
        // CRC-32C of "123456789" is e3069283 (RFC 3720 gives the polynomial and its parameters).
        #expect(CRC32C.of(Array("123456789".utf8)) == 0xe306_9283)
    }
}

extension PacketTests {
    private static func sctp(tag: UInt32, chunk: [UInt8]) -> [UInt8] {
        var message: [UInt8] = [0, 80, 0, 90]
        message.append(UInt64(tag), width: 4)
        message += [0, 0, 0, 0] + chunk
        message.storeSCTPChecksum(start: 0, end: message.count)
        let header = IPHeader(ipv4, proto: IPProtocol.sctp, ttl: 64)
        return PacketBuilder.ip(ethernet, header, message)
    }

    /// RFC 9260 §8.4: an INIT is answered with its own initiate tag and T clear, anything else
    /// with the tag reflected and T set, an ABORT not at all.
    @Test func sctpAborts() throws {
        let initiation = Self.sctp(
            tag: 0, chunk: [1, 0, 0, 20, 0, 0, 0, 9] + [UInt8](repeating: 0, count: 12))
        let data = Self.sctp(tag: 7, chunk: [0, 0, 0, 8, 0, 0, 0, 1])
        for (frame, tag, reflected): ([UInt8], UInt32, UInt8) in [(initiation, 9, 0), (data, 7, 1)]
        {
            let abort = try #require(Self.answer(frame, ResponseBuilder.sctpAbort))
            let start = try #require(PacketLayout(abort)).transportOffset
            #expect(Array(abort[start..<start + 4]) == [0, 90, 0, 80])
            #expect(abort.uint32(at: start + 4) == tag)
            #expect(Array(abort[(start + 12)...]) == [6, reflected, 0, 4])
            #expect(Self.answer(abort, ResponseBuilder.sctpAbort) == nil)
            var again = abort
            again.storeSCTPChecksum(start: start, end: abort.count)
            #expect(again == abort)
        }
    }

    @Test func refusalsGoBackToTheSender() throws {
        for frame in Self.samples {
            let layout = try #require(PacketLayout(frame))
            let answer = try #require(ResponseBuilder.reject(frame, layout))
            let back = try #require(PacketLayout(answer))
            #expect(Self.hasCorrectChecksums(answer))
            #expect(answer.uint48(at: 0) == frame.uint48(at: 6))
            let (offset, width) = layout.network == .ipv4 ? (12, 4) : (8, 16)
            let source = layout.networkOffset + offset
            #expect(
                answer[source..<source + width] == frame[source + width..<source + 2 * width])
            #expect((back.transport == .tcp) == (layout.transport == .tcp))
            if layout.transport == .udp {
                let type: UInt8 = layout.network == .ipv4 ? 3 : 1
                let code: UInt8 = layout.network == .ipv4 ? 3 : 4
                #expect(
                    Array(answer[back.transportOffset..<back.transportOffset + 2]) == [type, code])
            }
            #expect(Self.answer(answer, ResponseBuilder.reject) == nil, "no answer to a refusal")
        }
    }
}
