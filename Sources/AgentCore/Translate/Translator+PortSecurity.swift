import Datapath
import Pipeline
import Wire

// Which packets a port may send and receive (ovn-nb(5), Logical_Switch_Port, port_security). Only
// the bits that decide are read: the rule of one port must not pin more of the packet than it
// restricts.

extension Translator {
    mutating func failsInputSecurity(_ snapshot: TranslationSnapshot) -> Bool {
        let entries = security(.inport, snapshot)
        guard !entries.isEmpty else { return false }
        return !entries.contains { allowsInput($0) }
    }

    mutating func failsOutputSecurity(_ snapshot: TranslationSnapshot) -> Bool {
        let entries = security(.outport, snapshot)
        guard !entries.isEmpty else { return false }
        return !entries.contains { allowsOutput($0) }
    }

    /// The entries of the port in a field, if it is here; elsewhere its own chassis enforces them.
    private mutating func security(
        _ field: KeyField, _ snapshot: TranslationSnapshot
    ) -> [PortSecurityEntry] {
        let reference = PortReference(
            datapath: UInt32(key.read(.datapath)), port: UInt32(key.read(field)))
        depend(on: .port(reference))
        guard let port = snapshot.view.ports[reference], port.place.isHere else { return [] }
        return port.portSecurity
    }

    // MARK: - Sending

    private func allowsInput(_ entry: PortSecurityEntry) -> Bool {
        let source = MACAddress(key.read(.ethernetSource))
        let type = UInt16(key.read(.ethernetType))
        if type == EtherType.arp || type == EtherType.rarp {
            return source == entry.mac && allowsARP(entry)
        }
        guard entry.stations.contains(source) else { return false }
        if entry.ipv4.isEmpty, entry.ipv6.isEmpty { return allowsNeighborDiscovery(entry, source) }
        switch type {
        case EtherType.ipv4 where !entry.ipv4.isEmpty:
            return isIn(entry.senders4, .ipv4Source) || isDHCPRequest
        case EtherType.ipv6 where !entry.ipv6.isEmpty: return allowsIPv6(entry, source)
        default: return false
        }
    }

    private func allowsARP(_ entry: PortSecurityEntry) -> Bool {
        guard entry.ipv6.isEmpty || !entry.ipv4.isEmpty else { return false }
        let sender = MACAddress(key.read(.arpSourceMAC))
        guard sender == entry.mac || entry.vrrp4.contains(sender) else { return false }
        return entry.ipv4.isEmpty || isIn(entry.senders4, .arpSourceIP)
    }

    /// 0.0.0.0 to 255.255.255.255, UDP from 68 to 67 (RFC 2131).
    private var isDHCPRequest: Bool {
        key.read(.ipv4Source) == 0 && key.read(.ipv4Destination) == 0xffff_ffff
            && key.read(.ipProtocol) == UInt64(IPProtocol.udp)
            && key.read(.sourcePort) == 68 && key.read(.destinationPort) == 67
    }

    private func allowsIPv6(_ entry: PortSecurityEntry, _ source: MACAddress) -> Bool {
        let own = IPv6Prefix(IPv6Address(linkLocal: source))
        if isIn(entry.senders6, .ipv6Source) || isIPv6(.ipv6Source, in: own) {
            return allowsNeighborDiscovery(entry, source)
        }
        // The unspecified address: duplicate address detection and listener reports.
        guard isIPv6(.ipv6Source, in: IPv6Prefix(.zero)),
            isIPv6(
                .ipv6Destination,
                in: IPv6Prefix(IPv6Address(high: 0xff02 << 48, low: 0), length: 16)),
            key.read(.ipProtocol) == UInt64(IPProtocol.icmpv6)
        else { return false }
        switch key.read(.icmpType) {
        case 131, 143: return key.read(.icmpCode) == 0
        case UInt64(ICMPv6Type.neighborSolicitation):
            return allowsNeighborDiscovery(entry, source)
        default: return false
        }
    }

    /// True for what is no solicitation or advertisement.
    private func allowsNeighborDiscovery(
        _ entry: PortSecurityEntry, _ source: MACAddress
    ) -> Bool {
        guard key.read(.ethernetType) == UInt64(EtherType.ipv6),
            key.read(.ipProtocol) == UInt64(IPProtocol.icmpv6)
        else { return true }
        let type = key.read(.icmpType)
        let isSolicitation = type == UInt64(ICMPv6Type.neighborSolicitation)
        guard isSolicitation || type == UInt64(ICMPv6Type.neighborAdvertisement) else {
            return true
        }
        guard source == entry.mac, key.read(.icmpCode) == 0, key.read(.ipTTL) == 255 else {
            return false
        }
        let link = MACAddress(key.read(isSolicitation ? .ndSourceLink : .ndTargetLink))
        guard link == .zero || link == entry.mac || entry.vrrp6.contains(link) else {
            return false
        }
        if isSolicitation || entry.ipv6.isEmpty { return true }
        let own = IPv6Prefix(IPv6Address(linkLocal: entry.mac))
        return isIn(entry.senders6, .ndTarget) || isIPv6(.ndTarget, in: own)
    }

    // MARK: - Receiving

    private func allowsOutput(_ entry: PortSecurityEntry) -> Bool {
        guard entry.stations.contains(MACAddress(key.read(.ethernetDestination))) else {
            return false
        }
        if entry.ipv4.isEmpty, entry.ipv6.isEmpty { return true }
        switch UInt16(key.read(.ethernetType)) {
        case EtherType.ipv4:
            return !entry.ipv4.isEmpty && isIn(entry.receivers4, .ipv4Destination)
        case EtherType.ipv6:
            return !entry.ipv6.isEmpty && isIn(entry.receivers6, .ipv6Destination)
        default: return true
        }
    }

    // MARK: - Sets of addresses

    /// Reads of the address only what decides.
    private func isIn(_ filter: AddressFilter, _ field: KeyField) -> Bool {
        let isInNetwork = filter.networks.contains {
            matches(field, bits: $0.bits, length: $0.length, of: filter.width)
        }
        if isInNetwork { return true }
        return filter.hasHosts && filter.hasHost(key.read(KeySpan(field)))
    }

    private func isIPv6(_ field: KeyField, in prefix: IPv6Prefix) -> Bool {
        let rest = UInt128(128 - prefix.length)
        return matches(
            field, bits: prefix.length == 0 ? 0 : prefix.address.bits >> rest,
            length: prefix.length, of: 128)
    }

    /// Compares the first bits of an address.
    private func matches(_ field: KeyField, bits: UInt128, length: Int, of width: Int) -> Bool {
        guard length > 0 else { return true }
        return key.read(KeySpan(field).part(offset: width - length, width: length)) == bits
    }
}
