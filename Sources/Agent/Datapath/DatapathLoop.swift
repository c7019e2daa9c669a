// Misses in, megaflows out: owns the upcall sockets, the translator and the table of megaflows.
//
// Until the first complete snapshot nothing is read, so misses wait in the kernel's queues, and
// nothing is judged, so the flows of a run before go on forwarding. After it the flows that are
// there are adopted, and every snapshot that follows only touches the flows that depended on what
// changed. A revision is acknowledged when all its commands are known to have been executed.

import AgentCore
import Datapath
import Linux
import Logging
import Netlink

final class DatapathLoop {
    enum Limits {
        /// How often the kernel's flows are listed for their counters, at most and at least.
        static let dumpInterval: Duration = .milliseconds(1000)
        static let longestDumpInterval: Duration = .milliseconds(5000)
        /// Lists of many flows leave the thread so many times their own time for misses.
        static let dumpShare: Int64 = 10
        /// How soon the flows are listed again when the kernel could not list them.
        static let listInterval: Duration = .milliseconds(100)
        /// How often the control thread hears which learned entries are in use; more often if they age sooner.
        static let useInterval: Milliseconds = 5000
        /// How often the kernel's flows and meters are compared with what was put, at most.
        static let sweepInterval: Milliseconds = 10_000
        /// A comparison leaves the thread so many times its own time.
        static let sweepShare: Int64 = 100
        /// Flows translated afresh, and meters asked for, in one comparison.
        static let sweptFlows = 64
        static let sweptMeters = 64
        /// Unknown recirculation numbers whose flows are looked for at once.
        static let unknownRecirculations = 64
        /// How often a translation is repeated because the snapshot changed under it.
        static let retries = 4
    }

    let loop: EventLoop
    let log = Logger(label: "datapath")
    let aclLog = Logger(label: "acl_log")
    var report: @Sendable (DatapathReport) -> Void = { _ in }
    let flows: any FlowDatapath
    var translator: Translator
    var table: MegaflowTable?
    /// The newest snapshot that waits for the kernel to list its flows.
    var awaited: TranslationSnapshot?
    /// Keeps what recirculation numbers stand for; nil if the next run shall not know.
    let recirculations: RecirculationFile?
    /// Numbers under which packets came back, and which stand for nothing.
    var unknownRecirculations: Set<UInt32> = []
    var waiting = NeighbourBuffer()
    var admission = LessonLimiter()
    var limiter = ServiceLimiter()
    private var turns = UpcallTurns()
    /// Ports whose misses the kernel keeps to their budget.
    var heldBudgets: Set<UInt32> = []
    var controlMeters = ControlMeters()
    /// Learned entries that packets used since the last dump.
    var used: Set<EntryUse> = []
    var nextUseReport: Milliseconds = 0
    var nextSweep: Milliseconds = 0
    var sweeps: UInt64 = 0
    /// Where the next comparison of meters begins.
    var nextMeter: UInt32 = 1
    var counters = DatapathCounters()
    var encodings = EncodingMemo()
    /// Whether it is known what the kernel's flows are.
    var doubt = FlowDoubt()
    /// It will be asked.
    var isSettling = false
    /// What an operator has asked for, and what there is to tell.
    var supervision = FlowSupervision()
    /// Until the kernel's flows are listed again.
    var dumpPause = Limits.dumpInterval
    private let reader = UpcallReader()
    /// The port of the last packet, and the netlink port that hears its packets.
    private var lastPort: (vport: UInt32, upcalls: UInt32)?
    private var ports: [UInt32: (port: UpcallPort, watch: EventLoop.Watch?)] = [:]
    /// Grows with the runs of the agent, so that a flow tells which run put it.
    let epoch: UInt32

    /// - Parameter samplePort: the netlink port that hears sampled packets; zero if nobody does.
    init(
        loop: EventLoop, flows: any FlowDatapath, samplePort: UInt32 = 0,
        recirculations: RecirculationFile? = nil
    ) {
        self.loop = loop
        self.flows = flows
        self.recirculations = recirculations
        translator = Translator()
        translator.samplePort = samplePort
        translator.meters.limit = flows.meterLimit
        epoch = UInt32(truncatingIfNeeded: Clock.wallMilliseconds / 1000)
    }

    func start() { scheduleDump() }

    /// Milliseconds, from wherever.
    var clock: () -> Milliseconds = { Clock.monotonicMilliseconds }
    var now: Milliseconds { clock() }

    /// The netlink port that hears the packets of a kernel port.
    func upcallPort(_ vport: UInt32) -> UInt32 { ports[vport]?.port.socket.portID ?? 0 }

    /// That of the port by which a packet came in.
    func upcallPort(of key: FlowKey) -> UInt32 {
        let vport = UInt32(truncatingIfNeeded: key[.inputPort])
        if let last = lastPort, last.vport == vport { return last.upcalls }
        let upcalls = upcallPort(vport)
        lastPort = (vport, upcalls)
        return upcalls
    }

    /// A netlink port for packets that came in by none; zero before there is a port.
    var anyUpcallPort: UInt32 {
        ports.min { $0.key < $1.key }?.value.port.socket.portID ?? 0
    }

    func portName(_ vport: UInt32) -> String { ports[vport]?.port.name ?? String(vport) }

    // MARK: Ports

    func change(added: [UpcallPort], removed: [UInt32]) {
        lastPort = nil
        for vport in removed { removePort(vport) }
        for port in added {
            removePort(port.vport)
            ports[port.vport] = (port, nil)
        }
        if table != nil { listen() }
    }

    private func removePort(_ vport: UInt32) {
        guard let old = ports.removeValue(forKey: vport) else { return }
        if let watch = old.watch { loop.unwatch(watch) }
    }

    /// Begins to read the sockets.
    func listen() {
        for (vport, entry) in ports where entry.watch == nil {
            do {
                let watch = try loop.watch(entry.port.socket.rawDescriptor) { [unowned self] _ in
                    serve(vport)
                }
                ports[vport] = (entry.port, watch)
            } catch {
                report(.problem("upcall socket of \(entry.port.name): \(error)"))
            }
        }
    }

    /// Most often one packet waits, so it goes on before the socket is asked for more.
    private func serve(_ vport: UInt32) {
        guard let port = ports[vport]?.port, serve(port, limit: 1) == 1 else { return }
        let limit = turns.limit(of: vport, now: now)
        turns.took(1 + (limit > 1 ? serve(port, limit: limit - 1) : 0), from: vport, now: now)
    }

    /// - Returns: how many there were.
    private func serve(_ port: UpcallPort, limit: Int) -> Int {
        var upcalls: [Upcall] = []
        do {
            let turn = try reader.read(port.socket, limit: limit, into: &upcalls)
            if turn.overflowed {
                counters.overflows += 1
                AgentCoverage.overflows.hit()
            }
            AgentCoverage.malformed.hit(UInt64(turn.malformed))
            counters.upcalls += UInt64(turn.received)
            handle(withinBudget(upcalls, of: port.vport), upcallPort: port.socket.portID)
        } catch {
            report(.problem("upcalls of \(port.name): \(error)"))
        }
        return upcalls.count
    }
}

/// What the datapath thread counts beside its flows.
struct DatapathCounters {
    var upcalls: UInt64 = 0
    /// Times that a port's queue was found full.
    var overflows: UInt64 = 0
    var refusedPuts: UInt64 = 0
    /// Flows that were asked again after a change.
    var rechecks: UInt64 = 0
    var dropped = DropCounts()
    /// How many packets were dropped, by where and why.
    var drops: [PacketDrop: UInt64] { dropped.all }
    var crossings: PatchTraffic = [:]
}
