// ICMP and ICMPv6 errors: to which packets one may be made, how much it quotes, and what of it is
// changed afterwards. The rules are RFC 1122 §3.2.2, RFC 1812 §4.3.2.7 and RFC 4443 §2.4 e: no error
// about an error, about a later fragment, about what many stations got, or to an address that is
// not one station's; without them two hosts could keep each other busy, or one packet make many.

package enum ICMPError {
    /// True for the ICMP messages that report a problem with another packet (RFC 792).
    package static func isError(type: UInt8) -> Bool {
        switch type {
        case ICMPType.unreachable, ICMPType.sourceQuench, ICMPType.redirect,
            ICMPType.timeExceeded, ICMPType.parameterProblem:
            true
        default: false
        }
    }

    /// True for ICMPv6 errors, which have the upper half of the types free (RFC 4443 §2.1), and for
    /// redirects.
    package static func isError(type6: UInt8) -> Bool {
        type6 < 128 || type6 == ICMPv6Type.redirect
    }

    /// Whether a packet may be answered with an error.
    ///
    /// - Parameter toGroup: true for the errors that a multicast packet may have, too big and
    ///   parameter problem of IPv6 (RFC 4443 §2.4 e.3).
    package static func mayAnswer(
        _ frame: [UInt8], _ layout: PacketLayout, toGroup: Bool = false
    ) -> Bool {
        guard layout.fragment != .later,
            toGroup || !MACAddress(frame.uint48(at: 0)).isMulticast
        else { return false }
        switch layout.network {
        case .ipv4: return mayAnswerIPv4(frame, layout)
        case .ipv6: return mayAnswerIPv6(frame, layout, toGroup: toGroup)
        case .arp, nil: return false
        }
    }

    private static func mayAnswerIPv4(_ frame: [UInt8], _ layout: PacketLayout) -> Bool {
        let source = IPv4Address(frame.uint32(at: layout.networkOffset + 12))
        let destination = IPv4Address(frame.uint32(at: layout.networkOffset + 16))
        // 0/8, 127/8, and 224/4 up to the broadcast address.
        guard source.bits >> 24 != 0, !source.isLoopback, source.bits >> 28 < 0xe,
            destination.bits >> 28 < 0xe
        else { return false }
        return layout.transport != .icmp || !isError(type: frame[layout.transportOffset])
    }

    private static func mayAnswerIPv6(
        _ frame: [UInt8], _ layout: PacketLayout, toGroup: Bool
    ) -> Bool {
        let source = IPv6Address(frame.uint128(at: layout.networkOffset + 8))
        let destination = IPv6Address(frame.uint128(at: layout.networkOffset + 24))
        guard source != .zero, !source.isMulticast, !source.isLoopback,
            toGroup || !destination.isMulticast
        else { return false }
        return layout.transport != .icmpv6 || !isError(type6: frame[layout.transportOffset])
    }

    // MARK: - Changes

    /// Writes the next hop's MTU (RFC 1191 §4: the low half of the second word; RFC 4443 §3.2: all
    /// of it). The message's checksum stays correct.
    package static func setMTU(_ size: UInt32, in frame: inout [UInt8], _ layout: PacketLayout) {
        let start = layout.transportOffset
        let value = layout.transport == .icmp ? size & 0xffff : size
        frame.replace(
            at: start + 4, width: 4, with: UInt128(value), from: start, checksums: [start + 2])
    }

    /// Writes the source address of the IPv4 packet that an ICMP error quotes, and carries it over
    /// to that packet's header checksum; the sum of the error stays the same by that. Of its
    /// transport checksum, which covers the address too, only a UDP or TCP header that is quoted
    /// that far is corrected (RFC 5508 §4.2).
    package static func setQuotedSource(
        _ address: IPv4Address, in frame: inout [UInt8], _ layout: PacketLayout
    ) {
        guard layout.transport == .icmp, isError(type: frame[layout.transportOffset]) else {
            return
        }
        let error = layout.transportOffset
        let quoted = error + HeaderLength.icmp
        let length = layout.networkEnd - quoted
        guard length >= HeaderLength.ipv4, frame[quoted] >> 4 == 4 else { return }
        var checksums = [quoted + 10]
        if let transport = quotedChecksum(frame, quoted, end: layout.networkEnd) {
            checksums.append(transport)
        }
        frame.replace(
            at: quoted + 12, width: 4, with: UInt128(address.bits), from: quoted,
            checksums: checksums)
        frame.store16(0, at: error + 2)
        frame.store16(InternetChecksum.of(frame[error..<layout.networkEnd]), at: error + 2)
    }

    private static func quotedChecksum(_ frame: [UInt8], _ start: Int, end: Int) -> Int? {
        let transport = start + Int(frame[start] & 15) * 4
        guard frame.uint16(at: start + 6) & 0x1fff == 0 else { return nil }
        let offset: Int
        switch frame[start + 9] {
        case IPProtocol.udp: offset = transport + 6
        case IPProtocol.tcp: offset = transport + 16
        default: return nil
        }
        guard offset >= start + HeaderLength.ipv4, offset + 2 <= end else { return nil }
        // A UDP datagram without a checksum keeps none.
        return frame[start + 9] == IPProtocol.udp && frame.uint16(at: offset) == 0 ? nil : offset
    }
}
