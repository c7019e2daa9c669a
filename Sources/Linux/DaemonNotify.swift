import Glibc

/// The service manager that started this process, if it wants to hear from it (sd_notify(3)).
package struct ServiceManager: Equatable, Sendable {
    /// A path, or a name of the abstract namespace if it begins with `@`.
    private let socketName: String
    /// The process has to report in at least this often; nil if nobody watches.
    package let watchdogInterval: Duration?

    package static var fromEnvironment: ServiceManager? {
        ServiceManager(environment: DaemonDirectories.environment, process: getpid())
    }

    init?(environment: (String) -> String?, process: Int32) {
        guard let name = environment("NOTIFY_SOCKET"), name.hasPrefix("/") || name.hasPrefix("@")
        else { return nil }
        socketName = name
        let isForThisProcess =
            environment("WATCHDOG_PID").map { Int32($0) == process } ?? true
        let microseconds = environment("WATCHDOG_USEC").flatMap { Int64($0) } ?? 0
        watchdogInterval =
            isForThisProcess && microseconds > 0 ? .microseconds(microseconds) : nil
    }

    /// How long the manager may take to make room in its queue, in seconds.
    private static let patience = 1

    /// Sends one state, such as `READY=1`. A manager that is gone, or that reads nothing for a while,
    /// is no error of the daemon.
    package func notify(_ state: String) { send(state, flags: 0) }

    private func send(_ state: String, flags: Int32) {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: Self.patience, tv_usec: 0)
        _ = setsockopt(
            descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(socketName.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let family = MemoryLayout<sa_family_t>.size
        let length = socklen_t(family + name.count)
        let bytes = Array(state.utf8)
        withUnsafeBytes(of: &address) { raw in
            raw.withMemoryRebound(to: sockaddr.self) { address in
                _ = sendto(
                    descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | flags,
                    address.baseAddress, length)
            }
        }
    }

    /// How often to report in: at half the interval, as sd_watchdog_enabled(3) advises.
    var reportInterval: Duration? { watchdogInterval.map { $0 / 2 } }

    /// Reports in from the owner's loop, as long as the loop turns. It never waits: where there is
    /// no room, the manager has reports enough that it has not read.
    package func feedWatchdog(on loop: EventLoop) {
        guard let reportInterval else { return }
        send("WATCHDOG=1", flags: Int32(MSG_DONTWAIT))
        loop.schedule(after: reportInterval) { feedWatchdog(on: loop) }
    }
}
