import Glibc

/// Unix domain stream sockets by path: what programs rendezvous on in a run directory.
///
/// sun_path holds 107 bytes (unix(7)); a longer path is reached through a descriptor of its
/// directory, so a deep directory is no error.
package enum UnixSocket {
    private static let longestPath = 107

    /// A socket bound to `path` and not yet listening, for its owner and group only. A name that
    /// is left over from an earlier process is replaced.
    package static func bind(path: String) throws(SystemError) -> FileDescriptor {
        let socket = try create()
        let descriptor = socket.rawValue
        // Before bind, so that the name never exists with wider permissions.
        try checked("fchmod", place: path) { fchmod(descriptor, 0o770) }
        remove(path: path)
        try withAddress(of: path) { (address, length) throws(SystemError) in
            try checked("bind", place: path) { Glibc.bind(descriptor, address, length) }
        }
        return socket
    }

    /// A socket connected to the one that listens at `path`; waits while its queue is full.
    package static func connect(path: String) throws(SystemError) -> FileDescriptor {
        let socket = try create()
        let descriptor = socket.rawValue
        try withAddress(of: path) { (address, length) throws(SystemError) in
            try checked("connect", place: path) { Glibc.connect(descriptor, address, length) }
        }
        return socket
    }

    /// A socket with a name of the abstract namespace: one socket of a network namespace can have it,
    /// until it is closed (unix(7)).
    package static func bind(abstract name: String) throws(SystemError) -> FileDescriptor {
        let socket = try create()
        let descriptor = socket.rawValue
        let bytes = 1 + name.utf8.count
        try fill("\0\(name)", length: bytes) { (address, length) throws(SystemError) in
            try checked("bind", place: "@\(name)") { Glibc.bind(descriptor, address, length) }
        }
        return socket
    }

    /// Removes the name, if it is there.
    package static func remove(path: String) {
        unlink(path)
    }

    private static func create() throws(SystemError) -> FileDescriptor {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        return FileDescriptor(owning: try checked("socket") { socket(AF_UNIX, type, 0) })
    }

    private static func withAddress(
        of path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SystemError) -> Void
    ) throws(SystemError) {
        if path.utf8.count <= longestPath { return try fill(path, body) }
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let directory = try FileDescriptor.open(
            String(path[..<slash]), flags: O_RDONLY | O_DIRECTORY)
        try fill("/proc/self/fd/\(directory.rawValue)\(path[slash...])", body)
    }

    /// - Parameter bytes: how many of the path's place count; nil for a path that ends with a zero.
    private static func fill(
        _ path: String, length bytes: Int? = nil,
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SystemError) -> Void
    ) throws(SystemError) {
        guard path.utf8.count <= longestPath else {
            throw SystemError("socket", code: ErrorCode(rawValue: ENAMETOOLONG), place: path)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let family = MemoryLayout<sa_family_t>.size
        let length = socklen_t(bytes.map { family + $0 } ?? MemoryLayout<sockaddr_un>.size)
        // The island: sockaddr_un begins with the members of sockaddr, as every address does.
        let pointer = UnsafeMutablePointer<sockaddr_un>.allocate(capacity: 1)
        pointer.initialize(to: address)
        defer { pointer.deallocate() }
        try body(UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self), length)
    }
}
