import Datapath
import LogicalFlow
import Pipeline
import Wire

// Actions that make a packet from a packet, on the values alone: which headers the new packet has
// before its block runs (the slow path makes the bytes, `Translator+Generate`).

extension NetworkTracer {
    mutating func generate(
        _ generator: Action.Generator, _ actions: [Action], _ execution: inout Execution
    ) {
        let packet = execution.packet
        let made: FlowKey?
        var title = generator.rawValue
        switch generator {
        case .arp: made = packet.arpRequest
        case .ndNS: made = packet.solicitation
        case .ndNA, .ndNARouter:
            title = "nd_na"
            made = packet.advertisement
        case .icmp4, .icmp4Error, .icmp6, .icmp6Error:
            title = packet.errorName
            made = packet.error
        case .tcpReset, .sctpAbort: made = packet.reset
        case .reject: (title, made) = packet.rejection
        }
        // There is no error about an error.
        guard let made else { return }
        transform(title, made, actions, &execution)
    }
}

extension FlowKey {
    fileprivate var arpRequest: FlowKey {
        var made = self
        made.clear([.ipFragment, .ipTOS, .ipTTL, .tcpFlags, .ipProtocol, .arpTargetMAC])
        made[.ethernetType] = UInt64(EtherType.arp)
        made[.arpOperation] = UInt64(ARPMessage.request)
        made[.arpSourceMAC] = self[.ethernetSource]
        made[.arpSourceIP] = self[.ipv4Source]
        made[.arpTargetIP] = self[.ipv4Destination]
        return made
    }

    /// For the address in xxreg0 (RFC 4861 §4.3), sent to its group (RFC 4291 §2.7.1).
    fileprivate var solicitation: FlowKey {
        var made = discovery(ICMPv6Type.neighborSolicitation)
        let target = self[wide: .xxreg0]
        made[wide: .ndTarget] = target
        made[.ethernetDestination] = 0x3333_ff00_0000 | UInt64(target & 0xff_ffff)
        made[wide: .ipv6Destination] = Self.solicitedNodes | target & 0xff_ffff
        made[.ndSourceLink] = self[.ethernetSource]
        made[.ndTargetLink] = 0
        return made
    }

    /// ff02::1:ff00:0/104
    private static let solicitedNodes: UInt128 = 0xff02 << 112 | 0x1_ff00_0000

    /// From the address that was asked for (RFC 4861 §4.4).
    fileprivate var advertisement: FlowKey {
        var made = discovery(ICMPv6Type.neighborAdvertisement)
        made[.ethernetSource] = self[.ethernetDestination]
        made[.ethernetDestination] = self[.ethernetSource]
        made[wide: .ipv6Destination] = self[wide: .ipv6Source]
        made[wide: .ipv6Source] = self[wide: .ndTarget]
        made[.ndSourceLink] = 0
        made[.ndTargetLink] = self[.ethernetDestination]
        return made
    }

    private func discovery(_ type: UInt8) -> FlowKey {
        var made = self
        made[.ethernetType] = UInt64(EtherType.ipv6)
        made[.ipProtocol] = UInt64(IPProtocol.icmpv6)
        made[.ipTTL] = 255
        made[.icmpType] = UInt64(type)
        made[.icmpCode] = 0
        return made
    }

    // MARK: - Errors

    fileprivate var errorName: String { isIPv6 ? "icmp6" : "icmp4" }

    private var unreachable: UInt64 {
        UInt64(isIPv6 ? ICMPv6Type.unreachable : ICMPType.unreachable)
    }

    private var errorProtocol: UInt64 {
        UInt64(isIPv6 ? IPProtocol.icmpv6 : IPProtocol.icmp)
    }

    /// Unreachable, with the addresses as they are.
    fileprivate var error: FlowKey {
        var made = self
        made.clear([.sourcePort, .destinationPort, .tcpFlags])
        made[.ipProtocol] = errorProtocol
        made[.ipTTL] = 255
        made[.icmpType] = unreachable
        made[.icmpCode] = 1
        return made
    }

    fileprivate var reset: FlowKey {
        var made = self
        made[.ipTTL] = 255
        made[.tcpFlags] = UInt64(TCPFlag.reset)
        return made
    }

    /// What `reject` sends back, with the addresses exchanged; nil in answer to a rejection. (The
    /// flags of TCP stand for the abort that a packet of SCTP carries.)
    fileprivate var rejection: (title: String, packet: FlowKey?) {
        let isReset = self[.tcpFlags] == UInt64(TCPFlag.reset)
        switch UInt8(self[.ipProtocol]) {
        case IPProtocol.tcp: return ("tcp_reset", isReset ? nil : reset.returned)
        case IPProtocol.sctp: return ("sctp_abort", isReset ? nil : reset.returned)
        default:
            let isError = self[.ipProtocol] == errorProtocol && self[.icmpType] == unreachable
            // Stock traces call the refusal of what is no IP packet so.
            return (isIPv4 ? "icmp4" : "icmp6", isError ? nil : error.returned)
        }
    }

    private var returned: FlowKey {
        var made = self
        let pairs: [(KeyField, KeyField)] = [
            (.ethernetSource, .ethernetDestination), (.ipv4Source, .ipv4Destination),
            (.ipv6Source, .ipv6Destination),
        ]
        for (source, destination) in pairs {
            made[wide: source] = self[wide: destination]
            made[wide: destination] = self[wide: source]
        }
        return made
    }

    private mutating func clear(_ fields: [KeyField]) {
        for field in fields { self[wide: field] = 0 }
    }
}
