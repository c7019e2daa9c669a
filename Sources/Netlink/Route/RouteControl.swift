import CLinux
import CNetlink
import Glibc
import Linux
import Wire

/// Devices, addresses and routes of a network namespace (rtnetlink(7)). One owner; requests are
/// answered before the call returns.
///
/// It works in the network namespace of the thread that opened it.
package struct RouteControl: ~Copyable {
    let socket: ControlSocket

    package static func open() throws(NetlinkError) -> RouteControl {
        RouteControl(socket: try ControlSocket.open(protocolNumber: NETLINK_ROUTE))
    }

    private init(socket: consuming ControlSocket) {
        self.socket = socket
    }

    // MARK: Reading devices

    /// All devices, by index.
    package func links() throws(NetlinkError) -> [Link] {
        var found: [Link] = []
        let message = ControlMessage(
            type: UInt16(RTM_GETLINK), flags: NLM_F_DUMP, header: ifinfomsg())
        try socket.exchange("link list", message) {
            if $0.type == UInt16(RTM_NEWLINK), let link = Link($0) { found.append(link) }
        }
        return found.sorted { $0.index < $1.index }
    }

    /// The device of this name, or nil.
    package func link(named name: String) throws(NetlinkError) -> Link? {
        var message = ControlMessage(type: UInt16(RTM_GETLINK), flags: 0, header: ifinfomsg())
        message.put(IFLA_IFNAME, string: name)
        return try existing(name, message)
    }

    /// The device of this index, or nil.
    package func link(index: Int32) throws(NetlinkError) -> Link? {
        let message = ControlMessage(
            type: UInt16(RTM_GETLINK), flags: 0, header: ifinfomsg(index: index))
        return try existing("\(index)", message)
    }

    private func existing(
        _ place: String, _ message: consuming ControlMessage
    ) throws(NetlinkError) -> Link? {
        var found: Link?
        do {
            try socket.exchange("link get", place: place, message) { found = Link($0) }
        } catch {
            if error.code == .noSuchDevice { return nil }
            throw error
        }
        return found
    }

    // MARK: Changing devices

    /// Sets a device up or down.
    package func setUp(_ isUp: Bool, index: Int32) throws(NetlinkError) {
        var header = ifinfomsg(index: index)
        header.ifi_change = UInt32(IFF_UP)
        header.ifi_flags = isUp ? UInt32(IFF_UP) : 0
        try change(isUp ? "link up" : "link down", header) { _ in }
    }

    /// Sets the largest packet, in bytes without the Ethernet header.
    package func setMTU(_ mtu: UInt32, index: Int32) throws(NetlinkError) {
        try change("link set mtu", ifinfomsg(index: index)) { $0.put(IFLA_MTU, mtu) }
    }

    package func setAddress(_ address: MACAddress, index: Int32) throws(NetlinkError) {
        try change("link set address", ifinfomsg(index: index)) { message in
            withUnsafeBytes(of: (address.bits << 16).bigEndian) {
                message.put(IFLA_ADDRESS, bytes: UnsafeRawBufferPointer(rebasing: $0[..<6]))
            }
        }
    }

    /// Moves a device to another namespace, where it gets another index.
    package func move(
        index: Int32, to namespace: borrowing NetworkNamespace
    ) throws(NetlinkError) {
        let target = namespace.rawDescriptor
        try change("link move", ifinfomsg(index: index)) { $0.put(IFLA_NET_NS_FD, target) }
    }

    private func change(
        _ operation: String, _ header: ifinfomsg, _ body: (inout ControlMessage) -> Void
    ) throws(NetlinkError) {
        var message = ControlMessage(type: UInt16(RTM_NEWLINK), flags: 0, header: header)
        body(&message)
        try socket.exchange(operation, place: "\(header.ifi_index)", message)
    }

    package func deleteLink(index: Int32) throws(NetlinkError) {
        let message = ControlMessage(
            type: UInt16(RTM_DELLINK), flags: 0, header: ifinfomsg(index: index))
        try socket.exchange("link delete", place: "\(index)", message)
    }
}

extension ifinfomsg {
    init(index: Int32) {
        self.init()
        ifi_index = index
    }
}
