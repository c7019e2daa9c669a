// Becoming a daemon as start scripts expect it: the command returns when the service is ready, with
// status 0, or with the daemon's own status when it could not start.
//
// fork(2) copies one thread only, so this comes first in a program, before any thread exists: no
// event loop, no I/O threads, no log thread.

import CLinux
import Glibc
import Logging

/// The calling process as a daemon between its start and its being ready.
package struct DaemonProcess: ~Copyable {
    private let options: DaemonOptions
    private var pidfile: Pidfile?
    /// The write end of the pipe by which the starting command learns that the daemon is ready.
    private var readiness: FileDescriptor?

    package enum Failure: Error, CustomStringConvertible {
        case pidfile(Pidfile.Failure)
        case system(SystemError)
        case log(LogSpecificationError)
        case unknownUser(String)

        package var description: String {
            switch self {
            case .pidfile(let error): "\(error)"
            case .system(let error): "\(error)"
            case .log(let error): "\(error)"
            case .unknownUser(let user): "\(user): unknown user or group"
            }
        }
    }

    /// Sets up logging, detaches if asked (the starting process stays behind and exits in here),
    /// and writes the pidfile.
    package init(_ options: DaemonOptions) throws(Failure) {
        self.options = options
        // A write to a peer that is gone, or past a limit on the size of files, is an error and
        // no death.
        clinux_ignore_signal(SIGPIPE)
        clinux_ignore_signal(SIGXFSZ)
        try Self.configureLog(options)
        do {
            if options.detach { readiness = try Self.detach() }
            if options.monitor { readiness = try Self.watchOver(telling: readiness.take()) }
        } catch {
            throw .system(error)
        }
        do {
            pidfile = try options.pidfile.map { path throws(Pidfile.Failure) in
                try Pidfile(creating: path, overwrite: options.overwritePidfile)
            }
        } catch {
            throw .pidfile(error)
        }
        if let user = options.user { try Self.become(user) }
    }

    /// Tells the starting command, and the service manager, that the service can be used.
    package mutating func ready() throws(SystemError) {
        if !options.staysInDirectory, options.detach { chdir("/") }
        if let readiness = readiness.take() {
            // Nobody may read it any more: that is no failure.
            let byte: [UInt8] = [0]
            _ = Glibc.write(readiness.rawValue, byte, 1)
        }
        if options.detach { try Self.redirectStandardStreams() }
        ServiceManager.fromEnvironment?.notify("READY=1")
    }

    private static func configureLog(_ options: DaemonOptions) throws(Failure) {
        Log.bootstrap(program: options.program)
        do {
            for specification in options.verbosity { try Log.shared.set(specification) }
        } catch {
            throw .log(error)
        }
        do {
            if let path = options.logFile { try Log.shared.open(file: path) }
        } catch {
            throw .system(error)
        }
    }

    /// Nothing shall hold the terminal or the pipe of the script that started the daemon.
    private static func redirectStandardStreams() throws(SystemError) {
        let null = try FileDescriptor.open("/dev/null", flags: O_RDWR)
        for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
            try checked("dup2") { dup2(null.rawValue, stream) }
        }
    }
}

// MARK: - Forking

extension DaemonProcess {
    /// Goes on in a child of its own session; the parent waits for the child's word and exits.
    private static func detach() throws(SystemError) -> FileDescriptor {
        let pipe = try FileDescriptor.pipe()
        let (reader, writer) = (pipe.first.release(), pipe.second.release())
        let child = try checked("fork") { fork() }
        if child == 0 {
            close(reader)
            setsid()
            return FileDescriptor(owning: writer)
        }
        // Only the child may hold the writing end, or its death would go unnoticed.
        close(writer)
        waitForReadiness(reader, of: child)
    }

    private static func waitForReadiness(_ reader: Int32, of child: Int32) -> Never {
        if awaitByte(reader) { _exit(0) }
        var status: Int32 = 0
        waitpid(child, &status, 0)
        _exit(ProcessEnding(status: status).exitStatus)
    }

    /// Returns in a child; the calling process stays to start another when that crashes, and
    /// passes on the first one's word that it is ready.
    private static func watchOver(
        telling starter: consuming FileDescriptor?
    ) throws(SystemError) -> FileDescriptor {
        let logger = Logger(label: "daemon")
        var lastRestart: MonotonicTime?
        while true {
            let pipe = try FileDescriptor.pipe()
            let (reader, writer) = (pipe.first.release(), pipe.second.release())
            let child = try checked("fork") { fork() }
            if child == 0 {
                close(reader)
                return FileDescriptor(owning: writer)
            }
            close(writer)
            if awaitByte(reader), let starter = starter.take() { try passOn(to: starter) }
            close(reader)
            let ending = try waitForEnd(of: child)
            logger.error("pid \(child) died, \(ending), restarting")
            if let lastRestart {
                let rest = Self.shortestRestartInterval - (.now() - lastRestart)
                if rest > .zero { sleep(UInt32(rest.components.seconds) + 1) }
            }
            lastRestart = .now()
        }
    }

    /// Tells the starting command and lets go of its terminal.
    private static func passOn(to starter: consuming FileDescriptor) throws(SystemError) {
        let byte: [UInt8] = [0]
        _ = Glibc.write(starter.rawValue, byte, 1)
        try redirectStandardStreams()
    }

    /// How a child ended, if by a crash; ends as it did otherwise.
    private static func waitForEnd(of child: Int32) throws(SystemError) -> ProcessEnding {
        var status: Int32 = 0
        try checked("waitpid") { waitpid(child, &status, 0) }
        let ending = ProcessEnding(status: status)
        if !ending.isCrash { _exit(ending.exitStatus) }
        return ending
    }

    /// Waits for a byte; false at the end of the pipe.
    private static func awaitByte(_ reader: Int32) -> Bool {
        var byte: UInt8 = 0
        return (try? checked("read") { read(reader, &byte, 1) }) == 1
    }

    private static let shortestRestartInterval = Duration.seconds(10)
}

/// How a process ended, from the status of waitpid(2).
struct ProcessEnding: CustomStringConvertible {
    let status: Int32

    private var signal: Int32 { status & 0x7f }

    private static let crashSignals: Set<Int32> = [
        SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGPIPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGTRAP,
    ]

    /// Ended by a signal that programming errors and exhausted resources raise.
    var isCrash: Bool { Self.crashSignals.contains(signal) }

    /// As a shell reports it.
    var exitStatus: Int32 { signal == 0 ? (status >> 8) & 0xff : 128 + signal }

    var description: String {
        signal == 0 ? "exit status \(exitStatus)" : "killed by signal \(signal)"
    }
}

// MARK: - Privileges

extension DaemonProcess {
    /// Gives up the privileges of the starting user: `USER`, `USER:GROUP` or `:GROUP`.
    private static func become(_ text: String) throws(Failure) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let user = String(parts[0])
        var group: gid_t?
        if parts.count == 2 {
            guard let entry = getgrnam(String(parts[1])) else { throw .unknownUser(text) }
            group = entry.pointee.gr_gid
        }
        do {
            if user.isEmpty {
                if let group { try checked("setgid") { setgid(group) } }
                return
            }
            guard let entry = getpwnam(user) else { throw Failure.unknownUser(text) }
            let identity = (user: entry.pointee.pw_uid, group: group ?? entry.pointee.pw_gid)
            try checked("initgroups") { initgroups(user, identity.group) }
            try checked("setgid") { setgid(identity.group) }
            try checked("setuid") { setuid(identity.user) }
        } catch let error as SystemError {
            throw .system(error)
        } catch {
            throw .unknownUser(text)
        }
    }
}
