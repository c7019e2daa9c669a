import LogicalFlow
import Wire

// From actions to instructions.

struct ActionCompiler {
    private let names: NameRegistry
    private var instructions: [Instruction] = []
    private var constants: [LoadConstant] = []
    private var actions: [Action] = []
    private(set) var used: [NameIndex] = []

    init(_ names: NameRegistry) { self.names = names }

    /// The program, whose names are retained once each; whoever drops the program releases them.
    mutating func compile(
        _ list: ActionList, helper: Instruction.Helper? = nil, controllerMeter: String? = nil
    ) -> ActionProgram {
        if let helper { instructions.append(.helper(helper)) }
        for action in list.actions { add(action) }
        return ActionProgram(
            instructions, constants: constants, actions: actions, names: used.sorted(),
            controllerMeter: controllerMeter)
    }

    private mutating func add(_ action: Action) {
        if addBlock(action) || addHeader(action) || addConnection(action) || addTable(action) {
            return
        }
        instructions.append(.unsupported(operand(action)))
    }

    private mutating func operand(_ action: Action) -> UInt32 {
        actions.append(action)
        return UInt32(actions.count - 1)
    }

    /// The place of a field; every field of an action has one except those handled apart.
    private func span(_ field: FieldRange) -> KeySpan {
        guard let span = KeySpan(field) else { preconditionFailure("field without a place") }
        return span
    }

    // MARK: Blocks

    private mutating func addBlock(_ action: Action) -> Bool {
        switch action {
        case .clone(let actions): add(actions) { .clone(end: $0) }
        case .ctCommit(let actions): add(actions) { .ctCommit(end: $0) }
        case .ctCommitConstants(let mark, let label): addCommit(mark, label)
        case .forwardGroup(let group):
            add(group.ports.map { .outport($0) }) { .forwardGroup(end: $0) }
        case .generate(let generator, let actions):
            let kind = Instruction.Generator(generator)
            add(actions) { .generate(kind, end: $0) }
        default: return false
        }
        return true
    }

    private mutating func add(
        _ block: [Action], _ make: (_ end: UInt32) -> Instruction
    ) {
        let place = instructions.count
        instructions.append(.output)
        for action in block { add(action) }
        instructions[place] = make(UInt32(instructions.count))
    }

    private mutating func addCommit(_ mark: Number?, _ label: Number?) {
        var block: [Action] = []
        if let mark { block.append(.load(.ctMark, .number(mark))) }
        if let label { block.append(.load(.ctLabel, .number(label))) }
        add(block) { .ctCommit(end: $0) }
    }

    // MARK: Fields

    private mutating func addHeader(_ action: Action) -> Bool {
        switch action {
        case .next(let target): addNext(target)
        case .output: instructions.append(.output)
        case .push(let field): instructions.append(.push(span(field)))
        case .pop(let field): instructions.append(.pop(span(field)))
        case .load(let field, let constant): addLoad(field, constant)
        case .move(let field, let source):
            instructions.append(.move(span(field), from: span(source)))
        case .exchange(let left, let right):
            instructions.append(.exchange(span(left), span(right)))
        case .decrementTTL: instructions.append(.decrementTTL)
        case .macCacheUse: instructions.append(.macCacheUse)
        case .mirror(let port): instructions.append(.mirror(index(port)))
        case .sample: instructions.append(.sample(operand(action)))
        case .setQueue(let queue): instructions.append(.setQueue(UInt32(queue)))
        case .setMeter(let rate, let burst):
            instructions.append(
                .setMeter(rate: UInt32(clamping: rate), burst: UInt32(clamping: burst)))
        case .evaluate(let field, .checkPacketLarger(let length)):
            instructions.append(.checkPacketLarger(span(field), UInt32(length)))
        default: return false
        }
        return true
    }

