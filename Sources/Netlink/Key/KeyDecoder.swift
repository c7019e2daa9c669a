import CLinux
import Datapath
import Wire

// The way back from OVS_KEY_ATTR_*. An attribute that is too short counts as absent, one of an
// unknown type is passed over; nothing here can fail, because a flow or a packet that the kernel
// describes in words we do not know must still be listed, deleted, dropped.

/// Reads attributes into words that are zero at the start.
struct KeyDecoder {
    let values: FlowPointer
    let isMask: Bool

    /// Reads the attributes of a key, such as an upcall's.
    static func decodeKey(_ attributes: AttributeReader, into values: FlowPointer) {
        let decoder = KeyDecoder(values: values, isMask: false)
        values[.ethernetType] = UInt64(EtherType.none)
        decoder.decode(attributes, level: 0)
    }

    /// Reads the attributes of a mask that belongs to `key`, and adds what the kernel compares
    /// without saying so: that there is no tag where the key has none.
    static func decodeMask(
        _ attributes: AttributeReader, key: FlowPointer, into values: FlowPointer
    ) {
        KeyDecoder(values: values, isMask: true).decode(attributes, level: 0)
        for tag in [KeyField.vlanTCI, .innerVLANTCI]
        where key[tag] & TagControl.present == 0 { values.setExact(tag) }
        if key[.tunnelFamily] != TunnelFamily.none { values.setExact(.tunnelFamily) }
    }

    private func decode(_ attributes: AttributeReader, level: Int) {
        var tag = Tag()
        for attribute in attributes where !tag.take(attribute) {
            if !decodeMetadata(attribute), !decodeNetwork(attribute) {
                decodeTransport(attribute)
            }
        }
        decode(tag, level: level)
    }

    /// What belongs together when there is a tag: its type, itself, and all behind it.
    private struct Tag {
        var type: UInt16?
        var control: UInt16 = 0
        var inside: Attribute?

        mutating func take(_ attribute: Attribute) -> Bool {
            switch UInt32(attribute.type) {
            case OVS_KEY_ATTR_ETHERTYPE.rawValue: type = attribute.bigEndian()
            case OVS_KEY_ATTR_VLAN.rawValue: control = attribute.bigEndian() ?? 0
            case OVS_KEY_ATTR_ENCAP.rawValue: inside = attribute
            default: return false
            }
            return true
        }
    }

    /// With a tag the type before it is the tag's; the frame's own stands inside.
    private func decode(_ tag: Tag, level: Int) {
        guard let inside = tag.inside, level < 2 else {
            if let type = tag.type { values[.ethernetType] = UInt64(type) }
            return
        }
        values[level == 0 ? .vlanTPID : .innerVLANTPID] = UInt64(tag.type ?? 0)
        values[level == 0 ? .vlanTCI : .innerVLANTCI] = UInt64(tag.control)
        decode(inside.nested, level: level + 1)
    }

    private func decodeMetadata(_ attribute: Attribute) -> Bool {
        switch UInt32(attribute.type) {
        case OVS_KEY_ATTR_RECIRC_ID.rawValue: setNumber(.recirculationID, attribute)
        case OVS_KEY_ATTR_DP_HASH.rawValue: setNumber(.datapathHash, attribute)
        case OVS_KEY_ATTR_IN_PORT.rawValue: setNumber(.inputPort, attribute)
        case OVS_KEY_ATTR_PRIORITY.rawValue: setNumber(.priority, attribute)
        case OVS_KEY_ATTR_SKB_MARK.rawValue: setNumber(.mark, attribute)
        case OVS_KEY_ATTR_CT_STATE.rawValue: setNumber(.ctState, attribute)
        case OVS_KEY_ATTR_CT_MARK.rawValue: setNumber(.ctMark, attribute)
        case OVS_KEY_ATTR_CT_ZONE.rawValue:
            if let zone = attribute.value(UInt16.self) { values[.ctZone] = UInt64(zone) }
        case OVS_KEY_ATTR_CT_LABELS.rawValue:
            if let label = attribute.value(UInt128.self) { values[wide: .ctLabel] = label }
        case OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4.rawValue: decodeTuple(attribute, addressSize: 4)
        case OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6.rawValue: decodeTuple(attribute, addressSize: 16)
        case OVS_KEY_ATTR_TUNNEL.rawValue:
            TunnelKeyDecoder(values: values, isMask: isMask).decode(attribute.nested)
        default: return false
        }
        return true
    }

