// Everything that a logical flow can match and everything that the kernel can match stands in one
// vector of 64-bit words, the flow key. A field is a run of bits in one word, so that matching is
// (word & mask) == value and copying a field is two shifts. The property that must hold: two
// fields never share a bit, with the exceptions of the table below, which OVN has too.
//
// Conventions
// - A value is a right-aligned big-endian integer in host words: ip4.dst 10.0.0.1 is 0x0a000001,
//   an Ethernet address is 48 bits, a port is its number. Nothing is in network byte order.
// - A field of up to 64 bits never crosses a word. A field of 128 bits is two words, the more
//   significant first; its bit i is bit i % 64 of word (i < 64 ? word + 1 : word).
// - A field that the packet does not have is zero.
// - reg0 is xxreg0[96..127], as OVN has it: the upper half of the first word of xxreg0.
// - tcp, udp and sctp ports share their bits (ip.proto tells), ICMP and ICMPv6 type and code too,
//   ARP and RARP too. IPv4, IPv6 and ARP addresses have bits of their own.
// - vlan.tci has bit 12 set if and only if the packet has a tag (the outer one); eth.type is the
//   type behind the tags.
// - ip.frag is OVN's: bit 0 for any fragment, bit 1 for one with an offset; so 0, 1 or 3.
//   (OVS_FRAG_TYPE_NONE, _FIRST, _LATER are 0, 1, 2.)
// - ct_state has the bits of OVS_CS_F_* (linux/openvswitch.h), which are OVN's too.
// - The Geneve option of OVN (class 0x0102, type 0x80) is one 32-bit field,
//   ingress key << 16 | egress key; `tunnelOptions` says whether it was there.

/// Where a field stands in the words of a flow key.
@frozen
public struct FieldPosition: Hashable, Sendable, BitwiseCopyable {
    /// The word, for a field of 128 bits the first of two.
    public let word: UInt8
    /// The distance of the lowest bit of the field from bit 0 of the word.
    public let shift: UInt8
    /// 1...64 or 128 bits.
    public let width: UInt8

    @inlinable
    public init(word: UInt8, shift: UInt8, width: UInt8) {
        self.word = word
        self.shift = shift
        self.width = width
    }

    /// All bits of the field in its word; for a field of 128 bits all bits of either word.
    @inlinable
    @inline(__always)
    public var mask: UInt64 {
        width >= 64 ? .max : ((1 << UInt64(width)) &- 1) << UInt64(shift)
    }

    /// The bits `bits` of the field (bit 0 is the least significant), which must be in one word.
    @inlinable
    public func bits(_ bits: ClosedRange<Int>) -> FieldPosition {
        precondition(bits.upperBound < Int(width))
        guard width == 128 else {
            return FieldPosition(
                word: word, shift: shift + UInt8(bits.lowerBound), width: UInt8(bits.count))
        }
        precondition(bits.upperBound < 64 || bits.lowerBound >= 64)
        let upper = bits.lowerBound >= 64
        return FieldPosition(
            word: upper ? word : word + 1, shift: UInt8(bits.lowerBound & 63),
            width: UInt8(bits.count))
    }
}

/// The fields of a flow key.
public enum KeyField: UInt8, CaseIterable, Sendable {
    // What the logical pipelines keep beside the packet. Never sent to the kernel.
    case datapath, flags, inport, outport
    case xxreg0, xxreg1, xreg4
    case dnatZone, snatZone, portZone

    // What the kernel keeps beside the packet.
    case recirculationID, inputPort, priority, mark, datapathHash
    case ctState, ctZone, ctMark, ctLabel
    case ctSource, ctDestination, ctProtocol, ctSourcePort, ctDestinationPort

    // The outer header that the packet came with, or goes out with.
    case tunnelID, tunnelSource, tunnelDestination, tunnelFamily
    case tunnelTOS, tunnelTTL, tunnelFlags, tunnelSourcePort, tunnelDestinationPort
    case tunnelOptions, tunnelOption

    // The packet.
    case ethernetDestination, ethernetSource, ethernetType
    case vlanTCI, vlanTPID, innerVLANTCI, innerVLANTPID
    case ipv4Source, ipv4Destination, ipv6Source, ipv6Destination
    case ipProtocol, ipTOS, ipTTL, ipFragment, ipv6Label
    case sourcePort, destinationPort, tcpFlags, icmpType, icmpCode
    case arpOperation, arpSourceIP, arpTargetIP, arpSourceMAC, arpTargetMAC
    case ndTarget, ndSourceLink, ndTargetLink
}

