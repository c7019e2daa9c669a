// BFD to next hops (RFC 5880): the session's row, its chassis, and what the configuration is told.

import Incremental
import OVSDBModel
import Schemas
import Wire

extension Compiler {
    func registerSessions() {
        let (inputs, outputs, model, services) = (inputs, outputs, model, services)
        let sessions = sessions
        engine.emitter("BFD session", over: inputs.bfd) { key, row, context in
            let name = BFDKey(port: row.logicalPort, address: row.dstIP)
            let state = context.read(inputs.bfdStates, name)
            let isUsed =
                context.first(services.routesOfSession, key) != nil
                || context.first(sessions.policies, key) != nil
            context.emit(
                outputs.sessions,
                SessionStatusRow(
                    target: key, status: Compiler.status(isUsed: isUsed, state?.status)))
            guard context.first(model.routerPortByName, row.logicalPort) != nil else {
                return context.emit(
                    outputs.problems,
                    Problem(
                        "BFD", key, "logical_port",
                        "no router port is called \"\(row.logicalPort)\""))
            }
            guard IPAddress(parsing: row.dstIP) != nil else {
                return context.emit(
                    outputs.problems,
                    Problem("BFD", key, "dst_ip", "no address: \"\(row.dstIP)\""))
            }
            guard let sourcePort = context.read(services.sessionPorts, key) else {
                return context.emit(
                    outputs.problems, Problem("BFD", key, "_uuid", "no source port is left"))
            }
            let host =
                context.read(inputs.portStates, "cr-" + row.logicalPort)?.chassis
                ?? context.read(inputs.portStates, row.logicalPort)?.chassis
            context.emit(
                outputs.bfd,
                BFDRow(
                    origin: key, key: name, contents: row, sourcePort: sourcePort,
                    isUsed: isUsed,
                    chassis: host.flatMap { context.read(inputs.chassis, $0)?.name } ?? ""))
        }
    }

    /// A session that nobody needs is closed; one that is needed is down until a chassis says more.
    private static func status(isUsed: Bool, _ state: String?) -> String {
        guard isUsed else { return BFDRow.adminDown }
        guard let state, state != BFDRow.adminDown else { return SB.BFD.statusDown }
        return state
    }
}
