import CLinux
import CNetlink
import Datapath
import Glibc
import Wire

/// A connection of the kernel's, as a message of ctnetlink describes it
/// (linux/netfilter/nfnetlink_conntrack.h, CTA_*).
package struct TrackedConnection: Hashable, Sendable {
    package struct Counters: Hashable, Sendable {
        package var packets: UInt64 = 0
        package var bytes: UInt64 = 0
    }

    /// What a direction of a TCP connection has shown (IP_CT_TCP_FLAG_*).
    package struct TCPSide: Hashable, Sendable {
        package var windowScale: UInt8 = 0
        package var flags: UInt8 = 0
    }

    package enum ProtocolState: Hashable, Sendable {
        /// The state is a number of enum tcp_conntrack (linux/netfilter/nf_conntrack_tcp.h).
        case tcp(state: UInt8, request: TCPSide, reply: TCPSide)
        /// The state is a number of enum sctp_conntrack (linux/netfilter/nf_conntrack_sctp.h).
        case sctp(state: UInt8, requestTag: UInt32, replyTag: UInt32)
    }

    package var zone: UInt16 = 0
    package var mark: UInt32 = 0
    package var label: UInt128 = 0
    /// The first packet.
    package var request: ConnectionTuple?
    /// An answer to it, as the one who gives it sends it.
    package var reply: ConnectionTuple?
    /// The first packet of the connection that this one belongs to.
    package var parent: ConnectionTuple?
    package var id: UInt32 = 0
    /// Bits of enum ip_conntrack_status.
    package var status: UInt32 = 0
    /// Seconds.
    package var timeout: UInt32 = 0
    /// Counted only where net.netfilter.nf_conntrack_acct says so.
    package var requestCounters = Counters()
    package var replyCounters = Counters()
    /// Nanoseconds since 1970-01-01 00:00 UTC; zero where net.netfilter.nf_conntrack_timestamp is off.
    package var start: UInt64 = 0
    package var stop: UInt64 = 0
    package var protocolState: ProtocolState?
    package var helper: String?
    /// AF_INET or AF_INET6.
    package var family: UInt8 = 0
    /// The attribute with the first packet's tuple.
    var tuple: [UInt8] = []

    package init() {}
}

extension TrackedConnection {
    /// Nil for a message that is too short or names no connection.
    init?(_ message: MessageView) {
        let payload = message.payload
        guard payload.count >= MemoryLayout<nfgenmsg>.size else { return nil }
        self.init()
        family = payload[0]
        for attribute in message.attributes(behind: MemoryLayout<nfgenmsg>.size) {
            take(attribute)
        }
        guard !tuple.isEmpty else { return nil }
    }

    private mutating func take(_ attribute: Attribute) {
        switch UInt32(attribute.type) {
        case CTA_TUPLE_ORIG.rawValue:
            tuple = attribute.bytes
            request = ConnectionTuple(attribute.nested)
        case CTA_TUPLE_REPLY.rawValue: reply = ConnectionTuple(attribute.nested)
        case CTA_TUPLE_MASTER.rawValue: parent = ConnectionTuple(attribute.nested)
        case CTA_ZONE.rawValue: zone = attribute.bigEndian() ?? 0
        case CTA_MARK.rawValue: mark = attribute.bigEndian() ?? 0
        case CTA_LABELS.rawValue: label = attribute.label
        case CTA_ID.rawValue: id = attribute.bigEndian() ?? 0
        case CTA_STATUS.rawValue: status = attribute.bigEndian() ?? 0
        case CTA_TIMEOUT.rawValue: timeout = attribute.bigEndian() ?? 0
        case CTA_COUNTERS_ORIG.rawValue: requestCounters = Counters(attribute.nested)
        case CTA_COUNTERS_REPLY.rawValue: replyCounters = Counters(attribute.nested)
        case CTA_TIMESTAMP.rawValue: takeTimes(attribute.nested)
        case CTA_PROTOINFO.rawValue: protocolState = ProtocolState(attribute.nested)
        case CTA_HELP.rawValue:
            helper = attribute.nested.first(Int(CTA_HELP_NAME.rawValue))?.string
        default: break
        }
    }

    private mutating func takeTimes(_ attributes: AttributeReader) {
        start = attributes.first(Int(CTA_TIMESTAMP_START.rawValue))?.bigEndian() ?? 0
        stop = attributes.first(Int(CTA_TIMESTAMP_STOP.rawValue))?.bigEndian() ?? 0
    }
}