extension KeyField {
    @inlinable
    public var position: FieldPosition {
        switch self {
        case .datapath: .at(0, 32, 32)
        case .flags: .at(0, 0, 32)
        case .inport: .at(1, 32, 32)
        case .outport: .at(1, 0, 32)
        case .xxreg0: .at(2, 0, 128)
        case .xxreg1: .at(4, 0, 128)
        case .xreg4: .at(6, 0, 64)
        case .dnatZone: .at(7, 32, 16)
        case .snatZone: .at(7, 16, 16)
        case .portZone: .at(7, 0, 16)

        case .recirculationID: .at(8, 32, 32)
        case .inputPort: .at(8, 0, 32)
        case .priority: .at(9, 32, 32)
        case .mark: .at(9, 0, 32)
        case .datapathHash: .at(10, 32, 32)
        case .ctMark: .at(10, 0, 32)
        case .ctState: .at(11, 32, 32)
        case .ctZone: .at(11, 16, 16)
        case .ctProtocol: .at(11, 0, 8)
        case .ctLabel: .at(12, 0, 128)
        case .ctSource: .at(14, 0, 128)
        case .ctDestination: .at(16, 0, 128)
        case .ctSourcePort: .at(18, 16, 16)
        case .ctDestinationPort: .at(18, 0, 16)

        case .tunnelID: .at(19, 0, 64)
        case .tunnelSource: .at(20, 0, 128)
        case .tunnelDestination: .at(22, 0, 128)
        case .tunnelFlags: .at(24, 48, 16)
        case .tunnelTOS: .at(24, 40, 8)
        case .tunnelTTL: .at(24, 32, 8)
        case .tunnelSourcePort: .at(24, 16, 16)
        case .tunnelDestinationPort: .at(24, 0, 16)
        case .tunnelFamily: .at(25, 40, 8)
        case .tunnelOptions: .at(25, 32, 8)
        case .tunnelOption: .at(25, 0, 32)

        case .ethernetDestination: .at(26, 16, 48)
        case .ethernetType: .at(26, 0, 16)
        case .ethernetSource: .at(27, 16, 48)
        case .vlanTCI: .at(27, 0, 16)
        case .vlanTPID: .at(28, 32, 16)
        case .innerVLANTPID: .at(28, 16, 16)
        case .innerVLANTCI: .at(28, 0, 16)
        case .ipv4Source: .at(29, 32, 32)
        case .ipv4Destination: .at(29, 0, 32)
        case .ipv6Source: .at(30, 0, 128)
        case .ipv6Destination: .at(32, 0, 128)
        case .ipProtocol: .at(34, 56, 8)
        case .ipTOS: .at(34, 48, 8)
        case .ipTTL: .at(34, 40, 8)
        case .ipFragment: .at(34, 32, 2)
        case .ipv6Label: .at(34, 0, 20)
        case .sourcePort: .at(35, 48, 16)
        case .destinationPort: .at(35, 32, 16)
        case .tcpFlags: .at(35, 16, 12)
        case .icmpType: .at(35, 8, 8)
        case .icmpCode: .at(35, 0, 8)
        case .arpSourceMAC: .at(36, 16, 48)
        case .arpOperation: .at(36, 0, 16)
        case .arpTargetMAC: .at(37, 0, 48)
        case .arpSourceIP: .at(38, 32, 32)
        case .arpTargetIP: .at(38, 0, 32)
        case .ndTarget: .at(39, 0, 128)
        case .ndSourceLink: .at(41, 0, 48)
        case .ndTargetLink: .at(42, 0, 48)
        }
    }

    /// True for what only the logical pipelines have; the kernel's key does not carry it.
    @inlinable
    public var isLogical: Bool { position.word < 8 }
}

extension FieldPosition {
    @inlinable
    static func at(_ word: UInt8, _ shift: UInt8, _ width: UInt8) -> FieldPosition {
        FieldPosition(word: word, shift: shift, width: width)
    }

    /// reg0...reg9: 32-bit parts of xxreg0, xxreg1 and xreg4.
    @inlinable
    public static func register(_ number: Int) -> FieldPosition {
        precondition((0...9).contains(number))
        return FieldPosition(
            word: UInt8(2 + number / 2), shift: number & 1 == 0 ? 32 : 0, width: 32)
    }
}

extension KeyField {
    /// ip.dscp and ip.ecn are parts of `ipTOS`.
    package static let dscp = KeyField.ipTOS.position.bits(2...7)
    package static let ecn = KeyField.ipTOS.position.bits(0...1)
}

/// Values of `tunnelFamily`.
package enum TunnelFamily {
    package static let none: UInt64 = 0
    package static let ipv4: UInt64 = 4
    package static let ipv6: UInt64 = 6
}

/// Bits of `tunnelFlags`: which of the argument-less OVS_TUNNEL_KEY_ATTR_* are there.
package enum TunnelFlag {
    package static let dontFragment: UInt64 = 1
    package static let checksum: UInt64 = 2
    package static let oam: UInt64 = 4
}

/// Values of `tunnelOptions`: what the Geneve options of the packet were.
package enum TunnelOptions {
    /// No option.
    package static let none: UInt64 = 0
    /// The option of OVN and nothing else; its value is in `tunnelOption`.
    package static let logical: UInt64 = 1
    /// Anything else. No flow is put for such a packet.
    package static let foreign: UInt64 = 2
}

/// Bits of `ctState` (OVS_CS_F_*).
package enum ConnectionState {
    package static let new: UInt64 = 0x01
    package static let established: UInt64 = 0x02
    package static let related: UInt64 = 0x04
    package static let reply: UInt64 = 0x08
    package static let invalid: UInt64 = 0x10
    package static let tracked: UInt64 = 0x20
    package static let sourceNAT: UInt64 = 0x40
    package static let destinationNAT: UInt64 = 0x80
}
