/// Collects definitions; a later definition of a symbol replaces an earlier one.
struct SymbolTableBuilder {
    private(set) var definitions: [Symbol: SymbolDefinition] = [:]

    mutating func field(
        _ symbol: Symbol, _ name: String, _ field: Field, _ level: Level, _ scope: WriteScope,
        needs prerequisite: Symbol? = nil, isMatchable: Bool = true
    ) {
        definitions[symbol] = SymbolDefinition(
            name: name, width: field.width, level: level, scope: scope,
            prerequisite: prerequisite,
            meaning: .storage(Storage(field: field, offset: 0, width: field.width)),
            isMatchable: isMatchable)
    }

    /// A port name, stored as a 32-bit key at `offset` of `field`.
    mutating func string(_ symbol: Symbol, _ name: String, _ field: Field, offset: Int = 0) {
        definitions[symbol] = SymbolDefinition(
            name: name, width: nil, level: .nominal, scope: .packet, prerequisite: nil,
            meaning: .storage(Storage(field: field, offset: offset, width: 32)),
            isMatchable: true)
    }

    mutating func subfield(
        _ symbol: Symbol, _ name: String, _ field: Field, _ bits: ClosedRange<Int>,
        _ scope: WriteScope, needs prerequisite: Symbol? = nil
    ) {
        definitions[symbol] = SymbolDefinition(
            name: name, width: bits.count, level: .ordinal, scope: scope,
            prerequisite: prerequisite,
            meaning: .storage(Storage(field: field, offset: bits.lowerBound, width: bits.count)),
            isMatchable: true)
    }

    mutating func predicate(_ symbol: Symbol, _ name: String, _ level: Level, _ expansion: Match) {
        definitions[symbol] = SymbolDefinition(
            name: name, width: 1, level: level, scope: .never, prerequisite: nil,
            meaning: .predicate(expansion), isMatchable: true)
    }
}

// MARK: - Fields

extension SymbolTableBuilder {
    mutating func addFields() {
        string(.inport, "inport", .inport)
        string(.outport, "outport", .outport)
        string(.remoteOutport, "remote_outport", .xxreg0, offset: 64)
        field(.inportKey, "__inport", .inport, .ordinal, .packet)
        field(.outportKey, "__outport", .outport, .ordinal, .packet)
        field(.pktMark, "pkt.mark", .pktMark, .ordinal, .packet)
        addEthernet()
        addInternet()
        addNeighbourDiscovery()
        addTransport()
        field(
            .icmp4FragMTU, "icmp4.frag_mtu", .icmp4FragMTU, .nominal, .anywhere,
            isMatchable: false)
        field(
            .icmp6FragMTU, "icmp6.frag_mtu", .icmp6FragMTU, .nominal, .anywhere,
            isMatchable: false)
        field(
            .icmp4InnerIP4Src, "icmp4.inner_ip4.src", .icmp4InnerIP4Src, .nominal, .anywhere,
            isMatchable: false)
    }

    private mutating func addEthernet() {
        field(.ethSrc, "eth.src", .ethSrc, .ordinal, .packet)
        field(.ethDst, "eth.dst", .ethDst, .ordinal, .packet)
        field(.ethType, "eth.type", .ethType, .nominal, .never)
        subfield(.ethMcast, "eth.mcast", .ethDst, 40...40, .packet)
        field(.vlanTCI, "vlan.tci", .vlanTCI, .ordinal, .packet)
        subfield(.vlanPCP, "vlan.pcp", .vlanTCI, 13...15, .packet, needs: .vlanPresent)
        subfield(.vlanVID, "vlan.vid", .vlanTCI, 0...11, .packet, needs: .vlanPresent)
    }

