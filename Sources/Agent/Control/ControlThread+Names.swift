import AgentCore
import OVSDBModel
import OVSDBSession
import Schemas
import UnixControl

// What flows, ports and devices are called. Most is in the replica; what northd calls its flows is asked for
// when a text says it, and of a flow that drops with its first drop. Without a server the texts do without.

extension ControlThread {
    typealias Description = (FlowDirectory) throws(ControlError) -> String

    /// A text is made again with what was missing until nothing is.
    private static let mostLookUps = 3
    /// How long a text waits for the server's names.
    private static let patience: Duration = .seconds(2)

    /// Makes a text that names flows, and hands it on: now, or when the Southbound server has answered.
    func describe(
        _ text: @escaping Description, then: @escaping (Result<String, ControlError>) -> Void
    ) {
        describe(text, FlowLabels(), lookUps: 0, then)
    }

    private func describe(
        _ text: @escaping Description, _ labels: FlowLabels, lookUps: Int,
        _ then: @escaping (Result<String, ControlError>) -> Void
    ) {
        let names = flowNames(labels)
        let result = Result { () throws(ControlError) in try text(names) }
        guard !labels.missing.isEmpty, lookUps < Self.mostLookUps, let southbound else {
            return then(result)
        }
        let missing = labels.missing.sorted()
        southbound.lookUp(
            [.externalIDs], of: SB.LogicalFlow.self, missing, within: Self.patience
        ) { rows in
            guard !rows.isEmpty else { return then(result) }
            let found = missing.map { ($0, rows[$0]?.externalIDs ?? [:]) }
            let known = labels.known.merging(found) { _, new in new }
            self.describe(text, FlowLabels(known: known), lookUps: lookUps + 1, then)
        }
    }

    private func flowNames(_ labels: FlowLabels) -> FlowDirectory {
        var names =
            southbound.map { FlowDirectory($0.replica) { uuid, _ in labels.labels(of: uuid) } }
            ?? FlowDirectory { _ in nil }
        names.device = deviceName
        let dropping = dropping
        names.former = { dropping.flows[$0] }
        names.datapaths.merge(dropping.flows.datapathNames) { present, _ in present }
        return names
    }

    /// What a kernel port is called.
    private func deviceName(_ vport: UInt32) -> String {
        driver.ports.interfaces.values.first { $0.vport == vport }?.name ?? String(vport)
    }
}

// MARK: - Flows that drop

/// What is known of the flows behind drops, for when they have gone.
struct DroppingNotes {
    /// Drops that begin in so much time share a question to the server.
    static let gathering: Duration = .milliseconds(100)

    var flows = DroppingFlows()
    var isGathering = false
}

extension ControlThread {
    /// Notes what the flows say while they are there.
    func note(_ change: DropCounts.Change) {
        dropping.flows.follow(change, in: southbound?.replica)
        guard !dropping.isGathering else { return }
        dropping.isGathering = true
        loop.schedule(after: DroppingNotes.gathering) { [weak self] in self?.labelDropping() }
    }

    private func labelDropping() {
        dropping.isGathering = false
        let flows = dropping.flows.unlabelled.sorted()
        guard !flows.isEmpty, let southbound else { return }
        southbound.lookUp(
            [.externalIDs], of: SB.LogicalFlow.self, flows, within: Self.patience
        ) { [weak self] rows in
            self?.dropping.flows.label(flows, rows.mapValues(\.externalIDs))
        }
    }
}

extension ControlRequest {
    func answer(_ result: Result<String, ControlError>) {
        switch result {
        case .success(let text): reply(text)
        case .failure(let error): fail(error.text)
        }
    }
}
