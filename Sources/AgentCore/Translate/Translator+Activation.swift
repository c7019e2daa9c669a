import Datapath
import Pipeline
import Wire

// The frames that activate a port (`PortActivation`).

extension Translator {
    /// Whether the packet is one that activates the port that it comes from.
    func activates(_ activation: PortActivation) -> Bool {
        switch UInt16(key.read(.ethernetType)) {
        case EtherType.rarp: return activation.strategies.contains(.rarp)
        case EtherType.arp:
            return activation.strategies.contains(.garp)
                && activation.stations.contains { isAnnounced($0) }
        case EtherType.ipv6:
            return activation.strategies.contains(.na)
                && activation.stations.contains { isAdvertised($0) }
        default: return false
        }
    }

    /// ARP for the sender's own address.
    private func isAnnounced(_ station: StationAddresses) -> Bool {
        let address = IPv4Address(UInt32(truncatingIfNeeded: key.read(.arpSourceIP)))
        return MACAddress(key.read(.ethernetSource)) == station.mac
            && MACAddress(key.read(.arpSourceMAC)) == station.mac
            && key.read(.arpTargetIP) == key.read(.arpSourceIP)
            && station.addresses.contains(.v4(address))
    }

    /// A neighbour advertisement (RFC 4861 §4.4) of the sender's own address.
    private func isAdvertised(_ station: StationAddresses) -> Bool {
        guard key.read(.ipProtocol) == UInt64(IPProtocol.icmpv6),
            key.read(.icmpType) == UInt64(ICMPv6Type.neighborAdvertisement),
            key.read(.icmpCode) == 0
        else { return false }
        let source = IPv6Address(key.read(KeySpan(.ipv6Source)))
        let own = station.addresses.compactMap(\.v6)
        return IPv6Address(key.read(KeySpan(.ndTarget))) == source
            && MACAddress(key.read(.ndTargetLink)) == station.mac
            && !own.isEmpty
            && (own.contains(source) || source == IPv6Address(linkLocal: station.mac))
    }
}
