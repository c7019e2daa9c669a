// What all flows have in common with the deployment: the meters of their datapath (ovn-nb(5), Copp), and
// the sampling of what is dropped (NB_Global.options:debug_drop_collector_set).
//
// Property: a derivation reads these only if it has a flow that sends to the control or that drops;
// nobody's code but this says so.

import Incremental
import LogicalFlow
import OVSDBModel
import Schemas

package struct FlowCommons: Sendable {
    /// Meters of what a datapath's flows send to the chassis' control, by protocol.
    let controlMeters: Function<RowUUID, [String: String]>
    /// The action that samples what is dropped; one entry, of key 0.
    private let dropSamples: Function<Int, String?>

    init(_ engine: Engine, _ inputs: Inputs, _ problems: Output<Problem>) {
        controlMeters = engine.function("control meters", over: inputs.datapaths) {
            _, row, context in
            row.copp.flatMap { context.read(inputs.copp, $0) }?.meters ?? [:]
        }
        dropSamples = engine.function("drop sample", over: inputs.deployment) { _, _, context in
            inputs.dropSample(context).map { ActionList([.sample($0)]).description }
        }
        FlowCommons.reportBadSampling(engine, inputs, problems)
    }

    func dropSample(_ context: Context) -> String? { context.read(dropSamples, 0) ?? nil }

    private static func reportBadSampling(
        _ engine: Engine, _ inputs: Inputs, _ problems: Output<Problem>
    ) {
        let limits: [(String, Int)] = [
            ("debug_drop_collector_set", Int(UInt32.max)), ("debug_drop_domain_id", 254),
        ]
        engine.emitter("drop sampling", over: inputs.global) { key, row, context in
            for (name, limit) in limits {
                guard let text = row.options[name] else { continue }
                if let number = Int(text), 0...limit ~= number { continue }
                context.emit(
                    problems,
                    Problem(
                        "NB_Global", key, "options:\(name)",
                        "no number up to \(limit): \"\(text)\""))
            }
        }
    }
}

extension Inputs {
    /// Every packet that is dropped, with the flow's name as its observation point.
    fileprivate func dropSample(_ context: Context) -> Action.Sample? {
        guard let set = context.read(options, "debug_drop_collector_set").flatMap({ UInt32($0) }),
            set > 0
        else { return nil }
        let configured = context.read(options, "debug_drop_domain_id").flatMap { UInt8($0) } ?? 0
        let domain = domain(.drop, context) ?? configured
        return Action.Sample(
            probability: UInt16.max, collectorSet: set, domain: domain == UInt8.max ? 0 : domain,
            point: .cookie)
    }
}

extension DatapathInput {
    package var copp: RowUUID? {
        switch self {
        case .switch(let row): row.copp
        case .router(let row): row.copp
        }
    }
}

/// Other places for the flows of a group that send to the control: its datapaths one by one, where
/// they have different meters.
package struct MeteredScope: Sendable {
    package let datapath: RowUUID
    package let meters: [String: String]
}

extension Context {
    /// Contributes the flows of a feature.
    func emit(
        _ feature: some SwitchFeature, _ scope: FlowScope, hint: RowUUID? = nil,
        meters: [String: String] = [:], apart: [MeteredScope] = [], to outputs: Outputs
    ) {
        var flows = SwitchFlows(scope, hint: hint, meters: meters)
        feature.emit(into: &flows)
        emit(flows, apart, outputs)
    }

    /// Contributes the flows of a feature.
    func emit(
        _ feature: some RouterFeature, _ scope: FlowScope, hint: RowUUID? = nil,
        meters: [String: String] = [:], apart: [MeteredScope] = [], to outputs: Outputs
    ) {
        var flows = RouterFlows(scope, hint: hint, meters: meters)
        feature.emit(into: &flows)
        emit(flows, apart, outputs)
    }

    private func emit<Stage>(
        _ flows: FlowSink<Stage>, _ apart: [MeteredScope], _ outputs: Outputs
    ) {
        var rows = flows.rows
        if !flows.drops.isEmpty, let sample = outputs.commons.dropSample(self) {
            for row in flows.drops { rows[row] = rows[row].sampled(by: sample) }
        }
        if !flows.control.isEmpty {
            if case .datapath(let datapath) = flows.scope {
                let meters = read(outputs.commons.controlMeters, datapath) ?? [:]
                for (row, name) in flows.control where rows[row].meter == nil {
                    guard let meter = meters[name] else { continue }
                    rows[row] = rows[row].metered(by: meter, on: flows.scope)
                }
            }
            spread(flows.control, over: apart, &rows)
        }
        for row in rows { emit(outputs.flows, row) }
    }

    /// Puts copies of the flows that have meters on each of the datapaths, instead of their group.
    private func spread(
        _ control: [(row: Int, protocol: String)], over apart: [MeteredScope],
        _ rows: inout [FlowRow]
    ) {
        guard !apart.isEmpty else { return }
        for (row, name) in control.reversed() {
            let original = rows.remove(at: row)
            rows += apart.map { place in
                original.metered(by: place.meters[name], on: .datapath(place.datapath))
            }
        }
    }
}