    private mutating func addInternet() {
        field(.ipProto, "ip.proto", .ipProto, .nominal, .never, needs: .ip)
        field(.ipDSCP, "ip.dscp", .ipDSCP, .nominal, .packet, needs: .ip)
        field(.ipECN, "ip.ecn", .ipECN, .nominal, .packet, needs: .ip)
        field(.ipTTL, "ip.ttl", .ipTTL, .nominal, .packet, needs: .ip)
        field(.ipFrag, "ip.frag", .ipFrag, .ordinal, .never, needs: .ip)
        field(.ip4Src, "ip4.src", .ip4Src, .ordinal, .packet, needs: .ip4)
        field(.ip4Dst, "ip4.dst", .ip4Dst, .ordinal, .packet, needs: .ip4)
        field(.ip6Src, "ip6.src", .ip6Src, .ordinal, .packet, needs: .ip6)
        field(.ip6Dst, "ip6.dst", .ip6Dst, .ordinal, .packet, needs: .ip6)
        field(.ip6Label, "ip6.label", .ip6Label, .ordinal, .packet, needs: .ip6)
        field(.icmp4Type, "icmp4.type", .icmp4Type, .nominal, .packet, needs: .icmp4)
        field(.icmp4Code, "icmp4.code", .icmp4Code, .nominal, .packet, needs: .icmp4)
        field(.icmp6Type, "icmp6.type", .icmp6Type, .nominal, .packet, needs: .icmp6)
        field(.icmp6Code, "icmp6.code", .icmp6Code, .nominal, .packet, needs: .icmp6)
    }

    private mutating func addNeighbourDiscovery() {
        field(.arpOp, "arp.op", .arpOp, .nominal, .packet, needs: .arp)
        field(.arpSPA, "arp.spa", .arpSPA, .ordinal, .packet, needs: .arp)
        field(.arpTPA, "arp.tpa", .arpTPA, .ordinal, .packet, needs: .arp)
        field(.arpSHA, "arp.sha", .arpSHA, .ordinal, .packet, needs: .arp)
        field(.arpTHA, "arp.tha", .arpTHA, .ordinal, .packet, needs: .arp)
        field(.rarpOp, "rarp.op", .rarpOp, .nominal, .packet, needs: .rarp)
        field(.rarpSPA, "rarp.spa", .rarpSPA, .ordinal, .packet, needs: .rarp)
        field(.rarpTPA, "rarp.tpa", .rarpTPA, .ordinal, .packet, needs: .rarp)
        field(.rarpSHA, "rarp.sha", .rarpSHA, .ordinal, .packet, needs: .rarp)
        field(.rarpTHA, "rarp.tha", .rarpTHA, .ordinal, .packet, needs: .rarp)
        field(.ndTarget, "nd.target", .ndTarget, .ordinal, .packet, needs: .nd)
        field(.ndSLL, "nd.sll", .ndSLL, .ordinal, .packet, needs: .ndNS)
        field(.ndTLL, "nd.tll", .ndTLL, .ordinal, .packet, needs: .ndNA)
    }

    private mutating func addTransport() {
        field(.tcpSrc, "tcp.src", .tcpSrc, .ordinal, .packet, needs: .tcp)
        field(.tcpDst, "tcp.dst", .tcpDst, .ordinal, .packet, needs: .tcp)
        field(.tcpFlags, "tcp.flags", .tcpFlags, .ordinal, .never, needs: .tcp)
        field(.udpSrc, "udp.src", .udpSrc, .ordinal, .packet, needs: .udp)
        field(.udpDst, "udp.dst", .udpDst, .ordinal, .packet, needs: .udp)
        field(.sctpSrc, "sctp.src", .sctpSrc, .ordinal, .packet, needs: .sctp)
        field(.sctpDst, "sctp.dst", .sctpDst, .ordinal, .packet, needs: .sctp)
    }
}

// MARK: - Registers and conntrack

extension SymbolTableBuilder {
    mutating func addRegisters() {
        field(.xxreg0, "xxreg0", .xxreg0, .ordinal, .packet)
        field(.xxreg1, "xxreg1", .xxreg1, .ordinal, .packet)
        field(.xreg4, "xreg4", .xreg4, .ordinal, .packet)
        subfield(.xreg0, "xreg0", .xxreg0, 64...127, .packet)
        subfield(.xreg1, "xreg1", .xxreg0, 0...63, .packet)
        subfield(.xreg2, "xreg2", .xxreg1, 64...127, .packet)
        subfield(.xreg3, "xreg3", .xxreg1, 0...63, .packet)
        subfield(.reg0, "reg0", .xxreg0, 96...127, .packet)
        subfield(.reg1, "reg1", .xxreg0, 64...95, .packet)
        subfield(.reg2, "reg2", .xxreg0, 32...63, .packet)
        subfield(.reg3, "reg3", .xxreg0, 0...31, .packet)
        subfield(.reg4, "reg4", .xxreg1, 96...127, .packet)
        subfield(.reg5, "reg5", .xxreg1, 64...95, .packet)
        subfield(.reg6, "reg6", .xxreg1, 32...63, .packet)
        subfield(.reg7, "reg7", .xxreg1, 0...31, .packet)
        subfield(.reg8, "reg8", .xreg4, 32...63, .packet)
        subfield(.reg9, "reg9", .xreg4, 0...31, .packet)
    }

