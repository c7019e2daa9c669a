import CLinux

/// A port of a kernel datapath (OVS_VPORT_*), as the kernel described it at one moment.
package struct KernelPort: Hashable, Sendable {
    /// What stands behind a port. Tunnels of our making are devices of their own, attached as
    /// `.device`; the kinds made by the datapath itself are only recognised.
    package enum Kind: Hashable, Sendable {
        case device
        case `internal`
        case gre
        case vxlan
        case geneve
        case unknown(UInt32)
    }

    /// The index of the datapath it belongs to.
    package let datapathIndex: Int32
    /// The number within the datapath.
    package let number: UInt32
    /// The name of its network device.
    package let name: String
    package let kind: Kind
    /// The index of its network device in the datapath's namespace, where the kernel tells it.
    package let interfaceIndex: Int32?
    /// The sockets that misses go to; empty if they are not sent.
    package let upcallSockets: [UInt32]
    package let statistics: PortStatistics

    package static let localNumber: UInt32 = 0
}

/// Counters of a port since its creation (struct ovs_vport_stats).
package struct PortStatistics: Hashable, Sendable {
    package var receivedPackets: UInt64 = 0
    package var sentPackets: UInt64 = 0
    package var receivedBytes: UInt64 = 0
    package var sentBytes: UInt64 = 0
    package var receiveErrors: UInt64 = 0
    package var sendErrors: UInt64 = 0
    package var receiveDrops: UInt64 = 0
    package var sendDrops: UInt64 = 0

    package init() {}
}

extension KernelPort.Kind {
    init(_ type: UInt32) {
        switch type {
        case OVS_VPORT_TYPE_NETDEV.rawValue: self = .device
        case OVS_VPORT_TYPE_INTERNAL.rawValue: self = .internal
        case OVS_VPORT_TYPE_GRE.rawValue: self = .gre
        case OVS_VPORT_TYPE_VXLAN.rawValue: self = .vxlan
        case OVS_VPORT_TYPE_GENEVE.rawValue: self = .geneve
        default: self = .unknown(type)
        }
    }

    /// The number of the kind (OVS_VPORT_TYPE_*).
    var type: UInt32 {
        switch self {
        case .device: OVS_VPORT_TYPE_NETDEV.rawValue
        case .internal: OVS_VPORT_TYPE_INTERNAL.rawValue
        case .gre: OVS_VPORT_TYPE_GRE.rawValue
        case .vxlan: OVS_VPORT_TYPE_VXLAN.rawValue
        case .geneve: OVS_VPORT_TYPE_GENEVE.rawValue
        case .unknown(let type): type
        }
    }
}

extension KernelPort {
    /// Reads a message of the port family; nil if it lacks what every such message has.
    init?(_ message: MessageView) {
        guard let header = DatapathHeader(message) else { return nil }
        var number: UInt32?
        var name: String?
        var kind: Kind?
        var interfaceIndex: Int32?
        var sockets: [UInt32] = []
        var statistics = PortStatistics()
        for attribute in header.attributes {
            switch attribute.type {
            case Int(OVS_VPORT_ATTR_PORT_NO.rawValue): number = attribute.value()
            case Int(OVS_VPORT_ATTR_TYPE.rawValue):
                kind = attribute.value(UInt32.self).map { Kind($0) }
            case Int(OVS_VPORT_ATTR_NAME.rawValue): name = attribute.string
            case Int(OVS_VPORT_ATTR_IFINDEX.rawValue): interfaceIndex = attribute.value()
            case Int(OVS_VPORT_ATTR_UPCALL_PID.rawValue): sockets = Self.sockets(attribute)
            case Int(OVS_VPORT_ATTR_STATS.rawValue):
                if let value = attribute.value(ovs_vport_stats.self) { statistics = .init(value) }
            default: break
            }
        }
        guard let number, let name, let kind else { return nil }
        self.init(
            datapathIndex: header.datapathIndex, number: number, name: name, kind: kind,
            interfaceIndex: interfaceIndex, upcallSockets: sockets, statistics: statistics)
    }

    private static func sockets(_ attribute: Attribute) -> [UInt32] {
        let count = attribute.payload.count / 4
        let all = (0..<count).map {
            attribute.payload.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)
        }
        return all == [0] ? [] : all
    }
}

extension PortStatistics {
    fileprivate init(_ statistics: ovs_vport_stats) {
        receivedPackets = statistics.rx_packets
        sentPackets = statistics.tx_packets
        receivedBytes = statistics.rx_bytes
        sentBytes = statistics.tx_bytes
        receiveErrors = statistics.rx_errors
        sendErrors = statistics.tx_errors
        receiveDrops = statistics.rx_dropped
        sendDrops = statistics.tx_dropped
    }
}
