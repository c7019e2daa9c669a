import AgentCore
import Linux
import OVSDBModel
import OVSDBSession
import Schemas

// One evaluation, in order: the local database's wishes, the kernel's ports, the rows about them,
// then the Southbound side.

extension ControlThread {
    func evaluate() {
        guard !isPaused, local.isSynchronized, ownsSwitch(),
            let system = LocalSystem(
                local.replica, commandLineName: configuration.chassisName, hostname: hostname)
        else { return }
        self.system = system
        let begin = MonotonicTime.now()
        defer { noteEvaluation(.now() - begin) }
        stand(.configuration, system.problems)
        let looksAtDevices = linksChanged
        followKernel(system)
        followFlowKeeping(system)
        followShaping(system, isDue: looksAtDevices)
        followPolicing(system, isDue: looksAtDevices)
        followSampling(system)
        followAttachments(system)
        writeLocal(system)
        connectSouthbound(system)
        evaluateSouthbound(system)
        trimmer.delay =
            system.configuration.trimDelay.map { .milliseconds($0) }
            ?? HeapTrimmer.Limits.delay
        trimmer.noteWork()
        if localWrite.isOpen { whenReady() }
    }

    private func followKernel(_ system: LocalSystem) {
        let kinds = Set(system.configuration.encapsulations.map(\.type))
        guard
            linksChanged || system.plan != kernelPlan || kinds != kernelTunnels
                || mirrorDevices != kernelMirrors
        else { return }
        do {
            let before = driver.ports
            let changes = try driver.reconcile(
                system.plan, encapsulations: kinds, mirrors: mirrorDevices)
            let failures = driver.ports.failures.values.sorted { $0.name < $1.name }
            stand(.ports, failures.map { "\($0.name): \($0.reason)" })
            stand(.mtus, driver.keepMTUs(system.plan))
            tellDivergences()
            if !changes.isEmpty {
                guards.change(changes)
                worker.change(ports: changes)
            }
            if driver.ports != before { southboundChanged = true }
            kernelPlan = system.plan
            kernelTunnels = kinds
            kernelMirrors = mirrorDevices
            linksChanged = false
        } catch {
            report("kernel datapath: \(error)")
        }
    }

    private func followFlowKeeping(_ system: LocalSystem) {
        guard system.flowKeeping != flowKeeping else { return }
        flowKeeping = system.flowKeeping
        worker.keepFlows(flowKeeping)
    }

    /// What the Southbound side is evaluated with, as far as this host's administrator says it.
    private func followAttachments(_ system: LocalSystem) {
        let pass = BridgePass(system, local.replica, driver.ports)
        stand(.bridges, pass.problems)
        let new = LocalAttachments(
            configuration: system.configuration,
            interfaces: system.interfaces(local.replica, driver.ports), bridges: pass.bridges,
            mirrorPorts: system.mirrorPorts(local.replica, driver.ports),
            collectorSets: collectorSets)
        guard new != attachments else { return }
        attachments = new
        southboundChanged = true
    }

    private func writeLocal(_ system: LocalSystem) {
        guard localWrite.isOpen else { return }
        if system.waitsForFlows {
            log.info(
                "other_config:flow-restore-wait is removed: the kernel's flows are adopted as they are"
            )
        }
        var transaction = TransactionBuilder()
        system.createIntegrationBridge(in: &transaction, placeholder: RowUUID.random)
        InterfaceStatus(system, local.replica, driver.ports, counters: interfaceCounters(system))
            .write(history: &interfaces, host: Self.host, into: &transaction)
        writeDatapath(system, into: &transaction)
        bindingPass()?.writeLocal(
            local.replica, wallClock: Clock.wallMilliseconds, into: &transaction)
        writeProgress(system, into: &transaction)
        writeRates(system, into: &transaction)
        if let patches {
            PatchPorts(system, local.replica)
                .write(patches, into: &transaction, placeholder: RowUUID.random)
        }
        submitLocal(transaction)
    }

    private func writeDatapath(
        _ system: LocalSystem, into transaction: inout TransactionBuilder
    ) {
        do {
            system.writeDatapath(
                try driver.capabilities(), local.replica, into: &transaction,
                placeholder: RowUUID.random)
        } catch {
            report("kernel datapath: \(error)")
        }
    }

    /// `ovn-nb-cfg` and its like on the integration bridge.
    private func writeProgress(
        _ system: LocalSystem, into transaction: inout TransactionBuilder
    ) {
        guard let bridge = system.integrationBridge else { return }
        var row = bridge.row
        row.externalIDs["ovn-startup-ts"] = String(startTime)
        if let number = progress.configuration {
            if row.externalIDs["ovn-nb-cfg"] != String(number) {
                row.externalIDs["ovn-nb-cfg"] = String(number)
                row.externalIDs["ovn-nb-cfg-ts"] = String(Clock.wallMilliseconds)
            }
            let stamp = progress.configurationTimestamp
            row.externalIDs["ovn-nb-cfg-sb-ts"] = stamp == 0 ? nil : String(stamp)
        }
        if let zones { row.externalIDs = zones.written(to: row.externalIDs) }
        transaction.update(bridge.uuid, from: bridge.row, to: row)
    }

    private func submitLocal(_ transaction: TransactionBuilder) {
        guard !transaction.isEmpty else { return }
        localWrite.close()
        local.submit(transaction) { [weak self] outcome in
            guard let self else { return }
            localWrite.open()
            if case .failed(let failure) = outcome {
                report("local database: \(failure)")
                return
            }
            evaluateSoon()
        }
    }
}

extension RowUUID {
    /// A version 4 UUID (RFC 9562 §5.4).
    static func random() -> RowUUID {
        RowUUID(
            high: .random(in: 0 ... .max) & 0xffff_ffff_ffff_0fff | 0x4000,
            low: .random(in: 0 ... .max) & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000)
    }
}
