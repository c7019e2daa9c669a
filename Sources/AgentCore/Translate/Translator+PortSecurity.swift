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
        guard let port = snapshot.view.ports[reference], case .here = port.place else { return [] }
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
            return isIPv4(.ipv4Source, in: entry.ipv4.map(\.allowed)) || isDHCPRequest
        case EtherType.ipv6 where !entry.ipv6.isEmpty: return allowsIPv6(entry, source)
        default: return false
        }
    }

    private func allowsARP(_ entry: PortSecurityEntry) -> Bool {
        guard entry.ipv6.isEmpty || !entry.ipv4.isEmpty else { return false }
        let sender = MACAddress(key.read(.arpSourceMAC))
        guard sender == entry.mac || entry.vrrp4.contains(sender) else { return false }
        return entry.ipv4.isEmpty || isIPv4(.arpSourceIP, in: entry.ipv4.map(\.allowed))
    }

    /// 0.0.0.0 to 255.255.255.255, UDP from 68 to 67 (RFC 2131).
    private var isDHCPRequest: Bool {
        key.read(.ipv4Source) == 0 && key.read(.ipv4Destination) == 0xffff_ffff
            && key.read(.ipProtocol) == UInt64(IPProtocol.udp)
            && key.read(.sourcePort) == 68 && key.read(.destinationPort) == 67
    }

    private func allowsIPv6(_ entry: PortSecurityEntry, _ source: MACAddress) -> Bool {
        let own = IPv6Prefix(IPv6Address(linkLocal: source))
        if isIPv6(.ipv6Source, in: entry.ipv6.map(\.allowed) + [own]) {
            return allowsNeighborDiscovery(entry, source)
        }
        // The unspecified address: duplicate address detection and listener reports.
        guard isIPv6(.ipv6Source, in: [IPv6Prefix(.zero)]),
            isIPv6(
                .ipv6Destination,
                in: [IPv6Prefix(IPv6Address(high: 0xff02 << 48, low: 0), length: 16)]),
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
        return isIPv6(.ndTarget, in: entry.ipv6.map(\.allowed) + [own])
    }

    // MARK: - Receiving

    private func allowsOutput(_ entry: PortSecurityEntry) -> Bool {
        guard entry.stations.contains(MACAddress(key.read(.ethernetDestination))) else {
            return false
        }
        if entry.ipv4.isEmpty, entry.ipv6.isEmpty { return true }
        switch UInt16(key.read(.ethernetType)) {
        case EtherType.ipv4:
            guard !entry.ipv4.isEmpty else { return false }
            var allowed = entry.ipv4.map(\.allowed)
            allowed += entry.ipv4.compactMap { $0.broadcast.map { IPv4Prefix($0) } }
            allowed.append(IPv4Prefix(.broadcast))
            allowed.append(IPv4Prefix(IPv4Address(0xe000_0000), length: 4))
            return isIPv4(.ipv4Destination, in: allowed)
        case EtherType.ipv6:
            guard !entry.ipv6.isEmpty else { return false }
            let own = IPv6Prefix(IPv6Address(linkLocal: entry.mac))
            let groups = IPv6Prefix(IPv6Address(high: 0xff << 56, low: 0), length: 8)
            return isIPv6(.ipv6Destination, in: entry.ipv6.map(\.allowed) + [own, groups])
        default: return true
        }
    }

    // MARK: - Sets of addresses

    /// Reads of the address only what the prefixes before the first that matches compare.
    private func isIPv4(_ field: KeyField, in prefixes: [IPv4Prefix]) -> Bool {
        prefixes.contains { matches(field, UInt128($0.address.bits), length: $0.length, of: 32) }
    }

    private func isIPv6(_ field: KeyField, in prefixes: [IPv6Prefix]) -> Bool {
        prefixes.contains { matches(field, $0.address.bits, length: $0.length, of: 128) }
    }

    private func matches(
        _ field: KeyField, _ value: UInt128, length: Int, of width: Int
    ) -> Bool {
        guard length > 0 else { return true }
        let bits = KeySpan(field).part(offset: width - length, width: length)
        return key.read(bits) == value >> UInt128(width - length)
    }
}

extension PortSecurityEntry {
    /// Ethernet addresses that the port may use.
    fileprivate var stations: [MACAddress] { [mac] + vrrp4 + vrrp6 }
}
