// What must hold of a packet before an action makes sense. It joins the match of the flow.

extension ActionList {
    /// Symbols that must hold for the flow to match, each once, in order of occurrence.
    package var prerequisites: [Symbol] {
        var seen = Set<Symbol>()
        return actions.flatMap(\.prerequisites).filter { seen.insert($0).inserted }
    }
}

extension Action {
    /// May hold repetitions.
    fileprivate var prerequisites: [Symbol] {
        switch self {
        case .clone(let actions), .generate(.reject, let actions):
            actions.flatMap(\.prerequisites)
        case .generate(let generator, _): generator.prerequisite.map { [$0] } ?? []
        case .ctNext, .ctCommit, .ctCommitConstants, .ctCommitToZone, .ctCommitNAT, .ctNAT,
            .ctLoadBalance, .decrementTTL:
            [.ip]
        case .evaluate(let target, let function):
            [target].prerequisites + function.prerequisites
        default: fields.prerequisites
        }
    }

    private var fields: [FieldRange] {
        switch self {
        case .load(let field, _), .push(let field), .pop(let field), .select(let field, _): [field]
        case .move(let left, let right), .exchange(let left, let right): [left, right]
        case .getNeighbour(_, let port, let address): [port, address]
        case .putNeighbour(_, let port, let address, let ethernet): [port, address, ethernet]
        case .putFDB(let port, let ethernet): [port, ethernet]
        case .handleServiceCheck(let port), .bindVirtualPort(_, let port): [port]
        case .sample(let sample):
            if case .field(let field) = sample.point { [field] } else { [] }
        default: []
        }
    }
}

extension Action.Generator {
    fileprivate var prerequisite: Symbol? {
        switch self {
        case .arp, .ndNS: .ip
        case .ndNA, .ndNARouter: .ndNS
        case .icmp4, .icmp4Error: .ip4
        case .icmp6, .icmp6Error: .ip6
        case .tcpReset: .tcp
        case .sctpAbort: .sctp
        case .reject: nil
        }
    }
}

extension Action.Function {
    fileprivate var prerequisites: [Symbol] {
        switch self {
        case .lookupNeighbour(_, let port, let address, let ethernet):
            [port, address, ethernet].prerequisites
        case .lookupNeighbourAddress(_, let port, let address): [port, address].prerequisites
        case .checkEVPNNeighbour(let field), .getFDB(let field), .getRemoteFDB(let field):
            [field].prerequisites
        case .lookupFDB(let port, let ethernet): [port, ethernet].prerequisites
        case .dnsLookup: [.udp]
        case .putRouterAdvertisementOptions: [.ip6]
        case .checkPacketLarger, .putDHCPOptions, .putDHCPv6Options, .checkDHCPRelayRequest,
            .checkDHCPRelayResponse, .check, .connection:
            []
        }
    }
}

extension [FieldRange] {
    fileprivate var prerequisites: [Symbol] {
        compactMap { SymbolTable.standard[$0.symbol].prerequisite }
    }
}

// MARK: - Place

extension ActionList {
    /// Where a flow stands, and how far its pipelines reach.
    package struct Place: Sendable {
        package let pipeline: Action.Pipeline
        package let table: Int
        package let ingressTables: Int
        package let egressTables: Int

        package init(
            _ pipeline: Action.Pipeline, table: Int, ingressTables: Int = 35,
            egressTables: Int = 16
        ) {
            self.pipeline = pipeline
            self.table = table
            self.ingressTables = ingressTables
            self.egressTables = egressTables
        }
    }

    /// What is wrong with these actions at this place, in the words that OVN's programs use, or nil.
    package func problem(at place: Place) -> String? {
        for action in actions {
            if let problem = action.problem(at: place) { return problem }
        }
        return nil
    }
}

extension Action {
    fileprivate func problem(at place: ActionList.Place) -> String? {
        switch self {
        case .next(let target):
            let pipeline = target.pipeline ?? place.pipeline
            let count = pipeline == .ingress ? place.ingressTables : place.egressTables
            if target.table ?? place.table + 1 < count { return nil }
            return "\"next\" action cannot advance beyond table \(count - 1)."
        case .clone(let actions), .generate(_, let actions), .ctCommit(let actions):
            return ActionList(actions).problem(at: place)
        default: return nil
        }
    }
}
