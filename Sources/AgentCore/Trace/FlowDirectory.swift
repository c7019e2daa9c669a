import OVSDBModel
import OVSDBSession
import Pipeline
import Schemas

// What the numbers of a translation are called: a translation knows keys and row identifiers, an
// operator names, stages and the texts of flows.

/// A logical flow as an operator knows it.
package struct FlowDescription: Hashable, Sendable {
    package var pipeline: Stage.Pipeline
    package var table: Int
    package var priority: Int
    package var match: String
    package var actions: String
    /// external_ids:stage-name.
    package var stageName: String?
    /// external_ids:source, a place in the program that wrote the flow.
    package var source: String?
    /// external_ids:stage-hint, the first digits of the Northbound row's UUID.
    package var hint: String?

    package init(
        pipeline: Stage.Pipeline, table: Int, priority: Int, match: String, actions: String,
        stageName: String? = nil, source: String? = nil, hint: String? = nil
    ) {
        self.pipeline = pipeline
        self.table = table
        self.priority = priority
        self.match = match
        self.actions = actions
        self.stageName = stageName
        self.source = source
        self.hint = hint
    }

    /// - Parameter labels: its external_ids.
    package init(_ row: SB.LogicalFlow, labels: [String: String]) {
        self.init(
            pipeline: row.pipeline == SB.LogicalFlow.pipelineEgress ? .egress : .ingress,
            table: row.tableID, priority: row.priority, match: row.match, actions: row.actions)
        label(labels)
    }

    /// - Parameter labels: its external_ids.
    mutating func label(_ labels: [String: String]) {
        stageName = labels["stage-name"]
        source = labels["source"]
        hint = labels["stage-hint"]
    }

    /// `stage (source): `, or as much of it as is known.
    var place: String {
        switch (stageName, source) {
        case (let name?, let source?): "\(name) (\(source)): "
        case (let name?, nil): "\(name): "
        case (nil, let source?): "(\(source)): "
        case (nil, nil): ""
        }
    }
}

package struct FlowDirectory {
    package struct Port: Hashable, Sendable {
        package var name: String
        package var type: String
        /// Its row's name, by which ovn-nbctl finds it.
        package var logicalPort: String

        package init(name: String, type: String = "", logicalPort: String? = nil) {
            self.name = name
            self.type = type
            self.logicalPort = logicalPort ?? name
        }
    }

    /// Names by tunnel key.
    package var datapaths: [UInt32: String] = [:]
    /// Ports and multicast groups.
    package var ports: [PortReference: Port] = [:]
    /// Chassis by the address of their tunnels.
    package var chassis: [String: String] = [:]
    package var flow: (RowIdentifier) -> FlowDescription?
    /// What is known of flows that may have gone.
    package var former: (RowIdentifier) -> FlowDescription? = { _ in nil }
    /// The name of a stage, taken from any flow of it.
    package var stageName: (LogicalStage) -> String? = { _ in nil }
    /// The device of a kernel port.
    package var device: (UInt32) -> String = { String($0) }

    package init(flow: @escaping (RowIdentifier) -> FlowDescription?) { self.flow = flow }

    /// A flow that is there, or was.
    func known(_ id: RowIdentifier) -> (flow: FlowDescription?, isDeleted: Bool) {
        let present = flow(id)
        return (present ?? former(id), present == nil)
    }

    package func datapath(_ key: UInt32) -> String { datapaths[key] ?? "key \(key)" }

    package func port(_ reference: PortReference) -> String {
        ports[reference]?.name ?? "(unnamed)"
    }

    /// `"port" on "datapath"`, as ovn-nbctl knows the port.
    func logical(_ reference: PortReference) -> String {
        let name = ports[reference].map { "\"\($0.logicalPort)\"" } ?? "key \(reference.port)"
        return "\(name) on \"\(datapath(reference.datapath))\""
    }

    /// `"port" of "datapath"`.
    func full(_ reference: PortReference) -> String {
        let name = ports[reference].map { "\"\($0.name)\"" } ?? "port key \(reference.port)"
        return "\(name) of \"\(datapath(reference.datapath))\""
    }
}