    private mutating func addNext(_ target: Action.NextTable) {
        guard let table = target.table ?? 0 as Int?, table < PipelineLimits.tables else {
            instructions.append(.unsupported(operand(.next(target))))
            return
        }
        instructions.append(
            .next(
                pipeline: target.pipeline.map { $0 == .ingress ? .ingress : .egress },
                table: target.table.map { UInt8($0) }))
    }

    private mutating func addLoad(_ field: FieldRange, _ constant: Constant) {
        switch constant {
        case .string(let name) where name.isEmpty || name == noPortName:
            addLoad(span(field), value: 0, mask: 0xffff_ffff)
        case .string(let name): addPort(span(field), name)
        case .number(let number):
            let mask = (number.mask ?? .max) & .ones(field.width)
            guard let span = KeySpan(field) else { return addPseudo(field.symbol, number.value) }
            addLoad(span, value: number.value & mask, mask: mask)
        case .addressSet, .portGroup:
            instructions.append(.unsupported(operand(.load(field, constant))))
        }
    }

    private mutating func addLoad(_ span: KeySpan, value: UInt128, mask: UInt128) {
        constants.append(LoadConstant(value: value, mask: mask))
        instructions.append(.load(span, constant: UInt32(constants.count - 1)))
    }

    private mutating func addPseudo(_ symbol: Symbol, _ value: UInt128) {
        let value = UInt32(truncatingIfNeeded: value)
        instructions.append(
            symbol == .icmp4InnerIP4Src ? .setQuotedSource(value) : .setErrorMTU(value))
    }

    private mutating func addPort(_ span: KeySpan, _ name: String) {
        instructions.append(.loadPort(span, index(name)))
    }

    private mutating func index(_ name: String) -> NameIndex {
        let index = NameIndex(value: names.retain(name))
        if used.contains(index) { names.release(index.value) } else { used.append(index) }
        return index
    }

    // MARK: Connections

    private mutating func addConnection(_ action: Action) -> Bool {
        switch action {
        case .ctNext(let zone): instructions.append(.ctNext(Instruction.Zone(zone)))
        case .ctCommitToZone(let zone):
            instructions.append(.ctCommitToZone(Instruction.Zone(zone)))
        case .ctCommitNAT(let zone): instructions.append(.ctCommitNAT(Instruction.Zone(zone)))
        case .ctNAT(let kind, let target):
            let index = target.map { _ in operand(action) }
            instructions.append(.ctNAT(Instruction.Translation(kind), target: index))
        case .ctClear: instructions.append(.ctClear)
        case .ctSNATToVIP: instructions.append(.ctSNATToVIP)
        case .ctLoadBalance: instructions.append(.ctLoadBalance(operand(action)))
        case .evaluate(let field, .connection(let source)):
            instructions.append(.connection(span(field), Instruction.ConnectionField(source)))
        case .select(let field, _): instructions.append(.select(span(field), operand(action)))
        case .commitLoadBalancerAffinity: instructions.append(.bindAffinity(operand(action)))
        case .commitECMPNextHop(let isIPv6, let transport):
            instructions.append(
                .commitNextHop(isIPv6 ? .ip6 : .ip4, proto: transport.number))
        case .log: instructions.append(.log(operand(action)))
        default: return false
        }
        return true
    }

    // MARK: Tables

    private mutating func addTable(_ action: Action) -> Bool {
        switch action {
        case .getNeighbour(let family, let port, let address):
            instructions.append(
                .getNeighbour(
                    Instruction.Family(family), port: span(port), address: span(address)))
        case .putNeighbour(let family, let port, let address, let ethernet):
            instructions.append(
                .putNeighbour(
                    Instruction.Family(family), port: span(port), address: span(address),
                    ethernet: span(ethernet)))
        case .putFDB(let port, let ethernet):
            instructions.append(.putFDB(port: span(port), ethernet: span(ethernet)))
        case .evaluate(let field, let function): return addFunction(span(field), function)
        default: return false
        }
        return true
    }

