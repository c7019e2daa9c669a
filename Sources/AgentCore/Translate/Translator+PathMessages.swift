import Datapath
import Pipeline
import Wire

// A packet that is too big for the way to another chassis comes back: the kernel's tunnel device
// answers it with an ICMP error (RFC 1191, RFC 8201), as if the other end of the tunnel had sent it.
// Its tunnel key is still the packet's own: the ports are those that the packet came from and went
// to. So an error that a tunnel brings for a port that is not here is about a packet of this
// chassis, and goes back the way of the packet.

extension Translator {
    /// Sends an error of a tunnel's path back to whom it concerns; false if the packet is none.
    mutating func turnsBack(_ port: PhysicalPort, _ snapshot: TranslationSnapshot) -> Bool {
        guard condition.arrivedByTunnel else { return false }
        switch port.place {
        case .remote: break
        case .redirect: if port.insteadOfNetwork.isEmpty { return false }
        case .here, .nested:
            // The other holders of the port are reached through tunnels, too.
            guard !port.alsoAt.isEmpty, isFromHere(snapshot), isTooBigMessage else { return false }
            enterDatapath(port.reference, snapshot)
            return true
        case .bridge, .peer, .network, .nowhere: return false
        }
        guard isTooBigMessage else { return false }
        // The pipeline knows such messages: it exchanges the ports.
        mayEnterTunnelAgain()
        key.load(KeyField.flagsTunnelReceived, 1)
        let sender = PortReference(
            datapath: port.reference.datapath, port: UInt32(key.read(.inport)))
        loadZones(at: sender, snapshot)
        run(LogicalStage(DatapathKey(sender.datapath), Stage(.ingress, 0)), snapshot)
        return true
    }

    /// Whether the port that the tunnel key names as the packet's origin is on this chassis.
    private mutating func isFromHere(_ snapshot: TranslationSnapshot) -> Bool {
        let sender = PortReference(
            datapath: UInt32(key.read(.datapath)), port: UInt32(key.read(.inport)))
        depend(on: .port(sender))
        return snapshot.view.ports[sender]?.place.isHere ?? false
    }

    private var isTooBigMessage: Bool {
        switch UInt16(truncatingIfNeeded: key.read(.ethernetType)) {
        case EtherType.ipv4: isICMP(IPProtocol.icmp, type: 3, code: 4)
        case EtherType.ipv6: isICMP(IPProtocol.icmpv6, type: 2, code: 0)
        default: false
        }
    }

    private func isICMP(_ number: UInt8, type: UInt64, code: UInt64) -> Bool {
        key.read(.ipProtocol) == UInt64(number) && key.read(.icmpType) == type
            && key.read(.icmpCode) == code
    }
}
