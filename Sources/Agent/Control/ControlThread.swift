// The control thread: follows the local and the Southbound database, keeps the kernel's ports and
// both databases' rows in step with them, and hands each new state to the datapath thread.
//
// There are no change handlers. Whatever happens (rows, links, acknowledgements, timers) only asks
// for an evaluation; an evaluation compares what is with what ought to be and carries out the
// difference. While a write to a database is under way nothing more is written to it, because what
// was written is not to be seen yet; its outcome asks for the next evaluation.

import AgentCore
import Linux
import Logging
import Netlink
import OVSDBModel
import OVSDBSession
import OVSDBTransport
import Schemas

final class ControlThread {
    let configuration: AgentConfiguration
    let loop: EventLoop
    let threads: IOThreads
    let driver: KernelDriver
    let worker: DatapathThread
    let sampler: SamplingThread
    /// The kernel's release if it has no action psample.
    let releaseWithoutLocalSamples: String?
    let log = Logger(label: "main")
    let hostname: String

    let local: OVSDBClient
    var southbound: OVSDBClient?

    // What was read last.
    var system: LocalSystem?
    var kernelPlan: BridgePlan?
    var flowKeeping = FlowKeeping()
    var kernelTunnels: Set<EncapsulationType>?
    /// Devices that mirrors need, and those that the kernel was asked for.
    var mirrorDevices: Set<MirrorDevice> = []
    var kernelMirrors: Set<MirrorDevice> = []
    var attachments = LocalAttachments()
    var interfaces = InterfaceHistory()
    var identity: ChassisIdentity?
    var claims: [RowUUID: PortClaim] = [:]
    var taken: [RowUUID: Milliseconds] = [:]
    var datapaths = LocalDatapaths.none
    var dropping = DroppingNotes()
    /// What the datapath thread has counted at patch ports.
    var patchTraffic: PatchTraffic = [:]
    var conditions: MonitorConditions?
    var services = ServiceHub()
    var serviceTimer: EventLoop.Timer?
    var wantedConditions: UInt64 = 0

    /// What the exporters of samples were told last.
    var sampling = SamplingConfiguration()
    var collectorSets: [UInt32: CollectorSet] = [:]

    // What changed since the last evaluation.
    var linksChanged = true
    var southboundChanged = true
    var derived = SouthboundDerivations()

    // What was handed on.
    let feed = PipelineFeed()
    var physical = PhysicalView()
    var revision: UInt64 = 0
    /// What the datapath thread was given last.
    var snapshot: TranslationSnapshot?
    var progress = Progress()

    var localWrite = WriteGate()
    var southboundWrite = WriteGate()
    var southboundRetry = RetryPlan(interval: 1000)
    var learning = Learning()
    /// Nil before the integration bridge was asked for the zones of an earlier run.
    var zones: ZoneAllocator?
    var lost = LostConnections()
    var nextHops = NextHopMemory()
    /// Nil before all rows that say them are there.
    var patches: [PatchPair]?
    /// Nil before all rows that say them are there.
    var rates: [PortRate]?
    var shaping = LocalShaping()
    var ingressLimits: [String: IngressLimit] = [:]
    /// What the kernel has; nil before it was asked.
    var zoneLimits: [UInt16: UInt32]?

    /// Set by an operator: nothing is evaluated until it is unset.
    var isPaused = false {
        didSet { if !isPaused { evaluateSoon() } }
    }

    private var isEvaluationPosted = false
    private lazy var nextEvaluation = EarliestTimer(loop: loop) { [weak self] in
        self?.southboundChanged = true
        self?.evaluateSoon()
    }
    let trimmer: HeapTrimmer
    private var links: LinkMonitor?
    /// Problems that were logged, so that each is logged once.
    private var reported: Set<String> = []
    /// What is wrong now, by where it was found.
    var standing: [ProblemArea: [String]] = [:]
    var divergences = DivergenceLog()
    var engine = EngineBook()
    var configurationReport = DelayedReport()
    let guards = VIFGuards()
    /// Ports whose misses the kernel keeps to their budget.
    var heldBudgets: Set<UInt32> = []
    /// What was logged of them last.
    var toldGuards: String?
    /// Called after each evaluation that leaves nothing to write to the local database.
    var whenReady: () -> Void = {}
    /// Called, with the reason, when another program has taken this one's place.
    var whenReplaced: (String) -> Void = { _ in }
    let startTime = Clock.wallMilliseconds

