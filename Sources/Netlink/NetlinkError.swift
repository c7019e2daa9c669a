import Linux

/// Something asked of the kernel over netlink that was not done.
package struct NetlinkError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Cause: Hashable, Sendable {
        /// The kernel's answer, with its extended acknowledgement text ("" where it gave none).
        case refused(ErrorCode, text: String)
        /// The exchange itself failed: the socket, its buffers, or the library around it.
        case exchange(ErrorCode)
        /// The answer is not what the protocol says; the text names what is wrong.
        case malformed(String)
        /// The request does not fit into a message.
        case tooLarge
        /// The request can't be said in the kernel's terms; the text names what can't.
        case unsupported(String)
    }

    /// The request, in the kernel's vocabulary ("flow put", "vport add").
    package let operation: String
    /// What it was about: a datapath, a port, a link. May be empty.
    package let place: String
    package let cause: Cause

    package init(_ operation: String, place: String = "", cause: Cause) {
        self.operation = operation
        self.place = place
        self.cause = cause
    }

    /// The kernel's error number, where there is one.
    package var code: ErrorCode? {
        switch cause {
        case .refused(let code, _), .exchange(let code): code
        case .malformed, .tooLarge, .unsupported: nil
        }
    }

    package var description: String {
        let subject = place.isEmpty ? operation : "\(operation) \(place)"
        return switch cause {
        case .refused(let code, let text) where text.isEmpty: "\(subject): \(code)"
        case .refused(let code, let text): "\(subject): \(code) (\(text))"
        case .exchange(let code): "\(subject): netlink: \(code)"
        case .malformed(let what): "\(subject): malformed answer: \(what)"
        case .tooLarge: "\(subject): the request is too large for a message"
        case .unsupported(let what): "\(subject): unsupported: \(what)"
        }
    }
}

extension NetlinkError {
    init(_ operation: String, place: String = "", from error: SystemError) {
        self.init(
            operation, place: place.isEmpty ? error.place : place, cause: .exchange(error.code))
    }
}
