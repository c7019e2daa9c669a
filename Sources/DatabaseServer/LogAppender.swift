import Glibc
import Linux
import OVSDBEngine

/// A log file open for appending. What `append` has returned from is on the disk.
struct LogAppender: ~Copyable, Sendable {
    private let descriptor: FileDescriptor
    private let path: String
    /// The end of the last whole record.
    private(set) var size: Int
    /// Whether bytes of a record that failed may lie behind `size`.
    private var hasRemains: Bool

    /// Opens a file whose good records end at `size`; what is behind goes before the next append.
    init(_ path: String, size: Int) throws(SystemError) {
        descriptor = try FileDescriptor.open(path, flags: O_RDWR)
        self.path = path
        self.size = size
        hasRemains = true
    }

    /// Writes whole records and waits until they are durable.
    mutating func append(_ bytes: [UInt8]) throws(SystemError) {
        let raw = descriptor.rawValue
        if hasRemains {
            let size = self.size
            try checked("ftruncate", place: path) { ftruncate(raw, size) }
        }
        hasRemains = true
        try Self.write(bytes, to: raw, at: size, path)
        try checked("fdatasync", place: path) { fdatasync(raw) }
        hasRemains = false
        size += bytes.count
    }

    static func write(
        _ bytes: [UInt8], to descriptor: Int32, at offset: Int, _ path: String
    ) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            written += try checked("write", place: path) {
                bytes.withUnsafeBytes { buffer in
                    pwrite(
                        descriptor, buffer.baseAddress.map { $0 + written },
                        buffer.count - written, offset + written)
                }
            }
        }
    }
}

/// The steps of making a file that says in two records what a longer one says.
enum CompactedFile {
    /// Writes a snapshot's file and returns its size. Any thread.
    static func write(
        _ snapshot: Database, _ writer: LogWriter, _ state: StateName, to path: String
    ) -> Result<Int, SystemError> {
        Result { () throws(SystemError) -> Int in
            let bytes =
                writer.schemaRecord()
                + writer.snapshotRecord(
                    snapshot, date: Clock.wallMilliseconds, comment: state.comment)
            let file = try FileDescriptor.open(
                path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o640)
            let raw = file.rawValue
            try LogAppender.write(bytes, to: raw, at: 0, path)
            try checked("fsync", place: path) { fsync(raw) }
            return bytes.count
        }
    }

    /// Appends a part of one file to another and makes it durable.
    static func copy(
        from source: String, at offset: Int, length: Int, to target: String
    ) throws(SystemError) {
        guard length > 0 else { return }
        let input = try FileDescriptor.open(source)
        let output = try FileDescriptor.open(target, flags: O_WRONLY | O_APPEND)
        let (from, to) = (input.rawValue, output.rawValue)
        var buffer = [UInt8](repeating: 0, count: min(length, 1 << 20))
        var copied = 0
        while copied < length {
            let wanted = min(buffer.count, length - copied)
            let count = try checked("read", place: source) {
                pread(from, &buffer, wanted, offset + copied)
            }
            guard count > 0 else { throw SystemError("read", code: .inputOutput, place: source) }
            var written = 0
            while written < count {
                written += try checked("write", place: target) {
                    buffer.withUnsafeBytes { bytes in
                        Glibc.write(to, bytes.baseAddress.map { $0 + written }, count - written)
                    }
                }
            }
            copied += count
        }
        try checked("fsync", place: target) { fsync(to) }
    }

    /// Gives a file the name of another, with its permissions, for good.
    static func replace(_ path: String, by temporary: String) throws(SystemError) {
        var status = stat()
        if stat(path, &status) == 0 {
            chmod(temporary, status.st_mode & 0o7777)
            // An owner that this process may not give the file to keeps the old file's readers out,
            // which is no reason to keep the old file.
            _ = chown(temporary, status.st_uid, status.st_gid)
        }
        try checked("rename", place: path) { rename(temporary, path) }
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let directory = try FileDescriptor.open(
            slash == path.startIndex ? "/" : String(path[..<slash]), flags: O_DIRECTORY)
        let raw = directory.rawValue
        try checked("fsync", place: path) { fsync(raw) }
    }
}
