import Datapath
import Pipeline
import Wire

@testable import AgentCore

/// A small generator with a seed, so that a failure repeats.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }

    mutating func pick<Element>(_ list: [Element]) -> Element {
        list[Int.random(in: 0..<list.count, using: &self)]
    }

    mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &self) }
}

/// The control side of a test: flows as text, ports, neighbours; makes snapshots.
final class Control {
    let builder = PipelineBuilder()
    var view = PhysicalView()
    private var revision: UInt64 = 0
    private var rows: UInt64 = 0

    @discardableResult
    func flow(
        _ datapath: UInt32, _ pipeline: Stage.Pipeline, _ table: Int, _ priority: UInt16,
        _ match: String, _ actions: String, helper: Instruction.Helper? = nil,
        controllerMeter: String? = nil
    ) -> RowIdentifier {
        rows += 1
        let id = RowIdentifier(high: 0, low: rows)
        builder.add(
            FlowRecord(
                id: id, stage: Stage(pipeline, table), priority: priority,
                scope: .datapath(DatapathKey(datapath)), match: match, actions: actions,
                helper: helper, controllerMeter: controllerMeter))
        return id
    }

    /// A logical port; `place` says where.
    func port(
        _ name: String, _ datapath: UInt32, _ key: UInt32, _ place: PortPlace,
        security: [String] = [], type: String = "", alsoAt: [TunnelEndpoint] = []
    ) {
        let reference = PortReference(datapath: datapath, port: key)
        builder.setPort(
            PortRecord(
                name: name, datapath: DatapathKey(datapath), key: key, isResident: false))
        view.zones[datapath] = DatapathZones(
            dnat: UInt16(1000 + datapath), snat: UInt16(2000 + datapath))
        view.ports[reference] = PhysicalPort(
            reference: reference, name: name, type: type, place: place,
            zone: UInt16(16 * datapath + key),
            portSecurity: security.compactMap { try? PortSecurityEntry(parsing: $0) },
            alsoAt: alsoAt)
        if case .here(let vport) = place {
            view.inputs[vport] = reference
            view.localPorts.insert(name)
        }
    }

    func group(
        _ name: String, _ datapath: UInt32, _ key: UInt32, local: [UInt32], peers: [UInt32] = [],
        remote: [TunnelEndpoint] = []
    ) {
        builder.setMulticastGroup(name, in: DatapathKey(datapath), key: key)
        view.groups[PortReference(datapath: datapath, port: key)] = MulticastMembers(
            local: local, peers: peers, remote: remote)
    }

    func neighbour(_ datapath: UInt32, _ port: UInt32, _ address: String, _ mac: MACAddress?) {
        guard let address = IPAddress(parsing: address) else { return }
        let key = NeighbourKey(
            port: PortReference(datapath: datapath, port: port), address: address)
        view.neighbours[key] = mac
    }

    func tunnel(
        _ remote: String, vport: UInt32 = 99, kind: EncapsulationType = .geneve,
        service: TunnelService = .standard
    ) -> TunnelEndpoint {
        let address = IPAddress(parsing: remote) ?? .v4(.zero)
        view.tunnelDevices[vport] = kind
        view.tunnelSources.insert(address)
        return TunnelEndpoint(
            encapsulation: kind, vport: vport, remote: address, local: nil, service: service)
    }

    func snapshot() -> TranslationSnapshot {
        revision += 1
        return TranslationSnapshot(revision: revision, pipeline: builder.commit(), view: view)
    }
}

/// What a packet led to.
struct Outcome: Equatable {
    struct Sent: Hashable, Comparable {
        var port: UInt32
        var frame: [UInt8]
        var tunnel: TunnelKey?

        static func < (left: Sent, right: Sent) -> Bool {
            (left.port, left.frame.description, "\(String(describing: left.tunnel))")
                < (right.port, right.frame.description, "\(String(describing: right.tunnel))")
        }
    }

