import LogicalFlow
import OVSDBModel

/// Takes the flows of one feature for one scope, and prints them.
package struct FlowSink<Stage: PipelineStage> {
    package let scope: FlowScope
    /// The Northbound row that the flows come from; nil where they have no single origin.
    package let hint: FlowHint?
    /// Meters by what they limit, for flows that name none themselves.
    package let meters: [String: String]
    package private(set) var rows: [FlowRow] = []
    /// What flows send to the chassis' control, by their places in `rows`.
    package private(set) var control: [(row: Int, protocol: String)] = []
    /// The flows that drop, by their places in `rows`.
    package private(set) var drops: [Int] = []

    package init(_ scope: FlowScope, hint: RowUUID? = nil, meters: [String: String] = [:]) {
        self.scope = scope
        self.hint = hint.map(FlowHint.init)
        self.meters = meters
    }

    /// `port` names the port that the flow is about, which lets a chassis without it skip the
    /// flow unread: the inport of an ingress flow, the outport of an egress flow. `meter` limits
    /// what the flow sends to the chassis' control. `reason` is that of the actions `.drop`.
    package mutating func add(
        _ stage: Stage, _ priority: Int, _ match: Match, _ actions: ActionList,
        port: String? = nil, meter: String? = nil, helper: ConnectionHelper? = nil,
        ifDropped reason: DropReason? = nil
    ) {
        add(
            stage, priority, text: match.description, actions, port: port, meter: meter,
            helper: helper, ifDropped: reason)
    }

    /// With a match that only a chassis can read, or that is printed already.
    package mutating func add(
        _ stage: Stage, _ priority: Int, text: String, _ actions: ActionList,
        port: String? = nil, meter: String? = nil, translatesTransport: Bool = false,
        helper: ConnectionHelper? = nil, ifDropped reason: DropReason? = nil
    ) {
        let name = ControlProtocol.of(actions)
        if let name { control.append((rows.count, name)) }
        if actions == .drop { drops.append(rows.count) }
        add(
            stage, priority, text: text, actionText: actions.description, port: port,
            meter: meter ?? name.flatMap { meters[$0] },
            translatesTransport: translatesTransport, helper: helper,
            reason: actions == .drop ? reason : nil)
    }

    /// With texts that only a chassis can read: they have template variables.
    package mutating func add(
        _ stage: Stage, _ priority: Int, text: String, actionText: String,
        port: String? = nil, meter: String? = nil, translatesTransport: Bool = false,
        helper: ConnectionHelper? = nil, reason: DropReason? = nil
    ) {
        let place = stage.place
        rows.append(
            FlowRow(
                scope: scope, device: Stage.device, pipeline: place.pipeline,
                table: UInt8(place.table), priority: UInt16(clamping: priority),
                match: text, actions: actionText, stage: stage.name,
                hint: hint, port: port, meter: meter,
                translatesTransport: translatesTransport, helper: helper, reason: reason))
    }

    /// A flow whose packets end here, after these actions.
    package mutating func drop(
        _ stage: Stage, _ priority: Int, _ match: Match, because reason: DropReason,
        after actions: [Action] = [], port: String? = nil
    ) {
        drops.append(rows.count)
        let actions = actions.isEmpty ? ActionList.drop : ActionList(actions)
        add(
            stage, priority, text: match.description, actionText: "\(actions)", port: port,
            reason: reason)
    }

    /// The flow that takes what no other flow of the stage matches.
    package mutating func fallback(_ stage: Stage, _ actions: ActionList = [.next]) {
        add(stage, 0, .always, actions)
    }
}

package typealias SwitchFlows = FlowSink<SwitchStage>
package typealias RouterFlows = FlowSink<RouterStage>

/// A feature of a logical switch: its stored properties are what it reads.
package protocol SwitchFeature {
    func emit(into flows: inout SwitchFlows)
}

/// A feature of a logical router: its stored properties are what it reads.
package protocol RouterFeature {
    func emit(into flows: inout RouterFlows)
}