    private func setNumber(_ field: KeyField, _ attribute: Attribute) {
        if let number = attribute.value(UInt32.self) { values[field] = UInt64(number) }
    }

    private func decodeTuple(_ attribute: Attribute, addressSize: Int) {
        let bytes = attribute.payload
        guard bytes.count >= 2 * addressSize + 5 else { return }
        values[wide: .ctSource] = bytes.number(at: 0, size: addressSize)
        values[wide: .ctDestination] = bytes.number(at: addressSize, size: addressSize)
        values[.ctSourcePort] = bytes.load16(at: 2 * addressSize)
        values[.ctDestinationPort] = bytes.load16(at: 2 * addressSize + 2)
        values[.ctProtocol] = UInt64(bytes[2 * addressSize + 4])
    }

    private func decodeNetwork(_ attribute: Attribute) -> Bool {
        switch UInt32(attribute.type) {
        case OVS_KEY_ATTR_ETHERNET.rawValue: decodeEthernet(attribute.payload)
        case OVS_KEY_ATTR_IPV4.rawValue: decodeIPv4(attribute.payload)
        case OVS_KEY_ATTR_IPV6.rawValue: decodeIPv6(attribute.payload)
        case OVS_KEY_ATTR_ARP.rawValue: decodeARP(attribute.payload)
        default: return false
        }
        return true
    }

    private func decodeEthernet(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 12 else { return }
        values[.ethernetSource] = bytes.load48(at: 0)
        values[.ethernetDestination] = bytes.load48(at: 6)
    }

    private func decodeIPv4(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 12 else { return }
        values[.ipv4Source] = bytes.load32(at: 0)
        values[.ipv4Destination] = bytes.load32(at: 4)
        decodeNetworkBytes(bytes, at: 8)
    }

    private func decodeIPv6(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 40 else { return }
        values[wide: .ipv6Source] = bytes.number(at: 0, size: 16)
        values[wide: .ipv6Destination] = bytes.number(at: 16, size: 16)
        values[.ipv6Label] = bytes.load32(at: 32)
        decodeNetworkBytes(bytes, at: 36)
    }

    private func decodeNetworkBytes(_ bytes: UnsafeRawBufferPointer, at start: Int) {
        values[.ipProtocol] = UInt64(bytes[start])
        values[.ipTOS] = UInt64(bytes[start + 1])
        values[.ipTTL] = UInt64(bytes[start + 2])
        let fragment = bytes[start + 3]
        values[.ipFragment] =
            isMask ? (fragment == 0 ? 0 : 3) : FragmentBits.bits(kernelValue: fragment)
    }

    private func decodeARP(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 22 else { return }
        values[.arpSourceIP] = bytes.load32(at: 0)
        values[.arpTargetIP] = bytes.load32(at: 4)
        values[.arpOperation] = bytes.load16(at: 8)
        values[.arpSourceMAC] = bytes.load48(at: 10)
        values[.arpTargetMAC] = bytes.load48(at: 16)
    }

    private func decodeTransport(_ attribute: Attribute) {
        let bytes = attribute.payload
        switch UInt32(attribute.type) {
        case OVS_KEY_ATTR_TCP.rawValue, OVS_KEY_ATTR_UDP.rawValue, OVS_KEY_ATTR_SCTP.rawValue:
            guard bytes.count >= 4 else { return }
            values[.sourcePort] = bytes.load16(at: 0)
            values[.destinationPort] = bytes.load16(at: 2)
        case OVS_KEY_ATTR_TCP_FLAGS.rawValue:
            if let flags = attribute.bigEndian(UInt16.self) { values[.tcpFlags] = UInt64(flags) }
        case OVS_KEY_ATTR_ICMP.rawValue, OVS_KEY_ATTR_ICMPV6.rawValue:
            guard bytes.count >= 2 else { return }
            values[.icmpType] = UInt64(bytes[0])
            values[.icmpCode] = UInt64(bytes[1])
        case OVS_KEY_ATTR_ND.rawValue:
            guard bytes.count >= 28 else { return }
            values[wide: .ndTarget] = bytes.number(at: 0, size: 16)
            values[.ndSourceLink] = bytes.load48(at: 16)
            values[.ndTargetLink] = bytes.load48(at: 22)
        default: break
        }
    }
}

