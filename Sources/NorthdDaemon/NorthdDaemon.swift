// northd with sockets and clocks: two database clients, one `Northd`, on one thread.
//
// Property: whatever arrives in one round of the loop is one step, so a burst of changes is derived
// and written once.

import Linux
import Logging
import Northd
import OVSDBModel
import OVSDBSession
import OVSDBTransport
import Schemas

package final class NorthdDaemon {
    static let logger = Logger(label: "ovn_northd")
    private static let problems = Logger(label: "northd")
    private static let runs = CoverageCounter("northd_run")
    package enum Status: String, Sendable {
        case active, standby, paused
    }

    let northd: Northd
    let northbound: OVSDBClient
    let southbound: OVSDBClient
    private let loop: EventLoop
    private(set) var isPaused: Bool
    /// Databases that were complete once; what they had then is kept while they are away.
    private var known: Set<NorthdDatabase> = []
    private var isStepDue = false
    private var backoff = Backoff()
    private var retry: EventLoop.Timer?
    /// From reading a change of the Northbound database to having handed over the Southbound
    /// transaction for it.
    var compileTime = Stopwatch(name: "northd-change-to-southbound")
    private var changedAt: MonotonicTime?
    private let trimmer: HeapTrimmer
    /// What `parallel-build/set-n-threads` asked for.
    var threadCount = 1
    /// Runs of each store when the counters were cleared last.
    var countedRuns: [String: Int] = [:]

    package init(
        _ configuration: NorthdConfiguration, loop: EventLoop, threads: IOThreads
    ) throws(ConnectionMethodError) {
        self.loop = loop
        trimmer = HeapTrimmer(loop: loop)
        isPaused = configuration.startsPaused
        var generator = SystemRandomNumberGenerator()
        northd = Northd(id: DivisionMember.makeID(&generator), generator: generator)
        let lock = configuration.startsPaused ? nil : DivisionMember.mainLock
        northbound = OVSDBClient(
            try NorthdDaemon.client(.northbound, configuration.northbound, lock: nil),
            loop: loop, threads: threads, seed: .random(in: 0 ... .max))
        southbound = OVSDBClient(
            try NorthdDaemon.client(.southbound, configuration.southbound, lock: lock),
            loop: loop, threads: threads, seed: .random(in: 0 ... .max))
        northbound.handlers = handlers(.northbound)
        southbound.handlers = handlers(.southbound)
    }

    private static func client(
        _ database: NorthdDatabase, _ remotes: String, lock: String?
    ) throws(ConnectionMethodError) -> ClientConfiguration {
        let methods = try ConnectionMethod.list(parsing: remotes)
        var configuration = ClientConfiguration(
            schema: database == .northbound ? NB.schema : SB.schema,
            tables: Northd.tables(of: database).map { .init($0.table.name) },
            remotes: methods.map(\.description), lock: lock)
        configuration.indexes = Northd.indexes(of: database)
        configuration.packed = Northd.packedTables(of: database)
        return configuration
    }

    package func start() {
        northbound.start()
        southbound.start()
    }

    package func stop() {
        northbound.stop()
        southbound.stop()
    }

    package var status: Status {
        if isPaused { return .paused }
        return southbound.hasLock ? .active : .standby
    }
}

// MARK: - Pausing

extension NorthdDaemon {
    /// Gives the lock away; another northd may go on.
    package func pause() {
        guard !isPaused else { return }
        isPaused = true
        southbound.setLock(nil)
        Self.logger.info("paused")
        stepSoon()
    }

    package func resume() {
        guard isPaused else { return }
        isPaused = false
        southbound.setLock(DivisionMember.mainLock)
        Self.logger.info("resumed")
        stepSoon()
    }
}

// MARK: - Events