extension TrackedConnection.Counters {
    fileprivate init(_ attributes: AttributeReader) {
        self.init(
            packets: attributes.first(Int(CTA_COUNTERS_PACKETS.rawValue))?.bigEndian() ?? 0,
            bytes: attributes.first(Int(CTA_COUNTERS_BYTES.rawValue))?.bigEndian() ?? 0)
    }
}

extension TrackedConnection.ProtocolState {
    /// Nil for protocols of which nothing is kept here.
    fileprivate init?(_ attributes: AttributeReader) {
        if let tcp = attributes.first(Int(CTA_PROTOINFO_TCP.rawValue))?.nested {
            let byte = { (type: ctattr_protoinfo_tcp) in
                tcp.first(Int(type.rawValue))?.payload.first ?? 0
            }
            // The flags are struct nf_ct_tcp_flags, whose second byte is a mask.
            self = .tcp(
                state: byte(CTA_PROTOINFO_TCP_STATE),
                request: .init(
                    windowScale: byte(CTA_PROTOINFO_TCP_WSCALE_ORIGINAL),
                    flags: byte(CTA_PROTOINFO_TCP_FLAGS_ORIGINAL)),
                reply: .init(
                    windowScale: byte(CTA_PROTOINFO_TCP_WSCALE_REPLY),
                    flags: byte(CTA_PROTOINFO_TCP_FLAGS_REPLY)))
        } else if let sctp = attributes.first(Int(CTA_PROTOINFO_SCTP.rawValue))?.nested {
            let tag = { (type: ctattr_protoinfo_sctp) -> UInt32 in
                sctp.first(Int(type.rawValue))?.bigEndian() ?? 0
            }
            self = .sctp(
                state: sctp.first(Int(CTA_PROTOINFO_SCTP_STATE.rawValue))?.payload.first ?? 0,
                requestTag: tag(CTA_PROTOINFO_SCTP_VTAG_ORIGINAL),
                replyTag: tag(CTA_PROTOINFO_SCTP_VTAG_REPLY))
        } else {
            return nil
        }
    }
}

extension ConnectionTuple {
    /// Nil without addresses.
    fileprivate init?(_ attributes: AttributeReader) {
        var addresses: [UInt32: IPAddress] = [:]
        for address in attributes.first(Int(CTA_TUPLE_IP.rawValue))?.nested ?? .empty {
            addresses[UInt32(address.type)] = address.internetAddress
        }
        guard let source = addresses[CTA_IP_V4_SRC.rawValue] ?? addresses[CTA_IP_V6_SRC.rawValue],
            let destination = addresses[CTA_IP_V4_DST.rawValue]
                ?? addresses[CTA_IP_V6_DST.rawValue]
        else { return nil }
        self.init(
            source: source, destination: destination, proto: 0, sourcePort: 0, destinationPort: 0)
        for part in attributes.first(Int(CTA_TUPLE_PROTO.rawValue))?.nested ?? .empty {
            takeProtocol(part)
        }
    }

    private mutating func takeProtocol(_ part: Attribute) {
        switch UInt32(part.type) {
        case CTA_PROTO_NUM.rawValue: proto = part.payload.first ?? 0
        case CTA_PROTO_SRC_PORT.rawValue, CTA_PROTO_ICMP_ID.rawValue, CTA_PROTO_ICMPV6_ID.rawValue:
            sourcePort = part.bigEndian() ?? 0
        case CTA_PROTO_DST_PORT.rawValue: destinationPort = part.bigEndian() ?? 0
        case CTA_PROTO_ICMP_TYPE.rawValue, CTA_PROTO_ICMPV6_TYPE.rawValue:
            destinationPort |= UInt16(part.payload.first ?? 0) << 8
        case CTA_PROTO_ICMP_CODE.rawValue, CTA_PROTO_ICMPV6_CODE.rawValue:
            destinationPort |= UInt16(part.payload.first ?? 0)
        default: break
        }
    }
}

extension AttributeReader {
    fileprivate static var empty: AttributeReader {
        AttributeReader(UnsafeRawBufferPointer(start: nil, count: 0))
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

    /// In host order, the least significant word first; it may be shorter.
    fileprivate var label: UInt128 {
        payload.prefix(16).enumerated().reduce(0) {
            $0 | UInt128($1.element) << UInt128(8 * $1.offset)
        }
    }
}
