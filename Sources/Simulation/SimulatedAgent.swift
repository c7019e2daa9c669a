// The Southbound side of an ovn-controller without its process, its local database and its kernel:
// chassis rows, claims, conditions, the compiled pipeline. Interfaces are given; the datapath
// acknowledges a revision when the scheduler lets it.

import AgentCore
import OVSDBModel
import OVSDBSession
import Schemas

package final class SimulatedAgent {
    package let name: String
    let client: SimulatedClient
    private let configuration: ChassisConfiguration
    private let kernel: KernelPorts
    private let random: SharedRandom

    /// The logical ports that have an interface here.
    package private(set) var attached: Set<String>
    private var vports: [String: UInt32] = [:]

    private let feed = PipelineFeed()
    private var bindings = Bindings()
    private var physical = Derivation<RowSource<PhysicalPass.Host>, PhysicalPass>()
    private var identity: ChassisIdentity?
    private var claims: [RowUUID: PortClaim] = [:]
    private var taken: [RowUUID: Milliseconds] = [:]
    private var progress = Progress()
    private var conditions: MonitorConditions?
    private var wantedConditions: UInt64 = 0
    private var revision: UInt64 = 0
    private var unacknowledged: [UInt64] = []
    private var isWriting = false
    private var retry = RetryPlan(interval: 1000)
    private(set) var isDue = false
    private(set) var deadline: Int64?
    package private(set) var snapshot: TranslationSnapshot?
    /// Transactions that the server refused for good.
    package private(set) var refusals: [String] = []

    static let tunnelPort: UInt32 = 9999

    init(
        _ name: String, number: Int, attached: Set<String>, server: SimulatedServer,
        random: SharedRandom
    ) {
        self.name = name
        self.attached = attached
        self.random = random
        client = SimulatedClient(
            name, SouthboundMonitor.configuration(remotes: ["southbound"]), server: server,
            seed: random.random.next())
        configuration = ChassisConfiguration(
            externalIDs: [
                "system-id": name, "ovn-encap-type": "geneve",
                "ovn-encap-ip": "192.0.2.\(number + 1)",
            ], hostname: name)
        var kernel = KernelPorts()
        kernel.tunnels[.geneve] = Self.tunnelPort
        self.kernel = kernel
    }

    func start(now: Int64) {
        client.changed = { [unowned self] changes in
            retry.noteChange()
            feed.apply(changes)
            isDue = true
        }
        client.awoken = { [unowned self] in isDue = true }
        client.start(now: now)
    }

    func die(now: Int64) { client.die(now: now) }

    func plug(_ port: String) {
        attached.insert(port)
        isDue = true
    }

    func unplug(_ port: String) {
        attached.remove(port)
        isDue = true
    }

    private var interfaces: LocalInterfaces {
        for port in attached.sorted() where vports[port] == nil {
            vports[port] = UInt32(vports.count + 1)
        }
        return LocalInterfaces(
            attached.sorted().map { port in
                let vport = vports[port] ?? 0
                return LocalInterface(
                    row: RowUUID(high: 1, low: UInt64(vport)), name: "if-\(port)",
                    logicalPort: port, vport: vport)
            })
    }

    // MARK: Steps

    var canAcknowledge: Bool { !unacknowledged.isEmpty }

    /// The datapath forwards by the oldest revision that it has not said so of.
    func acknowledge() {
        if progress.acknowledged(unacknowledged.removeFirst()) { isDue = true }
    }

    func timer(now: Int64) {
        guard let deadline, now >= deadline else { return }
        self.deadline = nil
        isDue = true
    }

    func step(now: Int64) {
        isDue = false
        guard client.session.isSynchronized else { return }
        identity = ChassisPass.identity(in: client.replica, name: name, hostname: name)
        let interfaces = self.interfaces
        write(interfaces, now)
        publish(interfaces, now)
    }

    private func write(_ interfaces: LocalInterfaces, _ now: Int64) {
        let pass = identity.map {
            bindings.pass(
                client.replica,
                .init(
                    identity: $0, interfaces: interfaces, installed: progress.installed,
                    taken: taken))
        }
        claims = pass?.claims ?? [:]
        guard !isWriting, client.session.canWrite else { return }
        var transaction = TransactionBuilder()
        writeChassis(into: &transaction)
        let written = pass.flatMap { bindings.write($0, now: now, into: &transaction) }
        for port in written?.newlyTaken ?? [] { taken[port] = now }
        if let retry = written?.retry { deadline = min(retry, deadline ?? retry) }
        writeNumber(now, into: &transaction)
        guard !transaction.isEmpty else { return }
        isWriting = true
        retry.beginAttempt()
        client.submit(transaction, now: now) { [weak self] in self?.written($0, now: $1) }
    }

    private func written(_ outcome: TransactionOutcome, now: Int64) {
        isWriting = false
        isDue = true
        if case .committed = outcome { retry.noteSuccess() }
        guard case .failed(let failure) = outcome, retry.noteRefusal(at: now) else { return }
        refusals.append("\(failure)")
        isDue = false
        deadline = retry.time
    }

    private func writeChassis(into transaction: inout TransactionBuilder) {
        let rows = ChassisRows(
            configuration: configuration, datapathType: "system",
            interfaceTypes: InterfaceStatus.interfaceTypes, features: ChassisFeature.announced,
            taken: ChassisPass.taken(in: client.replica, except: name))
        guard let rows else { return }
        ChassisPass(client.replica, rows).write(into: &transaction) { random.random.uuid() }
    }

    private func writeNumber(_ now: Int64, into transaction: inout TransactionBuilder) {
        let own = client.replica.rows(SB.ChassisPrivate.self).first { $0.row.name == name }
        guard let number = progress.configuration, let own, own.row.nbCfg != number else { return }
        var row = own.row
        row.nbCfg = number
        row.nbCfgTimestamp = Int(now)
        transaction.update(own.uuid, from: own.row, to: row)
    }

    private func publish(_ interfaces: LocalInterfaces, _ now: Int64) {
        let source = RowSource(PhysicalPass.tables, of: client.replica, and: host)
        let pass = physical.value(of: source) { PhysicalPass(client.replica, source.given) }
        request(pass, now)
        var builder = PhysicalBuilder(pass.inputs)
        var view = builder.build()
        view.services = ServiceView(client.replica, datapaths: pass.datapaths)
        let isComplete = client.session.conditionNumber >= wantedConditions
        let global = client.replica.only(SB.SBGlobal.self)?.row
        let number = isComplete ? global?.nbCfg : progress.configuration
        let pipeline = feed.current(client.replica, chassis: identity?.row, name: name)
        revision += 1
        progress.published(
            revision, configuration: number ?? 0, timestamp: 0,
            ports: isComplete ? Set(claims.keys) : progress.installed)
        unacknowledged.append(revision)
        snapshot = TranslationSnapshot(revision: revision, pipeline: pipeline, view: view)
    }

    private var host: PhysicalPass.Host {
        .init(
            configuration: configuration, identity: identity, claims: claims,
            interfaces: interfaces, kernel: kernel)
    }

    private func request(_ pass: PhysicalPass, _ now: Int64) {
        let wanted = MonitorConditions(
            chassisName: name, chassis: identity?.row, logicalPorts: attached.sorted(),
            datapaths: pass.datapaths,
            datapathKeys: pass.inputs.datapaths.values.map(\.tunnelKey))
        guard wanted != conditions else { return }
        wantedConditions = client.setConditions(wanted.changes(after: conditions), now: now)
        conditions = wanted
    }
}

