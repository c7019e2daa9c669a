import Wire

extension [DatapathAction] {
    /// Bytes that the list takes as netlink attributes, which the kernel bounds
    /// (`KernelLimits.actionBytes`).
    package var netlinkSize: Int { reduce(0) { $0 + $1.netlinkSize } }
}

extension DatapathAction {
    private static func attribute(_ payload: Int) -> Int { 4 + (payload + 3) / 4 * 4 }

    package var netlinkSize: Int {
        switch self {
        case .output, .recirculate, .meter, .truncate: Self.attribute(4)
        case .userspace(let action):
            Self.attribute(Self.attribute(4) + Self.attribute(action.cookie.count))
        case .set(let set): Self.attribute(Self.attribute(2 * set.header.structureSize))
        case .setTunnel(let tunnel): Self.attribute(Self.attribute(tunnel.netlinkSize))
        case .pushVLAN: Self.attribute(4)
        case .popVLAN, .clearTracking: Self.attribute(0)
        case .hash: Self.attribute(8)
        case .track(let tracking): Self.attribute(tracking.netlinkSize)
        case .clone(let actions): Self.attribute(actions.netlinkSize)
        case .sample(_, let actions):
            Self.attribute(Self.attribute(4) + Self.attribute(actions.netlinkSize))
        case .localSample(_, let cookie):
            Self.attribute(Self.attribute(4) + Self.attribute(cookie.count))
        case .checkLength(_, let greater, let lessOrEqual):
            Self.attribute(
                Self.attribute(2) + Self.attribute(greater.netlinkSize)
                    + Self.attribute(lessOrEqual.netlinkSize))
        case .decrementTTL(let exceeded): Self.attribute(Self.attribute(exceeded.netlinkSize))
        }
    }
}

extension HeaderSet.Header {
    /// sizeof(struct ovs_key_*).
    package var structureSize: Int {
        switch self {
        case .priority, .mark, .tcp, .udp, .sctp: 4
        case .ethernet, .ipv4: 12
        case .ipv6: 40
        }
    }
}

extension TunnelKey {
    fileprivate var netlinkSize: Int {
        let address =
            switch destination {
            case .v4: 8
            case .v6: 20
            }
        // Identifier, two addresses, TOS and TTL, port, flags without argument, one option.
        return 12 + 2 * address + 16 + 8 + 4 * flags.nonzeroBitCount + (option == nil ? 0 : 12)
            + (erspanIndex == nil ? 0 : 16)
    }
}

extension ConnectionTracking {
    fileprivate var netlinkSize: Int {
        8 + (commit ? 4 : 0) + (mark == nil ? 0 : 12) + (label == nil ? 0 : 36)
            + (translation == nil ? 0 : 72) + (helper == nil ? 0 : 12)
    }
}
