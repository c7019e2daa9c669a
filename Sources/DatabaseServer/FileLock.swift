import Glibc
import Linux

/// The exclusive right to a database file among processes: a record lock on `.NAME.~lock~` beside
/// it, the one that stock programs take, too.
struct FileLock: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// Fails with EAGAIN or EACCES if another process has it.
    init(for path: String) throws(SystemError) {
        let lockPath = Self.lockPath(for: path)
        let file = try FileDescriptor.open(lockPath, flags: O_RDWR | O_CREAT, mode: 0o600)
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        let raw = file.rawValue
        try checked("lock", place: lockPath) { fcntl(raw, F_SETLK, &lock) }
        descriptor = file
    }

    static func lockPath(for path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return ".\(path).~lock~" }
        return "\(path[...slash]).\(path[path.index(after: slash)...]).~lock~"
    }
}

/// The path with every symbolic link followed.
func resolvedPath(_ path: String) throws(SystemError) -> String {
    guard let resolved = realpath(path, nil) else { throw .last("open", place: path) }
    defer { free(resolved) }
    return String(cString: resolved)
}
