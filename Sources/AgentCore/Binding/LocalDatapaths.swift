// The logical datapaths that matter on this chassis: those of the ports that it holds and all that
// packets from there can reach through patch ports without leaving it. Only their flows are
// requested from the Southbound database and compiled.

import OVSDBModel
import Schemas

package struct LocalDatapaths: Hashable, Sendable {
    package private(set) var rows: Set<RowUUID>

    /// A longer chain of routers than any real network has.
    package static let depthLimit = 100

    /// - Parameters:
    ///   - held: datapaths of ports that this chassis holds.
    ///   - portsOf: the patch and l3gateway ports of a datapath.
    ///   - named: a port by its logical name.
    package init(
        held: some Sequence<RowUUID>,
        portsOf: (RowUUID) -> [SB.PortBinding],
        named: (String) -> SB.PortBinding?
    ) {
        rows = []
        var frontier = Array(held)
        var depth = 0
        while !frontier.isEmpty, depth <= Self.depthLimit {
            var next: [RowUUID] = []
            for datapath in frontier where rows.insert(datapath).inserted {
                next += Self.neighbours(of: datapath, portsOf: portsOf, named: named)
            }
            frontier = next
            depth += 1
        }
    }

    package static let none = LocalDatapaths(held: [], portsOf: { _ in [] }, named: { _ in nil })

    private static func neighbours(
        of datapath: RowUUID, portsOf: (RowUUID) -> [SB.PortBinding],
        named: (String) -> SB.PortBinding?
    ) -> [RowUUID] {
        portsOf(datapath).compactMap { port in
            guard let peer = port.options["peer"], let row = named(peer) else { return nil }
            return row.datapath
        }
    }
}
