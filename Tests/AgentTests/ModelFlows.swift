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
    /// What goes wrong when operations are performed.
    enum Fault {
        /// The exchange breaks: so many operations, from this one on, are still done, and nobody hears
        /// what became of them and of those behind them.
        case breaks(afterDoing: Int)
        case refuses(ErrorCode)
    }

    /// Asked before each operation.
    var fault: (FlowOperation) -> Fault? = { _ in nil }
    /// Whether the next list fails after some flows.
    var failsList: () -> Bool = { false }
    /// Set to make changes of meters fail.
    var meterFailure: NetlinkError?
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

    func perform(_ operations: [FlowOperation]) -> [FlowOutcome] {
        beforeOperations(operations)
        self.operations += operations
        var unheard: Int?
        return operations.map { operation in
            if unheard == nil, let fault = fault(operation) {
                switch fault {
                case .breaks(let number): unheard = number
                case .refuses(let code): return FlowOutcome(failure: .refused(code, text: ""))
                }
            }
            guard let left = unheard else { return outcome(operation) }
            if left > 0 { _ = outcome(operation) }
            unheard = max(0, left - 1)
            return FlowOutcome(failure: .exchange(.noBuffers))
        }
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
        let fails = failsList()
        for (number, flow) in kernel.dump().enumerated() {
            if fails, number == kernel.flowCount / 2 { break }
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
        if fails { throw Self.broken }
    }

    static let broken = NetlinkError("model", cause: .exchange(.noBuffers))

    func deleteAllFlows() throws(NetlinkError) {
        kernel = ModelDatapath(ports: Array(kernel.ports.values))
    }

    func setMeter(_ number: UInt32, to rate: MeterRate) throws(NetlinkError) {
        if let meterFailure { throw meterFailure }
        meters[number] = rate
    }

    func hasMeter(_ number: UInt32) throws(NetlinkError) -> Bool { meters[number] != nil }

    func deleteMeter(_ number: UInt32) throws(NetlinkError) { meters[number] = nil }
}
