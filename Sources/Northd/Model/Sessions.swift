import Incremental
import OVSDBModel
import Schemas
import Wire

/// BFD sessions, as far as routes and policies depend on them.
struct Sessions: Sendable {
    private let inputs: Inputs
    /// Sessions by the router port that they run at.
    private let byPort: Index<String, RowUUID>
    /// Policies by the sessions that they depend on.
    let policies: Index<RowUUID, RowUUID>

    init(_ engine: Engine, _ inputs: Inputs) {
        self.inputs = inputs
        byPort = engine.index("sessions by port", of: inputs.bfd) { _, row in [row.logicalPort] }
        policies = engine.index("policies of session", of: inputs.policies) { _, row in
            row.bfdSessions
        }
    }

    /// The session is not known to be down. A session that nobody runs yet is down.
    func isUp(_ key: RowUUID, _ context: Context) -> Bool {
        guard let row = context.read(inputs.bfd, key) else { return true }
        let name = BFDKey(port: row.logicalPort, address: row.dstIP)
        let status = context.read(inputs.bfdStates, name)?.status ?? "down"
        return status != "down" && status != BFDRow.adminDown
    }

    /// Some session runs at the port.
    func run(at port: String, _ context: Context) -> Bool { context.first(byPort, port) != nil }

    /// The session of these to this next hop, if there is one.
    func session(
        of keys: [RowUUID], at port: String, to hop: IPAddress, _ context: Context
    ) -> RowUUID? {
        keys.first { key in
            guard let row = context.read(inputs.bfd, key) else { return false }
            return row.logicalPort == port && IPAddress(parsing: row.dstIP) == hop
        }
    }
}
