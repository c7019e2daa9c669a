import Datapath
import Pipeline
import Wire

// The stage between the pipelines (where does a logical port live?) and the end of them.

extension Translator {
    /// The action `output`. What the other pipeline does to the packet is its own business: it
    /// runs on a copy.
    mutating func output(
        _ pipeline: Stage.Pipeline, _ snapshot: TranslationSnapshot
    ) {
        let datapath = UInt32(key.read(.datapath))
        let outport = UInt32(key.read(.outport))
        guard outport != 0 else {
            drop(.noOutport)
            return
        }
        let reference = PortReference(datapath: datapath, port: outport)
        onCopy { translator in
            if pipeline == .egress {
                translator.deliver(to: reference, snapshot)
            } else if outport >= KeyField.firstMulticastKey {
                translator.outputToGroup(reference, snapshot)
            } else {
                translator.outputToPort(reference, snapshot)
            }
        }
    }

    /// One copy to each other chassis, which expands its own members, then the members here.
    mutating func outputToGroup(_ group: PortReference, _ snapshot: TranslationSnapshot) {
        note(.output(group))
        depend(on: .group(group))
        guard let members = snapshot.view.groups[group] else {
            drop(.unknownPort(group))
            return
        }
        var local = members.local
        if !condition.arrivedByTunnel {
            if key.read(KeyField.flagsFromVTEP) == 0 {
                sendToTunnels(members.remote, egress: group.port)
            }
            if !staysHere { local = (local + members.peers).sorted() }
        }
        for member in local {
            onCopy { translator in
                translator.key.load(.outport, UInt64(member))
                translator.enterEgress(
                    PortReference(datapath: group.datapath, port: member), snapshot)
            }
        }
    }

    mutating func outputToPort(_ reference: PortReference, _ snapshot: TranslationSnapshot) {
        note(.output(reference))
        depend(on: .port(reference))
        guard let port = snapshot.view.ports[reference] else {
            drop(.unknownPort(reference))
            return
        }
        if turnsBack(port, snapshot) { return }
        switch port.place {
        case .here, .nested, .bridge, .peer:
            // The sender's chassis serves all that hold the port.
            if !condition.arrivedByTunnel { sendToTunnels(port.alsoAt, egress: reference.port) }
            enterEgress(reference, snapshot)
        case .redirect
        where !port.insteadOfNetwork.isEmpty && !condition.arrivedByTunnel && isFromShared(snapshot):
            sendElsewhere(port.insteadOfNetwork, to: reference)
        case .redirect(let port):
            key.load(.outport, UInt64(port.port))
            enterEgress(port, snapshot)
        case .network(let localnet, let source):
            key.load(.ethernetSource, source.bits)
            key.load(.datapath, UInt64(localnet.datapath))
            // It comes from no port of that switch.
            key.load(.inport, 0)
            key.load(.outport, UInt64(localnet.port))
            deliver(to: localnet, snapshot)
        case .remote(let endpoints):
            // What came through a tunnel never goes back into one.
            guard !condition.arrivedByTunnel else {
                drop(.notBound(reference))
                return
            }
            sendElsewhere(endpoints, to: reference)
        case .nowhere: drop(.notBound(reference))
        }
    }

    /// To a port that only other chassis have.
    private mutating func sendElsewhere(
        _ endpoints: [TunnelEndpoint], to reference: PortReference
    ) {
        guard mayEnterTunnels else {
            drop(.staysHere(reference))
            return
        }
        sendToTunnels(endpoints, egress: reference.port)
    }

    /// Whether the packet comes from a port that other chassis hold, too.
    private mutating func isFromShared(_ snapshot: TranslationSnapshot) -> Bool {
        let sender = PortReference(
            datapath: UInt32(key.read(.datapath)), port: UInt32(key.read(.inport)))
        depend(on: .port(sender))
        return snapshot.view.ports[sender]?.isShared ?? false
    }

    private mutating func enterEgress(_ port: PortReference, _ snapshot: TranslationSnapshot) {
        note(
            .egress(port, inport: UInt32(truncatingIfNeeded: key.peek(KeySpan(.inport)))))
        guard !isLoopback else {
            drop(.loopback)
            return
        }
        clearRegisters()
        // A router's flows take it that its answers are known as such on the way out too; what a switch
        // asks on the way in is of another port's zone.
        if !condition.isTracked || !isRouter(port.datapath, snapshot) { forgetTracking() }
        loadZones(at: port, snapshot)
        run(LogicalStage(DatapathKey(port.datapath), Stage(.egress, 0)), snapshot)
    }

    mutating func isRouter(_ datapath: UInt32, _ snapshot: TranslationSnapshot) -> Bool {
        depend(on: .router(datapath: datapath))
        return snapshot.view.routers.contains(datapath)
    }

