// The names that a match or an action may use: fields, subfields and predicates of the OVN logical
// flow language (ovn-sb(5), Logical_Flow).
//
// Property: the set is closed, and what a name means is a table entry (`SymbolTable`), so the parser,
// the printer and whoever builds matches in code can't disagree.

/// A name of the language, such as `ip4.src`, `reg0` or `tcp`.
package enum Symbol: UInt8, CaseIterable, Hashable, Sendable {
    // Fields
    case inport, outport, inportKey, outportKey, remoteOutport
    case xxreg0, xxreg1, xreg4, flags, ctMark, ctLabel, ctState, ctProto
    case ethSrc, ethDst, ethType, vlanTCI
    case ipProto, ipDSCP, ipECN, ipTTL, ipFrag
    case ip4Src, ip4Dst, ip6Src, ip6Dst, ip6Label
    case icmp4Type, icmp4Code, icmp6Type, icmp6Code
    case arpOp, arpSPA, arpTPA, arpSHA, arpTHA
    case rarpOp, rarpSPA, rarpTPA, rarpSHA, rarpTHA
    case ndTarget, ndSLL, ndTLL
    case tcpSrc, tcpDst, tcpFlags, udpSrc, udpDst, sctpSrc, sctpDst
    case pktMark
    case icmp4FragMTU, icmp6FragMTU, icmp4InnerIP4Src
    // Subfields
    case xreg0, xreg1, xreg2, xreg3
    case reg0, reg1, reg2, reg3, reg4, reg5, reg6, reg7, reg8, reg9
    case ctNew, ctEst, ctRel, ctRpl, ctInv, ctTrk, ctSNAT, ctDNAT
    case ctMarkBlocked, ctMarkNatted, ctMarkSkipSNAT, ctMarkForceSNAT
    case ctMarkObsStage, ctMarkAllowEstablished, ctMarkObsCollectorID, ctMarkECMPReplyPort
    case ctLabelBlocked, ctLabelNatted, ctLabelSkipSNAT, ctLabelForceSNAT, ctLabelECMPReplyPort
    case ctLabelNF, ctLabelTunIf, ctLabelNFID, ctLabelECMPReplyEth
    case ctLabelACLID, ctLabelTunIfID, ctLabelLabel, ctLabelObsPointID, ctLabelObsUnused
    case ethMcast, vlanPCP, vlanVID
    case flagsLoopback, flagsForceSNATForDNAT, flagsForceSNATForLB, flagsSkipSNATForLB
    case flagsUseSNATZone, flagsLocalnet, flagsTunnelRx, flagsICMPSNAT, flagsFromCtrl
    case flagsUnsnatNew, flagsUnsnatNotTracked, flagsIGMPLoopback, flagsPktSampled, flagsNetworkID
    // Predicates
    case ethBcast, ethMcastv6, vlanPresent
    case ip4, ip6, arp, rarp, ip
    case ip4SrcMcast, ip4Mcast
    case ip6Mcast, ip6McastRsvd, ip6McastAllNodes, ip6McastAllRtrs, ip6McastSolNode, ip6McastFlood
    case icmp4, icmp6, icmp, igmp
    case ipIsFrag, ipLaterFrag, ipFirstFrag
    case tcp, udp, sctp
    case nd, ndNS, ndNA, ndRS, ndRA, ndNSMcast
    case mldv1, mldv2
    case fromEVPNVTEP, toEVPNVTEP
}

extension Symbol {
    /// The name as text writes it.
    package var name: String { SymbolTable.standard[self].name }

    /// Width in bits; nil for a string.
    package var width: Int? { SymbolTable.standard[self].width }

    package var isString: Bool { width == nil }

    /// One bit.
    package subscript(bit: Int) -> FieldRange { FieldRange(self, low: bit, high: bit) }

    /// Bits counted from the least significant one, both ends included.
    package subscript(bits: ClosedRange<Int>) -> FieldRange {
        FieldRange(self, low: bits.lowerBound, high: bits.upperBound)
    }
}

/// A symbol, or some of its bits.
///
/// Invariant: the bits lie within the symbol, and a string has no bits to select. All bits of a
/// symbol are represented by the symbol without a range.
package struct FieldRange: Hashable, Sendable {
    package let symbol: Symbol
    /// Lowest and highest bit; nil for the whole symbol.
    package let bits: Bits?

    package struct Bits: Hashable, Sendable {
        package let low: UInt8
        package let high: UInt8
    }

    package init(_ symbol: Symbol) {
        self.symbol = symbol
        bits = nil
    }

    package init(_ symbol: Symbol, low: Int, high: Int) {
        let width = symbol.width ?? 0
        precondition(low >= 0 && low <= high && high < width, "bits outside of the field")
        self.symbol = symbol
        bits =
            low == 0 && high == width - 1 ? nil : Bits(low: UInt8(low), high: UInt8(high))
    }

    init(unchecked symbol: Symbol, _ bits: Bits?) {
        self.symbol = symbol
        self.bits = bits
    }

    /// Width in bits; 0 for a string.
    package var width: Int {
        bits.map { Int($0.high) - Int($0.low) + 1 } ?? symbol.width ?? 0
    }

    /// Index of the lowest bit within the symbol.
    package var low: Int { bits.map { Int($0.low) } ?? 0 }
}

extension FieldRange: CustomStringConvertible {
    package var description: String {
        guard let bits else { return symbol.name }
        if bits.low == bits.high { return "\(symbol.name)[\(bits.low)]" }
        return "\(symbol.name)[\(bits.low)..\(bits.high)]"
    }
}
