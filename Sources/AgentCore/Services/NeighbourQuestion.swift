import Schemas
import Wire

/// What a router's port asks a neighbour: an ARP request or a solicitation (RFC 826, RFC 4861 §7.2).
struct NeighbourQuestion: Hashable {
    let port: PortReference
    let mac: MACAddress
    let source: IPAddress
    let target: IPAddress
    /// The neighbour as it is known, to ask it alone; nil to ask everybody.
    var known: MACAddress?

    /// Nil if the port has no address in a network with the target; `asksAnyway` takes another one
    /// of its family then.
    init?(
        from row: SB.PortBinding, at port: PortReference, for target: IPAddress,
        known: MACAddress? = nil, asksAnyway: Bool = false
    ) {
        var words = (row.mac.first ?? "").split(separator: " ")
        guard let first = words.first, let mac = MACAddress(parsing: first) else { return nil }
        words.removeFirst()
        let own = words.compactMap { IPPrefix(parsing: $0) }
            .filter { ($0.address.v4 == nil) == (target.v4 == nil) }
        let near = own.first { $0.has(target) }?.address ?? Self.linkLocal(mac, near: target)
        guard let source = near ?? (asksAnyway ? own.first?.address : nil) else { return nil }
        self.port = port
        self.mac = mac
        self.source = source
        self.target = target
        self.known = known
    }

    private static func linkLocal(_ mac: MACAddress, near target: IPAddress) -> IPAddress? {
        guard case .v6(let address) = target, address.high >> 54 == 0xfe80 >> 6 else { return nil }
        return .v6(IPv6Address(linkLocal: mac))
    }

    var injection: Injection? {
        switch (source, target) {
        case (.v4(let source), .v4(let target)):
            let ethernet = EthernetHeader(destination: known ?? .broadcast, source: mac)
            let message = ARPMessage(
                operation: ARPMessage.request, sender: (mac, source), target: (.zero, target))
            return Injection(PacketBuilder.arp(ethernet, message), .to(port))
        case (.v6(let source), .v6(let target)):
            let group = target.solicitedNodeMulticast
            let ethernet = EthernetHeader(
                destination: known ?? MACAddress(multicast: group), source: mac)
            let frame = PacketBuilder.neighborSolicitation(
                ethernet, source: source, destination: known == nil ? group : target,
                target: target, link: mac)
            return Injection(frame, .to(port))
        case (.v4, .v6), (.v6, .v4): return nil
        }
    }
}

extension IPPrefix {
    fileprivate func has(_ address: IPAddress) -> Bool {
        switch (self, address) {
        case (.v4(let prefix), .v4(let address)): prefix.contains(address)
        case (.v6(let prefix), .v6(let address)): prefix.contains(address)
        case (.v4, .v6), (.v6, .v4): false
        }
    }
}
