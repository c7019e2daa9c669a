import CLinux
import Datapath
import Glibc

// OVS_KEY_ATTR_* out of a key or a mask (linux/openvswitch.h, enum ovs_key_attr). The kernel wants
// every attribute of the packet's type in the key, and in the mask no attribute that is not in the
// key; so one walk over the key's shape writes either. A mask's attribute may be left out where it
// compares nothing, and then is: an absent one means the same.

/// Writes the attributes of a match.
struct KeyEncoder {
    private enum Role { case key, mask }

    private let key: FlowPointer
    private let mask: FlowPointer
    private let shape: HeaderShape

    /// The mask must be widened (`FlowPointer.widen`). The key may have more bits than the mask compares:
    /// the kernel looks for a flow that matches the whole of it before it takes a new one, so a
    /// packet's own key is better than a masked one.
    init(key: FlowPointer, mask: FlowPointer) {
        self.key = key
        self.mask = mask
        shape = HeaderShape(key)
    }

    /// Puts OVS_FLOW_ATTR_KEY and OVS_FLOW_ATTR_MASK.
    func put(into writer: inout MessageWriter) {
        writer.nest(Int(OVS_FLOW_ATTR_KEY.rawValue)) { put(.key, &$0) }
        writer.nest(Int(OVS_FLOW_ATTR_MASK.rawValue)) { putMask(into: &$0) }
    }

    /// Puts what stands inside OVS_FLOW_ATTR_MASK.
    func putMask(into writer: inout MessageWriter) { put(.mask, &writer) }

    private func put(_ role: Role, _ writer: inout MessageWriter) {
        let values = role == .key ? key : mask
        var metadata = MetadataEncoder(values: values, isMask: role == .mask)
        metadata.present = mask
        metadata.shape = shape
        metadata.put(into: &writer)
        if key[.tunnelFamily] != TunnelFamily.none {
            TunnelKeyEncoder(key: key, values: values, isMask: role == .mask)
                .put(Int(OVS_KEY_ATTR_TUNNEL.rawValue), into: &writer)
        }
        putEthernet(role, values, &writer)
        putTag(role, values, &writer, level: 0)
    }

    private func putEthernet(
        _ role: Role, _ values: FlowPointer, _ writer: inout MessageWriter
    ) {
        if role == .mask, mask[.ethernetSource] | mask[.ethernetDestination] == 0 { return }
        guard let space = writer.reserve(Int(OVS_KEY_ATTR_ETHERNET.rawValue), length: 12) else {
            return
        }
        space.store48(values[.ethernetSource], at: 0)
        space.store48(values[.ethernetDestination], at: 6)
    }

    /// The tag of this level with everything behind it inside, or what follows the last tag.
    private func putTag(
        _ role: Role, _ values: FlowPointer, _ writer: inout MessageWriter, level: Int
    ) {
        let (tci, tpid): (KeyField, KeyField) =
            level == 0 ? (.vlanTCI, .vlanTPID) : (.innerVLANTCI, .innerVLANTPID)
        guard level < 2, key[tci] & TagControl.present != 0 else {
            return putNetwork(role, values, &writer)
        }
        writer.put(Int(OVS_KEY_ATTR_ETHERTYPE.rawValue), UInt16(values[tpid]).bigEndian)
        writer.put(Int(OVS_KEY_ATTR_VLAN.rawValue), UInt16(values[tci]).bigEndian)
        writer.nest(Int(OVS_KEY_ATTR_ENCAP.rawValue)) {
            putTag(role, values, &$0, level: level + 1)
        }
    }

    /// A frame without a type (IEEE 802.2) has no such attribute in the key, but one in the mask.
    private func putNetwork(
        _ role: Role, _ values: FlowPointer, _ writer: inout MessageWriter
    ) {
        let hasType = key[.ethernetType] >= UInt64(ETH_P_802_3_MIN)
        if role == .mask || hasType {
            writer.put(
                Int(OVS_KEY_ATTR_ETHERTYPE.rawValue), UInt16(values[.ethernetType]).bigEndian)
        }
        switch shape.network {
        case .ipv4: putIPv4(role, values, &writer)
        case .ipv6: putIPv6(role, values, &writer)
        case .arp: putARP(role, values, &writer)
        case .mpls:
            if role == .key { writer.put(Int(OVS_KEY_ATTR_MPLS.rawValue), UInt32(0)) }
        case .other: break
        }
    }

