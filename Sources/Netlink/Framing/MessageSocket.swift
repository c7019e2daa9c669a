import CLinux
import CMnl
import Glibc
import Linux

/// A netlink socket of the hot side: one owner, raw datagrams, no callbacks.
///
/// Unchecked: libmnl's structure is a descriptor and an address, both constant after `open`.
struct MessageSocket: ~Copyable, @unchecked Sendable {
    private let socket: OpaquePointer

    /// The receive buffer, in bytes of kernel memory (a small message costs about a kilobyte).
    static let defaultReceiveBuffer: Int32 = 4 << 20

    private init(owning socket: OpaquePointer) {
        self.socket = socket
    }

    /// Opens a socket in the network namespace of the calling thread.
    /// - Parameter protocolNumber: NETLINK_GENERIC or NETLINK_ROUTE.
    static func open(
        protocolNumber: Int32, receiveBuffer: Int32 = defaultReceiveBuffer, isBlocking: Bool = true
    ) throws(NetlinkError) -> MessageSocket {
        let flags = Int32(SOCK_CLOEXEC.rawValue) | (isBlocking ? 0 : Int32(SOCK_NONBLOCK.rawValue))
        guard let raw = mnl_socket_open2(protocolNumber, flags) else {
            throw NetlinkError("socket", from: .last("socket"))
        }
        let socket = MessageSocket(owning: raw)
        if mnl_socket_bind(raw, 0, 0) < 0 { throw NetlinkError("socket", from: .last("bind")) }
        try socket.setBuffer(SO_RCVBUFFORCE, or: SO_RCVBUF, to: receiveBuffer)
        socket.enable(NETLINK_EXT_ACK)
        socket.enable(NETLINK_CAP_ACK)
        return socket
    }

    /// Takes over a bound, non-blocking socket.
    static func adopt(_ descriptor: consuming FileDescriptor) throws(NetlinkError) -> MessageSocket
    {
        guard let raw = mnl_socket_fdopen(descriptor.rawValue) else {
            throw NetlinkError("socket", from: .last("getsockname"))
        }
        _ = descriptor.release()
        return MessageSocket(owning: raw)
    }

    deinit {
        mnl_socket_close(socket)
    }

    /// The address that the kernel sends to (nl_pid), unique in its network namespace.
    var portID: UInt32 { mnl_socket_get_portid(socket) }

    var rawDescriptor: Int32 { mnl_socket_get_fd(socket) }

    /// Joins a multicast group, so that its notifications arrive here.
    func join(group: UInt32) throws(NetlinkError) {
        var group = group
        if mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &group, 4) < 0 {
            throw NetlinkError("join group", place: "\(group)", from: .last("setsockopt"))
        }
    }

    /// Sends one datagram of complete messages; the kernel handles them before this returns.
    func send(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        guard let base = bytes.baseAddress else { return }
        let socket = self.socket
        try checked("send") { mnl_socket_sendto(socket, base, bytes.count) }
    }

    /// Receives one datagram, or nil if none waits and the socket does not block. A datagram
    /// larger than the buffer is an error and lost.
    func receive(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemError) -> UnsafeRawBufferPointer? {
        guard let base = buffer.baseAddress else { return nil }
        while true {
            let count = mnl_socket_recvfrom(socket, base, buffer.count)
            if count >= 0 { return UnsafeRawBufferPointer(start: base, count: count) }
            if errno == EAGAIN { return nil }
            if errno != EINTR { throw .last("receive") }
        }
    }

    /// The privileged option ignores the system's limit; without privilege the limit applies.
    private func setBuffer(_ forced: Int32, or plain: Int32, to size: Int32) throws(NetlinkError) {
        var size = size
        if setsockopt(rawDescriptor, SOL_SOCKET, forced, &size, 4) == 0 { return }
        if setsockopt(rawDescriptor, SOL_SOCKET, plain, &size, 4) < 0 {
            throw NetlinkError("socket", from: .last("setsockopt"))
        }
    }

    /// A convenience that a kernel may lack: then errors come without a text.
    private func enable(_ option: Int32) {
        var one: Int32 = 1
        _ = mnl_socket_setsockopt(socket, option, &one, 4)
    }
}

/// Memory that lives as long as the socket it is used with.
struct MessageBuffer: ~Copyable {
    let memory: UnsafeMutableRawBufferPointer

    init(count: Int) {
        memory = .allocate(byteCount: count, alignment: 16)
    }

    deinit {
        memory.deallocate()
    }
}
