import CLinux
import Glibc
import Linux

/// What happens to the ports of all datapaths of a namespace, whoever does it.
package enum PortEvent: Hashable, Sendable {
    case added(KernelPort)
    case changed(KernelPort)
    case removed(KernelPort)
    /// The kernel could not queue some notifications: list the ports again.
    case lost
}

/// Listens to the port family's announcements. Does not block: read when the descriptor is ready.
package struct PortMonitor: ~Copyable {
    private let family: UInt16
    private let socket: MessageSocket
    private let buffer: MessageBuffer

    private static let datagramSize = 65536

    /// Hears what happens in the network namespace of the calling thread from now on.
    package static func open(_ families: DatapathFamilies) throws(NetlinkError) -> PortMonitor {
        let socket = try MessageSocket.open(protocolNumber: NETLINK_GENERIC, isBlocking: false)
        try socket.join(group: families.portGroup)
        return PortMonitor(family: families.port, socket: socket)
    }

    private init(family: UInt16, socket: consuming MessageSocket) {
        self.family = family
        self.socket = socket
        buffer = MessageBuffer(count: Self.datagramSize)
    }

    package var rawDescriptor: Int32 { socket.rawDescriptor }

    /// Everything that waits, in order.
    package func events() throws(NetlinkError) -> [PortEvent] {
        var events: [PortEvent] = []
        while true {
            do {
                guard let datagram = try socket.receive(into: buffer.memory) else { return events }
                for message in MessageReader(datagram) where message.type == family {
                    if let event = Self.event(message) { events.append(event) }
                }
            } catch {
                guard error.code == .noBuffers else {
                    throw NetlinkError("port events", from: error)
                }
                events.append(.lost)
            }
        }
    }

    static func event(_ message: MessageView) -> PortEvent? {
        guard let header = DatapathHeader(message), let port = KernelPort(message) else {
            return nil
        }
        return switch UInt32(header.command) {
        case OVS_VPORT_CMD_NEW.rawValue: .added(port)
        case OVS_VPORT_CMD_DEL.rawValue: .removed(port)
        case OVS_VPORT_CMD_SET.rawValue: .changed(port)
        default: nil
        }
    }
}
