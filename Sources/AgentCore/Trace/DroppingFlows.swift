import OVSDBModel
import OVSDBSession
import Pipeline
import Schemas

// The logical flows behind the drops that are counted. A count is listed for longer than its flow is there,
// and a flow that has gone is nowhere to be asked for: so what a flow says is noted when it drops its first
// packet, and kept as long as the count. So is the name of the datapath.

/// Not more than two flows and a datapath for each kind of drops (`DropCounts.Limits`).
package struct DroppingFlows: Sendable {
    private struct Flow: Sendable {
        /// How many kinds of drops name it.
        var uses = 0
        var description: FlowDescription?
    }

    private struct Datapath: Sendable {
        var uses = 0
        var name: String?
    }

    private var flows: [RowIdentifier: Flow] = [:]
    private var datapaths: [UInt32: Datapath] = [:]
    /// Flows whose external_ids nobody has told yet.
    package private(set) var unlabelled: Set<RowUUID> = []

    package init() {}

    package var count: Int { flows.count }

    /// What a flow says, or has said; nil if it was gone when it was to be noted.
    package subscript(flow: RowIdentifier) -> FlowDescription? { flows[flow]?.description }

    /// What the datapaths are called, or were, by tunnel key.
    package var datapathNames: [UInt32: String] { datapaths.compactMapValues(\.name) }

    /// Follows what is counted.
    ///
    /// - Parameter replica: has what is there now.
    package mutating func follow(_ change: DropCounts.Change, in replica: Replica?) {
        for flow in change.added.flows { use(flow, replica) }
        if let place = change.added.stage { use(place.datapath.value, replica) }
        for drop in change.removed { release(drop) }
    }

    private mutating func use(_ flow: RowIdentifier, _ replica: Replica?) {
        flows[flow, default: Flow()].uses += 1
        let uuid = RowUUID(high: flow.high, low: flow.low)
        guard flows[flow]?.description == nil, let row = replica?[SB.LogicalFlow.self, uuid] else {
            return
        }
        flows[flow]?.description = FlowDescription(row, labels: row.externalIDs)
        unlabelled.insert(uuid)
    }

    private mutating func use(_ datapath: UInt32, _ replica: Replica?) {
        datapaths[datapath, default: Datapath()].uses += 1
        guard datapaths[datapath]?.name == nil else { return }
        let row = replica?.rows(SB.DatapathBinding.self).first {
            UInt32(truncatingIfNeeded: $0.row.tunnelKey) == datapath
        }
        datapaths[datapath]?.name = row?.row.friendlyName
    }

    private mutating func release(_ drop: PacketDrop) {
        for flow in drop.flows {
            flows[flow]?.uses -= 1
            guard flows[flow]?.uses == 0 else { continue }
            flows[flow] = nil
            unlabelled.remove(RowUUID(high: flow.high, low: flow.low))
        }
        guard let datapath = drop.stage?.datapath.value else { return }
        datapaths[datapath]?.uses -= 1
        if datapaths[datapath]?.uses == 0 { datapaths[datapath] = nil }
    }

    /// Notes the external_ids of flows that the server was asked for. If it has told none they are asked
    /// for again with the next.
    package mutating func label(_ asked: [RowUUID], _ found: [RowUUID: [String: String]]) {
        guard !found.isEmpty else { return }
        unlabelled.subtract(asked)
        for (flow, labels) in found { flows[RowIdentifier(flow)]?.description?.label(labels) }
    }
}

extension PacketDrop {
    fileprivate var flows: [RowIdentifier] { [flow, decision].compactMap(\.self) }
}
