/// An ARP or RARP message for IPv4 over Ethernet (RFC 826, RFC 903).
package struct ARPMessage: Hashable, Sendable {
    package static let request: UInt16 = 1
    package static let reply: UInt16 = 2

    package var operation: UInt16
    package var senderMAC: MACAddress
    package var senderIP: IPv4Address
    package var targetMAC: MACAddress
    package var targetIP: IPv4Address

    package init(
        operation: UInt16, sender: (mac: MACAddress, ip: IPv4Address),
        target: (mac: MACAddress, ip: IPv4Address)
    ) {
        self.operation = operation
        (senderMAC, senderIP) = sender
        (targetMAC, targetIP) = target
    }

    /// Nil where the layout found no ARP message.
    package init?(_ bytes: [UInt8], _ layout: PacketLayout) {
        guard layout.network == .arp else { return nil }
        let start = layout.networkOffset
        self.init(
            operation: bytes.uint16(at: start + 6),
            sender: (
                MACAddress(bytes.uint48(at: start + 8)), IPv4Address(bytes.uint32(at: start + 14))
            ),
            target: (
                MACAddress(bytes.uint48(at: start + 18)), IPv4Address(bytes.uint32(at: start + 24))
            ))
    }

    /// 28 bytes.
    package var payload: [UInt8] {
        var bytes: [UInt8] = [0, 1, 8, 0, 6, 4]
        bytes.append(UInt64(operation), width: 2)
        bytes.append(senderMAC)
        bytes.append(senderIP)
        bytes.append(targetMAC)
        bytes.append(targetIP)
        return bytes
    }
}
