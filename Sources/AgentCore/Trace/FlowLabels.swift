import OVSDBModel
import Schemas

/// The external_ids of logical flows for one text, where the replica doesn't have them.
package final class FlowLabels {
    /// Empty for a flow that the server doesn't have any more.
    package let known: [RowUUID: [String: String]]
    /// Of which flows the text would say them, if they were known.
    package private(set) var missing: Set<RowUUID> = []

    package init(known: [RowUUID: [String: String]] = [:]) { self.known = known }

    package func labels(of uuid: RowUUID) -> [String: String] {
        if let labels = known[uuid] { return labels }
        missing.insert(uuid)
        return [:]
    }
}
