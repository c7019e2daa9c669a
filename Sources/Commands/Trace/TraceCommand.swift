import AgentCore
import Linux
import OVSDBSession
import OVSDBTransport
import Schemas

/// `ovn-trace`: follows a packet through the network of a Southbound database (ovn-trace(8)).
package struct TraceCommand: Sendable {
    package static let program = "ovn-trace"

    /// Remotes, separated by commas.
    package var database: String
    package var leaderOnly = true
    package var usesFriendlyNames = true
    package var trace: NetworkTrace

    /// Status 0 with the answer, whatever it says; waits until the database is there.
    package func run() -> CommandOutcome {
        do {
            let replica = try replica(on: try EventLoop())
            let network = TraceNetwork(replica, usesFriendlyNames: usesFriendlyNames)
            return CommandOutcome(output: trace.answer(network))
        } catch {
            return CommandOutcome(errorOutput: "\(Self.program): \(error)\n", status: 1)
        }
    }

    /// The Southbound database as of now.
    func replica(on loop: EventLoop) throws(SystemError) -> Replica {
        let threads = IOThreads(count: 1)
        defer { threads.shutDown() }
        let client = client(on: loop, threads)
        client.start()
        while try !loop.run(until: .now() + .seconds(3600), { client.isSynchronized }) {}
        let replica = client.replica
        client.stop()
        return replica
    }

    /// Follows the Southbound database when it is started.
    func client(on loop: EventLoop, _ threads: IOThreads) -> OVSDBClient {
        let configuration = ClientConfiguration(
            schema: SB.schema, tables: Self.tables,
            remotes: database.split(separator: ",").map(String.init), leaderOnly: leaderOnly)
        let client = OVSDBClient(
            configuration, loop: loop, threads: threads,
            seed: UInt64(bitPattern: Clock.monotonicMilliseconds))
        client.handlers.diagnostic = { diagnostic in
            guard case .lost = diagnostic else { return }
            StandardStream.writeError("\(Self.program): \(diagnostic)\n")
        }
        return client
    }

    private static let tables: [ClientConfiguration.Table] = [
        .init(SB.DatapathBinding.self), .init(SB.PortBinding.self), .init(SB.LogicalFlow.self),
        .init(SB.LogicalDPGroup.self), .init(SB.MulticastGroup.self), .init(SB.AddressSet.self),
        .init(SB.PortGroup.self), .init(SB.MACBinding.self), .init(SB.StaticMACBinding.self),
        .init(SB.FDB.self), .init(SB.LoadBalancer.self),
    ]
}
