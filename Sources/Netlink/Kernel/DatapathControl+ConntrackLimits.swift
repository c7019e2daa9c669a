import CLinux
import CNetlink

/// How many connections a zone may have (OVS_CT_LIMIT_*).
package struct ConntrackLimit: Hashable, Sendable {
    /// Nil stands for all zones that have no limit of their own.
    package var zone: UInt16?
    /// 0 is no limit.
    package var limit: UInt32
    /// How many it has now; not for the default.
    package var count: UInt32

    package init(zone: UInt16?, limit: UInt32, count: UInt32 = 0) {
        self.zone = zone
        self.limit = limit
        self.count = count
    }
}

extension DatapathControl {
    package func setConntrackLimits(
        _ limits: [ConntrackLimit], in datapath: KernelDatapath
    ) throws(NetlinkError) {
        try change("conntrack limit set", OVS_CT_LIMIT_CMD_SET, limits, datapath)
    }

    /// Takes the limits of these zones away, so that the default holds for them; nil stands for the
    /// default itself.
    package func removeConntrackLimits(
        zones: [UInt16?], in datapath: KernelDatapath
    ) throws(NetlinkError) {
        let limits = zones.map { ConntrackLimit(zone: $0, limit: 0) }
        try change("conntrack limit remove", OVS_CT_LIMIT_CMD_DEL, limits, datapath)
    }

    /// The default first, then zones by number.
    ///
    /// - Parameter zones: nil for every zone with a limit of its own.
    package func conntrackLimits(
        of zones: [UInt16]? = nil, in datapath: KernelDatapath
    ) throws(NetlinkError) -> [ConntrackLimit] {
        var limits: [ConntrackLimit] = []
        var message = try request(OVS_CT_LIMIT_CMD_GET, datapath)
        if let zones {
            Self.put(
                [ConntrackLimit(zone: nil, limit: 0)]
                    + zones.map { ConntrackLimit(zone: $0, limit: 0) },
                &message)
        }
        try socket.exchange("conntrack limit list", place: datapath.name, message) {
            limits += ConntrackLimit.list($0)
        }
        return limits.sorted { ($0.zone.map { Int($0) } ?? -1) < ($1.zone.map { Int($0) } ?? -1) }
    }

    private func change(
        _ operation: String, _ command: ovs_ct_limit_cmd, _ limits: [ConntrackLimit],
        _ datapath: KernelDatapath
    ) throws(NetlinkError) {
        var message = try request(command, datapath)
        Self.put(limits, &message)
        try socket.exchange(operation, place: datapath.name, message)
    }

    private static func put(_ limits: [ConntrackLimit], _ message: inout ControlMessage) {
        limits.map(\.structure).withUnsafeBytes {
            message.put(Int(OVS_CT_LIMIT_ATTR_ZONE_LIMIT.rawValue), bytes: $0)
        }
    }

    private func request(
        _ command: ovs_ct_limit_cmd, _ datapath: KernelDatapath
    ) throws(NetlinkError) -> ControlMessage {
        guard let family = families.conntrackLimit else {
            throw NetlinkError(
                "conntrack limit", cause: .refused(.notSupported, text: "no such family"))
        }
        return ControlMessage(
            family: family, command: UInt8(command.rawValue),
            version: UInt8(OVS_CT_LIMIT_VERSION), flags: 0,
            header: ovs_header(dp_ifindex: datapath.index))
    }
}

extension ConntrackLimit {
    fileprivate var structure: ovs_zone_limit {
        ovs_zone_limit(
            zone_id: zone.map { Int32($0) } ?? OVS_ZONE_LIMIT_DEFAULT_ZONE, limit: limit,
            count: 0)
    }

    /// The structures that stand side by side in the answer's only attribute.
    static func list(_ message: MessageView) -> [ConntrackLimit] {
        guard let header = DatapathHeader(message),
            let bytes = header.attributes.first(Int(OVS_CT_LIMIT_ATTR_ZONE_LIMIT.rawValue))?
                .payload
        else { return [] }
        let size = MemoryLayout<ovs_zone_limit>.size
        return (0..<bytes.count / size).map { index in
            let entry = bytes.loadUnaligned(fromByteOffset: index * size, as: ovs_zone_limit.self)
            return ConntrackLimit(
                zone: UInt16(exactly: entry.zone_id), limit: entry.limit, count: entry.count)
        }
    }
}