    private mutating func addFunction(_ result: KeySpan, _ function: Action.Function) -> Bool {
        switch function {
        case .lookupNeighbour(_, let port, let address, let ethernet):
            instructions.append(
                .lookupNeighbour(
                    result, port: span(port), address: span(address), ethernet: span(ethernet)))
        case .lookupNeighbourAddress(_, let port, let address):
            instructions.append(
                .lookupNeighbourAddress(result, port: span(port), address: span(address)))
        case .getFDB(let ethernet):
            instructions.append(.getFDB(result, ethernet: span(ethernet)))
        case .lookupFDB(let port, let ethernet):
            instructions.append(.lookupFDB(result, port: span(port), ethernet: span(ethernet)))
        case .check(let check):
            instructions.append(.check(result, Instruction.Check(check)))
        default: return false
        }
        return true
    }
}

// MARK: - Closed sets

extension Instruction.Zone {
    fileprivate init(_ zone: Action.NATZone?) {
        switch zone {
        case nil: self = .usual
        case .dnat?: self = .dnat
        case .snat?: self = .snat
        }
    }
}

extension Action.TransportProtocol {
    package var number: UInt8 {
        switch self {
        case .tcp: IPProtocol.tcp
        case .udp: IPProtocol.udp
        case .sctp: IPProtocol.sctp
        }
    }
}

extension Instruction.Translation {
    fileprivate init(_ kind: Action.NATKind) {
        switch kind {
        case .dnat: self = .dnat
        case .snat: self = .snat
        case .dnatInCommonZone: self = .dnatInCommonZone
        case .snatInCommonZone: self = .snatInCommonZone
        }
    }
}

extension Instruction.Family {
    fileprivate init(_ family: Action.Family) {
        switch family {
        case .ip4: self = .ip4
        case .ip6: self = .ip6
        }
    }
}

extension Instruction.Check {
    fileprivate init(_ check: Action.Check) {
        switch check {
        case .inPortSecurity: self = .inPortSecurity
        case .outPortSecurity: self = .outPortSecurity
        case .loadBalancerHairpin: self = .loadBalancerHairpin
        case .loadBalancerHairpinReply: self = .loadBalancerHairpinReply
        case .ecmpNextHopMAC: self = .ecmpNextHopMAC
        case .ecmpNextHop: self = .ecmpNextHop
        case .loadBalancerAffinity: self = .loadBalancerAffinity
        }
    }
}

extension Instruction.ConnectionField {
    fileprivate init(_ field: Action.ConnectionField) {
        switch field {
        case .destination4: self = .destination4
        case .destination6: self = .destination6
        case .destinationPort: self = .destinationPort
        case .protocol: self = .protocol
        case .state: self = .state
        }
    }
}

extension Instruction.Generator {
    fileprivate init(_ generator: Action.Generator) {
        switch generator {
        case .arp: self = .arp
        case .ndNS: self = .ndNS
        case .ndNA: self = .ndNA
        case .ndNARouter: self = .ndNARouter
        case .icmp4: self = .icmp4
        case .icmp4Error: self = .icmp4Error
        case .icmp6: self = .icmp6
        case .icmp6Error: self = .icmp6Error
        case .tcpReset: self = .tcpReset
        case .sctpAbort: self = .sctpAbort
        case .reject: self = .reject
        }
    }
}

extension Action {
    /// True of what chooses one of several by the hash of the datapath.
    var choosesByHash: Bool {
        switch self {
        case .ctLoadBalance(let balance):
            balance.backends.count > 1 && balance.hashFields.isEmpty
        case .select(_, let selection):
            selection.members.count > 1 && selection.hashFields.isEmpty
        default: false
        }
    }

    /// The word that the action begins with, for reports on what isn't evaluated.
    package var keyword: String {
        let text = description
        if case .evaluate(_, let function) = self {
            return String(function.description.prefix { $0 != "(" })
        }
        return String(text.prefix { $0 != "(" && $0 != ";" && $0 != " " })
    }
}