/// Reads OVS_TUNNEL_KEY_ATTR_*.
struct TunnelKeyDecoder {
    let values: FlowPointer
    let isMask: Bool

    func decode(_ attributes: AttributeReader) {
        for attribute in attributes { decode(attribute) }
    }

    func decode(_ attribute: Attribute) {
        switch UInt32(attribute.type) {
        case OVS_TUNNEL_KEY_ATTR_ID.rawValue:
            if let id = attribute.bigEndian(UInt64.self) { values[.tunnelID] = id }
        case OVS_TUNNEL_KEY_ATTR_IPV4_SRC.rawValue: setAddress(.tunnelSource, attribute, 4)
        case OVS_TUNNEL_KEY_ATTR_IPV4_DST.rawValue: setAddress(.tunnelDestination, attribute, 4)
        case OVS_TUNNEL_KEY_ATTR_IPV6_SRC.rawValue: setAddress(.tunnelSource, attribute, 16)
        case OVS_TUNNEL_KEY_ATTR_IPV6_DST.rawValue: setAddress(.tunnelDestination, attribute, 16)
        case OVS_TUNNEL_KEY_ATTR_TOS.rawValue: setByte(.tunnelTOS, attribute)
        case OVS_TUNNEL_KEY_ATTR_TTL.rawValue: setByte(.tunnelTTL, attribute)
        case OVS_TUNNEL_KEY_ATTR_TP_SRC.rawValue: setPort(.tunnelSourcePort, attribute)
        case OVS_TUNNEL_KEY_ATTR_TP_DST.rawValue: setPort(.tunnelDestinationPort, attribute)
        case OVS_TUNNEL_KEY_ATTR_GENEVE_OPTS.rawValue: decodeOptions(attribute.payload)
        case OVS_TUNNEL_KEY_ATTR_VXLAN_OPTS.rawValue, OVS_TUNNEL_KEY_ATTR_ERSPAN_OPTS.rawValue:
            setForeign()
        default:
            for (flag, type) in TunnelKeyEncoder.flags where type == attribute.type {
                values[.tunnelFlags] |= flag
            }
        }
    }

    private func setAddress(_ field: KeyField, _ attribute: Attribute, _ size: Int) {
        guard attribute.payload.count >= size else { return }
        values[wide: field] = attribute.payload.number(at: 0, size: size)
        if isMask {
            values.setExact(.tunnelFamily)
        } else {
            values[.tunnelFamily] = size == 4 ? TunnelFamily.ipv4 : TunnelFamily.ipv6
        }
    }

    private func setByte(_ field: KeyField, _ attribute: Attribute) {
        if let byte = attribute.value(UInt8.self) { values[field] = UInt64(byte) }
    }

    private func setPort(_ field: KeyField, _ attribute: Attribute) {
        if let port = attribute.bigEndian(UInt16.self) { values[field] = UInt64(port) }
    }

    private func decodeOptions(_ bytes: UnsafeRawBufferPointer) {
        if bytes.isEmpty { return }
        let header = bytes.count >= 4 ? bytes.loadUnaligned(as: UInt32.self) : 0
        let expected = isMask ? GeneveBytes.headerMask : GeneveBytes.header
        guard bytes.count == GeneveBytes.optionSize, header == expected else {
            return setForeign()
        }
        if isMask {
            values.setExact(.tunnelOptions)
        } else {
            values[.tunnelOptions] = TunnelOptions.logical
        }
        values[.tunnelOption] = bytes.load32(at: 4)
    }

    private func setForeign() {
        if isMask {
            values.setExact(.tunnelOptions)
        } else {
            values[.tunnelOptions] = TunnelOptions.foreign
        }
    }
}

// MARK: - Big-endian loads

extension UnsafeRawBufferPointer {
    func load16(at offset: Int) -> UInt64 {
        UInt64(UInt16(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
    }

    func load32(at offset: Int) -> UInt64 {
        UInt64(UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    func load48(at offset: Int) -> UInt64 {
        load16(at: offset) << 32 | load32(at: offset + 2)
    }

    /// A number of 4 or 16 bytes.
    func number(at offset: Int, size: Int) -> UInt128 {
        guard size == 16 else { return UInt128(load32(at: offset)) }
        return UInt128(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt128.self))
    }
}
