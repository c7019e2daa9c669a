import CLinux
import Datapath
import Wire

// OVS_TUNNEL_KEY_ATTR_* (linux/openvswitch.h): the outer header of a received packet in a match,
// and the one to be put before a packet in a set action.

struct TunnelKeyEncoder {
    /// Tells the address family and whether there is OVN's option.
    let key: FlowPointer
    /// The key itself, or its mask.
    let values: FlowPointer
    let isMask: Bool

    func put(_ type: Int, into writer: inout MessageWriter) {
        writer.nest(type) { putFields(&$0) }
    }

    private func putFields(_ writer: inout MessageWriter) {
        if !isMask || values[.tunnelID] != 0 {
            writer.put(Int(OVS_TUNNEL_KEY_ATTR_ID.rawValue), values[.tunnelID].bigEndian)
        }
        putAddress(
            .tunnelSource, OVS_TUNNEL_KEY_ATTR_IPV4_SRC, OVS_TUNNEL_KEY_ATTR_IPV6_SRC, &writer)
        putAddress(
            .tunnelDestination, OVS_TUNNEL_KEY_ATTR_IPV4_DST, OVS_TUNNEL_KEY_ATTR_IPV6_DST, &writer)
        if values[.tunnelTOS] != 0 {
            writer.put(Int(OVS_TUNNEL_KEY_ATTR_TOS.rawValue), UInt8(values[.tunnelTOS]))
        }
        // The kernel insists on this one in a key.
        writer.put(Int(OVS_TUNNEL_KEY_ATTR_TTL.rawValue), UInt8(values[.tunnelTTL]))
        putFlags(&writer)
        putPort(.tunnelSourcePort, OVS_TUNNEL_KEY_ATTR_TP_SRC, &writer)
        putPort(.tunnelDestinationPort, OVS_TUNNEL_KEY_ATTR_TP_DST, &writer)
        putOptions(&writer)
    }

    private func putAddress(
        _ field: KeyField, _ ipv4: ovs_tunnel_key_attr, _ ipv6: ovs_tunnel_key_attr,
        _ writer: inout MessageWriter
    ) {
        let address = values[wide: field]
        guard address != 0 else { return }
        if key[.tunnelFamily] == TunnelFamily.ipv4 {
            writer.put(Int(ipv4.rawValue), UInt32(truncatingIfNeeded: address).bigEndian)
        } else {
            writer.put(Int(ipv6.rawValue), address.bigEndian)
        }
    }

    private func putFlags(_ writer: inout MessageWriter) {
        for (flag, type) in Self.flags where values[.tunnelFlags] & flag != 0 {
            writer.putFlag(type)
        }
    }

    static let flags: [(flag: UInt64, type: Int)] = [
        (TunnelFlag.dontFragment, Int(OVS_TUNNEL_KEY_ATTR_DONT_FRAGMENT.rawValue)),
        (TunnelFlag.checksum, Int(OVS_TUNNEL_KEY_ATTR_CSUM.rawValue)),
        (TunnelFlag.oam, Int(OVS_TUNNEL_KEY_ATTR_OAM.rawValue)),
    ]

    private func putPort(
        _ field: KeyField, _ type: ovs_tunnel_key_attr, _ writer: inout MessageWriter
    ) {
        guard values[field] != 0 else { return }
        writer.put(Int(type.rawValue), UInt16(values[field]).bigEndian)
    }

    /// The header of OVN's option, or its mask: the class, the type and the length are compared
    /// with the value. The kernel wants key and mask equally long.
    private func putOptions(_ writer: inout MessageWriter) {
        let type = Int(OVS_TUNNEL_KEY_ATTR_GENEVE_OPTS.rawValue)
        if isMask, values[.tunnelOptions] == 0 { return }
        guard key[.tunnelOptions] == TunnelOptions.logical,
            let space = writer.reserve(type, length: GeneveBytes.optionSize)
        else { return }
        space.storeBytes(of: isMask ? GeneveBytes.headerMask : GeneveBytes.header, as: UInt32.self)
        space.store32(values[.tunnelOption], at: 4)
    }
}

/// The bytes of OVN's Geneve option (RFC 8926 §3.5) in the kernel's attribute.
enum GeneveBytes {
    /// Four bytes of header, four of value.
    static let optionSize = 8
    private static let lengthInWords: UInt32 = 1

    static let header =
        (UInt32(GeneveOption.logicalClass) << 16 | UInt32(GeneveOption.logicalType) << 8
        | lengthInWords).bigEndian
    static let headerMask = UInt32(0xffff_ff1f).bigEndian
}

/// The kernel's struct erspan_metadata (linux/erspan.h): the version, a number in host order, then the
/// index of version 1, or eight bytes of version 2.
enum ERSPANBytes {
    static let size = 12
    static let version: Int32 = 1

    /// Nil for another version than 1.
    static func index(_ bytes: UnsafeRawBufferPointer) -> UInt32? {
        guard bytes.count == size, bytes.loadUnaligned(as: Int32.self) == version else {
            return nil
        }
        return UInt32(truncatingIfNeeded: bytes.load32(at: 4))
    }
}

// MARK: - Big-endian stores

extension UnsafeMutableRawBufferPointer {
    func store16(_ value: UInt64, at offset: Int) {
        storeBytes(
            of: UInt16(truncatingIfNeeded: value).bigEndian, toByteOffset: offset, as: UInt16.self)
    }

    func store32(_ value: UInt64, at offset: Int) {
        storeBytes(
            of: UInt32(truncatingIfNeeded: value).bigEndian, toByteOffset: offset, as: UInt32.self)
    }

    func store48(_ value: UInt64, at offset: Int) {
        store16(value >> 32, at: offset)
        store32(value, at: offset + 2)
    }

    func store128(_ value: UInt128, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt128.self)
    }

    /// A connection's label is a number in host order (nf_conn_labels), not in network order.
    func storeLabels(_ value: UInt128, at offset: Int) {
        storeBytes(of: value, toByteOffset: offset, as: UInt128.self)
    }
}
