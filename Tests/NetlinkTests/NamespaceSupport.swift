import CLinux
import Glibc
import Linux
import Testing

@testable import Netlink

/// Any error of the layers below, as the text that a failed test shows.
struct TestFailure: Error, CustomStringConvertible {
    let description: String
}

/// Makes a value inside a namespace, on a thread that is in it.
///
/// The sockets made inside keep the namespace; they are then used on this thread.
func inside<Value: ~Copyable>(
    _ namespace: borrowing NetworkNamespace, _ body: @Sendable () throws(NetlinkError) -> Value
) throws -> Value {
    let result = try namespace.run { () throws(SystemError) -> Transfer<Value> in
        do throws(NetlinkError) {
            return Transfer(try body())
        } catch {
            return Transfer(failure: error)
        }
    }
    return try result.take()
}

/// Carries a value from the thread that made it to the one that uses it.
///
/// Unchecked: the making thread has ended when the value is taken.
private final class Transfer<Value: ~Copyable>: @unchecked Sendable {
    private var value: Value?
    private var failure: NetlinkError?

    init(_ value: consuming Value) {
        self.value = consume value
    }

    init(failure: NetlinkError) {
        self.failure = failure
    }

    func take() throws -> Value {
        if let failure { throw failure }
        guard let value = value.take() else { throw TestFailure(description: "taken twice") }
        return value
    }
}

extension NetworkNamespace {
    /// Runs a shell line inside and returns what it printed.
    @discardableResult
    func shell(_ line: String) throws -> String {
        let child = try ChildProcess.run(["nsenter", "--net=\(path)", "sh", "-c", line])
        guard child.status == 0 else {
            throw TestFailure(description: "\(line): status \(child.status): \(child.output)")
        }
        return child.output
    }

    /// Whether a shell line succeeds inside.
    func succeeds(_ line: String) throws -> Bool {
        try ChildProcess.run(["nsenter", "--net=\(path)", "sh", "-c", line]).status == 0
    }
}

/// Waits until a descriptor is readable; false after the time has passed.
func waitUntilReadable(_ descriptor: Int32, milliseconds: Int32 = 10_000) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, milliseconds) == 1
}
