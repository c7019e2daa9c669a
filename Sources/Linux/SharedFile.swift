import Atomics
import Glibc

/// A file of this process, mapped shared: what is written is the kernel's at once, so it outlives a
/// process that is killed (not a machine that stops). Nobody is asked and nothing waits.
///
/// Invariant: all `size` bytes are mapped and have room in the file system, so that writing them
/// can't fail. The file is locked (fcntl(2)) for the process as long as it is open; the lock keeps
/// other processes of ours from it, nobody else.
package struct SharedFile: ~Copyable {
    package let path: String
    private let descriptor: FileDescriptor
    /// Nil while the file is empty.
    private var base: UnsafeMutableRawPointer?
    package private(set) var size = 0

    /// Opens a file or makes an empty one; maps what is there.
    ///
    /// - Parameter limit: a file that is larger is mapped no further.
    /// - Throws: EACCES or EAGAIN where another process has it.
    package static func open(_ path: String, limit: Int) throws(SystemError) -> SharedFile {
        let descriptor = try FileDescriptor.open(
            path, flags: O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        let length = try length(of: descriptor, path)
        try lock(descriptor, path)
        var file = SharedFile(path, descriptor)
        if length > 0 { try file.map(min(length, limit)) }
        return file
    }

    private init(_ path: String, _ descriptor: consuming FileDescriptor) {
        self.path = path
        self.descriptor = descriptor
        base = nil
    }

    deinit { if let base { munmap(base, size) } }

    private static func lock(
        _ file: borrowing FileDescriptor, _ path: String
    ) throws(SystemError) {
        let raw = file.rawValue
        var lock = Glibc.flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        try checked("lock", place: path) { fcntl(raw, F_SETLK, &lock) }
    }

    private static func length(
        of file: borrowing FileDescriptor, _ path: String
    ) throws(SystemError) -> Int {
        let raw = file.rawValue
        var status = stat()
        try checked("fstat", place: path) { fstat(raw, &status) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SystemError("open", code: .invalid, place: path)
        }
        return Int(status.st_size)
    }

    /// How long the file is; it may be longer than what is mapped.
    package var length: Int {
        get throws(SystemError) { try Self.length(of: descriptor, path) }
    }

    // MARK: - Size

    /// Makes the file larger; new bytes are zero.
    package mutating func grow(to size: Int) throws(SystemError) {
        precondition(size >= self.size)
        try map(size)
    }

    /// Throws all bytes away.
    package mutating func clear() throws(SystemError) {
        unmap()
        let raw = descriptor.rawValue
        let path = self.path
        try checked("ftruncate", place: path) { ftruncate(raw, 0) }
    }

    /// Where there is no room for a byte, a write to it would end the process.
    private mutating func map(_ size: Int) throws(SystemError) {
        let raw = descriptor.rawValue
        let failure = posix_fallocate(raw, 0, size)
        if failure != 0 {
            throw SystemError(
                "posix_fallocate", code: ErrorCode(rawValue: failure), place: path)
        }
        let address = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, raw, 0)
        guard let address, address != MAP_FAILED else { throw .last("mmap", place: path) }
        unmap()
        base = address
        self.size = size
    }

    private mutating func unmap() {
        if let base { munmap(base, size) }
        base = nil
        size = 0
    }

    // MARK: - Bytes

    package func bytes(at offset: Int, count: Int) -> [UInt8] {
        precondition(offset >= 0 && count >= 0 && offset + count <= size)
        guard let base else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: base + offset, count: count))
    }

    package func write(_ bytes: [UInt8], at offset: Int) {
        precondition(offset >= 0 && offset + bytes.count <= size)
        guard let base else { return }
        bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            (base + offset).copyMemory(from: start, byteCount: source.count)
        }
    }

    /// Writes a word of memory at once, and after everything that was written before.
    ///
    /// - Parameter offset: divisible by four.
    package func publish(_ word: UInt32, at offset: Int) {
        precondition(offset >= 0 && offset % 4 == 0 && offset + 4 <= size)
        guard let base else { return }
        let place = (base + offset).assumingMemoryBound(to: UnsafeAtomic<UInt32>.Storage.self)
        UnsafeAtomic<UInt32>(at: place).store(word, ordering: .releasing)
    }
}
