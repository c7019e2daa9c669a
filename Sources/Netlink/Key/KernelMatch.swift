import CLinux
import Datapath
import Glibc

// The kernel does not take any mask for any key: net/openvswitch demands some fields exact as soon
// as others are compared (the type before what depends on it), always compares the number of
// tags, and knows no mask for a header that the key does not have. A mask is therefore widened
// before it is put. Properties that hold:
//
// - the widened mask compares at least every bit that the given one compares and that a packet of
//   this key can have at all, so a flow never matches more than it was made for, with one
//   exception: the kernel can't compare that a packet has *no* Geneve option. A flow for a packet
//   without OVN's option, from a port where others have it, would catch those too: don't put one;
// - widening twice changes nothing, and what the kernel dumps is the widened mask again;
// - of two masks for the same key, a superset stays a superset.

/// A key and a mask in the form in which the kernel keeps them.
package struct KernelMatch: Hashable, Sendable {
    /// Zero wherever the mask does not compare.
    package let key: FlowKey
    package let mask: FlowMask

    /// Widens a mask as far as the kernel demands and masks the key with it. Fields of the logical
    /// pipelines are dropped.
    package init(key: FlowKey, mask: FlowMask) {
        let scratch = FlowScratch(count: 2)
        scratch[0].copy(from: key)
        scratch[1].copy(from: mask)
        Self.widen(scratch[1], for: scratch[0])
        self.init(key: scratch[0], widened: scratch[1])
    }

    /// Takes a mask that is widened already, and masks the key in place.
    init(key: FlowPointer, widened mask: FlowPointer) {
        for word in 0..<FlowKey.wordCount { key.words[word] &= mask.words[word] }
        self.key = FlowKey(copying: key)
        self.mask = FlowMask(copying: mask)
    }

    /// Whether every packet of this match is one that `other` was made for: the test of an adopted
    /// flow, whose mask may be wider than what a fresh translation asks for.
    package func isCovered(by other: KernelMatch) -> Bool {
        mask.isSuperset(of: other.mask) && key.masked(by: other.mask) == other.key
    }

    /// Widens the mask in place.
    static func widen(_ mask: FlowPointer, for key: FlowPointer) {
        for word in 0..<FlowKey.firstKernelWord { mask.words[word] = 0 }
        mask.setExact(.recirculationID)
        mask.setExact(.ethernetType)
        mask[.ctState] &= knownConnectionStates
        widenTags(key, mask)
        widenTunnel(key, mask)
        widenNetwork(key, mask)
    }

    private static func widenTags(_ key: FlowPointer, _ mask: FlowPointer) {
        widenTag(key, mask, tci: .vlanTCI, tpid: .vlanTPID)
        widenTag(key, mask, tci: .innerVLANTCI, tpid: .innerVLANTPID)
    }

    /// The kernel compares whether there is a tag, and with one its type.
    private static func widenTag(
        _ key: FlowPointer, _ mask: FlowPointer, tci: KeyField, tpid: KeyField
    ) {
        if key[tci] & tagPresent == 0 {
            mask.setExact(tci)
            mask[tpid] = 0
        } else {
            mask[tci] |= tagPresent
            mask.setExact(tpid)
        }
    }

    /// Without an outer header nothing of it can be compared (the input port tells as much); with
    /// one, the kernel wants its destination.
    private static func widenTunnel(_ key: FlowPointer, _ mask: FlowPointer) {
        guard key[.tunnelFamily] != TunnelFamily.none else {
            for field in KeyField.ofTunnel { mask.clear(field) }
            return
        }
        mask.setExact(.tunnelFamily)
        mask.setExact(.tunnelDestination)
        if key[.tunnelFamily] == TunnelFamily.ipv4 {
            mask[wide: .tunnelSource] &= ipv4Bits
            mask[wide: .tunnelDestination] &= ipv4Bits
        }
        mask[.tunnelFlags] &= knownTunnelFlags
        if key[.tunnelOptions] != TunnelOptions.logical {
            mask[.tunnelOptions] = 0
            mask[.tunnelOption] = 0
        } else if mask[.tunnelOption] | mask[.tunnelOptions] != 0 {
            mask.setExact(.tunnelOptions)
        }
    }

    /// What depends on a type or a protocol is compared only together with it, also where the
    /// packet has no such header: that it has none is then what was asked.
    private static func widenNetwork(_ key: FlowPointer, _ mask: FlowPointer) {
        let shape = NetworkShape(key)
        if shape.network == .ipv4 || shape.network == .ipv6 {
            mask.setExact(.ipFragment)
            let tuple = shape.isNeighbour && mask.compares(anyOf: conntrackTupleFields)
            let neighbour = mask.compares(anyOf: neighbourFields)
            if tuple || neighbour || mask.compares(anyOf: transportFields) {
                mask.setExact(.ipProtocol)
            }
            if (tuple || neighbour) && shape.transport == .icmp { mask.setExact(.icmpType) }
        }
        widenTuple(key, mask)
        for field in networkFields where !shape.has(field) { mask.clear(field) }
        // The kernel keeps the lower eight bits of an ARP operation.
        mask[.arpOperation] &= 0xff
        if shape.network == .ipv4 {
            mask[wide: .ctSource] &= ipv4Bits
            mask[wide: .ctDestination] &= ipv4Bits
        }
    }

    /// The kernel tells a tuple only together with its protocol. That a packet has none follows
    /// from its state: it was not tracked, or in vain.
    private static func widenTuple(_ key: FlowPointer, _ mask: FlowPointer) {
        guard mask.compares(anyOf: conntrackTupleFields) else { return }
        if key[.ctProtocol] != 0 {
            mask.setExact(.ctProtocol)
        } else {
            mask[.ctState] |= ConnectionState.tracked | ConnectionState.invalid
            for field in conntrackTupleFields { mask.clear(field) }
        }
    }

    static let tagPresent: UInt64 = 0x1000
    private static let ipv4Bits: UInt128 = 0xffff_ffff
    /// The kernel refuses a mask with any other bit (OVS_CS_F_*).
    private static let knownConnectionStates: UInt64 = 0xff
    private static let knownTunnelFlags =
        TunnelFlag.dontFragment | TunnelFlag.checksum | TunnelFlag.oam

    static let conntrackTupleFields: [KeyField] = [
        .ctSource, .ctDestination, .ctProtocol, .ctSourcePort, .ctDestinationPort,
    ]
    static let transportFields: [KeyField] = [
        .sourcePort, .destinationPort, .tcpFlags, .icmpType, .icmpCode,
    ]
    static let neighbourFields: [KeyField] = [.ndTarget, .ndSourceLink, .ndTargetLink]
    /// Everything that depends on the packet's type.
    static let networkFields: [KeyField] =
        conntrackTupleFields + transportFields + neighbourFields + [
            .ipv4Source, .ipv4Destination, .ipv6Source, .ipv6Destination, .ipProtocol, .ipTOS,
            .ipTTL, .ipFragment, .ipv6Label, .arpOperation, .arpSourceIP, .arpTargetIP,
            .arpSourceMAC, .arpTargetMAC,
        ]
}

