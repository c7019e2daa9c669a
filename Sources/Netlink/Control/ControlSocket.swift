import CLinux
import CMnl
import CNetlink
import Glibc
import Linux

/// A netlink socket of the control side: one request, its answers, its acknowledgement.
package struct ControlSocket: ~Copyable {
    /// The library's socket, for its own calls.
    let raw: OpaquePointer

    private static let receiveSize = 65536
    private static let socketBuffer: Int32 = 1 << 20

    private init(owning raw: OpaquePointer) {
        self.raw = raw
    }

    /// Opens a socket in the network namespace of the calling thread.
    /// - Parameter protocolNumber: NETLINK_GENERIC or NETLINK_ROUTE.
    static func open(protocolNumber: Int32) throws(NetlinkError) -> ControlSocket {
        guard let raw = nl_socket_alloc() else {
            throw NetlinkError("socket", cause: .exchange(.outOfMemory))
        }
        let socket = ControlSocket(owning: raw)
        if nl_connect(raw, protocolNumber) < 0 {
            throw NetlinkError("socket", from: .last("connect"))
        }
        nl_socket_set_msg_buf_size(raw, receiveSize)
        nl_socket_set_buffer_size(raw, socketBuffer, socketBuffer)
        socket.enable(NETLINK_EXT_ACK)
        socket.enable(NETLINK_CAP_ACK)
        return socket
    }

    /// A convenience that a kernel may lack: then errors come without a text.
    private func enable(_ option: Int32) {
        var one: Int32 = 1
        setsockopt(nl_socket_get_fd(raw), SOL_NETLINK, option, &one, 4)
    }

    deinit {
        nl_socket_free(raw)
    }

    /// Sends a request and hands every answer to `onAnswer`, in order, until the kernel has
    /// acknowledged or the dump is complete. What `onAnswer` borrows ends with its call.
    func exchange(
        _ operation: String, place: String = "", _ message: consuming ControlMessage,
        onAnswer: (MessageView) -> Void = { _ in }
    ) throws(NetlinkError) {
        if message.overflowed { throw NetlinkError(operation, place: place, cause: .tooLarge) }
        let sent = nl_send_auto(raw, message.raw)
        if sent < 0 { throw NetlinkError(operation, place: place, cause: .exchange(code(sent))) }
        let sequence = nlmsg_hdr(message.raw).pointee.nlmsg_seq
        let outcome = withoutActuallyEscaping(onAnswer) { receive(sequence: sequence, $0) }
        if let cause = outcome { throw NetlinkError(operation, place: place, cause: cause) }
    }

    private func receive(
        sequence: UInt32, _ onAnswer: @escaping (MessageView) -> Void
    ) -> NetlinkError.Cause? {
        guard let callbacks = nl_cb_alloc(NL_CB_DEFAULT) else { return .exchange(.outOfMemory) }
        defer { nl_cb_put(callbacks) }
        let exchange = Exchange(sequence: sequence, onAnswer: onAnswer)
        exchange.install(in: callbacks)
        while !exchange.isComplete {
            let result = nl_recvmsgs(raw, callbacks)
            if result < 0, !exchange.isComplete { return .exchange(code(result)) }
        }
        return exchange.failure
    }

    /// libnl's own numbers, as far as they stand for one of the system's.
    private func code(_ result: Int32) -> ErrorCode {
        switch -result {
        case NLE_NOMEM: .noBuffers
        case NLE_MSG_TOOSHORT, NLE_MSG_TRUNC: .messageTooLong
        case NLE_DUMP_INTR: .interrupted
        case NLE_AGAIN: .tryAgain
        default: .protocolError
        }
    }
}

/// The state of one request while libnl calls back.
private final class Exchange {
    private let sequence: UInt32
    private let onAnswer: (MessageView) -> Void
    private(set) var isComplete = false
    private(set) var failure: NetlinkError.Cause?

    init(sequence: UInt32, onAnswer: @escaping (MessageView) -> Void) {
        self.sequence = sequence
        self.onAnswer = onAnswer
    }

    /// The exchange must outlive the use of the callbacks.
    func install(in callbacks: OpaquePointer) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        nl_cb_set(
            callbacks, NL_CB_SEQ_CHECK, NL_CB_CUSTOM,
            { Exchange.from($1).check($0) }, context)
        nl_cb_set(
            callbacks, NL_CB_VALID, NL_CB_CUSTOM, { Exchange.from($1).answer($0) }, context)
        nl_cb_set(callbacks, NL_CB_ACK, NL_CB_CUSTOM, { Exchange.from($1).complete($0) }, context)
        nl_cb_set(
            callbacks, NL_CB_FINISH, NL_CB_CUSTOM, { Exchange.from($1).complete($0) }, context)
        nl_cb_err(callbacks, NL_CB_CUSTOM, { Exchange.from($2).refuse($1) }, context)
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> Exchange {
        guard let context else { preconditionFailure("libnl passes back what it was given") }
        return Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    }

    /// An answer to an earlier request that failed halfway is passed over.
    private func check(_ message: OpaquePointer?) -> Int32 {
        guard let header = nlmsg_hdr(message) else { return Int32(NL_SKIP.rawValue) }
        let matches = header.pointee.nlmsg_seq == sequence
        return Int32(matches ? NL_OK.rawValue : NL_SKIP.rawValue)
    }

    private func answer(_ message: OpaquePointer?) -> Int32 {
        if let header = nlmsg_hdr(message) { onAnswer(MessageView(header: header)) }
        return Int32(NL_OK.rawValue)
    }

    private func complete(_ message: OpaquePointer?) -> Int32 {
        isComplete = true
        return Int32(NL_STOP.rawValue)
    }

    /// The library hands out the error inside the message; the message header stands before it.
    private func refuse(_ error: UnsafeMutablePointer<nlmsgerr>?) -> Int32 {
        isComplete = true
        guard let error else {
            failure = .exchange(.protocolError)
            return Int32(NL_STOP.rawValue)
        }
        let header = (UnsafeRawPointer(error) - MemoryLayout<nlmsghdr>.size)
            .assumingMemoryBound(to: nlmsghdr.self)
        let acknowledgement = Acknowledgement(MessageView(header: header))
        failure = .refused(
            ErrorCode(rawValue: acknowledgement?.code ?? EPROTO), text: acknowledgement?.text ?? "")
        return Int32(NL_STOP.rawValue)
    }
}