    var sent: [Sent] = []
    /// Those of packets that came up, and of flows that served packets.
    var effects: Set<SideEffect> = []
    /// Passes through connection tracking, and lookups after the first.
    var trackings = 0
    var recirculations = 0
    /// Errors of the kernel, which no test expects.
    var faults: [String] = []

    /// The same with the packets in no order.
    var sorted: Outcome {
        var result = self
        result.sent.sort()
        return result
    }
}

/// One host: kernel, translator and flow table, without threads in between.
struct Host: ~Copyable {
    static let upcallPort: UInt32 = 4242

    var kernel: ModelDatapath
    var translator = Translator()
    var table: MegaflowTable
    var now: UInt64 = 1000
    /// Packets that came up to be logged.
    var logged: [(cookie: LogCookie, packet: FlowKey)] = []
    /// Packets that came up for collectors.
    var sampled: [SampledPacket] = []
    /// What listeners of psample have heard.
    var heard: [(group: UInt32, cookie: [UInt8])] = []
    /// Packets that came up, misses and actions.
    var upcalls = 0

    init(
        _ snapshot: TranslationSnapshot, ports: [ModelDatapath.Port], epoch: UInt32 = 1,
        limits: MegaflowTable.Limits = MegaflowTable.Limits()
    ) {
        kernel = ModelDatapath(ports: ports)
        table = MegaflowTable(epoch: epoch, snapshot: snapshot, limits: limits)
    }

    /// A packet arrives; everything that follows from it happens.
    mutating func receive(
        _ frame: [UInt8], on port: UInt32, metadata: FlowKey = FlowKey()
    ) -> Outcome {
        var outcome = Outcome()
        let events = kernel.receive(frame, on: port, metadata: metadata, now: now)
        account(&outcome)
        handle(events, &outcome)
        return outcome
    }

    private func account(_ outcome: inout Outcome) {
        outcome.trackings += kernel.lastTrackings
        for flow in kernel.lastHits {
            if flow.key[.recirculationID] != 0 { outcome.recirculations += 1 }
            guard let id = flow.id, let entry = table.entries[id] else { continue }
            outcome.effects.formUnion(entry.effects)
        }
    }

    private mutating func handle(_ events: [ModelDatapath.Event], _ outcome: inout Outcome) {
        for event in events {
            switch event {
            case .transmitted(let port, let frame, let tunnel):
                outcome.sent.append(.init(port: port, frame: frame, tunnel: tunnel))
            case .dropped(.clash): break
            case .dropped(let drop): outcome.faults.append("\(drop)")
            case .upcall(let upcall): serve(upcall, &outcome)
            case .sampled(let group, let cookie, _): heard.append((group, cookie))
            }
        }
    }

    private mutating func serve(_ upcall: ModelDatapath.Upcall, _ outcome: inout Outcome) {
        // A copy for the log.
        if case .action(let action) = upcall.reason, let cookie = LogCookie(action.cookie) {
            logged.append((cookie, upcall.key))
            return
        }
        if case .action(let action) = upcall.reason,
            let packet = SampledPacket(action.cookie, key: upcall.key, frame: upcall.frame)
        {
            sampled.append(packet)
            return
        }
        upcalls += 1
        let snapshot = table.snapshot
        let translation = translator.translate(
            TranslationInput(key: upcall.key, frame: upcall.frame, upcallPort: Self.upcallPort),
            in: snapshot)
        if upcall.reason == .miss {
            put(translation, upcall.key, &outcome)
        }
        outcome.effects.formUnion(translation.effects)
        learn(translation.effects, &outcome)
        for emission in translation.packets(of: upcall) {
            do {
                let events = try kernel.execute(
                    emission.frame, metadata: emission.metadata, actions: emission.actions,
                    now: now)
                account(&outcome)
                handle(events, &outcome)
            } catch { outcome.faults.append("execute: \(error)") }
        }
    }

