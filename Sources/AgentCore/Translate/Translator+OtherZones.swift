import Datapath
import Pipeline
import Wire

// Chassis of other availability zones (Chassis.other_config:is-remote). A flow may have all of them hear
// what a station answers about itself (`flood_remote`): the packet goes to each, with a tunnel key that
// names the port that it came from and none that it goes to. What comes so from one of them begins anew at
// that port, marked as received by a tunnel, and is flooded no more.

/// Chassis of other availability zones that Geneve leads to; other tunnel keys can't say where a
/// packet came from.
package struct OtherZones: Hashable, Sendable {
    /// One way to each, by address.
    package var ways: [TunnelEndpoint]
    /// All addresses that their packets come from.
    package var sources: Set<IPAddress>

    package init(ways: [TunnelEndpoint] = [], sources: Set<IPAddress> = []) {
        self.ways = ways
        self.sources = sources
    }
}

extension Translator {
    mutating func floodToOtherZones(_ snapshot: TranslationSnapshot) {
        depend(on: .otherZones)
        guard !snapshot.view.otherZones.ways.isEmpty,
            key.read(KeyField.flagsTunnelReceived) == 0
        else { return }
        sendToTunnels(snapshot.view.otherZones.ways, egress: 0)
    }

    /// A packet of a tunnel whose key names no port to go to.
    mutating func enterFromOtherZone(_ source: IPAddress, _ snapshot: TranslationSnapshot) {
        depend(on: .otherZones)
        guard snapshot.view.otherZones.sources.contains(source), isNeighbourAnswer else {
            drop(.noOutport)
            return
        }
        let sender = PortReference(
            datapath: UInt32(key.read(.datapath)), port: UInt32(key.read(.inport)))
        enterDatapath(sender, isFromOtherZone: true, snapshot)
    }

    /// An ARP reply or a neighbour advertisement.
    private var isNeighbourAnswer: Bool {
        switch UInt16(truncatingIfNeeded: key.read(.ethernetType)) {
        case EtherType.arp: key.read(.arpOperation) == UInt64(ARPMessage.reply)
        case EtherType.ipv6:
            key.read(.ipProtocol) == UInt64(IPProtocol.icmpv6)
                && key.read(.icmpType) == UInt64(ICMPv6Type.neighborAdvertisement)
        default: false
        }
    }
}
