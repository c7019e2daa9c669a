import Linux
import LogicalFlow
import Pipeline
import Schemas
import Synchronization
import Wire

@testable import Agent
@testable import AgentCore
@testable import Datapath
@testable import Netlink
@testable import OVSDBSession

/// A client that is routed to the stations of a switch, all of which one workload pretends to be:
/// the agent's datapath thread on the model of the kernel, what it learns, and a Southbound database,
/// on a clock of their own.
///
/// Kernel ports: 1 the honest stations, 2 the flooder, both of the switch; 3 the client.
final class FloodedHost {
    static let router = MACAddress(0x0a00_0000_00f1)
    static let gateway = MACAddress(0x0a00_0000_00f2)
    static let client = MACAddress(0x0a00_0000_0001)
    static let flooder = MACAddress(0x0a00_0000_0002)
    /// Rows that a port of the network may have.
    static let rows = 512

    private let flows = ModelFlows(ModelDatapath(ports: [.init(1), .init(2), .init(3)]))
    private let network = FloodedNetwork()
    let run: DatapathLoop
    private(set) var database = LearnedDatabase()
    private(set) var learning: Learning
    private let told = Told()
    private(set) var lessons = 0
    private(set) var now: Milliseconds = 1000
    private var delivered = 0
    private let time = Time()

    private final class Told: Sendable {
        let lessons = Mutex<[TaughtLesson]>([])

        func take() -> [TaughtLesson] {
            lessons.withLock { lessons in
                defer { lessons = [] }
                return lessons
            }
        }
    }

    private final class Time { var now: Milliseconds = 1000 }

    /// - Parameter asks: the router learns answers to its questions only.
    init(asks: Bool = false) throws {
        var limits = LearnedLimits()
        limits.neighbours = Self.rows
        limits.stations = Self.rows
        learning = Learning(limits: limits)
        run = DatapathLoop(loop: try EventLoop(), flows: flows)
        run.clock = { [time] in time.now }
        run.report = { [told] report in
            if case .learned(let lessons) = report { told.lessons.withLock { $0 += lessons } }
        }
        network.addRows(to: &database)
        if asks { network.askFirst() }
        run.install(network.snapshot(), isComplete: true)
    }

    // MARK: - Packets

    /// Packets that the kernel has no flow for.
    func misses(_ frames: [[UInt8]], on port: UInt32) {
        let upcalls = frames.map { frame in
            var key = FlowKey(of: frame)
            key[.inputPort] = UInt64(port)
            return ModelDatapath.Upcall(reason: .miss, key: key, frame: frame)
        }
        run.handle(upcalls.map { Upcall($0) }, upcallPort: 0)
    }

    /// A packet arrives.
    func receive(_ frame: [UInt8], on port: UInt32) {
        for case .upcall(let upcall) in flows.kernel.receive(frame, on: port, now: UInt64(now)) {
            run.handle([Upcall(upcall)], upcallPort: 0)
        }
    }

    /// The packets that left by a port since the last time.
    func takeDelivered(on port: UInt32) -> [[UInt8]] {
        defer { delivered = flows.events.count }
        _ = flows.takeOperations()
        return flows.events[delivered...].compactMap {
            if case .transmitted(port, let frame, _) = $0 { frame } else { nil }
        }
    }

    // MARK: - Time

    /// Time passes; what was learned is written, and found from then on.
    func pass(_ milliseconds: Milliseconds) {
        now += milliseconds
        time.now = now
        for lesson in told.take() {
            learning.learn(lesson.lesson, from: lesson.source, now: now, delay: 1)
            lessons += 1
        }
        var transaction = TransactionBuilder()
        learning.write(
            database.replica, now: now, wallClock: 1_700_000_000_000 + now, into: &transaction
        ) { database.makeUUID() }
        learning.conclude(isWritten: true)
        run.waiting.expire(now: now)
        let before = database.edits
        database.commit(transaction)
        guard database.edits != before else { return }
        network.learn(from: database.replica)
        run.install(network.snapshot(), isComplete: true)
    }
}

/// Two switches on a router, as flows; what is known of neighbours and stations, as rows.
private final class FloodedNetwork {
    private let builder = PipelineBuilder()
    private var view = PhysicalView()
    private var revision: UInt64 = 0
    private var lastRow: UInt64 = 0

    init() {
        port("good", 1, 1, .here(vport: 1))
        port("bad", 1, 2, .here(vport: 2))
        port("s-r", 1, 3, .peer(PortReference(datapath: 2, port: 1)), "patch")
        port("r-s", 2, 1, .peer(PortReference(datapath: 1, port: 3)), "patch")
        port("r-c", 2, 2, .peer(PortReference(datapath: 3, port: 2)), "patch")
        port("client", 3, 1, .here(vport: 3))
        port("c-r", 3, 2, .peer(PortReference(datapath: 2, port: 2)), "patch")
        builder.setMulticastGroup("_MC_flood", in: DatapathKey(1), key: 0x8000)
        view.groups[PortReference(datapath: 1, port: 0x8000)] = MulticastMembers(
            local: [1, 2], peers: [3], remote: [])
        view.routers.insert(2)
        addSwitches()
        addRouter()
    }

