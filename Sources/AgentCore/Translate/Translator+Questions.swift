import Datapath
import Pipeline
import Wire

// What routers ask for, where only answers are learned (Logical_Router.options:
// mac_binding_only_if_asked). The answer comes up at the host of whoever gives it, the question is made at
// the host of the packet that needs it: a question that comes by a tunnel is noted here, too. So such a
// question, and what answers it, come up one by one.

/// A neighbour that a router wants to know. By which of its ports is not told apart.
package struct AskedNeighbour: Hashable, Sendable {
    package let router: UInt32
    package let address: IPAddress

    package init(router: UInt32, address: IPAddress) {
        self.router = router
        self.address = address
    }

    package init(_ key: NeighbourKey) {
        self.init(router: key.port.datapath, address: key.address)
    }
}

extension Injection {
    /// What a packet of a service asks in the name of a port; nil if it asks nothing.
    package var question: AskedNeighbour? {
        guard case .to(let port) = place else { return nil }
        return FlowKey(of: frame).soughtAddress.map {
            AskedNeighbour(router: port.datapath, address: $0)
        }
    }
}

extension FlowKey {
    /// What an ARP request or a solicitation asks for.
    fileprivate var soughtAddress: IPAddress? {
        switch UInt16(truncatingIfNeeded: self[.ethernetType]) {
        case EtherType.arp where self[.arpOperation] == UInt64(ARPMessage.request):
            .v4(IPv4Address(UInt32(truncatingIfNeeded: self[.arpTargetIP])))
        case EtherType.ipv6
        where self[.ipProtocol] == UInt64(IPProtocol.icmpv6)
            && self[.icmpType] == UInt64(ICMPv6Type.neighborSolicitation):
            .v6(IPv6Address(self[wide: .ndTarget]))
        default: nil
        }
    }
}

extension Translator {
    /// Notes a question of a router that another chassis has made and that passes here.
    mutating func noteQuestion(_ snapshot: TranslationSnapshot) {
        depend(on: .askingRouters)
        guard !snapshot.view.askingRouters.isEmpty, let address = soughtAddress() else { return }
        for router in askers(snapshot) {
            takeSlowPath(.matchesAnswers)
            effect(.question(AskedNeighbour(router: router, address: address)))
        }
    }

    /// As `FlowKey.soughtAddress`, of the packet at hand.
    private mutating func soughtAddress() -> IPAddress? {
        switch UInt16(truncatingIfNeeded: key.read(.ethernetType)) {
        case EtherType.arp:
            guard key.read(.arpOperation) == UInt64(ARPMessage.request) else { return nil }
            return .v4(IPv4Address(UInt32(truncatingIfNeeded: key.read(.arpTargetIP))))
        case EtherType.ipv6:
            guard key.read(.ipProtocol) == UInt64(IPProtocol.icmpv6),
                key.read(.icmpType) == UInt64(ICMPv6Type.neighborSolicitation)
            else { return nil }
            return .v6(IPv6Address(key.read(KeySpan(.ndTarget))))
        default: return nil
        }
    }

    /// The routers that may have asked: the one whose pipeline the packet is in, or that its port of
    /// a switch leads to. A kind of tunnel that doesn't carry that port leaves any of them.
    private mutating func askers(_ snapshot: TranslationSnapshot) -> [UInt32] {
        let asking = snapshot.view.askingRouters
        let datapath = UInt32(truncatingIfNeeded: key.read(.datapath))
        if asking.contains(datapath) { return [datapath] }
        let inport = PortReference(
            datapath: datapath, port: UInt32(truncatingIfNeeded: key.read(.inport)))
        if inport.port == 0 { return asking.sorted() }
        depend(on: .port(inport))
        guard case .peer(let port)? = snapshot.view.ports[inport]?.place,
            asking.contains(port.datapath)
        else { return [] }
        return [port.datapath]
    }
}
