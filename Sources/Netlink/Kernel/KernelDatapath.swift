import CLinux

/// A kernel datapath (OVS_DP_*), as the kernel described it at one moment.
package struct KernelDatapath: Hashable, Sendable {
    /// What a datapath does differently from the first version (OVS_DP_F_*).
    package struct Features: OptionSet, Hashable, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        /// The last attribute of a message may be unaligned.
        package static let unaligned = Features(rawValue: UInt32(OVS_DP_F_UNALIGNED))
        /// A port may have upcall sockets of its own.
        package static let portSockets = Features(rawValue: UInt32(OVS_DP_F_VPORT_PIDS))
        /// Recirculation ids are shared with offloaded tc chains.
        package static let sharedRecirculation = Features(
            rawValue: UInt32(OVS_DP_F_TC_RECIRC_SHARING))
        /// A miss goes to the socket of the processor that met it (since 5.15).
        package static let processorSockets = Features(
            rawValue: UInt32(OVS_DP_F_DISPATCH_UPCALL_PER_CPU))
    }

    /// The interface index of the local port, by which all requests name the datapath.
    package let index: Int32
    /// The name of the local port's network device.
    package let name: String
    package let features: Features
    package let statistics: DatapathStatistics
}

/// Counters of a datapath since it was created (struct ovs_dp_stats, ovs_dp_megaflow_stats).
package struct DatapathStatistics: Hashable, Sendable {
    /// Packets that met a flow, a miss, a miss that no socket could take.
    package var hits: UInt64 = 0
    package var misses: UInt64 = 0
    package var lost: UInt64 = 0
    package var flows: UInt64 = 0
    /// Masks looked at, masks there are, lookups answered by the mask cache.
    package var maskHits: UInt64 = 0
    package var masks: UInt32 = 0
    package var cacheHits: UInt64 = 0
}

extension KernelDatapath {
    /// Reads a message of the datapath family; nil if it lacks what every such message has.
    init?(_ message: MessageView) {
        guard let header = DatapathHeader(message) else { return nil }
        var name: String?
        var features = Features()
        var statistics = DatapathStatistics()
        for attribute in header.attributes {
            switch attribute.type {
            case Int(OVS_DP_ATTR_NAME.rawValue): name = attribute.string
            case Int(OVS_DP_ATTR_USER_FEATURES.rawValue):
                features = Features(rawValue: attribute.value() ?? 0)
            case Int(OVS_DP_ATTR_STATS.rawValue): statistics.take(attribute.value())
            case Int(OVS_DP_ATTR_MEGAFLOW_STATS.rawValue): statistics.takeMasks(attribute.value())
            default: break
            }
        }
        guard let name else { return nil }
        self.init(
            index: header.datapathIndex, name: name, features: features, statistics: statistics)
    }
}

extension DatapathStatistics {
    fileprivate mutating func take(_ statistics: ovs_dp_stats?) {
        guard let statistics else { return }
        hits = statistics.n_hit
        misses = statistics.n_missed
        lost = statistics.n_lost
        flows = statistics.n_flows
    }

    fileprivate mutating func takeMasks(_ statistics: ovs_dp_megaflow_stats?) {
        guard let statistics else { return }
        maskHits = statistics.n_mask_hit
        masks = statistics.n_masks
        cacheHits = statistics.n_cache_hit
    }
}

/// What every message of openvswitch's families starts with: the generic netlink header and the
/// index of the datapath.
struct DatapathHeader {
    static let size = MemoryLayout<genlmsghdr>.size + MemoryLayout<ovs_header>.size

    let command: UInt8
    let datapathIndex: Int32
    let attributes: AttributeReader

    /// Nil if the message is too short.
    init?(_ message: MessageView) {
        let payload = message.payload
        guard payload.count >= Self.size else { return nil }
        command = payload[0]
        datapathIndex = payload.loadUnaligned(fromByteOffset: 4, as: Int32.self)
        attributes = message.attributes(behind: Self.size)
    }
}
