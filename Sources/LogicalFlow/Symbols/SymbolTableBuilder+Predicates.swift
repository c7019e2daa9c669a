import Wire

// Predicates: names for matches. Their numbers come from the protocols' registries: EtherTypes, IP
// protocols, ICMPv6 types (RFC 4443, RFC 4861, RFC 2710, RFC 3810) and the address architectures
// (RFC 1112, RFC 4291).

extension SymbolTableBuilder {
    mutating func addPredicates() {
        addLinkPredicates()
        addMulticastPredicates()
        addProtocolPredicates()
        addDiscoveryPredicates()
    }

    private mutating func addLinkPredicates() {
        predicate(
            .ethBcast, "eth.bcast", .boolean, .compare(.ethDst, .equal, .ethernet(.broadcast)))
        predicate(
            .ethMcastv6, "eth.mcastv6", .boolean,
            .compare(bits(.ethDst, 32, 47), .equal, .hexadecimal(0x3333)))
        predicate(.vlanPresent, "vlan.present", .boolean, .test(bits(.vlanTCI, 12, 12)))
        predicate(.ip4, "ip4", .nominal, .compare(.ethType, .equal, .hexadecimal(0x800)))
        predicate(.ip6, "ip6", .nominal, .compare(.ethType, .equal, .hexadecimal(0x86dd)))
        predicate(.arp, "arp", .nominal, .compare(.ethType, .equal, .hexadecimal(0x806)))
        predicate(.rarp, "rarp", .nominal, .compare(.ethType, .equal, .hexadecimal(0x8035)))
        predicate(.ip, "ip", .nominal, .or([.symbol(.ip4), .symbol(.ip6)]))
        predicate(.ipIsFrag, "ip.is_frag", .boolean, .test(bits(.ipFrag, 0, 0)))
        predicate(.ipLaterFrag, "ip.later_frag", .boolean, .test(bits(.ipFrag, 1, 1)))
        predicate(
            .ipFirstFrag, "ip.first_frag", .boolean,
            .and([.symbol(.ipIsFrag), .not(.symbol(.ipLaterFrag))]))
        predicate(.fromEVPNVTEP, "from_evpn_vtep", .boolean, .test(bits(.inportKey, 31, 31)))
        predicate(.toEVPNVTEP, "to_evpn_vtep", .boolean, .test(bits(.outportKey, 31, 31)))
    }

    private mutating func addMulticastPredicates() {
        predicate(
            .ip4SrcMcast, "ip4.src_mcast", .boolean,
            .compare(bits(.ip4Src, 28, 31), .equal, .hexadecimal(0xe)))
        predicate(
            .ip4Mcast, "ip4.mcast", .boolean,
            .and([
                .symbol(.ethMcast), .compare(bits(.ip4Dst, 28, 31), .equal, .hexadecimal(0xe)),
            ]))
        predicate(
            .ip6Mcast, "ip6.mcast", .boolean,
            .and([
                .symbol(.ethMcastv6),
                .compare(bits(.ip6Dst, 120, 127), .equal, .hexadecimal(0xff)),
            ]))
        let scopes = (UInt128(0)..<16).map { Constant.ip6(IPv6Address(0xff00 << 112 | $0 << 112)) }
        predicate(
            .ip6McastRsvd, "ip6.mcast_rsvd", .boolean, .compare(.ip6Dst, .equal, scopes))
        predicate(
            .ip6McastAllNodes, "ip6.mcast_all_nodes", .boolean,
            .compare(
                .ip6Dst, .equal,
                [.ip6(IPv6Address(0xff01 << 112 | 1)), .ip6(IPv6Address(0xff02 << 112 | 1))]))
        predicate(
            .ip6McastAllRtrs, "ip6.mcast_all_rtrs", .boolean,
            .compare(
                .ip6Dst, .equal,
                [
                    .ip6(IPv6Address(0xff01 << 112 | 2)), .ip6(IPv6Address(0xff02 << 112 | 2)),
                    .ip6(IPv6Address(0xff05 << 112 | 2)),
                ]))
        predicate(
            .ip6McastSolNode, "ip6.mcast_sol_node", .boolean,
            .compare(.ip6Dst, .equal, .ip6(IPv6Address(0xff02 << 112 | 0x1_ff00_0000), 104)))
        predicate(
            .ip6McastFlood, "ip6.mcast_flood", .boolean,
            .and([
                .symbol(.ethMcastv6),
                .or([
                    .symbol(.ip6McastRsvd), .symbol(.ip6McastAllNodes), .symbol(.ip6McastAllRtrs),
                    .symbol(.ip6McastSolNode),
                ]),
            ]))
    }

