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
    /// What was asked for but can't be meant.
    package var warnings: [String] = []

    /// Status 0 with the answer, whatever it says; 1 if no remote has the database.
    package func run() -> CommandOutcome {
        do {
            let replica = try replica(on: try EventLoop())
            let network = TraceNetwork(replica, usesFriendlyNames: usesFriendlyNames)
            return CommandOutcome(output: trace.answer(network), errorOutput: warningText)
        } catch {
            return CommandOutcome(
                errorOutput: warningText + "\(Self.program): \(error)\n", status: 1)
        }
    }

    /// A line for each warning.
    package var warningText: String {
        warnings.map { "\(Self.program): warning: \($0)\n" }.joined()
    }

    /// The Southbound database as of now.
    func replica(on loop: EventLoop) throws -> Replica {
        let threads = IOThreads(count: 1)
        defer { threads.shutDown() }
        let client = client(on: loop, threads)
        defer { client.stop() }
        try connect(client, loop)
        return client.replica
    }

    private var remotes: [String] { database.split(separator: ",").map(String.init) }

    /// A client of the Southbound database that is not started yet.
    func client(on loop: EventLoop, _ threads: IOThreads) -> OVSDBClient {
        let configuration = ClientConfiguration(
            schema: SB.schema, tables: Self.tables, remotes: remotes, leaderOnly: leaderOnly)
        return OVSDBClient(
            configuration, loop: loop, threads: threads,
            seed: UInt64(bitPattern: Clock.monotonicMilliseconds))
    }

    /// Starts a client and waits for the database. Each remote is tried once, as somebody waits for
    /// an answer; if `isTold` to end there will be none.
    func connect(
        _ client: OVSDBClient, _ loop: EventLoop, isTold: @escaping () -> Bool = { false }
    ) throws {
        var reasons: [String] = []
        let handler = client.handlers.diagnostic
        client.handlers.diagnostic = { diagnostic in
            guard case .lost(let remote, let reason) = diagnostic else { return }
            let known = "\(remote): "
            reasons.append(
                reason.hasPrefix(known) ? String(reason.dropFirst(known.utf8.count)) : reason)
        }
        defer { client.handlers.diagnostic = handler }
        client.start()
        let attempts = max(remotes.count, 1)
        func isDone() -> Bool { client.isSynchronized || reasons.count >= attempts || isTold() }
        while !isDone() { _ = try loop.run(until: .now() + .seconds(3600), isDone) }
        guard client.isSynchronized || isTold() else {
            throw DatabaseFailure(database: database, reason: reasons.last ?? "")
        }
    }

    /// No remote has the database.
    package struct DatabaseFailure: Error, Hashable, Sendable, CustomStringConvertible {
        /// The remotes that were tried, as they were given.
        package let database: String
        package let reason: String

        package var description: String { "\(database): database connection failed (\(reason))" }
    }

    private static let tables: [ClientConfiguration.Table] = [
        .init(SB.DatapathBinding.self), .init(SB.PortBinding.self), .init(SB.LogicalFlow.self),
        .init(SB.LogicalDPGroup.self), .init(SB.MulticastGroup.self), .init(SB.AddressSet.self),
        .init(SB.PortGroup.self), .init(SB.MACBinding.self), .init(SB.StaticMACBinding.self),
        .init(SB.FDB.self), .init(SB.LoadBalancer.self), .init(SB.Chassis.self),
        .init(SB.ChassisTemplateVar.self),
    ]
}
