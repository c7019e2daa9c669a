// A connection as ovs-dpctl(8) prints it (`dump-conntrack`): one line, fields that are zero left
// out. Scripts read it, so it is fixed here to the letter.

import Datapath
import Glibc
import Wire

package struct ConnectionText: Sendable {
    /// `-m`: identifier, status, both directions' states, the connection that it belongs to.
    package var isVerbose: Bool
    /// `-s`: counters, times, timeout.
    package var hasStatistics: Bool

    package init(isVerbose: Bool = false, hasStatistics: Bool = false) {
        self.isVerbose = isVerbose
        self.hasStatistics = hasStatistics
    }

    package func line(_ connection: TrackedConnection) -> String {
        var parts = [Self.protocolName(connection.request?.proto ?? 0)]
        parts.append("orig=(\(side(connection.request, connection.requestCounters)))")
        parts.append("reply=(\(side(connection.reply, connection.replyCounters)))")
        if hasStatistics { parts += times(connection) }
        if isVerbose { parts.append("id=\(connection.id)") }
        if connection.zone != 0 { parts.append("zone=\(connection.zone)") }
        if isVerbose {
            parts.append("status=\(Self.flags(connection.status, Self.statusNames))")
        }
        if hasStatistics { parts.append("timeout=\(connection.timeout)") }
        if connection.mark != 0 { parts.append("mark=\(connection.mark)") }
        if connection.label != 0 {
            parts.append("labels=0x\(String(connection.label, radix: 16))")
        }
        if let state = connection.protocolState {
            parts.append("protoinfo=(\(protocolInformation(state)))")
        }
        if let helper = connection.helper { parts.append("helper=\(helper)") }
        if isVerbose, let parent = connection.parent {
            parts.append("parent=(\(Self.tuple(parent)))")
        }
        return parts.joined(separator: ",")
    }

    private func side(
        _ tuple: ConnectionTuple?, _ counters: TrackedConnection.Counters
    ) -> String {
        let text = tuple.map(Self.tuple) ?? ""
        guard hasStatistics, counters.packets != 0 || counters.bytes != 0 else { return text }
        return "\(text),packets=\(counters.packets),bytes=\(counters.bytes)"
    }

    static func tuple(_ tuple: ConnectionTuple) -> String {
        let addresses = "src=\(tuple.source),dst=\(tuple.destination)"
        guard tuple.isICMP else {
            return "\(addresses),sport=\(tuple.sourcePort),dport=\(tuple.destinationPort)"
        }
        return "\(addresses),id=\(tuple.sourcePort),type=\(tuple.destinationPort >> 8),"
            + "code=\(tuple.destinationPort & 0xff)"
    }

    private func times(_ connection: TrackedConnection) -> [String] {
        var times: [String] = []
        guard connection.start != 0 || connection.stop != 0 else { return times }
        times.append("start=\(Self.time(connection.start))")
        if connection.stop != 0 { times.append("stop=\(Self.time(connection.stop))") }
        return times
    }

    /// Local time with milliseconds, as stock tools print it.
    private static func time(_ nanoseconds: UInt64) -> String {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return "" }
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            let count = strftime(buffer.baseAddress, buffer.count, "%Y-%m-%dT%H:%M:%S", &parts)
            return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        let milliseconds = nanoseconds / 1_000_000 % 1000
        return "\(text).\(String(1000 + milliseconds).dropFirst())"
    }

    private func protocolInformation(_ state: TrackedConnection.ProtocolState) -> String {
        switch state {
        case .tcp(let state, let request, let reply):
            isVerbose
                ? Self.tcp(state, request, reply)
                : "state=\(TCPTrackingState(kernel: state).coalesced.name)"
        case .sctp(let state, let requestTag, let replyTag):
            "state=\(Self.sctpState(state)),vtag_orig=\(requestTag),vtag_reply=\(replyTag)"
        }
    }

    /// The kernel has one state for both directions.
    private static func tcp(
        _ state: UInt8, _ request: TrackedConnection.TCPSide, _ reply: TrackedConnection.TCPSide
    ) -> String {
        let name = TCPTrackingState(kernel: state).name
        var parts = ["state_orig=\(name)", "state_reply=\(name)"]
        if request.windowScale != 0 || reply.windowScale != 0 {
            parts.append("wscale_orig=\(request.windowScale),wscale_reply=\(reply.windowScale)")
        }
        parts.append("flags_orig=\(flags(UInt32(request.flags), tcpFlagNames))")
        parts.append("flags_reply=\(flags(UInt32(reply.flags), tcpFlagNames))")
        return parts.joined(separator: ",")
    }

    /// Names of the bits that have one; `0` for none.
    private static func flags(_ bits: UInt32, _ names: [String]) -> String {
        let set = names.enumerated().filter { bits >> UInt32($0.offset) & 1 == 1 }
        return set.isEmpty ? "0" : set.map(\.element).joined(separator: "|")
    }

    /// By bit of enum ip_conntrack_status.
    private static let statusNames = [
        "EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED", "SRC_NAT", "DST_NAT", "SEQ_ADJUST",
        "SRC_NAT_DONE", "DST_NAT_DONE", "DYING", "FIXED_TIMEOUT", "TEMPLATE", "UNTRACKED",
    ]

    /// By bit of IP_CT_TCP_FLAG_*.
    private static let tcpFlagNames = [
        "WINDOW_SCALE", "SACK_PERM", "CLOSE_INIT", "BE_LIBERAL", "DATA_UNACKNOWLEDGED",
        "MAXACK_SET",
    ]

    /// By number of enum sctp_conntrack; those that have no name are closed for stock tools.
    private static func sctpState(_ number: UInt8) -> String {
        let names = [
            "CLOSED", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT",
            "SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT", "HEARTBEAT_SENT", "HEARTBEAT_ACKED",
        ]
        return names.indices.contains(Int(number)) ? names[Int(number)] : "CLOSED"
    }

    static func protocolName(_ number: UInt8) -> String {
        protocolNames.first { $0.number == number }?.name ?? "\(number)"
    }

    /// In the order in which ovs-dpctl(8) counts them.
    static let protocolNames: [(number: UInt8, name: String)] = [
        (IPProtocol.tcp, "tcp"), (IPProtocol.udp, "udp"), (136, "udplite"),
        (IPProtocol.sctp, "sctp"), (IPProtocol.icmp, "icmp"), (IPProtocol.icmpv6, "icmpv6"),
        (33, "dccp"), (IPProtocol.igmp, "igmp"),
    ]
}

