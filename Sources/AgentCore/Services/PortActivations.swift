import OVSDBModel
import OVSDBSession
import Schemas

// Ports that were activated here while another chassis holds them too (`PortActivation`). They
// forward at once; the Southbound is told, so that they still do after a restart.

package struct PortActivations: Sendable {
    /// Those that the Southbound doesn't tell yet.
    package private(set) var ports: Set<PortReference> = []

    package init() {}

    package mutating func add(_ port: PortReference) { ports.insert(port) }

    /// Appends this chassis to the rows, and forgets what the rows tell.
    package mutating func write(
        _ rows: ServiceRows, chassis: ChassisIdentity, into transaction: inout TransactionBuilder
    ) {
        for reference in ports.sorted() {
            guard let port = rows.ports[reference],
                port.row.additionalChassis.contains(chassis.row)
            else {
                ports.remove(reference)
                continue
            }
            let told = (port.row.options[PortActivation.activatedKey] ?? "").split(separator: ",")
            guard !told.contains(where: { $0 == chassis.name }) else {
                ports.remove(reference)
                continue
            }
            var row = port.row
            row.options[PortActivation.activatedKey] =
                (told.map(String.init) + [chassis.name]).joined(separator: ",")
            transaction.update(port.uuid, from: port.row, to: row)
        }
    }
}
