import CLinux
import Glibc
import Wire

/// A network device (rtnetlink(7), struct ifinfomsg and IFLA_*), as the kernel described it at one
/// moment.
package struct Link: Hashable, Sendable {
    package let index: Int32
    package let name: String
    /// The driver's name for its kind ("veth", "geneve"), "" for a physical device.
    package let kind: String
    /// Nil for a device without an Ethernet address.
    package let address: MACAddress?
    /// In bytes, without the Ethernet header.
    package let mtu: UInt32
    /// Set up by the administrator (IFF_UP).
    package let isUp: Bool
    /// The carrier is there (IFF_LOWER_UP).
    package let hasCarrier: Bool
    package let state: OperationalState
    /// How often the carrier came or went.
    package let carrierChanges: UInt32
    /// The device it is a part of, such as a datapath's.
    package let masterIndex: Int32?
    package let statistics: LinkStatistics
}

/// RFC 2863's ifOperStatus (linux/if.h, IF_OPER_*).
package enum OperationalState: UInt8, Hashable, Sendable {
    case unknown, notPresent, down, lowerLayerDown, testing, dormant, up
}

/// Counters of a device since its creation (struct rtnl_link_stats64).
package struct LinkStatistics: Hashable, Sendable {
    package var receivedPackets: UInt64 = 0
    package var sentPackets: UInt64 = 0
    package var receivedBytes: UInt64 = 0
    package var sentBytes: UInt64 = 0
    package var receiveErrors: UInt64 = 0
    package var sendErrors: UInt64 = 0
    package var receiveDrops: UInt64 = 0
    package var sendDrops: UInt64 = 0
    package var multicast: UInt64 = 0
    package var collisions: UInt64 = 0
    package var receiveOverruns: UInt64 = 0
    package var frameErrors: UInt64 = 0
    package var checksumErrors: UInt64 = 0
    /// Frames that found no room in the device.
    package var receiveMisses: UInt64 = 0
}

extension Link {
    /// Reads a message with an ifinfomsg; nil if it is shorter than that or has no name.
    init?(_ message: MessageView) {
        let payload = message.payload
        guard payload.count >= MemoryLayout<ifinfomsg>.size else { return nil }
        let header = payload.loadUnaligned(as: ifinfomsg.self)
        var fields = LinkFields()
        for attribute in message.attributes(behind: MemoryLayout<ifinfomsg>.size) {
            fields.take(attribute)
        }
        guard let name = fields.name else { return nil }
        index = header.ifi_index
        self.name = name
        kind = fields.kind
        address = fields.address
        mtu = fields.mtu
        isUp = header.ifi_flags & UInt32(IFF_UP) != 0
        hasCarrier = header.ifi_flags & Self.lowerUp != 0
        state = OperationalState(rawValue: fields.state) ?? .unknown
        carrierChanges = fields.carrierChanges
        masterIndex = fields.masterIndex
        statistics = fields.statistics
    }

    /// IFF_LOWER_UP (linux/if.h), which glibc's header lacks.
    private static let lowerUp: UInt32 = 1 << 16
}

private struct LinkFields {
    var name: String?
    var kind = ""
    var address: MACAddress?
    var mtu: UInt32 = 0
    var state: UInt8 = 0
    var carrierChanges: UInt32 = 0
    var masterIndex: Int32?
    var statistics = LinkStatistics()

    mutating func take(_ attribute: Attribute) {
        switch attribute.type {
        case IFLA_IFNAME: name = attribute.string
        case IFLA_ADDRESS:
            if attribute.payload.count == 6 {
                address = MACAddress(attribute.payload.load48(at: 0))
            }
        case IFLA_MTU: mtu = attribute.value() ?? 0
        case IFLA_OPERSTATE: state = attribute.value() ?? 0
        case IFLA_CARRIER_CHANGES: carrierChanges = attribute.value() ?? 0
        case IFLA_MASTER: masterIndex = attribute.value()
        case IFLA_LINKINFO:
            kind = attribute.nested.first(IFLA_INFO_KIND)?.string ?? ""
        case IFLA_STATS64:
            if let values = attribute.value(rtnl_link_stats64.self) { statistics = .init(values) }
        default: break
        }
    }
}

extension LinkStatistics {
    fileprivate init(_ values: rtnl_link_stats64) {
        receivedPackets = values.rx_packets
        sentPackets = values.tx_packets
        receivedBytes = values.rx_bytes
        sentBytes = values.tx_bytes
        receiveErrors = values.rx_errors
        sendErrors = values.tx_errors
        receiveDrops = values.rx_dropped
        sendDrops = values.tx_dropped
        multicast = values.multicast
        collisions = values.collisions
        receiveOverruns = values.rx_over_errors
        frameErrors = values.rx_frame_errors
        checksumErrors = values.rx_crc_errors
        receiveMisses = values.rx_missed_errors
    }
}
