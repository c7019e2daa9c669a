import Glibc
import Linux
import Testing

/// A service manager's socket (sd_notify(3)), in a directory that goes away with the value.
final class NotifySocket {
    let directory: String
    private let descriptor: FileDescriptor
    private(set) var states: [String] = []

    var path: String { "\(directory)/notify" }

    init() throws {
        var template = Array("/tmp/notify.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError.last("mkdtemp") }
        directory = String(cString: made)
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        descriptor = FileDescriptor(owning: try checked("socket") { socket(AF_UNIX, type, 0) })
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let bound = withUnsafeBytes(of: &address) { raw in
            raw.withMemoryRebound(to: sockaddr.self) {
                bind(descriptor.rawValue, $0.baseAddress, length)
            }
        }
        guard bound == 0 else { throw SystemError.last("bind") }
    }

    deinit { _ = try? ChildProcess.run(["rm", "-rf", directory]) }

    /// Everything that was sent so far.
    func receive() -> [String] {
        var bytes = [UInt8](repeating: 0, count: 512)
        while true {
            let count = recv(descriptor.rawValue, &bytes, bytes.count, 0)
            guard count > 0 else { return states }
            states.append(String(decoding: bytes[..<count], as: UTF8.self))
        }
    }

    /// Waits for a state to have come a number of times.
    func wait(for state: String, count: Int = 1) async throws {
        try await Agentless.wait(for: "\(state) (\(count) times); came: \(states)") {
            receive().count { $0 == state } >= count
        }
    }
}