    /// A packet never leaves by the port that it came from, unless a flow says so.
    private var isLoopback: Bool {
        key.read(.inport) == key.read(.outport) && key.read(KeyField.flagsLoopback) == 0
    }

    /// The end of the egress pipeline.
    private mutating func deliver(to reference: PortReference, _ snapshot: TranslationSnapshot) {
        depend(on: .port(reference))
        guard let port = snapshot.view.ports[reference] else {
            drop(.unknownPort(reference))
            return
        }
        guard !isLoopback else {
            drop(.loopback)
            return
        }
        switch port.place {
        case .here(let vport): hand(to: port, at: vport)
        case .nested(let vport, let tag):
            setTag(tag)
            hand(to: port, at: vport)
        case .bridge(let name):
            // What belongs to this host alone must not appear on a network of others. That a copy does
            // not is as intended, and no drop.
            guard key.read(KeyField.flagsLocalOnly) == 0, mayLeave(by: port) else { return }
            replaceSource(leaving: port)
            cross(.outward(port.name))
            enterBridge(name, from: .logical(reference), snapshot)
        case .peer(let peer):
            clearTracking()
            enterDatapath(peer, snapshot)
        case .redirect, .network, .remote, .nowhere: drop(.notBound(reference))
        }
    }

    /// A localport is on every chassis, so nobody outside may hear of it; but external stations that
    /// this chassis serves ask it and get their answers.
    private mutating func mayLeave(by port: PhysicalPort) -> Bool {
        if key.read(KeyField.flagsFromLocalport) == 0 { return true }
        if port.served.isEmpty { return false }
        return port.served.contains(MACAddress(key.read(.ethernetDestination)))
    }

    // MARK: - Tunnels

    mutating func sendToTunnels(_ endpoints: [TunnelEndpoint], egress: UInt32) {
        guard !endpoints.isEmpty, mayEnterTunnels else { return }
        let datapath = UInt32(key.read(.datapath))
        let ingress = UInt32(key.read(.inport))
        for endpoint in endpoints {
            note(.tunnel(endpoint, egress: egress))
            var tunnel = Self.tunnelKey(
                endpoint, datapath: datapath, ingress: ingress, egress: egress)
            tunnel.tos = typeOfService(endpoint.service)
            record(.tunnel(endpoint.vport, tunnel))
        }
    }

    /// A localport is on every chassis, so what comes from it stays here; so does what every chassis says
    /// for itself. Every chassis gets a copy of what a VTEP floods, from the VTEP.
    private var mayEnterTunnels: Bool {
        key.read(KeyField.flagsFromLocalport) == 0 && key.read(KeyField.flagsLocalOnly) == 0
            && !staysHere
    }

    /// A packet of a VTEP that turns round at nothing of this chassis.
    private var staysHere: Bool {
        key.read(KeyField.flagsFromVTEP) == 1 && key.read(KeyField.flagsLoopback) == 0
    }

    private mutating func typeOfService(_ service: TunnelService) -> UInt8 {
        switch service {
        case .fixed(let value): return value
        case .inherited:
            let kind = key.read(.ethernetType)
            guard kind == 0x0800 || kind == 0x86dd else { return 0 }
            return UInt8(truncatingIfNeeded: key.read(.ipTOS))
        }
    }

    static func tunnelKey(
        _ endpoint: TunnelEndpoint, datapath: UInt32, ingress: UInt32, egress: UInt32
    ) -> TunnelKey {
        var flags: UInt64 = 0
        if endpoint.doesNotFragment { flags |= TunnelFlag.dontFragment }
        if endpoint.hasChecksum { flags |= TunnelFlag.checksum }
        switch endpoint.encapsulation {
        case .geneve:
            return TunnelKey(
                id: UInt64(datapath & 0xff_ffff), source: endpoint.local,
                destination: endpoint.remote, flags: flags,
                option: (ingress & 0x7fff) << 16 | egress & 0xffff)
        case .vxlan where endpoint.isVTEP:
            return TunnelKey(
                id: UInt64(datapath & 0xff_ffff), source: endpoint.local,
                destination: endpoint.remote, flags: flags)
        case .vxlan:
            let isGroup = egress >= KeyField.firstMulticastKey
            let port = egress & 0x7ff | (isGroup ? 0x800 : 0)
            return TunnelKey(
                id: UInt64(port << 12 | datapath & 0xfff), source: endpoint.local,
                destination: endpoint.remote, flags: flags)
        }
    }

    // MARK: - Leaving

    mutating func record(_ target: OutputList.Target) {
        if generated != nil {
            emitGenerated(target)
            return
        }
        guard outputs.count < limits.outputs else {
            drop(.tooManyCopies)
            return
        }
        outputs.append(target, to: node, key)
    }
}
