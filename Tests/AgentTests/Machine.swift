import Linux
import LogicalFlow
import Pipeline
import Wire

@testable import Agent
@testable import AgentCore
@testable import Datapath
@testable import Netlink

/// One kernel, and one run of the agent's datapath thread after the other on it.
final class Machine {
    let loop: EventLoop
    let flows = ModelFlows(ModelDatapath(ports: [.init(1), .init(2), .init(3)]))
    let wiring = Wiring()
    /// Where runs keep their states, and of which kernel they take this for; none keeps them without.
    var statesPath: String?
    var place = RecirculationPlace(boot: "first", namespace: 7, datapath: 3)

    init() throws { loop = try EventLoop() }

    func start() -> DatapathLoop {
        DatapathLoop(
            loop: loop, flows: flows,
            recirculations: statesPath.map { RecirculationFile($0, place: place) })
    }

    /// A run that has its first complete snapshot.
    func run() -> DatapathLoop {
        let run = start()
        run.install(wiring.snapshot(), isComplete: true)
        return run
    }

    /// A frame arrives; the run gets what comes up. Returns the ports that it leaves by.
    @discardableResult
    func receive(_ frame: [UInt8], on port: UInt32, _ run: DatapathLoop) -> [UInt32] {
        var latest = flows.kernel.receive(frame, on: port, now: UInt64(run.now))
        var events = latest
        while !latest.isEmpty {
            let executed = flows.events.count
            for case .upcall(let upcall) in latest {
                run.handle([Upcall(upcall)], upcallPort: 0)
            }
            latest = Array(flows.events[executed...])
            events += latest
        }
        return events.compactMap {
            if case .transmitted(let port, _, _) = $0 { port } else { nil }
        }
    }

    func upcallKey(of frame: [UInt8], on port: UInt32) -> FlowKey {
        var key = FlowKey(of: frame)
        key[.inputPort] = UInt64(port)
        return key
    }

    /// A frame that the kernel handed up before it had the flows that it has.
    func miss(_ frame: [UInt8], on port: UInt32, _ run: DatapathLoop) {
        misses([(frame, port)], run)
    }

    /// Such frames, all taken in one turn.
    func misses(_ frames: [(frame: [UInt8], port: UInt32)], _ run: DatapathLoop) {
        let upcalls = frames.map {
            ModelDatapath.Upcall(
                reason: .miss, key: upcallKey(of: $0.frame, on: $0.port), frame: $0.frame)
        }
        run.handle(upcalls.map { Upcall($0) }, upcallPort: 0)
    }

    var identifiers: Set<FlowID?> { Set(flows.kernel.dump().map(\.id)) }
}

extension Upcall {
    /// What the model handed up, as the kernel would say it.
    init(_ upcall: ModelDatapath.Upcall) {
        let isMiss = upcall.reason == .miss
        self.init(
            reason: isMiss ? .miss : .action, datapathIndex: 1, key: upcall.key,
            packet: upcall.frame, userData: [], egressTunnel: nil, maximumReceivedUnit: nil,
            originalLength: nil, hash: nil)
    }
}

/// A logical switch with ports a and b here and c nowhere, as snapshots.
final class Wiring {
    static let a = MACAddress(0x0a00_0000_0001)
    static let b = MACAddress(0x0a00_0000_0002)
    static let c = MACAddress(0x0a00_0000_0003)

    let builder = PipelineBuilder()
    private var view = PhysicalView()
    private var revision: UInt64 = 0
    private var rows: UInt64 = 0

    init() {
        port("a", 1, here: 1)
        port("b", 2, here: 2)
        port("c", 3, here: nil)
        flow(.ingress, 0, 50, "1", "next;")
        for (name, address) in [("a", Self.a), ("b", Self.b), ("c", Self.c)] {
            flow(.ingress, 1, 50, "eth.dst == \(address)", "outport = \"\(name)\"; output;")
        }
        flow(.egress, 0, 0, "1", "output;")
    }

    /// - Parameter meter: on what the flow hands to the agent.
    @discardableResult
    func flow(
        _ pipeline: Stage.Pipeline, _ table: Int, _ priority: UInt16, _ match: String,
        _ actions: String, meter: String? = nil
    ) -> RowIdentifier {
        rows += 1
        let id = RowIdentifier(high: 0, low: rows)
        builder.add(
            Pipeline.FlowRecord(
                id: id, stage: Stage(pipeline, table),
                priority: priority, scope: .datapath(DatapathKey(1)), match: match,
                actions: actions, controllerMeter: meter))
        return id
    }

    /// What a meter of the configuration lets through.
    func meter(_ name: String, _ rate: MeterRate) { view.meters[name] = rate }

    /// Seconds that learned entries live.
    func age(_ seconds: Int?) { view.shortestAge = seconds }

    func port(
        _ name: String, _ key: UInt32, here vport: UInt32?, security: [PortSecurityEntry] = []
    ) {
        let reference = PortReference(datapath: 1, port: key)
        builder.setPort(
            PortRecord(name: name, datapath: DatapathKey(1), key: key, isResident: false))
        view.zones[1] = DatapathZones(dnat: 1001, snat: 2001)
        view.ports[reference] = PhysicalPort(
            reference: reference, name: name, type: "",
            place: vport.map { .here(vport: $0) } ?? .nowhere, zone: UInt16(key),
            portSecurity: security)
        guard let vport else { return }
        view.inputs[vport] = reference
        view.localPorts.insert(name)
    }

    /// Packets are tracked on their way in, and go on behind that.
    func track() {
        flow(.ingress, 0, 60, "ip", "ct_next;")
        flow(.ingress, 1, 90, "ct.inv", "drop;")
    }

    /// Kernel ports 1, 2 and 3 are ports of a bridge, and no logical ports.
    func becomeBridge() {
        view.inputs = [:]
        let names = [1, 2, 3].map { (vport: UInt32($0), name: BridgePortName.own("p\($0)")) }
        view.bridges["br-ex"] = ProviderBridge(
            name: "br-ex",
            ports: names.map {
                BridgePort(name: $0.name, membership: .trunk(), way: .devices([$0.vport]))
            })
        for (vport, name) in names {
            view.bridgeInputs[vport] = BridgeInput(bridge: "br-ex", port: name)
        }
    }

    /// Kernel port 3 is the network card of a bridge, which the logical port "c" stands for.
    func attachNetwork() {
        let network = PortReference(datapath: 1, port: 3)
        view.ports[network] = PhysicalPort(
            reference: network, name: "c", type: "localnet", place: .bridge("br-ex"))
        view.bridges["br-ex"] = ProviderBridge(
            name: "br-ex",
            ports: [
                BridgePort(name: .own("nic"), membership: .trunk(), way: .devices([3])),
                BridgePort(name: .logical(network), membership: .access(0), way: .datapath),
            ])
        view.bridgeInputs[3] = BridgeInput(bridge: "br-ex", port: .own("nic"))
    }

    /// What a VIF may have the agent do.
    func limit(_ vport: UInt32, _ text: String) {
        view.limits.ports[vport] = ControlLimits(parsing: text)
    }

    func snapshot() -> TranslationSnapshot {
        revision += 1
        return TranslationSnapshot(revision: revision, pipeline: builder.commit(), view: view)
    }

    static func frame(from source: MACAddress, to destination: MACAddress) -> [UInt8] {
        PacketBuilder.udp(
            EthernetHeader(destination: destination, source: source),
            .v4(source: IPv4Address(0x0a00_0001), destination: IPv4Address(0x0a00_0002)), ttl: 64,
            source: 1000, destination: 53, [1])
    }
}
