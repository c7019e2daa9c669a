import Testing

@testable import Wire

/// What may be answered (RFC 1122 §3.2.2, RFC 4443 §2.4 e), and how the answers look.
@Suite struct ICMPErrorTests {
    private static func udp(
        from source: String = "10.0.0.1", to destination: String = "10.0.0.2",
        ethernet: EthernetHeader = PacketTests.ethernet
    ) -> [UInt8] {
        PacketBuilder.udp(
            ethernet,
            .v4(
                source: IPv4Address(parsing: source) ?? .zero,
                destination: IPv4Address(parsing: destination) ?? .zero),
            source: 1000, destination: 2000, [1, 2, 3, 4])
    }

    private static func udp6(from source: String, to destination: String) -> [UInt8] {
        PacketBuilder.udp(
            PacketTests.ethernet,
            .v6(
                source: IPv6Address(parsing: source) ?? .zero,
                destination: IPv6Address(parsing: destination) ?? .zero),
            source: 1000, destination: 2000, [1])
    }

    @Test func whatHasNoSingleSenderOrReceiverIsNotAnswered() throws {
        for (source, destination, isAnswered) in [
            ("10.0.0.1", "10.0.0.2", true), ("0.0.0.0", "10.0.0.2", false),
            ("224.0.0.1", "10.0.0.2", false), ("255.255.255.255", "10.0.0.2", false),
            ("127.0.0.1", "10.0.0.2", false), ("10.0.0.1", "224.0.0.5", false),
            ("10.0.0.1", "255.255.255.255", false),
        ] {
            let frame = Self.udp(from: source, to: destination)
            let answer = PacketTests.answer(frame) { ResponseBuilder.icmpError($0, $1) }
            #expect((answer != nil) == isAnswered, "\(source) to \(destination)")
        }
        var ethernet = PacketTests.ethernet
        ethernet.destination = .broadcast
        let broadcast = Self.udp(ethernet: ethernet)
        #expect(PacketTests.answer(broadcast) { ResponseBuilder.icmpError($0, $1) } == nil)
        #expect(PacketTests.answer(broadcast, ResponseBuilder.reject) == nil)
        for (source, destination, isAnswered) in [
            ("fd00::1", "fd00::2", true), ("::", "fd00::2", false), ("ff02::1", "fd00::2", false),
        ] {
            let frame = Self.udp6(from: source, to: destination)
            let answer = PacketTests.answer(frame) { ResponseBuilder.icmpv6Error($0, $1) }
            #expect((answer != nil) == isAnswered, "\(source) to \(destination)")
        }
        // Too big may be said about a packet to a group (RFC 4443 §2.4 e.3), refusal not.
        let group = Self.udp6(from: "fd00::1", to: "ff05::5")
        #expect(PacketTests.answer(group) { ResponseBuilder.icmpv6Error($0, $1) } != nil)
        #expect(PacketTests.answer(group, ResponseBuilder.reject) == nil)
    }

    @Test func errorsAndLaterFragmentsAreNotAnswered() throws {
        let first = try #require(
            PacketTests.answer(Self.udp()) { ResponseBuilder.icmpError($0, $1) })
        #expect(PacketTests.answer(first) { ResponseBuilder.icmpError($0, $1) } == nil)
        let echo = PacketBuilder.echo(
            PacketTests.ethernet, PacketTests.ipv4, identifier: 1, sequence: 1)
        #expect(PacketTests.answer(echo) { ResponseBuilder.icmpError($0, $1) } != nil)
        var fragment = Self.udp()
        fragment.store16(0x0001, at: 14 + 6)
        #expect(PacketTests.answer(fragment) { ResponseBuilder.icmpError($0, $1) } == nil)
    }

    @Test func theSizeOfTheNextHopIsTold() throws {
        for frame in PacketTests.samples {
            let isIPv4 = try #require(PacketLayout(frame)).network == .ipv4
            var error = try #require(
                PacketTests.answer(frame) {
                    isIPv4
                        ? ResponseBuilder.icmpError($0, $1) : ResponseBuilder.icmpv6Error($0, $1)
                })
            let layout = try #require(PacketLayout(error))
            ICMPError.setMTU(1400, in: &error, layout)
            #expect(error.uint32(at: layout.transportOffset + 4) == 1400)
            #expect(PacketTests.hasCorrectChecksums(error))
        }
    }

    @Test func theQuotedSourceIsTranslated() throws {
        for sample in PacketTests.samples {
            guard PacketLayout(sample)?.network == .ipv4,
                let original = PacketTests.answer(sample, { ResponseBuilder.icmpError($0, $1) })
            else { continue }
            var error = original
            let layout = try #require(PacketLayout(error))
            ICMPError.setQuotedSource(IPv4Address(0xc0a8_0105), in: &error, layout)
            #expect(PacketTests.hasCorrectChecksums(error))
            let quoted = error[0..<14] + error[(layout.transportOffset + 8)...]
            #expect(Array(quoted).uint32(at: 14 + 12) == 0xc0a8_0105)
            #expect(PacketTests.hasCorrectChecksums(Array(quoted)), "the quoted packet is whole")
        }
        let echo = PacketBuilder.echo(
            PacketTests.ethernet, PacketTests.ipv4, identifier: 1, sequence: 1)
        var same = echo
        ICMPError.setQuotedSource(.zero, in: &same, try #require(PacketLayout(echo)))
        #expect(same == echo, "no error, no change")
    }

    @Test func noPrefixOfAnErrorTraps() throws {
        let error = try #require(
            PacketTests.answer(Self.udp()) { ResponseBuilder.icmpError($0, $1) })
        for length in 0..<error.count {
            var cut = Array(error[..<length])
            guard let layout = PacketLayout(cut) else { continue }
            ICMPError.setQuotedSource(IPv4Address(1), in: &cut, layout)
            _ = ResponseBuilder.reject(cut, layout)
            _ = ResponseBuilder.icmpError(cut, layout)
        }
    }

    /// RFC 9293 §3.10.7.1: a segment with ACK is answered in its sequence, any other by
    /// acknowledging its data and its SYN and FIN.
    @Test func resetsAreInSequence() throws {
        func reset(_ flags: UInt16, _ payload: [UInt8]) throws -> (UInt32, UInt32, UInt16) {
            let frame = PacketBuilder.tcp(
                PacketTests.ethernet, PacketTests.ipv4,
                TCPSegment(
                    source: 1, destination: 2, sequence: 100, acknowledgment: 7000, flags: flags),
                payload)
            let made = try #require(PacketTests.answer(frame, ResponseBuilder.tcpReset))
            #expect(PacketTests.hasCorrectChecksums(made))
            let start = try #require(PacketLayout(made)).transportOffset
            return (
                made.uint32(at: start + 4), made.uint32(at: start + 8),
                made.uint16(at: start + 12) & 0xfff
            )
        }
        #expect(try reset(TCPFlag.ack, [1, 2]) == (7000, 0, TCPFlag.reset))
        #expect(
            try reset(TCPFlag.syn, []) == (0, 101, TCPFlag.reset | TCPFlag.ack))
        #expect(
            try reset(TCPFlag.syn | TCPFlag.fin, [1, 2])
                == (0, 104, TCPFlag.reset | TCPFlag.ack))
    }
}
