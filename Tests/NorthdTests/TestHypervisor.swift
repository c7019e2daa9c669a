import AgentCore
import Datapath
import OVSDBModel
import OVSDBSession
import Pipeline
import Schemas
import Testing
import Wire

@testable import Northd

/// What a packet led to: who got it, and how often the kernels looked it up again on its way.
struct Journey: Equatable {
    struct Arrival: Equatable {
        var port: String
        var frame: [UInt8]
    }

    var arrivals: [Arrival] = []
    /// Lookups after the first, and passes through the connection tracker, on all hypervisors.
    var trips = 0
    var trackings = 0
    /// What no test expects.
    var faults: [String] = []

    var receivers: [String] { arrivals.map(\.port) }
}

/// A chassis on the databases of a `TestNetwork`: the translator of the agent over a model of the
/// kernel, with the view that the Southbound database gives.
final class TestHypervisor {
    static let tunnelPort: UInt32 = 99

    let name: String
    let address: IPv4Address
    /// The logical ports here; their kernel ports count from 1.
    let ports: [String]
    private var kernel: ModelDatapath
    private var translator = Translator()
    private var table: MegaflowTable
    private var now: UInt64 = 1000
    private var journey = Journey()
    /// Packets on their way to other hypervisors.
    private var parcels: [(frame: [UInt8], tunnel: TunnelKey)] = []

    init?(_ name: String, _ address: String, ports: [String], of network: TestNetwork) {
        guard let address = IPv4Address(parsing: address),
            let snapshot = Self.snapshot(
                name, address, ports, network.southbound.replica)
        else { return nil }
        self.name = name
        self.address = address
        self.ports = ports
        kernel = ModelDatapath(
            ports: ports.indices.map { .init(UInt32($0 + 1)) } + [.init(Self.tunnelPort, .tunnel)])
        table = MegaflowTable(epoch: 1, snapshot: snapshot)
    }

    private static func snapshot(
        _ name: String, _ address: IPv4Address, _ ports: [String], _ replica: Replica
    ) -> TranslationSnapshot? {
        guard let identity = ChassisPass.identity(in: replica, name: name, hostname: name) else {
            return nil
        }
        let interfaces = LocalInterfaces(
            ports.enumerated().map { index, port in
                LocalInterface(
                    row: RowUUID(high: 1, low: UInt64(index)), name: port, logicalPort: port,
                    vport: UInt32(index + 1))
            })
        let binding = BindingPass(
            replica,
            .init(identity: identity, interfaces: interfaces, installed: [], taken: [:]))
        var kernel = KernelPorts()
        kernel.tunnels[.geneve] = tunnelPort
        let pass = PhysicalPass(
            replica,
            .init(
                configuration: ChassisConfiguration(
                    externalIDs: [
                        "system-id": name, "ovn-encap-type": "geneve",
                        "ovn-encap-ip": "\(address)",
                    ], hostname: name),
                identity: identity, claims: binding.claims, interfaces: interfaces,
                kernel: kernel))
        return TranslationSnapshot(
            revision: 1, pipeline: pipeline(replica, identity), view: view(pass))
    }

    private static func pipeline(
        _ replica: Replica, _ identity: ChassisIdentity
    ) -> PipelineSnapshot {
        let feed = PipelineFeed()
        feed.apply(replica.asChanges)
        let pipeline = feed.current(replica, chassis: identity.row, name: identity.name)
        #expect(feed.problemTexts == [])
        return pipeline
    }

    private static func view(_ pass: PhysicalPass) -> PhysicalView {
        var inputs = pass.inputs
        let zones = ZonePass(inputs, range: 1...1000, isComplete: true)
        var allocator = ZoneAllocator()
        _ = allocator.update(zones.demand)
        inputs.zones = zones.numbers(allocator)
        var builder = PhysicalBuilder(inputs)
        return builder.build()
    }

    // MARK: - Packets