extension RowIdentifier {
    /// The first eight digits of the UUID.
    package var short: String {
        let digits = String(high >> 32, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

// MARK: - Out of a Southbound replica

extension FlowDirectory {
    /// The external_ids of a logical flow.
    package typealias Labels = (RowUUID, SB.LogicalFlow) -> [String: String]

    /// - Parameter labels: as the replica has them if it has them.
    package init(_ replica: Replica, labels: @escaping Labels = { $1.externalIDs }) {
        self.init { id in
            let uuid = RowUUID(high: id.high, low: id.low)
            return replica[SB.LogicalFlow.self, uuid]
                .map { FlowDescription($0, labels: labels(uuid, $0)) }
        }
        addDatapaths(replica)
        addChassis(replica)
        let stages = StageNames(replica, labels)
        stageName = { stages.name(of: $0) }
    }

    private mutating func addDatapaths(_ replica: Replica) {
        var keys: [RowUUID: UInt32] = [:]
        for entry in replica.rows(SB.DatapathBinding.self) {
            let key = UInt32(truncatingIfNeeded: entry.row.tunnelKey)
            keys[entry.uuid] = key
            datapaths[key] = entry.row.friendlyName ?? "\(entry.uuid)"
        }
        for port in replica.rows(SB.PortBinding.self).map(\.row) {
            guard let key = keys[port.datapath] else { continue }
            let reference = PortReference(
                datapath: key, port: UInt32(truncatingIfNeeded: port.tunnelKey))
            ports[reference] = Port(
                name: port.friendlyName, type: port.type, logicalPort: port.logicalPort)
        }
        for group in replica.rows(SB.MulticastGroup.self).map(\.row) {
            guard let key = keys[group.datapath] else { continue }
            let reference = PortReference(
                datapath: key, port: UInt32(truncatingIfNeeded: group.tunnelKey))
            ports[reference] = Port(name: group.name)
        }
    }

    private mutating func addChassis(_ replica: Replica) {
        for row in replica.rows(SB.Encap.self).map(\.row) { chassis[row.ip] = row.chassisName }
    }
}

/// The names of stages. A stage is called what a flow of it on that datapath calls it, as kinds of
/// datapaths have names of their own.
private final class StageNames {
    private let replica: Replica
    private let labels: FlowDirectory.Labels
    /// Of each stage, a flow by its datapath or group of datapaths, one with a name if the replica knows
    /// names: read when the first is asked for.
    private lazy var examples = Self.examples(replica)
    private lazy var datapaths = Self.datapaths(replica)

    init(_ replica: Replica, _ labels: @escaping FlowDirectory.Labels) {
        self.replica = replica
        self.labels = labels
    }

    func name(of stage: LogicalStage) -> String? {
        guard let datapath = datapaths[stage.datapath], let places = examples[stage.stage] else {
            return nil
        }
        let groups = places.keys.filter { isMember(datapath, of: $0) }.sorted()
        guard let flow = ([datapath] + groups).lazy.compactMap({ places[$0] }).first,
            let row = replica[SB.LogicalFlow.self, flow]
        else { return nil }
        return labels(flow, row)["stage-name"]
    }

    private func isMember(_ datapath: RowUUID, of group: RowUUID) -> Bool {
        replica[SB.LogicalDPGroup.self, group]?.datapaths.contains(datapath) == true
    }

    private static func examples(_ replica: Replica) -> [Stage: [RowUUID: RowUUID]] {
        var examples: [Stage: [RowUUID: RowUUID]] = [:]
        var named: Set<RowUUID> = []
        replica.forEachRow(SB.LogicalFlow.self) { uuid, data in
            let row = SB.LogicalFlow(row: data)
            guard (0..<PipelineLimits.tables).contains(row.tableID),
                let place = row.logicalDatapath ?? row.logicalDPGroup
            else { return }
            let isEgress = row.pipeline == SB.LogicalFlow.pipelineEgress
            let stage = Stage(isEgress ? .egress : .ingress, row.tableID)
            let isNamed = row.externalIDs["stage-name"] != nil
            if let found = examples[stage]?[place], !isNamed || named.contains(found) { return }
            if isNamed { named.insert(uuid) }
            examples[stage, default: [:]][place] = uuid
        }
        return examples
    }

    private static func datapaths(_ replica: Replica) -> [DatapathKey: RowUUID] {
        Dictionary(
            replica.rows(SB.DatapathBinding.self).map {
                (DatapathKey(UInt32(truncatingIfNeeded: $0.row.tunnelKey)), $0.uuid)
            }, uniquingKeysWith: { first, _ in first })
    }
}

extension SB.DatapathBinding {
    /// What an operator calls it: the friendlier of its names, long UUIDs cut.
    package var friendlyName: String? {
        (externalIDs["name2"] ?? externalIDs["name"]).map(FriendlyName.shortened)
    }
}

extension SB.PortBinding {
    package var friendlyName: String {
        FriendlyName.shortened(externalIDs["name"] ?? logicalPort)
    }
}

package enum FriendlyName {
    /// A name that ends in a UUID, with the UUID cut to its first six digits.
    package static func shortened(_ name: String) -> String {
        let length = 36
        guard name.utf8.count >= length, RowUUID(parsing: name.suffix(length)) != nil else {
            return name
        }
        return String(name.dropLast(length - 6))
    }
}