    // MARK: Network headers

    private func putIPv4(_ role: Role, _ values: FlowPointer, _ writer: inout MessageWriter) {
        guard let space = writer.reserve(Int(OVS_KEY_ATTR_IPV4.rawValue), length: 12) else {
            return
        }
        space.store32(values[.ipv4Source], at: 0)
        space.store32(values[.ipv4Destination], at: 4)
        putNetworkBytes(role, values, space, at: 8)
        putTransport(role, values, &writer)
    }

    private func putIPv6(_ role: Role, _ values: FlowPointer, _ writer: inout MessageWriter) {
        guard let space = writer.reserve(Int(OVS_KEY_ATTR_IPV6.rawValue), length: 40) else {
            return
        }
        space.store128(values[wide: .ipv6Source], at: 0)
        space.store128(values[wide: .ipv6Destination], at: 16)
        space.store32(values[.ipv6Label], at: 32)
        putNetworkBytes(role, values, space, at: 36)
        putTransport(role, values, &writer)
    }

    /// Protocol, type of service, time to live, fragment: the same four bytes in both structures.
    private func putNetworkBytes(
        _ role: Role, _ values: FlowPointer, _ space: UnsafeMutableRawBufferPointer, at start: Int
    ) {
        space[start] = UInt8(values[.ipProtocol])
        space[start + 1] = UInt8(values[.ipTOS])
        space[start + 2] = UInt8(values[.ipTTL])
        space[start + 3] =
            role == .mask ? .max : FragmentBits.kernelValue(values[.ipFragment])
    }

    private func putARP(_ role: Role, _ values: FlowPointer, _ writer: inout MessageWriter) {
        guard let space = writer.reserve(Int(OVS_KEY_ATTR_ARP.rawValue), length: 24) else {
            return
        }
        space.store32(values[.arpSourceIP], at: 0)
        space.store32(values[.arpTargetIP], at: 4)
        space.store16(values[.arpOperation], at: 8)
        space.store48(values[.arpSourceMAC], at: 10)
        space.store48(values[.arpTargetMAC], at: 16)
    }

    // MARK: Transport headers

    private func putTransport(_ role: Role, _ values: FlowPointer, _ writer: inout MessageWriter) {
        if role == .mask, !mask.compares(anyOf: KeyField.ofTransport) {
            return putNeighbour(role, values, &writer)
        }
        let isIPv4 = shape.network == .ipv4
        switch shape.transport {
        case .tcp:
            putPorts(Int(OVS_KEY_ATTR_TCP.rawValue), values, &writer)
            writer.put(Int(OVS_KEY_ATTR_TCP_FLAGS.rawValue), UInt16(values[.tcpFlags]).bigEndian)
        case .udp: putPorts(Int(OVS_KEY_ATTR_UDP.rawValue), values, &writer)
        case .sctp: putPorts(Int(OVS_KEY_ATTR_SCTP.rawValue), values, &writer)
        case .icmp, .neighbour:
            let type = isIPv4 ? OVS_KEY_ATTR_ICMP : OVS_KEY_ATTR_ICMPV6
            if let space = writer.reserve(Int(type.rawValue), length: 2) {
                space[0] = UInt8(values[.icmpType])
                space[1] = UInt8(values[.icmpCode])
            }
        case .none: break
        }
        putNeighbour(role, values, &writer)
    }

    private func putPorts(
        _ type: Int, _ values: FlowPointer, _ writer: inout MessageWriter
    ) {
        guard let space = writer.reserve(type, length: 4) else { return }
        space.store16(values[.sourcePort], at: 0)
        space.store16(values[.destinationPort], at: 2)
    }

    private func putNeighbour(_ role: Role, _ values: FlowPointer, _ writer: inout MessageWriter) {
        guard shape.isNeighbour else { return }
        if role == .mask, !mask.compares(anyOf: KeyField.ofNeighbour) { return }
        guard let space = writer.reserve(Int(OVS_KEY_ATTR_ND.rawValue), length: 28) else { return }
        space.store128(values[wide: .ndTarget], at: 0)
        space.store48(values[.ndSourceLink], at: 16)
        space.store48(values[.ndTargetLink], at: 22)
    }
}

