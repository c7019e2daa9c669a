import Datapath
import Linux

@testable import Agent
@testable import AgentCore
@testable import Netlink

/// The model of the kernel in the place of the kernel.
final class ModelFlows: FlowDatapath {
    var kernel: ModelDatapath
    /// Everything that was asked for, in order.
    private(set) var operations: [FlowOperation] = []
    /// What came of the packets that were executed.
    private(set) var events: [ModelDatapath.Event] = []
    /// Set to make lists fail after their first flow.
    var listFailure: NetlinkError?
    /// Hears operations before they are done.
    var beforeOperations: ([FlowOperation]) -> Void = { _ in }
    private(set) var meters: [UInt32: MeterRate] = [:]
    let meterLimit = 100

    init(_ kernel: ModelDatapath) { self.kernel = kernel }

    func takeOperations() -> [FlowOperation] {
        defer { operations = [] }
        return operations
    }

    func features() throws(NetlinkError) -> KernelFeatures {
        KernelFeatures(
            release: "model", supported: [.clone, .meter], meterLimits: MeterLimits(meters: 100))
    }

    func perform(_ operations: [FlowOperation]) throws(NetlinkError) -> [FlowOutcome] {
        beforeOperations(operations)
        self.operations += operations
        return operations.map(outcome)
    }

    private func outcome(_ operation: FlowOperation) -> FlowOutcome {
        do throws(ModelDatapath.Refusal) {
            return FlowOutcome(statistics: try perform(operation)?.statistics)
        } catch {
            return FlowOutcome(failure: Self.cause(error))
        }
    }

    private func perform(_ operation: FlowOperation) throws(ModelDatapath.Refusal) -> Megaflow? {
        switch operation {
        case .put(let put):
            guard let actions = put.actions.decoded else { throw .invalid("actions") }
            if put.mode != .create, kernel.flow(put.id) != nil || put.mode == .replace {
                try kernel.modify(put.id, actions: actions)
            } else {
                try kernel.put(
                    Megaflow(id: put.id, key: put.key, mask: put.mask, actions: actions))
            }
        case .delete(let id): return try kernel.delete(id)
        case .execute(let execution):
            guard let actions = execution.actions.decoded else { throw .invalid("actions") }
            events += try kernel.execute(
                execution.packet, metadata: execution.metadata, actions: actions)
        }
        return nil
    }

    private static func cause(_ refusal: ModelDatapath.Refusal) -> NetlinkError.Cause {
        switch refusal {
        case .invalid(let text): .refused(.invalid, text: text)
        case .exists: .refused(.exists, text: "")
        case .noSuchFlow: .refused(.noSuchEntry, text: "")
        case .tooBig: .tooLarge
        }
    }

    func forEachFlow(
        _ detail: FlowChannel.Detail, _ body: (FlowRecord) -> Void
    ) throws(NetlinkError) {
        for flow in kernel.dump() {
            var record = FlowRecord()
            record.id = flow.id
            record.statistics = flow.statistics
            if detail == .whole {
                record.match = KernelMatch(key: flow.key, mask: flow.mask)
                record.actions = try EncodedActions(flow.actions)
            }
            body(record)
            if let listFailure { throw listFailure }
        }
        if let listFailure { throw listFailure }
    }

    func deleteAllFlows() throws(NetlinkError) {
        kernel = ModelDatapath(ports: Array(kernel.ports.values))
    }

    func setMeter(_ number: UInt32, to rate: MeterRate) throws(NetlinkError) {
        meters[number] = rate
    }

    func hasMeter(_ number: UInt32) throws(NetlinkError) -> Bool { meters[number] != nil }

    func deleteMeter(_ number: UInt32) throws(NetlinkError) { meters[number] = nil }
}
