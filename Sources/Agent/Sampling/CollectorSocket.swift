import AgentCore
import Glibc
import Linux
import Wire

/// A UDP socket that sends to one collector and never waits.
final class CollectorSocket {
    let target: CollectorTarget
    /// Nil until there is a way to the collector.
    private var descriptor: FileDescriptor?

    init(_ target: CollectorTarget) { self.target = target }

    /// Sends a message. If the collector's host has refused the one before, that is told instead, and
    /// this one is sent all the same.
    func send(_ message: [UInt8]) throws(SystemError) {
        do {
            try sendOnce(message)
        } catch {
            guard error.code == Self.refused else { throw error }
            try sendOnce(message)
            throw error
        }
    }

    private static let refused = ErrorCode(rawValue: ECONNREFUSED)

    private func sendOnce(_ message: [UInt8]) throws(SystemError) {
        if descriptor == nil { descriptor = try Self.connected(to: target) }
        guard let raw = descriptor?.rawValue else { return }
        try checked("send", place: "\(target)") {
            Glibc.send(raw, message, message.count, Int32(MSG_NOSIGNAL))
        }
    }

    private static func connected(to target: CollectorTarget) throws(SystemError) -> FileDescriptor
    {
        let family = target.address.v4 == nil ? AF_INET6 : AF_INET
        let kind = SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        let descriptor = FileDescriptor(
            owning: try checked("socket", place: "\(target)") { socket(family, Int32(kind), 0) })
        let raw = descriptor.rawValue
        try checked("connect", place: "\(target)") {
            withAddress(of: target) { connect(raw, $0, $1) }
        }
        return descriptor
    }

    private static func withAddress(
        of target: CollectorTarget,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        switch target.address {
        case .v4(let value):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = target.port.bigEndian
            address.sin_addr.s_addr = value.bits.bigEndian
            return withBytes(of: address, body)
        case .v6(let value):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = target.port.bigEndian
            withUnsafeMutableBytes(of: &address.sin6_addr) {
                $0.storeBytes(of: value.bits.bigEndian, as: UInt128.self)
            }
            return withBytes(of: address, body)
        }
    }

    private static func withBytes<Address>(
        of address: Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }
}
