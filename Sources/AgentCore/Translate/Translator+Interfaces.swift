import Datapath
import Pipeline
import Wire

// What becomes of packets between an interface and its logical port, beside the pipelines: copies
// for mirrors, the silence of a port that is not active yet, and routers' addresses on physical
// networks.

extension Translator {
    /// Takes a packet from an interface; false if the port may not send yet.
    mutating func admit(_ reference: PortReference, _ snapshot: TranslationSnapshot) -> Bool {
        depend(on: .port(reference))
        guard let port = snapshot.view.ports[reference] else { return true }
        for mirror in port.mirrors where mirror.copiesSent { copy(to: mirror, at: reference) }
        guard let activation = port.activation else { return true }
        guard activates(activation) else {
            drop(.notActive(reference))
            return false
        }
        takeSlowPath(.serves(.event))
        if frame != nil { effect(.service(ServiceEvent(.activation, reference))) }
        return true
    }

    /// Hands a packet to the interface of a port.
    mutating func hand(to port: PhysicalPort, at vport: UInt32) {
        guard port.activation == nil else {
            drop(.notActive(port.reference))
            return
        }
        note(.deliver(vport: vport))
        record(.port(vport))
        for mirror in port.mirrors where mirror.copiesReceived {
            copy(to: mirror, at: port.reference)
        }
    }

    /// One receiver gets one copy of a packet, unless the packet has turned round at the port.
    private mutating func copy(to mirror: PortMirror, at port: PortReference) {
        guard mirrored[mirror.receiver, default: port] == port else { return }
        mirrored[mirror.receiver] = port
        record(mirror.target)
    }

    /// Before a packet goes to a physical network.
    mutating func replaceSource(leaving port: PhysicalPort) {
        guard let sources = port.sources, sources.own != nil else { return }
        let source = MACAddress(key.read(.ethernetSource))
        guard let own = sources.replacement(leaving: source) else { return }
        key.load(.ethernetSource, own.bits)
    }

    /// Before a packet from a physical network enters a switch.
    mutating func replaceSource(arriving reference: PortReference, _ snapshot: TranslationSnapshot)
    {
        depend(on: .port(reference))
        guard let sources = snapshot.view.ports[reference]?.sources, !sources.others.isEmpty else {
            return
        }
        let source = MACAddress(key.read(.ethernetSource))
        guard let router = sources.replacement(arriving: source) else { return }
        key.load(.ethernetSource, router.bits)
    }
}
