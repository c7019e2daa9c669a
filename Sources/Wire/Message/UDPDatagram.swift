/// The ports and the payload of a whole UDP datagram (RFC 768).
package struct UDPDatagram: Hashable, Sendable {
    package let source: UInt16
    package let destination: UInt16
    package let payload: [UInt8]

    package enum Limits {
        /// Bytes that fit into a packet of either family.
        package static let payload = 65535 - HeaderLength.ipv4 - HeaderLength.udp
    }

    /// The frame of a datagram between the same ports with another payload; nil if that is too long for one.
    package func frame(
        _ ethernet: EthernetHeader, _ addresses: IPHeader.Addresses, carrying payload: [UInt8]
    ) -> [UInt8]? {
        guard payload.count <= Limits.payload else { return nil }
        return PacketBuilder.udp(
            ethernet, addresses, source: source, destination: destination, payload)
    }

    /// Nil for a fragment, for another protocol, and where the lengths contradict each other.
    package init?(_ frame: [UInt8], _ layout: PacketLayout) {
        guard layout.transport == .udp, layout.fragment == .none else { return nil }
        let start = layout.transportOffset
        let end = start + Int(frame.uint16(at: start + 4))
        guard end >= start + HeaderLength.udp, end <= layout.networkEnd else { return nil }
        source = frame.uint16(at: start)
        destination = frame.uint16(at: start + 2)
        payload = Array(frame[start + HeaderLength.udp..<end])
    }
}

extension PacketLayout {
    /// The addresses of an IP packet; nil for any other.
    package func addresses(_ frame: [UInt8]) -> IPHeader.Addresses? {
        switch network {
        case .ipv4:
            .v4(
                source: IPv4Address(frame.uint32(at: networkOffset + 12)),
                destination: IPv4Address(frame.uint32(at: networkOffset + 16)))
        case .ipv6:
            .v6(
                source: IPv6Address(frame.uint128(at: networkOffset + 8)),
                destination: IPv6Address(frame.uint128(at: networkOffset + 24)))
        case .arp, nil: nil
        }
    }
}

/// Reads big-endian numbers and runs of bytes from the front of a message; past the end there is
/// nothing, so a reader of a message that is cut short stops instead of trapping.
package struct ByteReader: Sendable {
    private let bytes: [UInt8]
    package private(set) var position: Int
    private let end: Int

    package init(_ bytes: [UInt8], from start: Int = 0, to end: Int? = nil) {
        self.bytes = bytes
        self.end = min(max(0, end ?? bytes.count), bytes.count)
        position = min(max(0, start), self.end)
    }

    package var left: Int { end - position }

    package mutating func uint8() -> UInt8? {
        guard left >= 1 else { return nil }
        position += 1
        return bytes[position - 1]
    }

    package mutating func uint16() -> UInt16? {
        guard left >= 2 else { return nil }
        position += 2
        return bytes.uint16(at: position - 2)
    }

    package mutating func uint32() -> UInt32? {
        guard left >= 4 else { return nil }
        position += 4
        return bytes.uint32(at: position - 4)
    }

    package mutating func ipv4Address() -> IPv4Address? { uint32().map { IPv4Address($0) } }

    package mutating func ipv6Address() -> IPv6Address? {
        guard left >= 16 else { return nil }
        position += 16
        return IPv6Address(bytes.uint128(at: position - 16))
    }

    package mutating func bytes(_ count: Int) -> [UInt8]? {
        guard count >= 0, left >= count else { return nil }
        position += count
        return Array(bytes[position - count..<position])
    }

    package mutating func rest() -> [UInt8] {
        defer { position = end }
        return Array(bytes[position..<end])
    }
}