/// Which headers the kernel sees in a packet, and so which attributes its key has.
struct NetworkShape: Equatable {
    enum Network { case arp, ipv4, ipv6, mpls, other }
    enum Transport { case tcp, udp, sctp, icmp, none }

    let network: Network
    let transport: Transport
    /// A neighbour solicitation or advertisement by its ICMPv6 type.
    let isNeighbour: Bool

    init(_ key: FlowPointer) {
        network = Self.network(Int32(key[.ethernetType]))
        let isLater = key[.ipFragment] & FragmentBits.later != 0
        transport = isLater ? .none : Self.transport(network, Int32(key[.ipProtocol]))
        isNeighbour =
            network == .ipv6 && transport == .icmp
            && (key[.icmpType] == 135 || key[.icmpType] == 136)
    }

    private static func network(_ type: Int32) -> Network {
        switch type {
        case ETH_P_IP: .ipv4
        case ETH_P_IPV6: .ipv6
        case ETH_P_ARP, ETH_P_RARP: .arp
        case ETH_P_MPLS_UC, ETH_P_MPLS_MC: .mpls
        default: .other
        }
    }

    private static func transport(_ network: Network, _ proto: Int32) -> Transport {
        switch (network, proto) {
        case (.ipv4, 1), (.ipv6, 58): .icmp
        case (.ipv4, 6), (.ipv6, 6): .tcp
        case (.ipv4, 17), (.ipv6, 17): .udp
        case (.ipv4, 132), (.ipv6, 132): .sctp
        default: .none
        }
    }

    /// Whether a packet of this shape has a field that depends on the type at all.
    func has(_ field: KeyField) -> Bool {
        switch field {
        case .ipv4Source, .ipv4Destination: network == .ipv4
        case .ipv6Source, .ipv6Destination, .ipv6Label: network == .ipv6
        case .ipProtocol, .ipTOS, .ipTTL, .ipFragment: network == .ipv4 || network == .ipv6
        case .arpOperation, .arpSourceIP, .arpTargetIP, .arpSourceMAC, .arpTargetMAC:
            network == .arp
        case .tcpFlags: transport == .tcp
        case .sourcePort, .destinationPort:
            transport == .tcp || transport == .udp || transport == .sctp
        case .icmpType, .icmpCode: transport == .icmp
        case .ndTarget, .ndSourceLink, .ndTargetLink: isNeighbour
        case .ctSource, .ctDestination, .ctProtocol, .ctSourcePort, .ctDestinationPort:
            network == .ipv4 || (network == .ipv6 && !isNeighbour)
        default: true
        }
    }
}

/// The two bits of `ipFragment`, and the kernel's three values for them (enum ovs_frag_type).
enum FragmentBits {
    static let any: UInt64 = 1
    static let later: UInt64 = 2

    static func kernelValue(_ bits: UInt64) -> UInt8 {
        if bits & later != 0 { return UInt8(OVS_FRAG_TYPE_LATER.rawValue) }
        return UInt8(bits & any != 0 ? OVS_FRAG_TYPE_FIRST.rawValue : OVS_FRAG_TYPE_NONE.rawValue)
    }

    static func bits(kernelValue: UInt8) -> UInt64 {
        switch UInt32(kernelValue) {
        case OVS_FRAG_TYPE_NONE.rawValue: 0
        case OVS_FRAG_TYPE_FIRST.rawValue: any
        default: any | later
        }
    }
}

extension FlowPointer {
    func compares(anyOf fields: [KeyField]) -> Bool {
        fields.contains { self[wide: $0] != 0 }
    }

    /// Zeroes a field of any width.
    func clear(_ field: KeyField) {
        self[wide: field] = 0
    }
}