/// Writes what the kernel keeps beside a packet: for a match, and for a packet to be executed.
struct MetadataEncoder {
    let values: FlowPointer
    let isMask: Bool
    /// A field is put if it is nonzero here too: in a match, where the mask compares it.
    var present: FlowPointer?
    /// Decides about the connection's tuple; nil for a packet whose headers tell.
    var shape: HeaderShape?

    init(values: FlowPointer, isMask: Bool) {
        self.values = values
        self.isMask = isMask
    }

    func put(into writer: inout MessageWriter) {
        putNumber(.recirculationID, Int(OVS_KEY_ATTR_RECIRC_ID.rawValue), &writer)
        putNumber(.datapathHash, Int(OVS_KEY_ATTR_DP_HASH.rawValue), &writer)
        putNumber(.inputPort, Int(OVS_KEY_ATTR_IN_PORT.rawValue), &writer)
        putNumber(.priority, Int(OVS_KEY_ATTR_PRIORITY.rawValue), &writer)
        putNumber(.mark, Int(OVS_KEY_ATTR_SKB_MARK.rawValue), &writer)
        putNumber(.ctState, Int(OVS_KEY_ATTR_CT_STATE.rawValue), &writer)
        if isWanted(.ctZone) {
            writer.put(Int(OVS_KEY_ATTR_CT_ZONE.rawValue), UInt16(values[.ctZone]))
        }
        putNumber(.ctMark, Int(OVS_KEY_ATTR_CT_MARK.rawValue), &writer)
        putLabels(&writer)
        putTuple(&writer)
    }

    private func isWanted(_ field: KeyField) -> Bool {
        (present ?? values)[wide: field] != 0
    }

    /// The kernel's value in host byte order. The input port is always there: it has no default.
    private func putNumber(_ field: KeyField, _ type: Int, _ writer: inout MessageWriter) {
        if isWanted(field) || (field == .inputPort && !isMask) {
            writer.put(type, UInt32(truncatingIfNeeded: values[field]))
        }
    }

    private func putLabels(_ writer: inout MessageWriter) {
        guard isWanted(.ctLabel),
            let space = writer.reserve(Int(OVS_KEY_ATTR_CT_LABELS.rawValue), length: 16)
        else { return }
        space.storeLabels(values[wide: .ctLabel], at: 0)
    }

    private func putTuple(_ writer: inout MessageWriter) {
        guard KeyField.ofTuple.contains(where: isWanted) else { return }
        if isIPv4Tuple {
            putIPv4Tuple(&writer)
        } else {
            putIPv6Tuple(&writer)
        }
    }

    private var isIPv4Tuple: Bool {
        if let shape { return shape.network == .ipv4 }
        return values[.ethernetType] == UInt64(ETH_P_IP)
    }

    private func putIPv4Tuple(_ writer: inout MessageWriter) {
        let type = Int(OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4.rawValue)
        let size = MemoryLayout<ovs_key_ct_tuple_ipv4>.size
        guard let space = writer.reserve(type, length: size) else { return }
        space.store32(UInt64(truncatingIfNeeded: values[wide: .ctSource]), at: 0)
        space.store32(UInt64(truncatingIfNeeded: values[wide: .ctDestination]), at: 4)
        putTupleEnd(space, at: 8)
    }

    private func putIPv6Tuple(_ writer: inout MessageWriter) {
        let type = Int(OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6.rawValue)
        let size = MemoryLayout<ovs_key_ct_tuple_ipv6>.size
        guard let space = writer.reserve(type, length: size) else { return }
        space.store128(values[wide: .ctSource], at: 0)
        space.store128(values[wide: .ctDestination], at: 16)
        putTupleEnd(space, at: 32)
    }

    private func putTupleEnd(_ space: UnsafeMutableRawBufferPointer, at start: Int) {
        space.store16(values[.ctSourcePort], at: start)
        space.store16(values[.ctDestinationPort], at: start + 2)
        space[start + 4] = UInt8(values[.ctProtocol])
    }
}