// MARK: - For comparison

extension SimulatedAgent {
    package var replica: Replica { client.replica }
    package var problems: [String: String] {
        Dictionary(uniqueKeysWithValues: feed.problems.map { ("\($0.key)", $0.value) })
    }
    package var flowCount: Int { feed.statistics.flows }
    package var claimCount: Int { claims.count }

    /// What an agent that starts now would have, from the rows that this one has.
    package func fromScratch() -> (snapshot: TranslationSnapshot, problems: [String: String]) {
        let fresh = PipelineFeed()
        fresh.apply(client.replica.asChanges)
        let pipeline = fresh.current(client.replica, chassis: identity?.row, name: name)
        let pass = PhysicalPass(client.replica, host)
        var builder = PhysicalBuilder(pass.inputs)
        var view = builder.build()
        view.services = ServiceView(client.replica, datapaths: pass.datapaths)
        let problems = fresh.problems.map { ("\($0.key)", $0.value) }
        return (
            TranslationSnapshot(revision: 1, pipeline: pipeline, view: view),
            Dictionary(uniqueKeysWithValues: problems)
        )
    }
}

extension Replica {
    /// The contents as if they were all new.
    package var asChanges: [TableChange] {
        schema.tables.indices.compactMap { table in
            let rows = rows(in: table).sorted { $0.key < $1.key }
                .map { RowChange(uuid: $0.key, old: nil, new: $0.value) }
            return rows.isEmpty
                ? nil : TableChange(table: table, name: schema.tables[table].name, rows: rows)
        }
    }
}