    /// What the agent says of a packet, and of its drops.
    func explain(
        _ microflow: String, _ network: TestNetwork
    ) throws -> (trace: String, drops: [String]) {
        let replica = network.southbound.replica
        let trace = AgentTrace(snapshot: table.snapshot, replica: replica)
        let arrival = try trace.arrival(microflow)
        var key = FlowKey(of: arrival.frame)
        key[.inputPort] = UInt64(arrival.vport)
        var translator = Translator()
        let translation = translator.translate(
            TranslationInput(key: key, frame: arrival.frame, upcallPort: 0), in: table.snapshot)
        let names = FlowDirectory(replica)
        return (try trace.run(microflow), translation.drops.map { $0.text(names) })
    }

    /// A frame arrives at a local port, or through the tunnel; what follows from it here happens.
    func receive(
        _ frame: [UInt8], on port: UInt32, metadata: FlowKey = FlowKey()
    ) -> (journey: Journey, parcels: [(frame: [UInt8], tunnel: TunnelKey)]) {
        journey = Journey()
        parcels = []
        handle(kernel.receive(frame, on: port, metadata: metadata, now: now))
        return (journey, parcels)
    }

    private func handle(_ events: [ModelDatapath.Event]) {
        journey.trackings += kernel.lastTrackings
        journey.trips += kernel.lastHits.count { $0.key[.recirculationID] != 0 }
        for event in events {
            switch event {
            case .transmitted(_, let frame, let tunnel?): parcels.append((frame, tunnel))
            case .transmitted(let port, let frame, nil):
                journey.arrivals.append(.init(port: ports[Int(port) - 1], frame: frame))
            case .dropped(let drop): journey.faults.append("\(drop)")
            case .sampled: break
            case .upcall(let upcall): serve(upcall)
            }
        }
    }

    private func serve(_ upcall: ModelDatapath.Upcall) {
        let translation = translator.translate(
            TranslationInput(key: upcall.key, frame: upcall.frame, upcallPort: 4242),
            in: table.snapshot)
        do {
            if upcall.reason == .miss,
                case .put(let flow) = table.add(
                    translation, key: upcall.key, under: table.snapshot, now: now)
            {
                try kernel.put(flow)
            }
            for emission in translation.emissions ?? [
                Emission(
                    frame: upcall.frame, metadata: upcall.key, actions: translation.actions)
            ] where !emission.actions.isEmpty {
                handle(
                    try kernel.execute(
                        emission.frame, metadata: emission.metadata, actions: emission.actions,
                        now: now))
            }
        } catch { journey.faults.append("\(error)") }
    }
}

/// Hypervisors and the tunnels between them.
struct TestFabric {
    let hypervisors: [TestHypervisor]

    /// A frame from a logical port, and all that becomes of it.
    func send(_ frame: [UInt8], from port: String) -> Journey {
        for hypervisor in hypervisors {
            guard let index = hypervisor.ports.firstIndex(of: port) else { continue }
            return deliver(frame, to: hypervisor, on: UInt32(index + 1), FlowKey(), hops: 0)
        }
        return Journey(faults: ["no port \(port)"])
    }

    private func deliver(
        _ frame: [UInt8], to hypervisor: TestHypervisor, on port: UInt32, _ metadata: FlowKey,
        hops: Int
    ) -> Journey {
        var (journey, parcels) = hypervisor.receive(frame, on: port, metadata: metadata)
        guard hops < 4 else { return Journey(faults: ["the packet goes round in circles"]) }
        for (frame, tunnel) in parcels {
            guard
                let next = hypervisors.first(where: { tunnel.destination == .v4($0.address) })
            else {
                journey.faults.append("nobody at \(tunnel.destination)")
                continue
            }
            let rest = deliver(
                frame, to: next, on: TestHypervisor.tunnelPort,
                Self.arrived(tunnel, from: hypervisor), hops: hops + 1)
            journey.arrivals += rest.arrivals
            journey.trips += rest.trips
            journey.trackings += rest.trackings
            journey.faults += rest.faults
        }
        return journey
    }

    /// What the receiver's kernel keeps beside a packet from a tunnel.
    private static func arrived(_ tunnel: TunnelKey, from sender: TestHypervisor) -> FlowKey {
        var key = FlowKey()
        key[.tunnelID] = tunnel.id
        key[.tunnelFamily] = TunnelFamily.ipv4
        key[wide: .tunnelSource] = UInt128(sender.address.bits)
        key[.tunnelOptions] = TunnelOptions.logical
        key[.tunnelOption] = UInt64(tunnel.option ?? 0)
        return key
    }
}
