/// One option of a Geneve header (RFC 8926 §3.5).
package struct GeneveOption: Hashable, Sendable {
    package var optionClass: UInt16
    /// The highest bit says that a receiver must understand the option.
    package var type: UInt8
    /// A multiple of four bytes.
    package var data: [UInt8]

    package init(optionClass: UInt16, type: UInt8, data: [UInt8]) {
        self.optionClass = optionClass
        self.type = type
        self.data = data
    }

    /// The class and type in which OVN carries the logical ingress and egress port keys.
    package static let logicalClass: UInt16 = 0x0102
    package static let logicalType: UInt8 = 0x80

    /// OVN's option: `ingress` 15 bits, `egress` 16 bits.
    package static func logical(ingress: UInt16, egress: UInt16) -> GeneveOption {
        var data: [UInt8] = []
        data.append(UInt64(ingress & 0x7fff) << 16 | UInt64(egress), width: 4)
        return GeneveOption(optionClass: logicalClass, type: logicalType, data: data)
    }
}

/// A Geneve header (RFC 8926 §3.4).
package struct GeneveHeader: Hashable, Sendable {
    package static let port: UInt16 = 6081
    /// Trans-Ether bridging: an Ethernet frame follows.
    package static let ethernetProtocol: UInt16 = 0x6558

    package enum DecodeError: Error, Equatable {
        case truncated(needed: Int, available: Int)
        case version(Int)
    }

    package var isControl = false
    package var hasCriticalOptions = false
    package var proto = GeneveHeader.ethernetProtocol
    /// 24 bits.
    package var vni: UInt32
    package var options: [GeneveOption]

    package init(vni: UInt32, options: [GeneveOption]) {
        self.vni = vni & 0xff_ffff
        self.options = options
        hasCriticalOptions = options.contains { $0.type & 0x80 != 0 }
    }

    /// Reads a header at `offset` (behind UDP) and returns it with the offset of the inner frame.
    package static func decode(
        _ bytes: [UInt8], at offset: Int
    ) throws(DecodeError) -> (header: GeneveHeader, payload: Int) {
        try require(bytes, offset + HeaderLength.geneve)
        let version = Int(bytes[offset] >> 6)
        guard version == 0 else { throw .version(version) }
        let end = offset + HeaderLength.geneve + Int(bytes[offset] & 0x3f) * 4
        try require(bytes, end)
        var options: [GeneveOption] = []
        var position = offset + HeaderLength.geneve
        while position < end {
            try require(bytes, position + 4, limit: end)
            let length = Int(bytes[position + 3] & 0x1f) * 4
            try require(bytes, position + 4 + length, limit: end)
            options.append(
                GeneveOption(
                    optionClass: bytes.uint16(at: position), type: bytes[position + 2],
                    data: Array(bytes[position + 4..<position + 4 + length])))
            position += 4 + length
        }
        var header = GeneveHeader(vni: bytes.uint32(at: offset + 4) >> 8, options: options)
        header.isControl = bytes[offset + 1] & 0x80 != 0
        header.hasCriticalOptions = bytes[offset + 1] & 0x40 != 0
        header.proto = bytes.uint16(at: offset + 2)
        return (header, end)
    }

    private static func require(
        _ bytes: [UInt8], _ needed: Int, limit: Int? = nil
    ) throws(DecodeError) {
        let available = limit ?? bytes.count
        guard needed <= available else { throw .truncated(needed: needed, available: available) }
    }

    /// The header's bytes, without what it carries.
    package var encoded: [UInt8] {
        var tail: [UInt8] = []
        for option in options {
            tail.append(UInt64(option.optionClass), width: 2)
            tail += [option.type, UInt8(option.data.count / 4 & 0x1f)]
            tail += option.data
        }
        var bytes: [UInt8] = [
            UInt8(tail.count / 4 & 0x3f), (isControl ? 0x80 : 0) | (hasCriticalOptions ? 0x40 : 0),
        ]
        bytes.append(UInt64(proto), width: 2)
        bytes.append(UInt64(vni) << 8, width: 4)
        return bytes + tail
    }
}
