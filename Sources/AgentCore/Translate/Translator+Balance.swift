import Datapath
import LogicalFlow
import Pipeline
import Wire

// Choosing one of several by a hash: the backend of a load balancer, the next hop of a route, a
// port of a forwarding group. The hash is the kernel's: where none is there yet, the packet makes a
// trip through the kernel before the table that needs it (`Translator.visit`).

extension Translator {
    /// `ct_lb_mark` and its variants.
    mutating func balance(
        _ balance: Action.LoadBalance, helper: ConnectionTracking.Helper?,
        then stage: LogicalStage?, _ snapshot: TranslationSnapshot
    ) {
        let zone = zone(.usual, snapshot)
        guard !balance.backends.isEmpty else {
            track(ConnectionTracking(zone: zone, translation: .init()), then: stage)
            return
        }
        let backends = usable(balance, snapshot)
        guard !backends.isEmpty else { return }
        let members = backends.map {
            HashChoice.Member(
                identity: StableHash.of($0.address.number, UInt128($0.port ?? 0)), weight: 1)
        }
        let backend = backends[choose(HashChoice(members), by: balance.hashFields)]
        let flags = balance.flags
        let isLabel = balance.kind == .label
        track(
            ConnectionTracking(
                zone: zone, commit: true,
                mark: isLabel ? nil : .init(flags, mask: flags),
                label: isLabel ? .init(UInt128(flags), mask: UInt128(flags)) : nil,
                translation: .init(
                    direction: .destination, addresses: backend.address...backend.address,
                    ports: backend.port.map { $0...$0 }),
                helper: helper),
            then: stage)
    }

    /// The backends to choose from: of `ct_lb_mark_local` those behind ports that are here.
    private mutating func usable(
        _ balance: Action.LoadBalance, _ snapshot: TranslationSnapshot
    ) -> [Action.Backend] {
        guard balance.kind == .markLocal else { return balance.backends }
        return balance.backends.filter { backend in
            guard let name = backend.logicalPort else { return true }
            depend(on: .localPort(name))
            return snapshot.view.localPorts.contains(name)
        }
    }

    /// `R = select(…)`.
    mutating func select(_ result: KeySpan, _ selection: Action.Selection) {
        let members = selection.members.map {
            HashChoice.Member(
                identity: StableHash.of(UInt128($0.value)), weight: UInt32($0.weight))
        }
        let choice = choose(HashChoice(members), by: selection.hashFields)
        key.load(result, UInt128(selection.members[choice].value))
    }

    /// `fwd_group`: each instruction of the block loads the outport. Without all of them here, the
    /// packet goes nowhere.
    mutating func forward(
        _ block: Block, _ range: Range<Int>, _ snapshot: TranslationSnapshot
    ) {
        var members: [HashChoice.Member] = []
        var loads: [(KeySpan, NameIndex)] = []
        for index in range {
            guard case .loadPort(let span, let name) = block.program.instructions[index] else {
                return
            }
            noteName(name)
            guard let port = snapshot.pipeline.portKey(name, in: block.stage.datapath) else {
                return
            }
            members.append(.init(identity: StableHash.of(UInt128(port)), weight: 1))
            loads.append((span, name))
        }
        guard !members.isEmpty else { return }
        let (span, name) = loads[choose(HashChoice(members), by: [])]
        load(span, name, block.stage.datapath, snapshot)
        output(block.stage.stage.pipeline, snapshot)
    }

    /// The member of the packet's hash, of the fields or, without any, the kernel's.
    private mutating func choose(_ choice: HashChoice, by fields: [String]) -> Int {
        guard choice.members.count > 1 else { return 0 }
        let slot: Int
        if fields.isEmpty {
            let bits = KeySpan(.datapathHash).part(offset: 0, width: choice.bits)
            slot = Int(key.read(bits))
        } else {
            var hash = StableHash()
            for name in fields {
                if let field = hashed(name) { hash.add(key.read(KeySpan(field))) }
            }
            slot = Int(truncatingIfNeeded: hash.value) & (choice.slotCount - 1)
        }
        if choices.count > Self.choiceLimit { choices = [:] }
        let table = choices[choice] ?? choice.table()
        choices[choice] = table
        return Int(table[slot])
    }

    private static let choiceLimit = 1024

    /// The field that a name of OpenFlow means in this packet; nil where the packet has none.
    private func hashed(_ name: String) -> KeyField? {
        let type = UInt16(truncatingIfNeeded: key.read(.ethernetType))
        let isIPv4 = type == EtherType.ipv4
        let isIPv6 = type == EtherType.ipv6
        switch name {
        case "eth_src": return .ethernetSource
        case "eth_dst": return .ethernetDestination
        case "ip_src", "nw_src": return isIPv4 ? .ipv4Source : nil
        case "ip_dst", "nw_dst": return isIPv4 ? .ipv4Destination : nil
        case "ipv6_src": return isIPv6 ? .ipv6Source : nil
        case "ipv6_dst": return isIPv6 ? .ipv6Destination : nil
        case "ip_proto", "nw_proto": return isIPv4 || isIPv6 ? .ipProtocol : nil
        default: return isIPv4 || isIPv6 ? hashedPort(name) : nil
        }
    }

    private func hashedPort(_ name: String) -> KeyField? {
        let proto = UInt8(truncatingIfNeeded: key.read(.ipProtocol))
        let carriers: [UInt8] =
            switch name {
            case "tp_src", "tp_dst": [IPProtocol.tcp, IPProtocol.udp, IPProtocol.sctp]
            case "tcp_src", "tcp_dst": [IPProtocol.tcp]
            case "udp_src", "udp_dst": [IPProtocol.udp]
            case "sctp_src", "sctp_dst": [IPProtocol.sctp]
            default: []
            }
        guard carriers.contains(proto) else { return nil }
        return name.hasSuffix("src") ? .sourcePort : .destinationPort
    }
}

extension Action.LoadBalance {
    /// Bits of ct_mark (of the old form: ct_label): translated, and what source translation is to
    /// do with the connection.
    fileprivate var flags: UInt32 {
        switch snat {
        case nil: 0x2
        case .skip?: 0x6
        case .force?: 0xa
        }
    }
}

extension IPAddress {
    /// The address as a number.
    package var number: UInt128 {
        switch self {
        case .v4(let address): UInt128(address.bits)
        case .v6(let address): address.bits
        }
    }
}
