import AgentCore
import Linux
import OVSDBModel
import OVSDBSession
import OVSDBTransport
import Schemas

// The control thread's half of the services: their tables, their timers, their rows.

extension ControlThread {
    /// What the services need of the rows; nil before the chassis has its own.
    func serviceContext(
        _ system: LocalSystem, _ southbound: OVSDBClient
    ) -> ServiceHub.Context? {
        guard let identity else { return nil }
        let replica = southbound.replica
        let source = RowSource(ServiceRows.tables, of: replica, and: datapaths)
        let rows = derived.serviceRows.value(of: source) {
            ServiceRows(replica, datapaths: datapaths)
        }
        return ServiceHub.Context(
            replica, rows: rows, chassis: identity,
            networks: Set(system.configuration.bridgeMappings.keys),
            longestAnnouncement: system.configuration.longestAnnouncement,
            longestProbe: system.configuration.longestProbe)
    }

    /// Takes over what the rows ask for.
    func configureServices(_ system: LocalSystem, _ southbound: OVSDBClient) {
        guard let context = serviceContext(system, southbound) else { return }
        let source = RowSource(
            ServiceHub.configurationTables, of: southbound.replica,
            and: SouthboundDerivations.ServiceInputs(
                datapaths: datapaths, chassis: context.chassis,
                configuration: system.configuration))
        if source != derived.services {
            derived.services = source
            services.configure(
                context.limited(to: ServiceHub.configurationTables),
                now: Clock.monotonicMilliseconds)
        }
        runServices()
    }

    func writeServices(
        _ system: LocalSystem, _ southbound: OVSDBClient,
        into transaction: inout TransactionBuilder
    ) {
        guard let context = serviceContext(system, southbound) else { return }
        services.write(
            context, wallClock: Clock.wallMilliseconds, into: &transaction,
            placeholder: RowUUID.random)
    }

    /// A packet for a service.
    func serve(_ event: ServiceEvent) {
        let activated = services.activated
        send(services.handle(event, now: Clock.monotonicMilliseconds))
        let givenUp = services.takeGivenUp()
        AgentCoverage.droppedEvents.hit(givenUp.events)
        AgentCoverage.droppedBindings.hit(givenUp.claims)
        if services.activated != activated {
            southboundChanged = true
            evaluateSoon()
        }
        runServices()
    }

    func used(_ uses: Set<EntryUse>) {
        services.used(uses)
        runServices()
    }

    /// Sends what is due, asks for an evaluation if there is something to write, and comes back at
    /// the next deadline.
    private func runServices() {
        var generator = SystemRandomNumberGenerator()
        send(services.due(now: Clock.monotonicMilliseconds, using: &generator))
        if services.hasNews { writeNews() }
        if let serviceTimer { loop.cancel(serviceTimer) }
        serviceTimer = services.deadline.map { deadline in
            loop.schedule(at: MonotonicTime(milliseconds: deadline)) { [weak self] in
                self?.serviceTimer = nil
                self?.runServices()
            }
        }
    }

    /// Writes at once, unless a write is under way: its outcome brings the next evaluation.
    private func writeNews() {
        guard let system, let southbound, southboundWrite.isOpen, southbound.canWrite else {
            return
        }
        var transaction = TransactionBuilder()
        writeServices(system, southbound, into: &transaction)
        guard !transaction.isEmpty else { return }
        southboundWrite.close()
        southboundRetry.beginAttempt()
        southbound.submit(transaction) { [weak self] outcome in self?.southboundDone(outcome) }
    }

    private func send(_ packets: [Injection]) {
        if !packets.isEmpty { worker.inject(packets) }
    }
}
