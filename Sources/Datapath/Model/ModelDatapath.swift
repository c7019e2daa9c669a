import Wire

// The kernel's openvswitch datapath as a value, for tests and simulation: flows under masks,
// actions executed on packet bytes, recirculation, copies and their limits, upcalls as output.
// The property that must hold: the same flows and packets give the same packets, upcalls and
// refusals as net/openvswitch, with what `ConnectionTable` leaves out.

package struct ModelDatapath: Sendable {
    package struct Port: Hashable, Sendable {
        package enum Kind: Hashable, Sendable { case device, tunnel }
        package var number: UInt32
        package var kind: Kind

        package init(_ number: UInt32, _ kind: Kind = .device) {
            self.number = number
            self.kind = kind
        }
    }

    /// What comes out of the datapath.
    package enum Event: Hashable, Sendable {
        /// `tunnel` is there for a tunnel port.
        case transmitted(port: UInt32, frame: [UInt8], tunnel: TunnelKey?)
        case upcall(Upcall)
        /// For those who listen to a group of the kernel's psample.
        case sampled(group: UInt32, cookie: [UInt8], frame: [UInt8])
        case dropped(Drop)
    }

    package struct Upcall: Hashable, Sendable {
        package enum Reason: Hashable, Sendable { case miss, action(UserspaceAction) }
        package var reason: Reason
        package var key: FlowKey
        package var frame: [UInt8]
    }

    package enum Drop: Hashable, Sendable {
        case malformed, noSuchPort, noTunnel, deferredLimit, recursionLimit, timeToLive
        /// Two connections would have the same tuple.
        case clash
    }

    /// Why the kernel refuses a command (errno).
    package enum Refusal: Error, Hashable, Sendable {
        case invalid(String)
        case exists
        case noSuchFlow
        case tooBig
    }

    package private(set) var ports: [UInt32: Port] = [:]
    /// The masks in use, in the order in which they are tried.
    package private(set) var masks: [FlowMask] = []
    var tables: [FlowMask: [FlowKey: Megaflow]] = [:]
    package var connections = ConnectionTable()
    /// The flows that served the last packet, in order, and its passes through the tracker.
    package internal(set) var lastHits: [Megaflow] = []
    package internal(set) var lastTrackings = 0
    private var identified: [FlowID: (mask: FlowMask, key: FlowKey)] = [:]

    package init(ports: [Port] = []) {
        for port in ports { self.ports[port.number] = port }
    }

    package mutating func add(_ port: Port) { ports[port.number] = port }

    package mutating func remove(port number: UInt32) { ports[number] = nil }

    // MARK: - Flows

    package var flowCount: Int { tables.values.reduce(0) { $0 + $1.count } }

    /// All flows, by identifier.
    package func dump() -> [Megaflow] {
        tables.values.flatMap(\.values).sorted {
            ($0.id ?? FlowID(high: 0, low: 0), $0.key.words.description)
                < ($1.id ?? FlowID(high: 0, low: 0), $1.key.words.description)
        }
    }

    package func flow(_ id: FlowID) -> Megaflow? {
        identified[id].flatMap { tables[$0.mask]?[$0.key] }
    }

    /// OVS_FLOW_CMD_NEW with NLM_F_CREATE: refused if any flow has this identifier, or matches
    /// the unmasked key.
    package mutating func put(_ flow: Megaflow) throws(Refusal) {
        try FlowValidation.check(flow)
        if let id = flow.id, identified[id] != nil { throw .exists }
        if lookup(flow.key) != nil { throw .exists }
        let mask = flow.mask.widened(for: flow.key)
        var stored = flow
        stored.mask = mask
        stored.key = flow.key.masked(by: mask)
        if tables[mask] == nil { masks.append(mask) }
        tables[mask, default: [:]][stored.key] = stored
        if let id = flow.id { identified[id] = (mask, stored.key) }
    }

    /// OVS_FLOW_CMD_SET: other actions for a flow that is there.
    package mutating func modify(_ id: FlowID, actions: [DatapathAction]) throws(Refusal) {
        guard let place = identified[id], var flow = tables[place.mask]?[place.key] else {
            throw .noSuchFlow
        }
        flow.actions = actions
        try FlowValidation.check(flow)
        tables[place.mask]?[place.key] = flow
    }

    /// OVS_FLOW_CMD_DEL; returns the flow with its last statistics.
    @discardableResult
    package mutating func delete(_ id: FlowID) throws(Refusal) -> Megaflow {
        guard let place = identified.removeValue(forKey: id),
            let flow = tables[place.mask]?.removeValue(forKey: place.key)
        else { throw .noSuchFlow }
        if tables[place.mask]?.isEmpty == true {
            tables[place.mask] = nil
            masks.removeAll { $0 == place.mask }
        }
        return flow
    }

    /// The flow that a packet with this key gets.
    package func lookup(_ key: FlowKey) -> Megaflow? {
        place(of: key).flatMap { tables[$0.mask]?[$0.key] }
    }

    func place(of key: FlowKey) -> (mask: FlowMask, key: FlowKey)? {
        for mask in masks {
            let masked = key.masked(by: mask)
            if tables[mask]?[masked] != nil { return (mask, masked) }
        }
        return nil
    }
}
