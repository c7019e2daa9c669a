import Datapath
import LogicalFlow
import Pipeline
import Wire

// Connection tracking as a trace has it: the packet forks. One copy comes back from the tracker
// with the state that was assumed and goes on in the next table; the other does what the flow says
// next, untracked as before.

extension NetworkTracer {
    mutating func trackNext(_ execution: inout Execution) {
        let (state, comment) = assumptions.nextState()
        var packet = execution.packet
        packet[.ctState] = state.rawValue
        packet.rememberTuple(of: execution.packet)
        fork("ct_next(ct_state=\(state.text)\(comment))", packet, &execution)
    }

    /// Without a target nothing is translated: whether there is an entry can't be known.
    mutating func translate(
        _ kind: Action.NATKind, _ target: Action.NATTarget?, _ execution: inout Execution
    ) {
        let isGateway = network.datapaths[execution.datapath]?.isGateway == true
        // On a gateway router the undoing of a translation of sources has no visible effect.
        if kind.isSource, target == nil, isGateway { return }
        var packet = execution.packet
        var title = kind.title
        if let target {
            title += packet.translate(kind, target.address)
            let flag: ConnectionFlags = kind.isSource ? .sourceNAT : .destinationNAT
            packet[.ctState] |= flag.rawValue
        } else {
            let letter = kind.isSource ? "s" : "d"
            title += " /* assuming no un-\(letter)nat entry, so no change */"
        }
        track(&packet, &title)
        packet.rememberTuple(of: execution.packet)
        fork(title, packet, &execution)
    }

    mutating func commit(_ title: String, _ execution: inout Execution) {
        var packet = execution.packet
        var title = title
        track(&packet, &title)
        packet.rememberTuple(of: execution.packet)
        fork(title, packet, &execution)
    }

    /// A packet that was not tracked before is now.
    private mutating func track(_ packet: inout FlowKey, _ title: inout String) {
        guard packet[.ctState] & ConnectionState.tracked == 0 else { return }
        let (state, comment) = assumptions.nextState()
        packet[.ctState] |= state.rawValue
        title += comment
    }

    // MARK: - Load balancing

    mutating func loadBalance(_ balance: Action.LoadBalance, _ execution: inout Execution) {
        var packet = execution.packet
        var comment = ""
        if packet.isIP {
            if let backend = backend(balance, packet.isIPv4) {
                packet.send(to: backend)
            } else if !balance.backends.isEmpty {
                execution.nodes.append(
                    .failure, "*** no load balancing destination (use --lb-dst)")
            }
            let state = assumptions.nextState()
            packet[.ctState] |= state.flags.rawValue
            comment = state.comment
        }
        packet.rememberTuple(of: execution.packet)
        fork(balance.kind.rawValue + comment, packet, &execution)
    }

    /// The backend that was wished, else any of the packet's family. Without backends in the
    /// action, the wish is taken for the translation of an established connection.
    private mutating func backend(
        _ balance: Action.LoadBalance, _ isIPv4: Bool
    ) -> Action.Backend? {
        let wish = assumptions.loadBalancerDestination
        guard !balance.backends.isEmpty else {
            return wish.flatMap { $0.address.isIPv4 == isIPv4 ? $0 : nil }
        }
        let candidates = balance.backends.filter { $0.address.isIPv4 == isIPv4 }
        if let wished = candidates.first(where: { $0.address == wish?.address }) {
            assumptions.loadBalancerDestination = nil
            return wished
        }
        guard !candidates.isEmpty else { return nil }
        return candidates[assumptions.choose(candidates.count)]
    }

    // MARK: - Hairpins

    /// Whether a backend that was chosen for a virtual address is the sender itself.
    func checkHairpin(
        _ field: FieldRange, isReply: Bool, _ execution: inout Execution
    ) {
        let packet = execution.packet
        var isHairpin = false
        if let known = virtualAddress(of: packet) {
            let isTranslated = packet[.ctState] & ConnectionState.destinationNAT != 0
            let port = isReply ? packet[.destinationPort] : packet[.ctDestinationPort]
            isHairpin = isTranslated && packet.isToItself && UInt64(known.port) == port
        }
        execution.write(field, isHairpin ? 1 : 0)
        execution.nodes.append(.modification, "\(field) = \(isHairpin ? 1 : 0)")
    }

