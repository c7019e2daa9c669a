// Who gets samples on this host, from the rows of the local database.
//
// A row that can't be followed is reported by its name, with the column and the reason, and hinders no
// other; a set of which nothing is left takes no samples.

import OVSDBModel
import OVSDBSession
import Schemas

package struct SamplingPass {
    /// By Flow_Sample_Collector_Set.id, of the integration bridge.
    package private(set) var sets: [UInt32: CollectorSet] = [:]
    package private(set) var exporters: [UInt32: ExporterConfiguration] = [:]
    package private(set) var problems: [String] = []

    private let replica: Replica

    /// - Parameter kernelWithoutLocalSamples: the release of a kernel without the action psample; nil
    ///   if the kernel has it.
    package init(
        _ system: LocalSystem, _ replica: Replica, kernelWithoutLocalSamples: String?
    ) {
        self.replica = replica
        for bridge in system.bridges.sorted(by: { $0.row.name < $1.row.name }) {
            noteBridge(bridge.row)
        }
        guard let bridge = system.integrationBridge else { return }
        let rows = replica.rows(OVS.FlowSampleCollectorSet.self).map(\.row)
            .filter { $0.bridge == bridge.uuid }
        for row in rows.sorted(by: { $0.id < $1.id }) {
            add(row, kernelWithoutLocalSamples)
        }
    }

    /// What samples all packets of a bridge is not done.
    private mutating func noteBridge(_ row: OVS.Bridge) {
        let columns = [
            ("ipfix", row.ipfix != nil), ("netflow", row.netflow != nil),
            ("sflow", row.sflow != nil),
        ]
        for (column, isSet) in columns where isSet {
            problems.append(
                "Bridge \(row.name): \(column) is not supported, flows are sampled by "
                    + "Flow_Sample_Collector_Set")
        }
    }

    private mutating func add(
        _ row: OVS.FlowSampleCollectorSet, _ kernelWithoutLocalSamples: String?
    ) {
        let id = UInt32(clamping: row.id)
        var set = CollectorSet(isExported: false)
        if let ipfix = row.ipfix.flatMap({ replica[OVS.IPFIX.self, $0] }),
            let configuration = configuration(ipfix, of: id)
        {
            exporters[id] = configuration
            set.isExported = true
        }
        if let group = row.localGroupID {
            if let release = kernelWithoutLocalSamples {
                problems.append(
                    "Flow_Sample_Collector_Set \(id): local_group_id \(group) gets no samples: "
                        + "kernel \(release) has no action psample (Linux 6.11 has)")
            } else {
                set.group = UInt32(clamping: group)
            }
        }
        if set.isExported || set.group != nil { sets[id] = set }
    }

    private mutating func configuration(
        _ row: OVS.IPFIX, of id: UInt32
    ) -> ExporterConfiguration? {
        var targets: Set<CollectorTarget> = []
        for text in row.targets.sorted() {
            if let target = CollectorTarget(parsing: text) {
                targets.insert(target)
            } else {
                problems.append(
                    "Flow_Sample_Collector_Set \(id): IPFIX target \"\(text)\" is no address "
                        + "with a port (as 192.0.2.1:4739 or [2001:db8::1]:4739)")
            }
        }
        guard !targets.isEmpty else { return nil }
        let standard = ExporterConfiguration.standardInterval
        return ExporterConfiguration(
            targets: targets.sorted(),
            activeTimeoutSeconds: (row.cacheActiveTimeout ?? 0)
                .clamped(to: ExporterConfiguration.activeTimeouts),
            largestCache: (row.cacheMaxFlows ?? 0).clamped(to: 0...ExporterConfiguration.mostFlows),
            templateSeconds: (row.templateInterval ?? standard)
                .clamped(to: ExporterConfiguration.intervals),
            statisticsSeconds: (row.statsInterval ?? standard)
                .clamped(to: ExporterConfiguration.intervals),
            showsTunnels: row.otherConfig["enable-tunnel-sampling"] != "false",
            virtualObservation: virtualObservation(row, of: id))
    }

    private mutating func virtualObservation(_ row: OVS.IPFIX, of id: UInt32) -> [UInt8]? {
        guard let text = row.otherConfig["virtual_obs_id"] else { return nil }
        let bytes = Array(text.utf8)
        guard bytes.count <= ExporterConfiguration.longestVirtualObservation else {
            problems.append(
                "Flow_Sample_Collector_Set \(id): IPFIX virtual_obs_id has \(bytes.count) bytes, "
                    + "of at most \(ExporterConfiguration.longestVirtualObservation)")
            return nil
        }
        return bytes
    }
}
