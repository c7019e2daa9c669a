import AgentCore
import Linux
import OVSDBModel
import OVSDBSession
import OVSDBTransport
import Schemas

// The Southbound side of an evaluation: the chassis' own rows, claims, the physical view, the
// conditions under which rows are requested, and the snapshot that is posted.

extension ControlThread {
    func connectSouthbound(_ system: LocalSystem) {
        let remotes = usableRemotes(system.configuration)
        guard !remotes.isEmpty else {
            if southbound != nil { disconnectSouthbound() }
            return
        }
        if let southbound {
            southbound.setRemotes(remotes)
        } else {
            southbound = makeSouthbound(remotes)
            southbound?.start()
        }
        let interval = system.configuration.southboundProbeInterval
        southbound?.setProbeInterval(.milliseconds(interval))
    }

    /// The elements of `ovn-remote` by which a server can be called; each other one is reported.
    private func usableRemotes(_ configuration: ChassisConfiguration) -> [String] {
        var usable: [String] = []
        var problems: [String] = []
        for element in (configuration.southboundRemotes ?? "").split(separator: ",")
        where !element.hasPrefix("cid:") {
            do throws(ConnectionMethodError) {
                let method = try ConnectionMethod(parsing: String(element))
                if method.isPassive { throw .passive(method) }
                usable.append(method.description)
            } catch {
                let problem = ConfigurationProblem(
                    key: "ovn-remote", value: error.text, reason: error.reason)
                problems.append("\(problem)")
            }
        }
        stand(.remotes, problems)
        return usable
    }

    private func disconnectSouthbound() {
        southbound?.stop()
        southbound = nil
        snapshot = nil
        identity = nil
    }

    private func makeSouthbound(_ remotes: [String]) -> OVSDBClient {
        let client = OVSDBClient(
            SouthboundMonitor.configuration(remotes: remotes), loop: loop, threads: threads,
            seed: UInt64(bitPattern: Clock.wallMilliseconds))
        client.handlers.changed = { [weak self] changes in self?.southboundRows(changes) }
        client.handlers.synchronized = { [weak self] in self?.southboundAgain() }
        client.handlers.conditions = { [weak self] _ in self?.southboundAgain() }
        client.handlers.diagnostic = { [log] in log.info("\($0)") }
        conditions = nil
        derived = SouthboundDerivations()
        return client
    }

    private func southboundRows(_ changes: [TableChange]) {
        southboundRetry.noteChange()
        feed.apply(changes)
        noteLostAccessLists(changes)
        noteLostBackends(changes)
        southboundChanged = true
        evaluateSoon()
    }

    private func southboundAgain() {
        southboundChanged = true
        evaluateSoon()
    }

    // MARK: Evaluation

    func evaluateSouthbound(_ system: LocalSystem) {
        guard let southbound, southbound.isSynchronized, southboundChanged,
            system.configuration.name != nil
        else { return }
        guard followsNorthd(system, southbound) else { return }
        southboundChanged = false
        identity = system.configuration.name.flatMap {
            ChassisPass.identity(
                in: southbound.replica, name: $0, hostname: system.configuration.hostname)
        }
        writeSouthbound(system, southbound)
        publish(system, southbound)
    }

    /// False while the administrator wants another release of northd than the one that writes.
    /// Everything stays as it was then; what changes in the meantime is evaluated afterwards.
    private func followsNorthd(_ system: LocalSystem, _ southbound: OVSDBClient) -> Bool {
        let foreign = system.configuration.foreignVersion(
            of: southbound.replica.only(SB.SBGlobal.self)?.row)
        let problems = foreign.map {
            ["northd's internal version is \"\($0)\", not \(Release.internalVersion): waiting"]
        }
        stand(.version, problems ?? [])
        return foreign == nil
    }

