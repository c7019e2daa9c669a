/// The parts of an IPv4 or IPv6 header that a packet of our own needs.
package struct IPHeader: Hashable, Sendable {
    package enum Addresses: Hashable, Sendable {
        case v4(source: IPv4Address, destination: IPv4Address)
        case v6(source: IPv6Address, destination: IPv6Address)
    }

    package var addresses: Addresses
    package var proto: UInt8
    package var ttl: UInt8
    package var tos: UInt8

    package init(_ addresses: Addresses, proto: UInt8, ttl: UInt8, tos: UInt8 = 0) {
        self.addresses = addresses
        self.proto = proto
        self.ttl = ttl
        self.tos = tos
    }

    package var etherType: UInt16 {
        switch addresses {
        case .v4: EtherType.ipv4
        case .v6: EtherType.ipv6
        }
    }

    /// The header and `payload` behind it. IPv4 goes out with Don't Fragment and identification 0
    /// (RFC 6864 §4.1).
    package func packet(_ payload: [UInt8]) -> [UInt8] {
        switch addresses {
        case .v4(let source, let destination):
            var bytes: [UInt8] = [0x45, tos]
            bytes.append(UInt64(HeaderLength.ipv4 + payload.count), width: 2)
            bytes += [0, 0, 0x40, 0, ttl, proto, 0, 0]
            bytes.append(source)
            bytes.append(destination)
            bytes.store16(InternetChecksum.of(bytes), at: 10)
            return bytes + payload
        case .v6(let source, let destination):
            var bytes: [UInt8] = []
            bytes.append(0x6000_0000 | UInt64(tos) << 20, width: 4)
            bytes.append(UInt64(payload.count), width: 2)
            bytes += [proto, ttl]
            bytes.append(source)
            bytes.append(destination)
            return bytes + payload
        }
    }

    /// The checksum of a transport message under this header's pseudo-header. The message's own
    /// checksum field must be zero.
    package func transportChecksum(_ message: [UInt8]) -> UInt16 {
        var checksum = InternetChecksum()
        switch addresses {
        case .v4(let source, let destination):
            checksum.addPseudoHeader(
                source: source, destination: destination, proto: proto, length: message.count)
        case .v6(let source, let destination):
            checksum.addPseudoHeader(
                source: source, destination: destination, proto: proto, length: message.count)
        }
        checksum.add(message)
        return checksum.value
    }
}
