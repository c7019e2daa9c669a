import CLinux
import Glibc
import Linux

/// What happens to the devices of a namespace.
package enum LinkEvent: Hashable, Sendable {
    /// New, or anything about it has changed.
    case changed(Link)
    case removed(Link)
    /// The kernel could not queue some notifications: list the devices again.
    case lost
}

/// Listens to rtnetlink's announcements of devices. Does not block: read when the descriptor is
/// ready.
package struct LinkMonitor: ~Copyable {
    private let socket: MessageSocket
    private let buffer: MessageBuffer

    private static let datagramSize = 65536

    /// Hears what happens in the network namespace of the calling thread from now on.
    package static func open() throws(NetlinkError) -> LinkMonitor {
        let socket = try MessageSocket.open(protocolNumber: NETLINK_ROUTE, isBlocking: false)
        try socket.join(group: UInt32(RTNLGRP_LINK.rawValue))
        return LinkMonitor(socket: socket)
    }

    private init(socket: consuming MessageSocket) {
        self.socket = socket
        buffer = MessageBuffer(count: Self.datagramSize)
    }

    package var rawDescriptor: Int32 { socket.rawDescriptor }

    /// Everything that waits, in order.
    package func events() throws(NetlinkError) -> [LinkEvent] {
        var events: [LinkEvent] = []
        while true {
            do {
                guard let datagram = try socket.receive(into: buffer.memory) else { return events }
                events += MessageReader(datagram).compactMap(Self.event)
            } catch {
                guard error.code == .noBuffers else {
                    throw NetlinkError("link events", from: error)
                }
                events.append(.lost)
            }
        }
    }

    /// A device that leaves a bridge is announced with the bridge's family; only the plain family
    /// says that a device is gone.
    static func event(_ message: MessageView) -> LinkEvent? {
        guard message.payload.first == UInt8(AF_UNSPEC), let link = Link(message) else {
            return nil
        }
        return switch Int32(message.type) {
        case Int32(RTM_NEWLINK): .changed(link)
        case Int32(RTM_DELLINK): .removed(link)
        default: nil
        }
    }
}
