import CLinux
import Glibc

/// A network namespace kept alive by an open descriptor (network_namespaces(7)).
///
/// A thread, not a process, is in a namespace; so whatever must happen inside runs on a thread of
/// its own. A socket keeps the namespace it was created in: open it once inside and use it anywhere.
package struct NetworkNamespace: ~Copyable, Sendable {
    /// The directory in which `ip netns` keeps its names.
    package static let directory = "/run/netns"

    private let descriptor: FileDescriptor

    /// Opens a namespace by the name that `ip netns add` gave it.
    package init(named name: String) throws(SystemError) {
        try self.init(path: "\(Self.directory)/\(name)")
    }

    /// Opens a namespace by any path to it, such as /proc/1/ns/net.
    package init(path: String) throws(SystemError) {
        descriptor = try FileDescriptor.open(path)
    }

    private init(descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }

    /// The namespace of the calling thread.
    package static func current() throws(SystemError) -> NetworkNamespace {
        try NetworkNamespace(path: "/proc/thread-self/ns/net")
    }

    /// A fresh namespace without a name; it ends with the last descriptor, socket or process in it.
    package static func create() throws(SystemError) -> NetworkNamespace {
        let descriptor = try Thread.runToEnd(name: "netns") { () throws(SystemError) in
            try checkedNegative("unshare CLONE_NEWNET") { clinux_unshare_network() }
            return try FileDescriptor.open("/proc/thread-self/ns/net")
        }
        return NetworkNamespace(descriptor: descriptor)
    }

    /// The open descriptor, for IFLA_NET_NS_FD.
    package var rawDescriptor: Int32 { descriptor.rawValue }

    /// A path by which other programs (`nsenter --net=`) reach the namespace while this lives.
    package var path: String { "/proc/\(getpid())/fd/\(descriptor.rawValue)" }

    /// Runs `body` inside, on a thread of its own, and waits for it.
    package borrowing func run<Result: ~Copyable & Sendable>(
        _ body: @Sendable () throws(SystemError) -> Result
    ) throws(SystemError) -> Result {
        let target = descriptor.rawValue
        return try Thread.runToEnd(name: "netns") { () throws(SystemError) in
            try checkedNegative("setns") { clinux_setns_network(target) }
            return try body()
        }
    }
}

extension NetworkNamespace {
    /// What tells this namespace from all others as long as it lives.
    package var identity: UInt64 {
        get throws(SystemError) {
            let raw = rawDescriptor
            var status = stat()
            try checked("fstat", place: "network namespace") { fstat(raw, &status) }
            return UInt64(status.st_ino)
        }
    }
}