    init(
        _ configuration: AgentConfiguration, loop: EventLoop, driver: KernelDriver,
        workers: AgentWorkers, hostname: String
    ) {
        self.configuration = configuration
        self.loop = loop
        self.driver = driver
        worker = workers.datapath
        sampler = workers.sampling
        releaseWithoutLocalSamples = workers.releaseWithoutLocalSamples
        trimmer = HeapTrimmer(loop: loop)
        self.hostname = hostname
        threads = IOThreads()
        var wanted = ClientConfiguration(
            schema: OVS.schema,
            tables: [
                .init(OVS.OpenVSwitch.self), .init(OVS.Bridge.self), .init(OVS.Port.self),
                .init(OVS.Interface.self), .init(OVS.QoS.self), .init(OVS.Queue.self),
                .init(OVS.FlowSampleCollectorSet.self), .init(OVS.IPFIX.self),
                .init(OVS.Datapath.self),
            ], remotes: [configuration.database], leaderOnly: false, lock: Self.switchLock)
        wanted.limits.maximumBackoff = 1000
        local = OVSDBClient(
            wanted, loop: loop, threads: threads, seed: UInt64(bitPattern: Clock.wallMilliseconds))
    }

    func start() throws(any Error) {
        local.handlers.changed = { [weak self] _ in self?.evaluateSoon() }
        local.handlers.synchronized = { [weak self] in self?.evaluateSoon() }
        local.handlers.diagnostic = { [log] in log.info("\($0)") }
        local.handlers.lock = { [weak self] _, _ in self?.followLock() }
        local.start()
        try watchLinks()
        keepFeatures()
        keepStatistics()
        keepReviewing()
    }

    private static let featureInterval: Duration = .seconds(2)

    private func keepFeatures() {
        do {
            try driver.keepFeatures()
        } catch {
            report("kernel datapath: \(error)")
        }
        loop.schedule(after: Self.featureInterval) { [weak self] in self?.keepFeatures() }
    }

    /// Asks for an evaluation after everything that is being reported now.
    func evaluateSoon() {
        guard !isEvaluationPosted else { return }
        isEvaluationPosted = true
        let bound = OwnerBound(self, loop: loop)
        loop.post {
            bound.value.isEvaluationPosted = false
            bound.value.evaluate()
        }
    }

    /// Asks for an evaluation of the Southbound side at a time. The next one may be before, and has to ask
    /// again.
    func evaluate(at deadline: Milliseconds) {
        nextEvaluation.ask(at: MonotonicTime(milliseconds: deadline))
    }

    /// Logs a problem the first time it is seen.
    func report(_ problem: String) {
        guard reported.insert(problem).inserted else { return }
        if reported.count > Self.reportedLimit { reported = [problem] }
        log.warning("\(problem)")
    }

    private static let reportedLimit = 10_000

    private func watchLinks() throws(any Error) {
        let monitor = try LinkMonitor.open()
        _ = try loop.watch(monitor.rawDescriptor) { [weak self] _ in self?.linkEvents() }
        links = consume monitor
    }

    private func linkEvents() {
        do {
            guard let events = try links?.events(), !events.isEmpty else { return }
            linksChanged = true
            evaluateSoon()
        } catch {
            report("link notifications: \(error)")
        }
    }
}

/// The threads beside the control thread, and what they have found out about the kernel.
struct AgentWorkers {
    let datapath: DatapathThread
    let sampling: SamplingThread
    /// The kernel's release if it has no action psample.
    let releaseWithoutLocalSamples: String?

    /// - Parameter path: of the file that keeps states for the next run.
    init(_ driver: KernelDriver, recirculations path: String) throws {
        sampling = try SamplingThread(UpcallSocket.open(queueBytes: SamplingLoop.Limits.queueBytes))
        let flows = try KernelFlows(driver.datapath, driver.families)
        releaseWithoutLocalSamples = flows.releaseWithoutLocalSamples
        let place = RecirculationPlace(
            boot: SystemBoot.identifier ?? "",
            namespace: try NetworkNamespace.current().identity,
            datapath: UInt64(driver.datapath.index))
        datapath = try DatapathThread(
            flows, samplePort: sampling.samplePort,
            recirculations: RecirculationFile(path, place: place))
    }
}

/// One write at a time to a database.
struct WriteGate {
    private(set) var isOpen = true

    mutating func close() {
        precondition(isOpen, "a write is under way")
        isOpen = false
    }

    mutating func open() { isOpen = true }
}

/// A value that only the owner of a loop touches, carried through closures that others call.
struct OwnerBound<Value>: @unchecked Sendable {
    // Sound because `value` traps on any other thread than the loop's.
    private let stored: Value
    private let loop: EventLoop

    init(_ value: Value, loop: EventLoop) {
        stored = value
        self.loop = loop
    }

    var value: Value {
        precondition(loop.isOwner, "only the owner thread touches its state")
        return stored
    }
}
