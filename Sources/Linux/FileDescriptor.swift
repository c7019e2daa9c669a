import Glibc

/// An open file descriptor with one owner; it is closed when the owner goes.
///
/// Invariant: `rawValue` is open and nobody else closes it. A borrowed `rawValue` must not
/// outlive the owner.
package struct FileDescriptor: ~Copyable, Sendable {
    package let rawValue: Int32

    /// Takes ownership of an open descriptor.
    package init(owning rawValue: Int32) {
        precondition(rawValue >= 0, "a descriptor is never negative")
        self.rawValue = rawValue
    }

    deinit {
        close(rawValue)
    }

    /// Gives up ownership: the caller closes the descriptor.
    package consuming func release() -> Int32 {
        let rawValue = self.rawValue
        discard self
        return rawValue
    }

    /// A second descriptor of the same open file (close-on-exec).
    package borrowing func duplicate() throws(SystemError) -> FileDescriptor {
        let source = rawValue
        return FileDescriptor(
            owning: try checked("fcntl F_DUPFD_CLOEXEC") { fcntl(source, F_DUPFD_CLOEXEC, 0) })
    }

    /// Opens a path close-on-exec; `flags` and `mode` as in open(2).
    package static func open(
        _ path: String, flags: Int32 = O_RDONLY, mode: mode_t = 0o644
    ) throws(SystemError) -> FileDescriptor {
        FileDescriptor(
            owning: try checked("open", place: path) { Glibc.open(path, flags | O_CLOEXEC, mode) })
    }

    /// The two ends of a pipe, close-on-exec.
    package static func pipe() throws(SystemError) -> DescriptorPair {
        var ends: (Int32, Int32) = (-1, -1)
        try checked("pipe") {
            withUnsafeMutableBytes(of: &ends) { bytes in
                bytes.withMemoryRebound(to: Int32.self) { pipe2Descriptors($0) }
            }
        }
        return DescriptorPair(
            first: FileDescriptor(owning: ends.0), second: FileDescriptor(owning: ends.1))
    }

    /// Reads at most `buffer.count` bytes; 0 is the end of the file.
    package borrowing func read(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemError) -> Int {
        let source = rawValue
        return try checked("read") { Glibc.read(source, buffer.baseAddress, buffer.count) }
    }

    /// Writes at least one byte of a buffer that has some and returns how many.
    package borrowing func write(_ buffer: UnsafeRawBufferPointer) throws(SystemError) -> Int {
        let target = rawValue
        return try checked("write") { Glibc.write(target, buffer.baseAddress, buffer.count) }
    }

    /// Reads to the end of the file, at most `limit` bytes.
    package borrowing func readToEnd(limit: Int = 1 << 24) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while bytes.count < limit {
            let source = rawValue
            let capacity = min(chunk.count, limit - bytes.count)
            let count = try checked("read") { Glibc.read(source, &chunk, capacity) }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return bytes
    }
}

/// Two descriptors that belong together, such as the read (first) and write end of a pipe.
package struct DescriptorPair: ~Copyable, Sendable {
    package let first: FileDescriptor
    package let second: FileDescriptor
}

/// A whole small file as bytes (for example from /proc).
package func readFile(_ path: String, limit: Int = 1 << 24) throws(SystemError) -> [UInt8] {
    try FileDescriptor.open(path).readToEnd(limit: limit)
}

private func pipe2Descriptors(_ ends: UnsafeMutableBufferPointer<Int32>) -> Int32 {
    guard let base = ends.baseAddress, Glibc.pipe(base) == 0 else { return -1 }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return 0
}