extension NorthdDaemon {
    private func handlers(_ database: NorthdDatabase) -> OVSDBClient.Handlers {
        var handlers = OVSDBClient.Handlers()
        handlers.changed = { [unowned self] changes in
            northd.changed(database, changes)
            if database == .northbound { noteNorthbound(changes) }
            stepSoon()
        }
        handlers.synchronized = { [unowned self] in
            known.insert(database)
            stepSoon()
        }
        handlers.unsynchronized = { [unowned self] in stepSoon() }
        handlers.lock = { [unowned self] name, state in
            if name == DivisionMember.mainLock, state != .waiting {
                Self.logger.info("this northd is now \(status.rawValue)")
            }
            stepSoon()
        }
        handlers.diagnostic = { diagnostic in
            let text: Logger.Message = "\(database.rawValue): \(diagnostic)"
            switch diagnostic {
            case .lost, .gap, .fallback, .unexpected: Self.logger.warning(text)
            case .connecting, .connected, .waiting, .databaseChanged, .lockAcquired, .lockLost:
                Self.logger.info(text)
            }
        }
        return handlers
    }

    private func noteNorthbound(_ changes: [TableChange]) {
        if changedAt == nil { changedAt = northbound.arrival }
        applyProbeInterval(changes)
    }

    /// NB_Global.options:northd_probe_interval is for both connections.
    private func applyProbeInterval(_ changes: [TableChange]) {
        for change in changes.of(NB.NBGlobal.self) {
            let text = change.new?.options["northd_probe_interval"]
            guard text != change.old?.options["northd_probe_interval"] else { continue }
            let interval = NorthdDaemon.probeInterval(text)
            northbound.setProbeInterval(interval)
            southbound.setProbeInterval(interval)
        }
    }

    /// Milliseconds.
    private static let probeIntervals = 1000...Int(UInt32.max)

    /// Milliseconds, of which there are a thousand at least; zero is never, and no number is the
    /// default (ovn-nb(5)).
    static func probeInterval(_ text: String?) -> Duration? {
        guard let milliseconds = text.flatMap({ Int($0) }), milliseconds >= 0 else { return nil }
        return milliseconds == 0 ? .zero : .milliseconds(milliseconds.clamped(to: probeIntervals))
    }

    /// Takes a step when everything that this round of the loop brings has been handled.
    private func stepSoon() {
        guard !isStepDue else { return }
        isStepDue = true
        let delay = backoff.delay(at: Clock.wallMilliseconds)
        loop.schedule(after: .milliseconds(delay)) { [weak self] in self?.step() }
    }

    private func step() {
        isStepDue = false
        guard known.count == NorthdDatabase.allCases.count else { return }
        Self.runs.hit()
        let view = NorthdView(
            northbound: northbound.replica, southbound: southbound.replica,
            isCurrent: !isPaused && southbound.isSynchronized && northbound.isSynchronized,
            locks: southbound.lockStates)
        let start = Clock.wallMilliseconds
        let actions = northd.step(view, now: start)
        backoff.ran(
            from: start, to: Clock.wallMilliseconds,
            options: northbound.replica.only(NB.NBGlobal.self)?.row.options ?? [:])
        for action in actions { perform(action) }
        measure(actions)
        armRetry()
        trimmer.noteWork()
    }

    /// A change that led to no transaction is not counted, unless one is waited for.
    private func measure(_ actions: [NorthdAction]) {
        let hasWritten = actions.contains {
            if case .write(.southbound, _) = $0 { true } else { false }
        }
        if let changedAt, hasWritten { compileTime.add(.now() - changedAt) }
        if hasWritten || northd.isIdle { changedAt = nil }
    }

    private func perform(_ action: NorthdAction) {
        switch action {
        case .report(let report): log(report)
        case .lock(let names): southbound.setOtherLocks(names)
        case .write(let database, let transaction):
            client(database).submit(transaction) { [weak self] outcome in
                self?.northd.completed(database, outcome, now: Clock.wallMilliseconds)
                self?.stepSoon()
            }
        }
    }

    private func client(_ database: NorthdDatabase) -> OVSDBClient {
        switch database {
        case .northbound: northbound
        case .southbound: southbound
        }
    }

    private func log(_ report: NorthdReport) {
        switch report {
        case .problem(let problem): Self.problems.warning("\(problem)")
        case .solved(let problem): Self.problems.info("solved: \(problem)")
        case .refused(let database, let reason):
            Self.logger.error("the \(database.rawValue) database refused a transaction: \(reason)")
        }
    }

    private func armRetry() {
        if let retry { loop.cancel(retry) }
        retry = northd.deadline.map { deadline in
            let wait = max(0, deadline - Clock.wallMilliseconds)
            return loop.schedule(after: .milliseconds(wait)) { [weak self] in self?.stepSoon() }
        }
    }
}
