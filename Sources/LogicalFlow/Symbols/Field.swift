// The storage cells that a logical flow can name: packet header fields, conntrack state and logical
// registers. Everything else in the language (subfields, predicates) is defined in terms of these.
//
// Property: the set is closed and each field has one width, so whoever evaluates flows can map every
// field to a place once and switch over them exhaustively.

/// A root field. Several may share storage in a packet (the ports of TCP, UDP and SCTP, the fields of
/// ARP and RARP, the bodies of ICMP): their prerequisites tell them apart.
package enum Field: UInt8, CaseIterable, Hashable, Sendable {
    /// Logical ports, as 32-bit port keys.
    case inport, outport
    case xxreg0, xxreg1, xreg4, flags
    case ctState, ctMark, ctLabel
    /// Protocol and ports of the conntrack entry's original direction.
    case ctProto, ctTpSrc, ctTpDst
    case ethSrc, ethDst, ethType, vlanTCI
    case ipProto, ipDSCP, ipECN, ipTTL, ipFrag
    case ip4Src, ip4Dst, ip6Src, ip6Dst, ip6Label
    case icmp4Type, icmp4Code, icmp6Type, icmp6Code
    case arpOp, arpSPA, arpTPA, arpSHA, arpTHA
    case rarpOp, rarpSPA, rarpTPA, rarpSHA, rarpTHA
    case ndTarget, ndSLL, ndTLL
    case tcpSrc, tcpDst, tcpFlags
    case udpSrc, udpDst, sctpSrc, sctpDst
    case pktMark
    /// Write-only cells of generated ICMP errors.
    case icmp4FragMTU, icmp6FragMTU, icmp4InnerIP4Src
}

extension Field {
    /// Width in bits.
    package var width: Int {
        switch self {
        case .ipECN, .ipFrag: 2
        case .ipDSCP: 6
        case .ctProto, .ipProto, .ipTTL, .icmp4Type, .icmp4Code, .icmp6Type, .icmp6Code: 8
        case .tcpFlags: 12
        case .ctTpSrc, .ctTpDst, .ethType, .vlanTCI, .arpOp, .rarpOp, .tcpSrc, .tcpDst, .udpSrc,
            .udpDst, .sctpSrc, .sctpDst, .icmp4FragMTU:
            16
        case .ip6Label: 20
        case .inport, .outport, .flags, .ctState, .ctMark, .ip4Src, .ip4Dst, .arpSPA, .arpTPA,
            .rarpSPA, .rarpTPA, .pktMark, .icmp6FragMTU, .icmp4InnerIP4Src:
            32
        case .ethSrc, .ethDst, .arpSHA, .arpTHA, .rarpSHA, .rarpTHA, .ndSLL, .ndTLL: 48
        case .xreg4: 64
        case .xxreg0, .xxreg1, .ctLabel, .ip6Src, .ip6Dst, .ndTarget: 128
        }
    }

    /// All bits of the field.
    package var fullMask: UInt128 { .ones(width) }
}

extension UInt128 {
    /// The value whose `count` low bits are one. `count` is 0...128.
    package static func ones(_ count: Int) -> UInt128 {
        precondition(count >= 0 && count <= 128)
        return count == 0 ? 0 : UInt128.max >> UInt128(128 - count)
    }

    /// One more than the index of the highest one bit; 0 for zero.
    package var significantBits: Int { 128 - leadingZeroBitCount }
}