    func translateToVirtualAddress(_ execution: inout Execution) {
        guard let known = virtualAddress(of: execution.packet),
            UInt64(known.port) == execution.packet[.ctDestinationPort]
        else { return }
        execution.nodes.append(.action, "/* nat(src=\(known.text)) */")
    }

    /// The load balancer's address that the packet's connection was opened to.
    private func virtualAddress(of packet: FlowKey) -> TraceNetwork.VirtualAddress? {
        guard packet.isIP, packet[wide: .ctDestination] != 0 else { return nil }
        let bits = packet[wide: .ctDestination]
        let address: IPAddress =
            packet.isIPv4
            ? .v4(IPv4Address(UInt32(truncatingIfNeeded: bits))) : .v6(IPv6Address(bits))
        return network.virtualAddresses.first { $0.address == address }
    }
}

extension Action.NATKind {
    fileprivate var isSource: Bool {
        switch self {
        case .snat, .snatInCommonZone: true
        case .dnat, .dnatInCommonZone: false
        }
    }

    /// What stock traces call it, to the letter.
    fileprivate var title: String {
        switch self {
        case .dnat: "ct_dnat"
        case .snat: "ct_snat"
        case .dnatInCommonZone: "ct_dnatin_czone"
        case .snatInCommonZone: "ct_snatin_czone"
        }
    }
}

extension IPAddress {
    fileprivate var isIPv4: Bool {
        switch self {
        case .v4: true
        case .v6: false
        }
    }
}

// MARK: - Packets

extension FlowKey {
    /// Rewrites an address, and says how.
    fileprivate mutating func translate(_ kind: Action.NATKind, _ address: IPAddress) -> String {
        let direction = kind.isSource ? "src" : "dst"
        switch address {
        case .v4(let address):
            self[kind.isSource ? .ipv4Source : .ipv4Destination] = UInt64(address.bits)
            return "(ip4.\(direction)=\(address))"
        case .v6(let address):
            self[wide: kind.isSource ? .ipv6Source : .ipv6Destination] = address.bits
            return "(ip6.\(direction)=\(address))"
        }
    }

    fileprivate mutating func send(to backend: Action.Backend) {
        switch backend.address {
        case .v4(let address): self[.ipv4Destination] = UInt64(address.bits)
        case .v6(let address): self[wide: .ipv6Destination] = address.bits
        }
        if let port = backend.port, port != 0 { self[.destinationPort] = UInt64(port) }
        self[.ctState] |= ConnectionState.destinationNAT
    }

    /// The connection is known by what its first packet was.
    mutating func rememberTuple(of packet: FlowKey) {
        self[.ctProtocol] = packet[.ipProtocol]
        if packet.isIPv4 {
            self[wide: .ctSource] = packet[wide: .ipv4Source]
            self[wide: .ctDestination] = packet[wide: .ipv4Destination]
        } else if packet.isIPv6 {
            self[wide: .ctSource] = packet[wide: .ipv6Source]
            self[wide: .ctDestination] = packet[wide: .ipv6Destination]
        }
        self[.ctSourcePort] = packet[.sourcePort]
        self[.ctDestinationPort] = packet[.destinationPort]
    }

    fileprivate var isToItself: Bool {
        isIPv4
            ? self[.ipv4Source] == self[.ipv4Destination]
            : self[wide: .ipv6Source] == self[wide: .ipv6Destination]
    }
}

extension Execution {
    mutating func forgetConnection() {
        for field in KeyField.tracking { packet[wide: field] = 0 }
    }

    /// What the packet itself says stands for its connection.
    mutating func readConnection(_ field: FieldRange, _ source: Action.ConnectionField) {
        switch source {
        case .destination4, .destination6: return
        case .state:
            let isTracked = packet[.ctState] & ConnectionState.tracked != 0
            let value = isTracked ? packet[.ctState] & 0xff : 0
            write(field, UInt128(value))
            nodes.append(.action, "/* \(field) = \(value); */")
        case .destinationPort: assign(field, packet[.destinationPort])
        case .protocol: assign(field, packet[.ipProtocol])
        }
    }

    private mutating func assign(_ field: FieldRange, _ value: UInt64) {
        write(field, UInt128(value))
        nodes.append(.modification, "\(field) = \(value)")
    }
}
