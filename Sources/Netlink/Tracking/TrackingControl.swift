import CLinux
import CNetlink
import Glibc

/// The kernel's connections of a network namespace (ctnetlink, linux/netfilter/nfnetlink_conntrack.h).
/// One owner; requests are answered before the call returns.
///
/// Kernels before 6.8 take a request to delete the connections of one zone for one to delete all of
/// them, so connections are listed and deleted one by one.
package struct TrackingControl: ~Copyable {
    let socket: ControlSocket

    /// How many connections the namespace has, and how many it may have.
    package struct Numbers: Hashable, Sendable {
        package var connections: UInt32
        /// Nil where the kernel does not say (before 5.13).
        package var limit: UInt32?
    }

    package static func open() throws(NetlinkError) -> TrackingControl {
        TrackingControl(socket: try ControlSocket.open(protocolNumber: NETLINK_NETFILTER))
    }

    private init(socket: consuming ControlSocket) { self.socket = socket }

    /// Hands over every connection, in the kernel's order.
    package func forEachConnection(
        _ body: (TrackedConnection) -> Void
    ) throws(NetlinkError) {
        let message = ControlMessage(
            type: Self.type(IPCTNL_MSG_CT_GET), flags: NLM_F_DUMP, header: nfgenmsg())
        try socket.exchange("connection list", message) { answer in
            if let connection = TrackedConnection(answer) { body(connection) }
        }
    }

    /// Deletes the connections that `isMeant` is true of; returns how many.
    @discardableResult
    package func delete(where isMeant: (TrackedConnection) -> Bool) throws(NetlinkError) -> Int {
        var found: [TrackedConnection] = []
        try forEachConnection { if isMeant($0) { found.append($0) } }
        for connection in found {
            do {
                try socket.exchange("connection delete", Self.deletion(of: connection))
            } catch {
                // It has ended by itself.
                guard error.code == .noSuchEntry else { throw error }
            }
        }
        return found.count
    }

    /// Deletes all connections of the namespace.
    package func deleteAll() throws(NetlinkError) {
        try socket.exchange(
            "connection flush",
            ControlMessage(type: Self.type(IPCTNL_MSG_CT_DELETE), flags: 0, header: nfgenmsg()))
    }

    package func numbers() throws(NetlinkError) -> Numbers {
        var numbers: Numbers?
        let message = ControlMessage(
            type: Self.type(IPCTNL_MSG_CT_GET_STATS), flags: 0, header: nfgenmsg())
        try socket.exchange("connection numbers", message) { numbers = Numbers($0) }
        guard let numbers else {
            throw NetlinkError("connection numbers", cause: .malformed("no numbers in it"))
        }
        return numbers
    }

    private static func deletion(of connection: TrackedConnection) -> ControlMessage {
        var message = ControlMessage(
            type: type(IPCTNL_MSG_CT_DELETE), flags: 0,
            header: nfgenmsg(
                nfgen_family: connection.family, version: UInt8(NFNETLINK_V0), res_id: 0))
        connection.tuple.withUnsafeBytes {
            message.put(Int(CTA_TUPLE_ORIG.rawValue) | nestedFlag, bytes: $0)
        }
        message.put(Int(CTA_ZONE.rawValue), connection.zone.bigEndian)
        return message
    }

    /// NLA_F_NESTED, a macro that Swift can't see.
    static let nestedFlag = 1 << 15

    static func type(_ message: cntl_msg_types) -> UInt16 {
        UInt16(NFNL_SUBSYS_CTNETLINK) << 8 | UInt16(message.rawValue)
    }
}

extension TrackingControl.Numbers {
    /// Nil without numbers.
    init?(_ message: MessageView) {
        let attributes = message.attributes(behind: MemoryLayout<nfgenmsg>.size)
        guard
            let connections: UInt32 = attributes.first(Int(CTA_STATS_GLOBAL_ENTRIES.rawValue))?
                .bigEndian()
        else { return nil }
        self.init(
            connections: connections,
            limit: attributes.first(Int(CTA_STATS_GLOBAL_MAX_ENTRIES.rawValue))?.bigEndian())
    }
}
