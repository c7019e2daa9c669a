import AgentCore
import Linux
import OVSDBModel
import OVSDBSession
import OVSDBTransport
import Schemas

// From the Southbound's rows to the snapshot that the datapath thread forwards by. What no change has
// touched is not derived again: most changes are of some flows.

/// What was derived from the Southbound's rows last.
struct SouthboundDerivations {
    var bindings = Bindings()
    var pass = Derivation<RowSource<PhysicalPass.Host>, PhysicalPass>()
    var view = Derivation<ViewSource, PhysicalView>()
    /// The kernel refused what goes with the view (zones to be flushed, limits of zones): it is made again
    /// after a pause.
    var isViewUncertain = false
    var serviceRows = Derivation<RowSource<LocalDatapaths>, ServiceRows>()
    /// What services are configured from.
    var services: RowSource<ServiceInputs>?

    struct ViewSource: Equatable {
        static let tables: [any TypedRow.Type] = ServiceView.tables + [SB.ECMPNexthop.self]

        let pass: RowSource<PhysicalPass.Host>
        let rows: TableRevisions
        let collectorSets: [UInt32: CollectorSet]
        let isComplete: Bool
    }

    struct ServiceInputs: Equatable {
        let datapaths: LocalDatapaths
        let chassis: ChassisIdentity
        let configuration: ChassisConfiguration
    }
}

extension ControlThread {
    func publish(_ system: LocalSystem, _ southbound: OVSDBClient) {
        let source = RowSource(
            PhysicalPass.tables, of: southbound.replica, and: host(system))
        let pass = derived.pass.value(of: source) {
            PhysicalPass(southbound.replica, source.given)
        }
        datapaths = pass.datapaths
        request(system, southbound, pass.inputs)
        let complete = southbound.conditionNumber >= wantedConditions
        let view = view(system, southbound, pass, source, isComplete: complete)
        let global = southbound.replica.only(SB.SBGlobal.self)?.row
        let number = complete ? global?.nbCfg : progress.configuration
        AgentCoverage.flowRuns.hit()
        let pipeline = engine.time(.logicalFlows) {
            feed.current(
                southbound.replica, chassis: identity?.row, name: system.configuration.name)
        }
        stand(.flows, feed.problemTexts)
        revision += 1
        physical = view
        progress.published(
            revision, configuration: number ?? 0,
            timestamp: complete ? global?.nbCfgTimestamp ?? 0 : progress.configurationTimestamp,
            ports: complete ? Set(claims.keys) : progress.installed)
        let snapshot = TranslationSnapshot(revision: revision, pipeline: pipeline, view: view)
        self.snapshot = snapshot
        worker.install(snapshot, isComplete: complete)
        guard complete else { return }
        configureServices(system, southbound)
        followGuards(system, view)
    }

    private func host(_ system: LocalSystem) -> PhysicalPass.Host {
        var host = PhysicalPass.Host(
            configuration: system.configuration, identity: identity, claims: claims,
            interfaces: attachments.interfaces, kernel: driver.ports)
        host.bridges = attachments.bridges
        host.mirrorPorts = attachments.mirrorPorts
        host.activated = services.activated
        return host
    }

    private func view(
        _ system: LocalSystem, _ southbound: OVSDBClient, _ pass: PhysicalPass,
        _ source: RowSource<PhysicalPass.Host>, isComplete: Bool
    ) -> PhysicalView {
        let replica = southbound.replica
        let viewSource = SouthboundDerivations.ViewSource(
            pass: source, rows: replica.revisions(of: SouthboundDerivations.ViewSource.tables),
            collectorSets: attachments.collectorSets, isComplete: isComplete)
        if let known = derived.view.known(of: viewSource) { return known }
        derived.isViewUncertain = false
        let view = makeView(system, southbound, pass, isComplete: isComplete)
        if derived.isViewUncertain {
            derived.view.forget()
            evaluate(at: Clock.monotonicMilliseconds + Self.uncertaintyPause)
        } else {
            derived.view.keep(viewSource, view)
        }
        return view
    }

    private static let uncertaintyPause: Milliseconds = 1000

    /// Takes along what else follows from the same rows: patch ports, rates, zones, mirrors.
    private func makeView(
        _ system: LocalSystem, _ southbound: OVSDBClient, _ pass: PhysicalPass, isComplete: Bool
    ) -> PhysicalView {
        var inputs = pass.inputs
        noteRates(inputs, isComplete: isComplete)
        if isComplete, patches != inputs.patchPairs {
            patches = inputs.patchPairs
            evaluateSoon()
        }
        inputs.zones = updateZones(system, inputs, isComplete: isComplete)
        if isComplete {
            noteLostNextHops(southbound.replica.rows(SB.ECMPNexthop.self), inputs.zones)
        }
        AgentCoverage.physicalRuns.hit()
        var builder = PhysicalBuilder(inputs)
        var view = engine.time(.physical) { builder.build() }
        view.services = ServiceView(southbound.replica, datapaths: datapaths)
        for (id, set) in attachments.collectorSets { view.collectorSets[id] = set }
        stand(.rows, builder.problems)
        if builder.mirrorDevices != mirrorDevices {
            mirrorDevices = builder.mirrorDevices
            evaluateSoon()
        }
        return view
    }

    private func request(
        _ system: LocalSystem, _ southbound: OVSDBClient, _ inputs: PhysicalInputs
    ) {
        let wanted =
            system.configuration.monitorsEverything
            ? MonitorConditions(allFor: identity?.row)
            : MonitorConditions(
                chassisName: system.configuration.name ?? "", chassis: identity?.row,
                logicalPorts: Array(inputs.interfaces.byLogicalPort.keys),
                datapaths: datapaths, datapathKeys: inputs.datapaths.values.map(\.tunnelKey))
        guard wanted != conditions else { return }
        wantedConditions = southbound.setConditions(wanted.changes(after: conditions))
        conditions = wanted
    }
}