    func bindingPass() -> BindingPass? {
        guard let southbound, southbound.isSynchronized, let identity,
            standing[.version] == nil
        else { return nil }
        return derived.bindings.pass(
            southbound.replica,
            .init(
                identity: identity, interfaces: attachments.interfaces,
                installed: progress.installed, taken: taken))
    }

    private func writeSouthbound(_ system: LocalSystem, _ southbound: OVSDBClient) {
        var transaction = TransactionBuilder()
        let pass = bindingPass()
        claims = pass?.claims ?? [:]
        stand(.plugging, pass?.problems ?? [])
        guard southboundWrite.isOpen, southbound.canWrite else { return }
        writeChassis(system, southbound, into: &transaction)
        writeBindings(pass, into: &transaction)
        writeConfigurationNumber(southbound, into: &transaction)
        learning.write(
            southbound.replica, now: Clock.monotonicMilliseconds,
            wallClock: Clock.wallMilliseconds, into: &transaction, placeholder: RowUUID.random)
        // What is not due yet.
        if let deadline = learning.deadline { evaluate(at: deadline) }
        writeServices(system, southbound, into: &transaction)
        guard !transaction.isEmpty else {
            learning.conclude(isWritten: true)
            return
        }
        southboundWrite.close()
        southboundRetry.beginAttempt()
        southbound.submit(transaction) { [weak self] outcome in self?.southboundDone(outcome) }
    }

    private func writeBindings(
        _ known: BindingPass?, into transaction: inout TransactionBuilder
    ) {
        let now = Clock.monotonicMilliseconds
        guard let pass = known.flatMap({ derived.bindings.write($0, now: now, into: &transaction) })
        else { return }
        for port in pass.newlyTaken { taken[port] = now }
        if let retry = pass.retry { evaluate(at: retry) }
    }

    func southboundDone(_ outcome: TransactionOutcome) {
        southboundWrite.open()
        var isWritten = false
        defer { learning.conclude(isWritten: isWritten) }
        switch outcome {
        case .committed:
            isWritten = true
            southboundRetry.noteSuccess()
        case .tryAgain, .notLocked: break
        case .failed(let failure):
            guard southboundRetry.noteRefusal(at: Clock.monotonicMilliseconds) else { break }
            report("Southbound database: \(failure)")
            if let time = southboundRetry.time { evaluate(at: time) }
            return
        }
        southboundAgain()
    }

    private func writeChassis(
        _ system: LocalSystem, _ southbound: OVSDBClient,
        into transaction: inout TransactionBuilder
    ) {
        guard let name = system.configuration.name else { return }
        let rows = ChassisRows(
            configuration: system.configuration, datapathType: "system",
            interfaceTypes: InterfaceStatus.interfaceTypes, features: ChassisFeature.announced,
            taken: ChassisPass.taken(in: southbound.replica, except: name))
        let none = "no encapsulation of this chassis is configured and free: no chassis row"
        stand(.encapsulation, rows == nil ? [none] : [])
        guard let rows else { return }
        ChassisPass(southbound.replica, rows).write(
            into: &transaction, placeholder: RowUUID.random)
    }

    private func writeConfigurationNumber(
        _ southbound: OVSDBClient, into transaction: inout TransactionBuilder
    ) {
        guard let number = progress.configuration, let name = identity?.name,
            let old = southbound.replica.rows(SB.ChassisPrivate.self)
                .first(where: { $0.row.name == name }), old.row.nbCfg != number,
            southbound.replica.only(SB.SBGlobal.self)?
                .row.options["enable_chassis_nb_cfg_update"] != "false",
            isDue(number)
        else { return }
        var row = old.row
        row.nbCfg = number
        row.nbCfgTimestamp = Int(Clock.wallMilliseconds)
        transaction.update(old.uuid, from: old.row, to: row)
    }

    /// The datapath thread forwards by a revision.
    func acknowledged(_ revision: UInt64) {
        cutLostConnections(forwarding: revision)
        guard progress.acknowledged(revision) else { return }
        southboundChanged = true
        evaluateSoon()
    }
}
