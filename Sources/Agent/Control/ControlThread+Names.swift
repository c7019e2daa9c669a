import AgentCore
import OVSDBModel
import OVSDBSession
import Schemas
import UnixControl

// What flows, ports and devices are called. Most is in the replica; what northd calls its flows is asked for
// when a text says it. Without a server the texts do without.

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
        return names
    }

    /// What a kernel port is called.
    private func deviceName(_ vport: UInt32) -> String {
        driver.ports.interfaces.values.first { $0.vport == vport }?.name ?? String(vport)
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