/// The states of TCP connections in the order and with the names of ovs-dpctl(8).
package enum TCPTrackingState: Int, CaseIterable, Sendable {
    case closed, listen, synSent, synReceived, established, closeWait, finWait1, closing, lastAck,
        finWait2, timeWait

    /// - Parameter kernel: a number of enum tcp_conntrack.
    package init(kernel: UInt8) {
        let states: [TCPTrackingState] = [
            .closed, .synSent, .synReceived, .established, .finWait1, .closeWait, .lastAck,
            .timeWait, .closing, .synSent,
        ]
        self = states.indices.contains(Int(kernel)) ? states[Int(kernel)] : .closed
    }

    /// States that are told apart only in verbose output.
    package var coalesced: TCPTrackingState {
        switch self {
        case .finWait2: .timeWait
        case .synReceived: .established
        case .closed, .listen, .synSent, .established, .closeWait, .finWait1, .closing, .lastAck,
            .timeWait:
            self
        }
    }

    package var name: String {
        switch self {
        case .closed: "CLOSED"
        case .listen: "LISTEN"
        case .synSent: "SYN_SENT"
        case .synReceived: "SYN_RECV"
        case .established: "ESTABLISHED"
        case .closeWait: "CLOSE_WAIT"
        case .finWait1: "FIN_WAIT_1"
        case .closing: "CLOSING"
        case .lastAck: "LAST_ACK"
        case .finWait2: "FIN_WAIT_2"
        case .timeWait: "TIME_WAIT"
        }
    }
}
