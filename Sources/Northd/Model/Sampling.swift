import Incremental
import LogicalFlow
import OVSDBModel
import Schemas

/// A Sample of ovn-nb(5) with its collectors, by id.
package struct SampleTarget: Hashable, Sendable {
    package struct Collector: Hashable, Sendable {
        package let id: UInt8
        package let set: UInt32
        package let probability: UInt16
    }

    package let point: UInt32
    package let collectors: [Collector]

    /// The only collector.
    package var single: Collector? { collectors.count == 1 ? collectors[0] : nil }
}

/// Sampling_App.type.
package enum SamplingApplication: String, Hashable, Sendable {
    case drop
    case newConnections = "acl-new"
    case establishedConnections = "acl-est"
}

extension Inputs {
    /// The sample with its collectors, or nil if there is none. A collector that wants none of the
    /// packets is none.
    func sample(_ key: RowUUID?, _ context: Context) -> SampleTarget? {
        guard let key, let row = context.read(samples, key) else { return nil }
        let collectors = row.collectors.compactMap { context.read(self.collectors, $0) }
            .filter { $0.probability > 0 }
            .map {
                SampleTarget.Collector(
                    id: UInt8(clamping: $0.id), set: UInt32(clamping: $0.setID),
                    probability: UInt16(clamping: $0.probability))
            }
        return SampleTarget(
            point: UInt32(clamping: row.metadata), collectors: collectors.sorted { $0.id < $1.id })
    }

    /// The observation domain of an application; nil if it isn't to sample.
    func domain(_ application: SamplingApplication, _ context: Context) -> UInt8? {
        context.read(samplingDomains, application).flatMap { $0 == 0 ? nil : UInt8(clamping: $0) }
    }
}
