import OVSDBModel
import Schemas

/// The external_ids of logical flows for one text, where the replica doesn't have them: those that are known
/// and those that were asked for in vain.
package final class FlowLabels {
    package let known: [RowUUID: [String: String]]
    /// Not known, although the text would say them.
    package private(set) var missing: Set<RowUUID> = []

    package init(known: [RowUUID: [String: String]] = [:]) { self.known = known }

    package func labels(of uuid: RowUUID) -> [String: String] {
        if let labels = known[uuid] { return labels }
        missing.insert(uuid)
        return [:]
    }
}
