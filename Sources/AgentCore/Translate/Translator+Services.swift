import Datapath
import LogicalFlow
import Pipeline
import Wire

// Actions that look into the packet's payload, or hand the packet to something with a memory. The
// flow sends every packet up; the first such action makes the packet one of our own, so that the
// flow depends on nothing that comes after it.

extension KeyField {
    static let flagsFromController = KeySpan(.flags).part(offset: 19, width: 1)
    static let flagsMulticastLoopback = KeySpan(.flags).part(offset: 22, width: 1)
}

/// Keys of the multicast groups that every switch has.
package enum WellKnownGroup {
    package static let flood: UInt32 = 0x8000
    package static let routers: UInt32 = 0x8002
    package static let floodLayer2: UInt32 = 0x8004
}

extension Translator {
    /// An action without an instruction of its own; false ends the packet here.
    mutating func serve(
        _ action: Action, _ block: Block, _ snapshot: TranslationSnapshot
    ) -> Bool {
        switch action {
        case .evaluate(let field, let function):
            return evaluate(function, field, block, snapshot)
        case .igmp:
            snoop(snapshot)
            return true
        case .handleDHCPv6Reply: return hand(.prefixDelegation, to: KeySpan(.inport))
        case .handleServiceCheck(let port): return hand(.serviceCheck, to: span(port))
        case .handleBFDMessage:
            _ = hand(.bfd, to: KeySpan(.inport))
            drop(.noSession)
            return false
        case .bindVirtualPort(let name, let parent):
            return hand(.virtualPort(name), to: span(parent))
        case .triggerEvent(let event):
            var options: [String: String] = [:]
            for option in event.options { options[option.name] = option.strings.first }
            return hand(.emptyLoadBalancer(options), to: KeySpan(.inport))
        case .floodRemote:
            floodToOtherZones(snapshot)
            return true
        default: return unsupported(action)
        }
    }

    private mutating func unsupported(_ action: Action) -> Bool {
        drop(.unsupported(action.keyword))
        return false
    }

    private func span(_ field: FieldRange) -> KeySpan { KeySpan(field) ?? KeySpan(.inport) }

    // MARK: - Rewriting

    private mutating func evaluate(
        _ function: Action.Function, _ field: FieldRange, _ block: Block,
        _ snapshot: TranslationSnapshot
    ) -> Bool {
        switch function {
        case .putDHCPOptions(let options):
            return rewrite(.dhcp, field) { DHCPv4Server(options)?.answer($0, $1) }
        case .putDHCPv6Options(let options):
            return rewrite(.dhcp, field) { DHCPv6Server(options).answer($0, $1) }
        case .checkDHCPRelayRequest(let relay, let server):
            return rewrite(.dhcp, field) {
                DHCPRelay(address: relay, server: server).request($0, $1)
            }
        case .checkDHCPRelayResponse(let relay, let server):
            return rewrite(.dhcp, field) {
                DHCPRelay(address: relay, server: server).response($0, $1)
            }
        case .putRouterAdvertisementOptions(let options):
            return rewrite(.routerAdvertisement, field) {
                RouterAdvertiser.answer(options, $0, $1)
            }
        case .dnsLookup:
            let zones = snapshot.view.services.zones[block.stage.datapath.value] ?? []
            var outcome = NameOutcome.truncated
            let isKnown = rewrite(.names, field) { frame, layout in
                let (made, what) = NameService.answer(zones, frame, layout)
                outcome = what
                return made
            }
            guard isKnown else { return false }
            effect(.asked(outcome))
            if key.peek(span(field)) == 1 { key.load(KeyField.flagsFromController, 1) }
            return true
        // What has been learned from peers of an EVPN: there are none.
        case .checkEVPNNeighbour, .getRemoteFDB:
            key.load(span(field), 0)
            return true
        default: return unsupported(.evaluate(field, function))
        }
    }

    /// The packet becomes what `body` makes of it, or stays as it is; the field tells which.
    /// Returns false where only the key is known.
    private mutating func rewrite(
        _ service: ServiceClass, _ field: FieldRange,
        _ body: ([UInt8], PacketLayout) -> [UInt8]?
    ) -> Bool {
        guard let frame = own(service) else { return false }
        let made = PacketLayout(frame).flatMap { body(frame, $0) }
        if let made { takePlace(made, service: service) }
        key.load(span(field), made == nil ? 0 : 1)
        return true
    }

    /// Makes the packet one of our own; nil where only its key is known.
    private mutating func own(_ service: ServiceClass) -> [UInt8]? {
        takeSlowPath(.serves(service))
        guard let frame = currentFrame else { return nil }
        takePlace(frame, question: generated?.question, service: service)
        return frame
    }

    // MARK: - Log

    /// A copy for the log leaves like any other: the kernel hands it back with what to write.
    mutating func log(
        _ entry: Action.LogEntry, _ pipeline: Stage.Pipeline, _ snapshot: TranslationSnapshot
    ) {
        let cookie = LogCookie(entry, pipeline)
        let copy = UserspaceAction(port: upcallPort, cookie: cookie.encoded)
        record(.userspace(copy, meter: entry.meter.flatMap { meter($0, snapshot) }))
    }

    /// The meter of that name; nil if there is none, or the kernel takes no more.
    private mutating func meter(_ name: String, _ snapshot: TranslationSnapshot) -> UInt32? {
        depend(on: .meter(name))
        journal.isOpen = false
        return snapshot.view.meters[name].flatMap { meters.number(.named(name), $0) }
    }

    // MARK: - Handing over

    /// Reports the packet to a service, and goes on.
    private mutating func hand(_ kind: ServiceEvent.Kind, to port: KeySpan) -> Bool {
        let reference = PortReference(
            datapath: UInt32(truncatingIfNeeded: key.peek(KeySpan(.datapath))),
            port: UInt32(truncatingIfNeeded: key.peek(port)))
        let event = ServiceEvent(kind, reference, frame: currentFrame ?? [])
        takeSlowPath(.serves(event.service))
        guard currentFrame != nil else { return true }
        meteredEffect(.service(event))
        return true
    }

    /// `igmp`: the switch hears the message and sends it where it belongs (RFC 4541 §2.1.1):
    /// queries to all, reports to routers only, so that hosts don't suppress each other's.
    private mutating func snoop(_ snapshot: TranslationSnapshot) {
        guard hand(.multicast, to: KeySpan(.inport)), let frame = own(.multicast),
            let layout = PacketLayout(frame), let message = MulticastMessage(frame, layout)
        else { return }
        key.load(KeyField.flagsMulticastLoopback, 1)
        switch message.content {
        case .query: key.load(.outport, UInt64(WellKnownGroup.floodLayer2))
        case .changes: key.load(.outport, UInt64(WellKnownGroup.routers))
        }
        output(.ingress, snapshot)
    }
}
