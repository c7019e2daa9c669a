import Glibc

/// A file that names a running daemon's process. The daemon holds a record lock (fcntl(2)) on it,
/// by which others tell a live pidfile from one that a dead process left.
///
/// The lock is the process's: it ends with the process, and also when the process opens and closes
/// the file elsewhere, which nothing here does.
package struct Pidfile: ~Copyable, Sendable {
    package let path: String
    private let descriptor: FileDescriptor

    package enum Failure: Error, Equatable, Sendable, CustomStringConvertible {
        case alreadyRunning(path: String, process: Int32)
        case system(SystemError)

        package var description: String {
            switch self {
            case .alreadyRunning(let path, let process):
                "\(path): already running as pid \(process), aborting"
            case .system(let error): "\(error)"
            }
        }
    }

    /// Writes the calling process's id. Written beside and renamed, so that readers never see it
    /// empty.
    package init(creating path: String, overwrite: Bool = false) throws(Failure) {
        if !overwrite, let process = try? Self.runningProcess(of: path) {
            throw .alreadyRunning(path: path, process: process)
        }
        do {
            descriptor = try Self.write(path)
        } catch {
            throw .system(error)
        }
        self.path = path
    }

    /// Removes the file.
    deinit { unlink(path) }

    private static func write(_ path: String) throws(SystemError) -> FileDescriptor {
        let temporary = "\(path).tmp\(getpid())"
        let file = try FileDescriptor.open(
            temporary, flags: O_RDWR | O_CREAT | O_TRUNC, mode: 0o644)
        let raw = file.rawValue
        var lock = wholeFileLock()
        try checked("lock", place: path) { fcntl(raw, F_SETLK, &lock) }
        let text = Array("\(getpid())\n".utf8)
        try checked("write", place: path) { Glibc.write(raw, text, text.count) }
        try checked("rename", place: path) { rename(temporary, path) }
        return file
    }

    private static func wholeFileLock() -> flock {
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        return lock
    }

    /// The process that a pidfile names and that still holds it.
    ///
    /// A file that its process no longer locks is ESRCH, "No such process".
    package static func runningProcess(of path: String) throws(SystemError) -> Int32 {
        let file = try FileDescriptor.open(path, flags: O_RDONLY)
        let raw = file.rawValue
        var lock = wholeFileLock()
        try checked("lock", place: path) { fcntl(raw, F_GETLK, &lock) }
        let text = String(decoding: try file.readToEnd(limit: 32), as: UTF8.self)
        guard let process = Int32(text.prefix { $0.isNumber }) else {
            throw SystemError("read", code: .invalid, place: path)
        }
        guard lock.l_type != Int16(F_UNLCK) || process == getpid() else {
            throw SystemError("read", code: ErrorCode(rawValue: ESRCH), place: path)
        }
        return process
    }
}