    /// Keeps what packets teach the translator, and asks the flows again that depend on it.
    mutating func learn(_ effects: some Sequence<SideEffect>, _ outcome: inout Outcome) {
        for effect in effects {
            let touched = translator.keep(effect, now: Int64(now))
            guard !touched.isEmpty else { continue }
            table.touch(touched)
            do { try check() } catch { outcome.faults.append("check: \(error)") }
        }
    }

    private mutating func put(
        _ translation: Translation, _ key: FlowKey, _ outcome: inout Outcome
    ) {
        guard
            case .put(let flow) = table.add(
                translation, key: key, under: table.snapshot, now: now)
        else { return }
        do {
            for id in table.takeEvicted() { try kernel.delete(id) }
            try kernel.put(flow)
        } catch { outcome.faults.append("put: \(error)") }
    }

    /// Swaps the snapshot and brings the kernel's flows up to date; returns how many were touched.
    @discardableResult
    mutating func swap(to snapshot: TranslationSnapshot) throws -> Int {
        table.swap(to: snapshot)
        return try check()
    }

    /// Forgets what no packet has used for too long.
    mutating func expire(now: Int64) throws {
        self.now = UInt64(now)
        table.touch(translator.expire(now: now))
        try check()
    }

    @discardableResult
    private mutating func check() throws -> Int {
        let snapshot = table.snapshot
        let dirty = table.unchecked.sorted()
        for id in dirty {
            guard let key = table.entries[id]?.flow.key else { continue }
            let translation = translator.translate(
                TranslationInput(key: key, frame: nil, upcallPort: Self.upcallPort), in: snapshot)
            switch table.check(id, translation) {
            case nil: break
            case .delete(let id)?: try kernel.delete(id)
            case .modify(let id, let actions)?: try kernel.modify(id, actions: actions)
            case .put?: break
            }
        }
        return dirty.count
    }
}

extension Translation {
    /// What to execute for the packet that was translated.
    func packets(of upcall: ModelDatapath.Upcall) -> [Emission] {
        if let emissions { return emissions }
        guard !actions.isEmpty else { return [] }
        return [Emission(frame: upcall.frame, metadata: upcall.key, actions: actions)]
    }
}

/// Frames between the stations of the tests.
enum Frames {
    static let a = MACAddress(0x0a00_0000_0001)
    static let b = MACAddress(0x0a00_0000_0002)
    static let c = MACAddress(0x0a00_0000_0003)
    static let router = MACAddress(0x0a00_0000_00ff)

    static func ethernet(_ source: MACAddress, _ destination: MACAddress) -> EthernetHeader {
        EthernetHeader(destination: destination, source: source)
    }

    static func ipv4(_ source: String, _ destination: String) -> IPHeader.Addresses {
        .v4(
            source: IPv4Address(parsing: source) ?? .zero,
            destination: IPv4Address(parsing: destination) ?? .zero)
    }

    static func ipv6(_ source: String, _ destination: String) -> IPHeader.Addresses {
        .v6(
            source: IPv6Address(parsing: source) ?? .zero,
            destination: IPv6Address(parsing: destination) ?? .zero)
    }

    static func udp(
        _ source: MACAddress, _ destination: MACAddress, from: String = "10.0.0.1",
        to: String = "10.0.0.2", ttl: UInt8 = 64, port: UInt16 = 53, _ payload: [UInt8] = [1]
    ) -> [UInt8] {
        PacketBuilder.udp(
            ethernet(source, destination), ipv4(from, to), ttl: ttl, source: 1000,
            destination: port, payload)
    }

    static func arpRequest(
        _ source: MACAddress, _ sender: String, _ target: String,
        to destination: MACAddress = .broadcast
    ) -> [UInt8] {
        PacketBuilder.arp(
            ethernet(source, destination),
            ARPMessage(
                operation: ARPMessage.request,
                sender: (source, IPv4Address(parsing: sender) ?? .zero),
                target: (.zero, IPv4Address(parsing: target) ?? .zero)))
    }
}
