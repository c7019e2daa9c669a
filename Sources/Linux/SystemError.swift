import CLinux
import Glibc

/// A failed call into the operating system: what was tried, on what, and the kernel's answer.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call or the intention, in the words of the manual page ("epoll_ctl", "open").
    package let operation: String
    package let code: ErrorCode
    /// What it was tried on: a path, a link's name, an address. May be empty.
    package let place: String

    package init(_ operation: String, code: ErrorCode, place: String = "") {
        self.operation = operation
        self.code = code
        self.place = place
    }

    /// Takes the code from the calling thread's `errno`: nothing may come between the call and this.
    package static func last(_ operation: String, place: String = "") -> SystemError {
        SystemError(operation, code: ErrorCode(rawValue: errno), place: place)
    }

    package var description: String {
        place.isEmpty ? "\(operation): \(code)" : "\(operation) \(place): \(code)"
    }
}

/// An `errno` value (errno(3)); any number is kept, known or not.
package struct ErrorCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// Always positive.
    package let rawValue: Int32

    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    package static let notPermitted = ErrorCode(rawValue: EPERM)
    package static let noSuchEntry = ErrorCode(rawValue: ENOENT)
    package static let interrupted = ErrorCode(rawValue: EINTR)
    package static let inputOutput = ErrorCode(rawValue: EIO)
    package static let tryAgain = ErrorCode(rawValue: EAGAIN)
    package static let outOfMemory = ErrorCode(rawValue: ENOMEM)
    package static let busy = ErrorCode(rawValue: EBUSY)
    package static let exists = ErrorCode(rawValue: EEXIST)
    package static let noSuchDevice = ErrorCode(rawValue: ENODEV)
    package static let invalid = ErrorCode(rawValue: EINVAL)
    package static let outOfRange = ErrorCode(rawValue: ERANGE)
    package static let noBuffers = ErrorCode(rawValue: ENOBUFS)
    package static let addressInUse = ErrorCode(rawValue: EADDRINUSE)
    package static let notSupported = ErrorCode(rawValue: EOPNOTSUPP)
    package static let protocolError = ErrorCode(rawValue: EPROTO)
    package static let badMessage = ErrorCode(rawValue: EBADMSG)
    package static let messageTooLong = ErrorCode(rawValue: EMSGSIZE)
    package static let timedOut = ErrorCode(rawValue: ETIMEDOUT)

    /// "Invalid argument", or the number where glibc knows no text.
    package var description: String {
        clinux_errno_text(rawValue).map { String(cString: $0) } ?? "error \(rawValue)"
    }

    /// "EINVAL", or the number where glibc knows no name.
    package var name: String {
        clinux_errno_name(rawValue).map { String(cString: $0) } ?? "\(rawValue)"
    }
}

/// Repeats `call` while a signal interrupts it and turns a negative result into the error.
@discardableResult
package func checked<Result: SignedInteger>(
    _ operation: String, place: @autoclosure () -> String = "", _ call: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = call()
        if result >= 0 { return result }
        if errno != EINTR { throw .last(operation, place: place()) }
    }
}

/// As `checked` for the calls of `CLinux`, which answer `-errno`.
@discardableResult
func checkedNegative(
    _ operation: String, place: @autoclosure () -> String = "", _ call: () -> Int32
) throws(SystemError) -> Int32 {
    while true {
        let result = call()
        if result >= 0 { return result }
        if result != -EINTR {
            throw SystemError(operation, code: ErrorCode(rawValue: -result), place: place())
        }
    }
}
