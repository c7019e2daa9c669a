import Wire

/// What the kernel checks before it takes a flow or actions (EINVAL).
enum FlowValidation {
    static func check(_ flow: Megaflow) throws(ModelDatapath.Refusal) {
        try check(mask: flow.mask, key: flow.key)
        // The kernel validates actions against the masked key.
        let masked = flow.key.masked(by: flow.mask.widened(for: flow.key))
        try check(flow.actions, key: masked)
    }

    /// A header in the mask needs its announcing number compared in whole.
    private static func check(mask: FlowMask, key: FlowKey) throws(ModelDatapath.Refusal) {
        guard key[.tunnelOptions] != TunnelOptions.foreign else {
            throw .invalid("unknown Geneve options")
        }
        for field in KeyField.allCases where !field.isLogical && mask[wide: field] != 0 {
            switch field {
            case .sourcePort, .destinationPort, .tcpFlags, .icmpType, .icmpCode:
                guard field.isPresent(in: key), mask[.ipProtocol] == 0xff else {
                    throw .invalid("unexpected mask: \(field)")
                }
            case .ndTarget, .ndSourceLink, .ndTargetLink:
                guard field.isPresent(in: key), mask[.ipProtocol] == 0xff,
                    mask[.icmpType] == 0xff
                else { throw .invalid("unexpected mask: \(field)") }
            case .ipFragment:
                guard mask[field] == 3 else { throw .invalid("partial mask: \(field)") }
            case .vlanTCI, .innerVLANTCI:
                guard mask[field] & 0x1000 != 0 else { throw .invalid("mask without tag bit") }
            default:
                guard field.isPresent(in: key) else { throw .invalid("unexpected mask: \(field)") }
            }
        }
    }

    static func check(
        _ actions: [DatapathAction], key: FlowKey
    ) throws(ModelDatapath.Refusal) {
        guard actions.netlinkSize <= KernelLimits.actionBytes else { throw .tooBig }
        try list(actions, key: key)
    }

    private static func list(
        _ actions: [DatapathAction], key: FlowKey
    ) throws(ModelDatapath.Refusal) {
        for action in actions {
            switch action {
            case .output(let port):
                guard port < KernelLimits.ports else { throw .invalid("port number") }
            case .userspace(let action):
                guard action.port != 0 else { throw .invalid("userspace without port") }
            case .set(let set): try check(set, key: key)
            case .pushVLAN(let tag):
                guard PacketLayout.isTag(tag.tpid), tag.tci & 0x1000 != 0 else {
                    throw .invalid("push_vlan")
                }
            case .truncate(let length):
                guard length >= HeaderLength.ethernet else { throw .invalid("trunc") }
            case .clone(let actions), .sample(_, let actions): try list(actions, key: key)
            case .localSample(_, let cookie):
                guard cookie.count <= 16 else { throw .invalid("psample cookie") }
            case .checkLength(_, let greater, let lessOrEqual):
                try list(greater, key: key)
                try list(lessOrEqual, key: key)
            case .decrementTTL(let exceeded):
                guard KeyField.ipTTL.isPresent(in: key) else { throw .invalid("dec_ttl") }
                try list(exceeded, key: key)
            case .setTunnel, .popVLAN, .recirculate, .hash, .track, .clearTracking, .meter: break
            }
        }
    }

    private static func check(
        _ set: HeaderSet, key: FlowKey
    ) throws(ModelDatapath.Refusal) {
        let type = UInt16(key[.ethernetType])
        let isIP = type == EtherType.ipv4 || type == EtherType.ipv6
        let proto = UInt8(key[.ipProtocol])
        let fits =
            switch set.header {
            case .priority, .mark, .ethernet: true
            case .ipv4: type == EtherType.ipv4
            case .ipv6: type == EtherType.ipv6
            case .tcp: isIP && proto == IPProtocol.tcp
            case .udp: isIP && proto == IPProtocol.udp
            case .sctp: isIP && proto == IPProtocol.sctp
            }
        guard fits, !set.changes.isEmpty else { throw .invalid("set \(set.header)") }
    }
}
