// What the compiler takes: values, not database rows, so that it depends on no schema.

/// The identifier of a Southbound row.
package struct RowIdentifier: Hashable, Comparable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func < (left: RowIdentifier, right: RowIdentifier) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

/// The tunnel key of a logical datapath, 1...2^24 - 1.
package struct DatapathKey: Hashable, Comparable, Sendable {
    package let value: UInt32

    package init(_ value: UInt32) { self.value = value }

    package static func < (left: DatapathKey, right: DatapathKey) -> Bool {
        left.value < right.value
    }
}

/// One table of one pipeline.
package struct Stage: Hashable, Comparable, Sendable {
    package enum Pipeline: UInt8, CaseIterable, Hashable, Sendable, BitwiseCopyable {
        case ingress, egress
    }

    /// The pipeline times `Limits.tables`, plus the table.
    package let index: UInt8

    /// Values of `index`.
    package static let count = Pipeline.allCases.count * PipelineLimits.tables

    init(index: UInt8) { self.index = index }

    /// `table` is below `PipelineLimits.tables`.
    package init(_ pipeline: Pipeline, _ table: Int) {
        precondition(table >= 0 && table < PipelineLimits.tables)
        index = pipeline.rawValue * UInt8(PipelineLimits.tables) + UInt8(table)
    }

    package var pipeline: Pipeline { index < PipelineLimits.tables ? .ingress : .egress }
    package var table: Int { Int(index) % PipelineLimits.tables }

    package static func < (left: Stage, right: Stage) -> Bool { left.index < right.index }
}

package enum PipelineLimits {
    /// Tables of one pipeline.
    package static let tables = 64
    /// Earlier snapshots to which a snapshot knows the difference.
    package static let history = 64
    /// Flows in one difference; with more, everything counts as changed.
    package static let changedFlows = 16384
}

/// A logical flow.
package struct FlowRecord: Hashable, Sendable {
    /// The datapaths that a flow is for.
    package enum Scope: Hashable, Sendable {
        case datapath(DatapathKey)
        case group(RowIdentifier)
    }

    package let id: RowIdentifier
    package let stage: Stage
    /// Of several matches the highest wins; of equals the one with the lowest identifier.
    package let priority: UInt16
    package let scope: Scope
    package let match: String
    package let actions: String
    /// The match reads transport fields from the connection (tag `acl_ct_translation`).
    package let translatesTransport: Bool
    /// Connections that the actions commit get it (tag `ct_helper`).
    package let helper: Instruction.Helper?
    /// The meter on what the actions hand to the agent (Logical_Flow.controller_meter).
    package let controllerMeter: String?

    var program: ProgramText {
        ProgramText(actions: actions, helper: helper, controllerMeter: controllerMeter)
    }

    package init(
        id: RowIdentifier, stage: Stage, priority: UInt16, scope: Scope, match: String,
        actions: String, translatesTransport: Bool = false, helper: Instruction.Helper? = nil,
        controllerMeter: String? = nil
    ) {
        self.helper = helper
        self.controllerMeter = controllerMeter
        self.id = id
        self.stage = stage
        self.priority = priority
        self.scope = scope
        self.match = match
        self.actions = actions
        self.translatesTransport = translatesTransport
    }
}

/// A logical port.
package struct PortRecord: Hashable, Sendable {
    package let name: String
    package let datapath: DatapathKey
    /// The tunnel key of the port.
    package let key: UInt32
    /// What `is_chassis_resident` says of it.
    package let isResident: Bool

    package init(name: String, datapath: DatapathKey, key: UInt32, isResident: Bool) {
        self.name = name
        self.datapath = datapath
        self.key = key
        self.isResident = isResident
    }
}
