import Glibc
import JSON
import Linux

/// The other end of a control socket: one command, one answer, on the calling thread.
package enum ControlClient {
    package enum Failure: Error, Equatable, Sendable, CustomStringConvertible {
        /// No daemon by that name: its pidfile can't be read or is stale.
        case noPidfile(path: String, reason: ErrorCode)
        case cannotConnect(path: String, reason: ErrorCode)
        case broken(path: String, reason: String)
        /// The daemon's own words.
        case refused(String)

        package var description: String {
            switch self {
            case .noPidfile(let path, let reason): "cannot read pidfile \"\(path)\" (\(reason))"
            case .cannotConnect(let path, let reason): "cannot connect to \"\(path)\" (\(reason))"
            case .broken(let path, let reason): "\(path): transaction error (\(reason))"
            case .refused(let text): text
            }
        }
    }

    /// The socket of a target: itself if it is an absolute path, else the socket of the process
    /// that `RUNDIR/TARGET.pid` names.
    package static func socketPath(
        of target: String, in directory: String
    ) throws(Failure) -> String {
        if target.hasPrefix("/") { return target }
        let pidfile = "\(directory)/\(target).pid"
        do {
            return "\(directory)/\(target).\(try Pidfile.runningProcess(of: pidfile)).ctl"
        } catch {
            throw .noPidfile(path: pidfile, reason: error.code)
        }
    }

    /// Sends a command and waits for its answer.
    ///
    /// - Parameter format: what the daemon is asked to answer in (`set-options --format`); nil for
    ///   text, without asking.
    package static func call(
        _ command: String, _ arguments: [String] = [], format: String? = nil, at path: String
    ) throws(Failure) -> String {
        let socket: FileDescriptor
        do {
            socket = try UnixSocket.connect(path: path)
        } catch {
            throw .cannotConnect(path: path, reason: error.code)
        }
        do {
            if let format {
                let options = ["--format", format]
                _ = try ask(ReplyFormat.command, options, on: socket, path: path)
            }
            return try ask(command, arguments, on: socket, path: path)
        } catch let error as SystemError {
            throw .broken(path: path, reason: "\(error.code)")
        } catch let error as Failure {
            throw error
        } catch {
            throw .broken(path: path, reason: "\(error)")
        }
    }

    private static func ask(
        _ command: String, _ arguments: [String], on socket: borrowing FileDescriptor, path: String
    ) throws -> String {
        let request: JSON = [
            "id": 0, "method": .string(command), "params": .array(arguments.map { .string($0) }),
        ]
        try send(request.bytes, on: socket)
        return try answer(in: try receive(from: socket, path: path), path: path)
    }

    private static func send(
        _ bytes: [UInt8], on socket: borrowing FileDescriptor
    ) throws(SystemError) {
        var sent = 0
        while sent < bytes.count {
            let descriptor = socket.rawValue
            sent += try checked("send") {
                bytes.withUnsafeBytes { buffer in
                    Glibc.send(
                        descriptor, buffer.baseAddress.map { $0 + sent }, buffer.count - sent,
                        Int32(MSG_NOSIGNAL))
                }
            }
        }
    }

    private static func receive(
        from socket: borrowing FileDescriptor, path: String
    ) throws -> JSON {
        var splitter = JSONStream()
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            if let message = try splitter.nextValue() { return message }
            let count = try buffer.withUnsafeMutableBytes { bytes in try socket.read(into: bytes) }
            if count == 0 { throw Failure.broken(path: path, reason: "End of file") }
            splitter.append(buffer[..<count])
        }
    }

    private static func answer(in reply: JSON, path: String) throws(Failure) -> String {
        if let error = reply["error"], !error.isNull {
            throw .refused(error.string ?? error.description)
        }
        switch reply["result"] {
        case .string(let text)?: return text
        case nil, .null?: return ""
        case let other?: return other.description
        }
    }
}
