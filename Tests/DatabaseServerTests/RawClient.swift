import Glibc
import JSON
import Linux
import Testing

/// A client that sends what it is told and reads what comes: blocking, on the calling thread.
final class RawClient {
    private let socket: Int32
    private var stream = JSONStream()

    init(_ path: String) throws {
        socket = try UnixSocket.connect(path: path).release()
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(
            socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(socket) }

    func send(_ message: JSON) throws {
        let bytes = message.bytes
        var sent = 0
        while sent < bytes.count {
            let descriptor = socket
            sent += try checked("send") {
                bytes.withUnsafeBytes {
                    Glibc.send(
                        descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent,
                        Int32(MSG_NOSIGNAL))
                }
            }
        }
    }

    func request(_ method: String, _ parameters: JSON, id: JSON = 1) throws {
        try send(["method": .string(method), "params": parameters, "id": id])
    }

    /// The next message; nil when the server has closed or nothing comes.
    func next() throws -> JSON? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            if let message = try stream.nextValue() { return message }
            let count = recv(socket, &buffer, buffer.count, 0)
            if count <= 0 { return nil }
            stream.append(buffer[..<count])
        }
    }

    /// Sends a request and returns everything up to its answer.
    func converse(_ method: String, _ parameters: JSON, id: JSON) throws -> [JSON] {
        try request(method, parameters, id: id)
        var messages: [JSON] = []
        while let message = try next() {
            messages.append(message)
            if message["id"] == id { break }
        }
        return messages
    }

    /// The answer of a request; other messages that come first are passed over.
    func ask(_ method: String, _ parameters: JSON, id: JSON = 1) throws -> JSON {
        try request(method, parameters, id: id)
        while let message = try next() {
            if message["id"] == id { return message }
        }
        throw SystemError("recv", code: .inputOutput)
    }

    func transact(_ database: String, _ operations: JSON...) throws -> JSON {
        try ask("transact", .array([.string(database)] + operations))["result"] ?? nil
    }
}
