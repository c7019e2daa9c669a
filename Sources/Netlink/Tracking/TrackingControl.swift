import CLinux
import CNetlink
import Glibc
import Wire

/// The kernel's connections of a network namespace (ctnetlink, linux/netfilter/nfnetlink_conntrack.h).
/// One owner; requests are answered before the call returns.
///
/// Kernels before 6.8 take a request to delete the connections of one zone for one to delete all of
/// them, so connections are listed and deleted one by one.
package struct TrackingControl: ~Copyable {
    private let socket: ControlSocket

    /// One direction of a connection.
    package struct Tuple: Hashable, Sendable {
        package var source: IPAddress
        package var destination: IPAddress
        package var proto: UInt8
        /// Zero where the protocol has none.
        package var sourcePort: UInt16
        package var destinationPort: UInt16
    }

    /// What tells connections from each other here.
    package struct Connection: Hashable, Sendable {
        package var zone: UInt16 = 0
        package var mark: UInt32 = 0
        package var label: UInt128 = 0
        /// The first packet.
        package var request: Tuple?
        /// An answer to it, as the one who gives it sends it.
        package var reply: Tuple?
        /// AF_INET or AF_INET6.
        fileprivate var family: UInt8 = 0
        /// The attribute with the first packet's tuple.
        fileprivate var tuple: [UInt8] = []
    }

    package static func open() throws(NetlinkError) -> TrackingControl {
        TrackingControl(socket: try ControlSocket.open(protocolNumber: NETLINK_NETFILTER))
    }

    private init(socket: consuming ControlSocket) { self.socket = socket }

    /// Deletes the connections that `isMeant` is true of; returns how many.
    @discardableResult
    package func delete(where isMeant: (Connection) -> Bool) throws(NetlinkError) -> Int {
        let found = try connections(isMeant)
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

    private func connections(
        _ isMeant: (Connection) -> Bool
    ) throws(NetlinkError) -> [Connection] {
        var found: [Connection] = []
        let message = ControlMessage(
            type: Self.type(IPCTNL_MSG_CT_GET), flags: NLM_F_DUMP, header: nfgenmsg())
        try socket.exchange("connection list", message) { answer in
            guard let connection = Connection(answer), isMeant(connection) else { return }
            found.append(connection)
        }
        return found
    }

    private static func deletion(of connection: Connection) -> ControlMessage {
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
    private static let nestedFlag = 1 << 15

    private static func type(_ message: cntl_msg_types) -> UInt16 {
        UInt16(NFNL_SUBSYS_CTNETLINK) << 8 | UInt16(message.rawValue)
    }
}

extension TrackingControl.Connection {
    fileprivate init?(_ message: MessageView) {
        let payload = message.payload
        guard payload.count >= MemoryLayout<nfgenmsg>.size else { return nil }
        self.init()
        family = payload[0]
        let rest = UnsafeRawBufferPointer(rebasing: payload[MemoryLayout<nfgenmsg>.size...])
        for attribute in AttributeReader(rest) {
            switch UInt32(attribute.type) {
            case CTA_TUPLE_ORIG.rawValue:
                tuple = attribute.bytes
                request = TrackingControl.Tuple(attribute.nested)
            case CTA_TUPLE_REPLY.rawValue: reply = TrackingControl.Tuple(attribute.nested)
            case CTA_ZONE.rawValue: zone = attribute.bigEndian() ?? 0
            case CTA_MARK.rawValue: mark = attribute.bigEndian() ?? 0
            case CTA_LABELS.rawValue:
                // In host order, the least significant word first; it may be shorter.
                for (index, byte) in attribute.payload.prefix(16).enumerated() {
                    label |= UInt128(byte) << UInt128(8 * index)
                }
            default: break
            }
        }
        guard !tuple.isEmpty else { return nil }
    }
}

extension TrackingControl.Tuple {
    /// Nil without addresses.
    fileprivate init?(_ attributes: AttributeReader) {
        var addresses: [UInt32: IPAddress] = [:]
        (proto, sourcePort, destinationPort) = (0, 0, 0)
        for attribute in attributes {
            switch UInt32(attribute.type) {
            case CTA_TUPLE_IP.rawValue:
                for address in attribute.nested {
                    addresses[UInt32(address.type)] = address.internetAddress
                }
            case CTA_TUPLE_PROTO.rawValue:
                for part in attribute.nested {
                    switch UInt32(part.type) {
                    case CTA_PROTO_NUM.rawValue: proto = part.payload.first ?? 0
                    case CTA_PROTO_SRC_PORT.rawValue: sourcePort = part.bigEndian() ?? 0
                    case CTA_PROTO_DST_PORT.rawValue: destinationPort = part.bigEndian() ?? 0
                    default: break
                    }
                }
            default: break
            }
        }
        guard let source = addresses[CTA_IP_V4_SRC.rawValue] ?? addresses[CTA_IP_V6_SRC.rawValue],
            let destination = addresses[CTA_IP_V4_DST.rawValue]
                ?? addresses[CTA_IP_V6_DST.rawValue]
        else { return nil }
        self.source = source
        self.destination = destination
    }
}

extension Attribute {
    /// By its length.
    fileprivate var internetAddress: IPAddress? {
        switch payload.count {
        case 4: bigEndian(UInt32.self).map { .v4(IPv4Address($0)) }
        case 16: bigEndian(UInt128.self).map { .v6(IPv6Address($0)) }
        default: nil
        }
    }
}