    mutating func addConntrack() {
        field(.ctState, "ct_state", .ctState, .ordinal, .never)
        let states: [(Symbol, String)] = [
            (.ctNew, "ct.new"), (.ctEst, "ct.est"), (.ctRel, "ct.rel"), (.ctRpl, "ct.rpl"),
            (.ctInv, "ct.inv"), (.ctTrk, "ct.trk"), (.ctSNAT, "ct.snat"), (.ctDNAT, "ct.dnat"),
        ]
        for (bit, state) in states.enumerated() {
            subfield(
                state.0, state.1, .ctState, bit...bit, .never,
                needs: state.0 == .ctTrk ? nil : .ctTrk)
        }
        addMark()
        addLabel()
    }

    private mutating func addMark() {
        field(.ctMark, "ct_mark", .ctMark, .ordinal, .connection)
        mark(.ctMarkBlocked, "blocked", 0...0)
        mark(.ctMarkNatted, "natted", 1...1)
        mark(.ctMarkSkipSNAT, "skip_snat", 2...2)
        mark(.ctMarkForceSNAT, "force_snat", 3...3)
        mark(.ctMarkObsStage, "obs_stage", 4...5)
        mark(.ctMarkAllowEstablished, "allow_established", 6...6)
        mark(.ctMarkObsCollectorID, "obs_collector_id", 16...23)
        mark(.ctMarkECMPReplyPort, "ecmp_reply_port", 16...31)
    }

    private mutating func addLabel() {
        field(.ctLabel, "ct_label", .ctLabel, .ordinal, .connection)
        // Names that OVN before 22.06 used in place of those of ct_mark, still sent to old chassis.
        label(.ctLabelBlocked, "blocked", 0...0)
        label(.ctLabelNatted, "natted", 1...1)
        label(.ctLabelSkipSNAT, "skip_snat", 2...2)
        label(.ctLabelForceSNAT, "force_snat", 3...3)
        label(.ctLabelECMPReplyPort, "ecmp_reply_port", 80...95)
        label(.ctLabelNF, "nf", 7...7)
        label(.ctLabelTunIf, "tun_if", 8...8)
        label(.ctLabelNFID, "nf_id", 17...24)
        label(.ctLabelECMPReplyEth, "ecmp_reply_eth", 32...79)
        label(.ctLabelACLID, "acl_id", 80...95)
        label(.ctLabelTunIfID, "tun_if_id", 80...95)
        label(.ctLabelLabel, "label", 96...127)
        label(.ctLabelObsPointID, "obs_point_id", 96...127)
        label(.ctLabelObsUnused, "obs_unused", 0...95)
    }

    private mutating func mark(_ symbol: Symbol, _ name: String, _ bits: ClosedRange<Int>) {
        subfield(symbol, "ct_mark." + name, .ctMark, bits, .connection)
    }

    private mutating func label(_ symbol: Symbol, _ name: String, _ bits: ClosedRange<Int>) {
        subfield(symbol, "ct_label." + name, .ctLabel, bits, .connection)
    }

    mutating func addFlags() {
        field(.flags, "flags", .flags, .ordinal, .packet)
        let bits: [(Symbol, String, Int)] = [
            (.flagsLoopback, "loopback", 0), (.flagsForceSNATForDNAT, "force_snat_for_dnat", 2),
            (.flagsForceSNATForLB, "force_snat_for_lb", 3),
            (.flagsSkipSNATForLB, "skip_snat_for_lb", 9), (.flagsUseSNATZone, "use_snat_zone", 11),
            (.flagsLocalnet, "localnet", 15), (.flagsTunnelRx, "tunnel_rx", 16),
            (.flagsICMPSNAT, "icmp_snat", 17), (.flagsFromCtrl, "from_ctrl", 19),
            (.flagsUnsnatNew, "unsnat_new", 20), (.flagsUnsnatNotTracked, "unsnat_not_tracked", 21),
            (.flagsIGMPLoopback, "igmp_loopback", 22), (.flagsPktSampled, "pkt_sampled", 23),
        ]
        for (symbol, name, bit) in bits {
            subfield(symbol, "flags." + name, .flags, bit...bit, .packet)
        }
        subfield(.flagsNetworkID, "flags.network_id", .flags, 28...31, .packet)
    }
}
