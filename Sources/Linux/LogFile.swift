import Glibc

/// An append-only log file by path, so that it can be opened again after rotation.
struct LogFile: Sendable {
    let path: String
    /// Open for the life of the value's owner, `Log`, which alone closes it.
    private var descriptor: Int32?

    init(path: String) { self.path = path }

    mutating func open() throws(SystemError) {
        let opened = try FileDescriptor.open(
            path, flags: O_WRONLY | O_CREAT | O_APPEND, mode: 0o660)
        close()
        descriptor = opened.release()
    }

    mutating func close() {
        if let descriptor { Glibc.close(descriptor) }
        descriptor = nil
    }

    func write(_ text: String) {
        if let descriptor { Self.write(text, to: descriptor) }
    }

    /// Writes what can be written: a log that is full or gone is no reason to stop.
    static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }
}

/// syslog(3), facility daemon.
enum SystemLog {
    static func write(_ level: LogLevel, _ line: String) {
        let priority =
            switch level {
            case .off: LOG_DEBUG
            case .emergency: LOG_ALERT
            case .error: LOG_ERR
            case .warning: LOG_WARNING
            case .information: LOG_NOTICE
            case .debug: LOG_DEBUG
            }
        line.withCString { line in
            withVaList([line]) { vsyslog(LOG_DAEMON | priority, "%s", $0) }
        }
    }
}

/// What a program prints, past any buffer.
package enum StandardStream {
    package static func write(_ text: String) { LogFile.write(text, to: STDOUT_FILENO) }

    package static func writeError(_ text: String) { LogFile.write(text, to: STDERR_FILENO) }
}
