import CLinux
import CNetlink
import Glibc
import Wire

/// An address of a device.
package struct LinkAddress: Hashable, Comparable, Sendable {
    package let linkIndex: Int32
    package let prefix: IPPrefix

    package init(linkIndex: Int32, prefix: IPPrefix) {
        self.linkIndex = linkIndex
        self.prefix = prefix
    }

    package static func < (left: LinkAddress, right: LinkAddress) -> Bool {
        (left.linkIndex, left.prefix) < (right.linkIndex, right.prefix)
    }
}

/// Where the kernel would send a packet.
package struct RouteAnswer: Hashable, Sendable {
    /// The device it would leave through.
    package let linkIndex: Int32
    /// The address it would leave with, where the kernel names one.
    package let source: IPAddress?
    /// The next hop, nil if the destination is on the link.
    package let gateway: IPAddress?
    /// Whether the destination is this host itself.
    package let isLocal: Bool
}

extension RouteControl {
    /// All addresses of the namespace, by device.
    package func addresses() throws(NetlinkError) -> [LinkAddress] {
        var found: [LinkAddress] = []
        let message = ControlMessage(
            type: UInt16(RTM_GETADDR), flags: NLM_F_DUMP, header: ifaddrmsg())
        try socket.exchange("address list", message) {
            if let address = LinkAddress($0) { found.append(address) }
        }
        return found.sorted()
    }

    package func addAddress(_ address: LinkAddress) throws(NetlinkError) {
        try change(
            "address add", UInt16(RTM_NEWADDR), flags: NLM_F_CREATE | NLM_F_EXCL, address)
    }

    package func removeAddress(_ address: LinkAddress) throws(NetlinkError) {
        try change("address remove", UInt16(RTM_DELADDR), flags: 0, address)
    }

    private func change(
        _ operation: String, _ type: UInt16, flags: Int32, _ address: LinkAddress
    ) throws(NetlinkError) {
        var header = ifaddrmsg()
        header.ifa_family = address.prefix.address.family
        header.ifa_prefixlen = UInt8(address.prefix.length)
        header.ifa_index = UInt32(bitPattern: address.linkIndex)
        var message = ControlMessage(type: type, flags: flags, header: header)
        message.put(IFA_LOCAL, address: address.prefix.address)
        message.put(IFA_ADDRESS, address: address.prefix.address)
        try socket.exchange(operation, place: "\(address.prefix)", message)
    }

    /// The kernel's choice of route to a destination.
    /// - Throws: `.refused(ENETUNREACH)` and its like if there is none.
    package func route(to destination: IPAddress) throws(NetlinkError) -> RouteAnswer {
        var header = rtmsg()
        header.rtm_family = destination.family
        header.rtm_dst_len = destination.family == UInt8(AF_INET) ? 32 : 128
        var message = ControlMessage(type: UInt16(RTM_GETROUTE), flags: 0, header: header)
        message.put(Int(RTA_DST.rawValue), address: destination)
        var found: RouteAnswer?
        try socket.exchange("route get", place: "\(destination)", message) {
            found = RouteAnswer($0)
        }
        guard let found else {
            throw NetlinkError(
                "route get", place: "\(destination)", cause: .malformed("no device in it"))
        }
        return found
    }
}

extension LinkAddress {
    /// Reads a message with an ifaddrmsg; nil if it has no address. IFA_LOCAL is the device's own
    /// where IFA_ADDRESS names the other end.
    init?(_ message: MessageView) {
        let payload = message.payload
        guard payload.count >= MemoryLayout<ifaddrmsg>.size else { return nil }
        let header = payload.loadUnaligned(as: ifaddrmsg.self)
        let attributes = message.attributes(behind: MemoryLayout<ifaddrmsg>.size)
        guard
            let bytes = attributes.first(IFA_LOCAL) ?? attributes.first(IFA_ADDRESS),
            let prefix = IPPrefix(bytes.payload, length: Int(header.ifa_prefixlen))
        else { return nil }
        self.init(linkIndex: Int32(bitPattern: header.ifa_index), prefix: prefix)
    }
}

extension RouteAnswer {
    /// Reads a message with an rtmsg; nil if it names no device.
    init?(_ message: MessageView) {
        let payload = message.payload
        guard payload.count >= MemoryLayout<rtmsg>.size else { return nil }
        let header = payload.loadUnaligned(as: rtmsg.self)
        let attributes = message.attributes(behind: MemoryLayout<rtmsg>.size)
        guard let index = attributes.first(Int(RTA_OIF.rawValue))?.value(Int32.self) else {
            return nil
        }
        linkIndex = index
        source = attributes.first(Int(RTA_PREFSRC.rawValue)).flatMap { IPAddress($0.payload) }
        gateway = attributes.first(Int(RTA_GATEWAY.rawValue)).flatMap { IPAddress($0.payload) }
        isLocal = header.rtm_type == UInt8(RTN_LOCAL)
    }
}

// MARK: - Addresses as bytes

extension IPAddress {
    /// Four or sixteen bytes in network order; nil for any other number of bytes.
    init?(_ bytes: UnsafeRawBufferPointer) {
        switch bytes.count {
        case 4: self = .v4(IPv4Address(UInt32(bytes.load32(at: 0))))
        case 16: self = .v6(IPv6Address(bytes.number(at: 0, size: 16)))
        default: return nil
        }
    }

    /// AF_INET or AF_INET6.
    var family: UInt8 {
        switch self {
        case .v4: UInt8(AF_INET)
        case .v6: UInt8(AF_INET6)
        }
    }
}

extension IPPrefix {
    /// Nil for a length that the family does not have.
    fileprivate init?(_ bytes: UnsafeRawBufferPointer, length: Int) {
        guard length >= 0, length <= 8 * bytes.count else { return nil }
        switch IPAddress(bytes) {
        case .v4(let address): self = .v4(IPv4Prefix(address, length: length))
        case .v6(let address): self = .v6(IPv6Prefix(address, length: length))
        case nil: return nil
        }
    }
}

extension ControlMessage {
    fileprivate mutating func put(_ type: Int, address: IPAddress) {
        switch address {
        case .v4(let address): put(type, address.bits.bigEndian)
        case .v6(let address): put(type, address.bits.bigEndian)
        }
    }
}
