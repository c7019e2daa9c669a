import Datapath
import Wire

/// A packet that came up for collectors.
package struct SampledPacket: Sendable {
    package let cookie: SampleCookie
    /// The packet's headers as they were where it was sampled; the port and the tunnel by which it
    /// came in.
    let key: FlowKey
    /// From the Ethernet header on.
    let length: Int

    /// - Parameters:
    ///   - userData: what the action gave it; nil is returned if that is no sample's.
    ///   - key: the kernel's reading of the packet as it came in.
    ///   - frame: the packet as it was when it was sampled.
    package init?(_ userData: [UInt8], key: FlowKey, frame: [UInt8]) {
        guard let cookie = SampleCookie(userData) else { return nil }
        self.cookie = cookie
        var read = FlowKey(of: frame)
        for field in Self.outside { read[wide: field] = key[wide: field] }
        self.key = read
        length = frame.count
    }

    private static let outside: [KeyField] = [
        .inputPort, .tunnelID, .tunnelSource, .tunnelDestination, .tunnelFamily, .tunnelSourcePort,
        .tunnelDestinationPort,
    ]

    /// The kernel port by which it came in.
    package var vport: UInt32 { UInt32(truncatingIfNeeded: key[.inputPort]) }

    private var isTagged: Bool { key[.vlanTCI] != 0 }

    var headerLength: Int { isTagged ? HeaderLength.ethernet + 4 : HeaderLength.ethernet }

    func template(_ interface: SampledInterface?, showsTunnels: Bool) -> RecordTemplate {
        var template = RecordTemplate()
        template.isTagged = isTagged
        let transport = UInt8(truncatingIfNeeded: key[.ipProtocol])
        switch UInt16(truncatingIfNeeded: key[.ethernetType]) {
        case EtherType.ipv4:
            template.network = .ipv4
            if transport == IPProtocol.icmp { template.transport = .icmp }
        case EtherType.ipv6:
            template.network = .ipv6
            if transport == IPProtocol.icmpv6 { template.transport = .icmp }
        default: return tunnelled(template, interface, showsTunnels)
        }
        switch transport {
        case IPProtocol.tcp: template.transport = .tcp
        case IPProtocol.udp: template.transport = .udp
        case IPProtocol.sctp: template.transport = .sctp
        default: break
        }
        return tunnelled(template, interface, showsTunnels)
    }

    /// The elements that there are have room for IPv4 only.
    private func tunnelled(
        _ template: RecordTemplate, _ interface: SampledInterface?, _ showsTunnels: Bool
    ) -> RecordTemplate {
        var template = template
        template.isTunnelled =
            showsTunnels && interface?.tunnel != nil && key[.tunnelFamily] == TunnelFamily.ipv4
        return template
    }

    // MARK: - The fields that tell flows apart

    /// In the order of `RecordTemplate`.
    func fields(_ template: RecordTemplate, _ interface: SampledInterface?) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(UInt64(cookie.point), width: 4)
        bytes.append(0)
        bytes.append(key[.ethernetSource], width: 6)
        bytes.append(key[.ethernetDestination], width: 6)
        bytes.append(key[.ethernetType], width: 2)
        bytes.append(UInt8(headerLength))
        bytes.append(UInt64(interface?.index ?? 0), width: 4)
        // The type of the interface is not known.
        bytes.append(0, width: 4)
        Self.append(Array((interface?.name ?? "").utf8), to: &bytes)
        Self.append([], to: &bytes)
        if template.isTagged { appendTag(&bytes) }
        appendNetwork(template, &bytes)
        if template.transport.hasPorts {
            bytes.append(key[.sourcePort], width: 2)
            bytes.append(key[.destinationPort], width: 2)
        } else if template.transport == .icmp {
            bytes.append(UInt8(truncatingIfNeeded: key[.icmpType]))
            bytes.append(UInt8(truncatingIfNeeded: key[.icmpCode]))
        }
        if template.isTunnelled, let kind = interface?.tunnel { appendTunnel(kind, &bytes) }
        return bytes
    }

    /// A value behind its length (RFC 7011 §7); at most 254 bytes of it.
    static func append(_ value: [UInt8], to bytes: inout [UInt8]) {
        let value = value.prefix(254)
        bytes.append(UInt8(value.count))
        bytes += value
    }

    private func appendTag(_ bytes: inout [UInt8]) {
        let tag = key[.vlanTCI]
        bytes.append(tag & 0xfff, width: 2)
        bytes.append(tag & 0xfff, width: 2)
        bytes.append(UInt8(truncatingIfNeeded: tag >> 13 & 7))
    }

    private func appendNetwork(_ template: RecordTemplate, _ bytes: inout [UInt8]) {
        guard template.network != .other else { return }
        let service = UInt8(truncatingIfNeeded: key[.ipTOS])
        bytes.append(template.network == .ipv4 ? 4 : 6)
        bytes.append(UInt8(truncatingIfNeeded: key[.ipTTL]))
        bytes.append(UInt8(truncatingIfNeeded: key[.ipProtocol]))
        bytes.append(service >> 2)
        bytes.append(service >> 5)
        bytes.append(service)
        if template.network == .ipv4 {
            bytes.append(key[.ipv4Source], width: 4)
            bytes.append(key[.ipv4Destination], width: 4)
            return
        }
        for field in [KeyField.ipv6Source, .ipv6Destination] {
            bytes.append(UInt64(truncatingIfNeeded: key[wide: field] >> 64), width: 8)
            bytes.append(UInt64(truncatingIfNeeded: key[wide: field]), width: 8)
        }
        bytes.append(key[.ipv6Label], width: 4)
    }

    private func appendTunnel(_ kind: EncapsulationType, _ bytes: inout [UInt8]) {
        bytes.append(UInt64(truncatingIfNeeded: key[wide: .tunnelSource]), width: 4)
        bytes.append(UInt64(truncatingIfNeeded: key[wide: .tunnelDestination]), width: 4)
        bytes.append(IPProtocol.udp)
        bytes.append(key[.tunnelSourcePort], width: 2)
        bytes.append(key[.tunnelDestinationPort], width: 2)
        bytes.append(kind == .vxlan ? 1 : 7)
        bytes.append(3)
        bytes.append(key[.tunnelID], width: 3)
    }
}