    private mutating func addProtocolPredicates() {
        predicate(
            .icmp4, "icmp4", .nominal, .and([.symbol(.ip4), .compare(.ipProto, .equal, 1)]))
        predicate(
            .icmp6, "icmp6", .nominal, .and([.symbol(.ip6), .compare(.ipProto, .equal, 58)]))
        predicate(.icmp, "icmp", .nominal, .or([.symbol(.icmp4), .symbol(.icmp6)]))
        predicate(
            .igmp, "igmp", .nominal, .and([.symbol(.ip4Mcast), .compare(.ipProto, .equal, 2)]))
        predicate(.tcp, "tcp", .nominal, .compare(.ipProto, .equal, 6))
        predicate(.udp, "udp", .nominal, .compare(.ipProto, .equal, 17))
        predicate(.sctp, "sctp", .nominal, .compare(.ipProto, .equal, 132))
    }

    private mutating func addDiscoveryPredicates() {
        predicate(.nd, "nd", .nominal, .discovery([135, 136]))
        predicate(.ndNS, "nd_ns", .nominal, .discovery([135]))
        predicate(.ndNA, "nd_na", .nominal, .discovery([136]))
        predicate(.ndRS, "nd_rs", .nominal, .discovery([133]))
        predicate(.ndRA, "nd_ra", .nominal, .discovery([134]))
        predicate(
            .ndNSMcast, "nd_ns_mcast", .nominal, .and([.symbol(.ip6Mcast), .symbol(.ndNS)]))
        predicate(
            .mldv1, "mldv1", .nominal,
            .and([
                .symbol(.ethMcastv6),
                .compare(.ip6Src, .equal, .ip6(IPv6Address(0xfe80 << 112), 10)),
                .compare(.icmp6Type, .equal, [130, 131, 132]),
            ]))
        predicate(
            .mldv2, "mldv2", .nominal,
            .and([
                .symbol(.ethMcastv6),
                .compare(.ip6Dst, .equal, .ip6(IPv6Address(0xff02 << 112 | 0x16))),
                .compare(.icmp6Type, .equal, 143),
            ]))
    }

    /// A range that isn't checked against the table that is being built.
    private func bits(_ symbol: Symbol, _ low: UInt8, _ high: UInt8) -> FieldRange {
        FieldRange(unchecked: symbol, FieldRange.Bits(low: low, high: high))
    }

    // MARK: Transport fields of the connection's first packet

    mutating func addConnectionProtocol() {
        field(.ctProto, "ct_proto", .ctProto, .nominal, .never, needs: .ctTrk)
    }

    mutating func addTranslatedTransport() {
        addConnectionProtocol()
        predicate(.tcp, "tcp", .nominal, .connection(protocol: 6))
        predicate(.udp, "udp", .nominal, .connection(protocol: 17))
        predicate(.sctp, "sctp", .nominal, .connection(protocol: 132))
        field(.tcpSrc, "tcp.src", .ctTpSrc, .ordinal, .never, needs: .tcp)
        field(.tcpDst, "tcp.dst", .ctTpDst, .ordinal, .never, needs: .tcp)
        field(.udpSrc, "udp.src", .ctTpSrc, .ordinal, .never, needs: .udp)
        field(.udpDst, "udp.dst", .ctTpDst, .ordinal, .never, needs: .udp)
        field(.sctpSrc, "sctp.src", .ctTpSrc, .ordinal, .never, needs: .sctp)
        field(.sctpDst, "sctp.dst", .ctTpDst, .ordinal, .never, needs: .sctp)
    }
}

extension Match {
    /// A neighbour discovery message of one of `types` (RFC 4861 §6.1, §7.1).
    fileprivate static func discovery(_ types: [Constant]) -> Match {
        .and([
            .compare(.icmp6Type, .equal, types), .compare(.icmp6Code, .equal, 0),
            .compare(.ipTTL, .equal, 255),
        ])
    }

    fileprivate static func connection(protocol number: Constant) -> Match {
        .and([
            .symbol(.ctTrk), .not(.symbol(.ctInv)), .compare(.ctProto, .equal, number),
        ])
    }
}