    private func addSwitches() {
        flow(1, .ingress, 0, 0, "1", "reg0[0] = lookup_fdb(inport, eth.src); next;")
        flow(
            1, .ingress, 1, 100, "inport == \"bad\" && reg0[0] == 0",
            "put_fdb(inport, eth.src); next;")
        flow(1, .ingress, 1, 0, "1", "next;")
        flow(1, .ingress, 2, 70, "eth.mcast", "outport = \"_MC_flood\"; output;")
        flow(
            1, .ingress, 2, 60, "eth.dst == \(FloodedHost.router)", "outport = \"s-r\"; output;")
        flow(1, .ingress, 2, 0, "1", "outport = \"good\"; output;")
        flow(1, .egress, 0, 0, "1", "output;")
        flow(3, .ingress, 0, 60, "inport == \"client\"", "outport = \"c-r\"; output;")
        flow(3, .egress, 0, 0, "1", "output;")
    }

    private func addRouter() {
        flow(
            2, .ingress, 0, 95, "arp.op == 2",
            "reg9[2] = lookup_arp(inport, arp.spa, arp.sha); put_arp(inport, arp.spa, arp.sha);")
        flow(2, .ingress, 0, 95, "nd_na", "put_nd(inport, nd.target, nd.tll);")
        flow(2, .ingress, 0, 90, "arp", "drop;")
        flow(2, .ingress, 0, 0, "ip", "next;")
        flow(
            2, .ingress, 1, 100, "ip4.dst == 10.0.0.0/8",
            "ip.ttl--; reg0 = ip4.dst; reg5 = 10.255.255.254; eth.src = \(FloodedHost.router); "
                + "outport = \"r-s\"; flags.loopback = 1; get_arp(outport, reg0); next;")
        flow(
            2, .ingress, 2, 100, "eth.dst == 00:00:00:00:00:00",
            "arp { eth.dst = ff:ff:ff:ff:ff:ff; arp.spa = reg5; arp.tpa = reg0; arp.op = 1; "
                + "output; }; output;")
        flow(2, .ingress, 2, 0, "1", "output;")
        flow(2, .egress, 0, 0, "1", "output;")
    }

    private func flow(
        _ datapath: UInt32, _ pipeline: Stage.Pipeline, _ table: Int, _ priority: UInt16,
        _ match: String, _ actions: String
    ) {
        lastRow += 1
        builder.add(
            Pipeline.FlowRecord(
                id: RowIdentifier(high: 0, low: lastRow), stage: Stage(pipeline, table),
                priority: priority, scope: .datapath(DatapathKey(datapath)), match: match,
                actions: actions))
    }

    private func port(
        _ name: String, _ datapath: UInt32, _ key: UInt32, _ place: PortPlace, _ type: String = ""
    ) {
        let reference = PortReference(datapath: datapath, port: key)
        builder.setPort(
            PortRecord(
                name: name, datapath: DatapathKey(datapath), key: key, isResident: false))
        view.zones[datapath] = DatapathZones(
            dnat: UInt16(1000 + datapath), snat: UInt16(2000 + datapath))
        view.ports[reference] = PhysicalPort(
            reference: reference, name: name, type: type, place: place,
            zone: UInt16(16 * datapath + key))
        guard case .here(let vport) = place else { return }
        view.inputs[vport] = reference
        view.localPorts.insert(name)
    }

    func addRows(to database: inout LearnedDatabase) {
        let network = database.insert(SB.DatapathBinding(tunnelKey: 1))
        let router = database.insert(SB.DatapathBinding(tunnelKey: 2))
        database.insert(SB.PortBinding(logicalPort: "bad", datapath: network, tunnelKey: 2))
        database.insert(
            SB.PortBinding(logicalPort: "r-s", type: "patch", datapath: router, tunnelKey: 1))
    }

    func askFirst() { view.askingRouters.insert(2) }

    func learn(from replica: Replica) {
        view.neighbours = [:]
        for row in replica.rows(SB.MACBinding.self).map(\.row) {
            guard let address = IPAddress(parsing: row.ip), let mac = MACAddress(parsing: row.mac)
            else { continue }
            let port = PortReference(datapath: 2, port: 1)
            view.neighbours[NeighbourKey(port: port, address: address)] = mac
        }
        view.learnedAddresses = [:]
        for row in replica.rows(SB.FDB.self).map(\.row) {
            guard let mac = MACAddress(parsing: row.mac) else { continue }
            view.learnedAddresses[LearnedAddressKey(datapath: 1, address: mac)] = UInt32(
                row.portKey)
        }
    }

    func snapshot() -> TranslationSnapshot {
        revision += 1
        return TranslationSnapshot(revision: revision, pipeline: builder.commit(), view: view)
    }
}
