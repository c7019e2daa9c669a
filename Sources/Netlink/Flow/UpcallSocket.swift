import CLinux
import Glibc
import Linux

/// Where the kernel queues the misses of a port. One socket per port makes the queue the port's
/// share: a guest that scans fills its own and no other.
///
/// Its owner knows it by `portID` while one other thread reads it.
package final class UpcallSocket: Sendable {
    /// Kernel memory for packets that wait; each costs its own size and about a kilobyte.
    package static let defaultQueueBytes: Int32 = 1 << 20

    fileprivate let socket: MessageSocket

    /// Opens a socket in the network namespace of the calling thread, which must be the one that
    /// the datapath is in.
    package static func open(
        queueBytes: Int32 = defaultQueueBytes
    ) throws(NetlinkError) -> UpcallSocket {
        UpcallSocket(
            try MessageSocket.open(
                protocolNumber: NETLINK_GENERIC, receiveBuffer: queueBytes, isBlocking: false))
    }

    /// Goes on with a socket that an earlier process opened and somebody kept open: what the kernel
    /// has queued in between is still there, and `portID` is the same.
    package static func adopt(
        _ descriptor: consuming FileDescriptor
    ) throws(NetlinkError) -> UpcallSocket {
        UpcallSocket(try MessageSocket.adopt(descriptor))
    }

    private init(_ socket: consuming MessageSocket) {
        self.socket = socket
    }

    /// What a port or a userspace action is told (OVS_VPORT_ATTR_UPCALL_PID).
    package var portID: UInt32 { socket.portID }
    /// Packets that the kernel has dropped so far because the queue was full; counts on from zero
    /// past 2^32 - 1.
    package var drops: UInt32 { clinux_socket_drops(socket.rawDescriptor) }
    /// Readable when a packet waits.
    package var rawDescriptor: Int32 { socket.rawDescriptor }
}

/// Takes packets out of upcall sockets; one per thread, for any number of sockets.
package struct UpcallReader: ~Copyable {
    /// What one turn at a socket brought.
    package struct Turn: Equatable, Sendable {
        /// How many upcalls were appended.
        package var received = 0
        /// The queue was full since the last turn: the kernel has dropped packets.
        package var overflowed = false
        /// Messages that were no upcall.
        package var malformed = 0
    }

    private let buffer = MessageBuffer(count: 2 * 65536)
    private let decoder = UpcallDecoder()

    package init() {}

    /// Appends what waits, at most `limit` upcalls, and never waits itself.
    package func read(
        _ socket: UpcallSocket, limit: Int, into upcalls: inout [Upcall]
    ) throws(NetlinkError) -> Turn {
        var turn = Turn()
        while turn.received < limit {
            do {
                guard let datagram = try socket.socket.receive(into: buffer.memory) else { break }
                append(datagram, to: &upcalls, &turn)
            } catch {
                guard error.code == .noBuffers else { throw NetlinkError("upcall", from: error) }
                turn.overflowed = true
            }
        }
        return turn
    }

    private func append(
        _ datagram: UnsafeRawBufferPointer, to upcalls: inout [Upcall], _ turn: inout Turn
    ) {
        for message in MessageReader(datagram) {
            if let upcall = decoder.decode(message) {
                upcalls.append(upcall)
                turn.received += 1
            } else {
                turn.malformed += 1
            }
        }
    }
}
