// What may be said once the datapath has acknowledged a revision: that ports are installed, and
// which configuration (`nb_cfg`) is in force. Nothing is said before.

import OVSDBModel

package struct Progress: Sendable {
    private struct Published {
        let revision: UInt64
        let configuration: Int
        let configurationTimestamp: Int
        let ports: Set<RowUUID>
    }

    /// Revisions posted and not yet acknowledged, oldest first.
    private var pending: [Published] = []
    /// Ports for which the datapath forwards.
    package private(set) var installed: Set<RowUUID> = []
    /// SB_Global.nb_cfg as of the acknowledged revision.
    package private(set) var configuration: Int?
    package private(set) var configurationTimestamp = 0

    package init() {}

    /// A snapshot was posted that holds the ports and reflects the configuration number.
    package mutating func published(
        _ revision: UInt64, configuration: Int, timestamp: Int, ports: Set<RowUUID>
    ) {
        precondition(pending.last.map { $0.revision < revision } ?? true)
        pending.append(
            Published(
                revision: revision, configuration: configuration,
                configurationTimestamp: timestamp, ports: ports))
        installed.formIntersection(ports)
    }

    /// - Returns: whether anything new may be said.
    package mutating func acknowledged(_ revision: UInt64) -> Bool {
        guard let index = pending.lastIndex(where: { $0.revision <= revision }) else {
            return false
        }
        let newest = pending[index]
        pending.removeFirst(index + 1)
        // A port that a later snapshot has dropped is not installed, whatever this one says.
        let ports = pending.reduce(newest.ports) { $0.intersection($1.ports) }
        let changed = ports != installed || newest.configuration != configuration
        installed = ports
        configuration = newest.configuration
        configurationTimestamp = newest.configurationTimestamp
        return changed
    }
}
