import Glibc
import Linux
import Testing

/// One program at a time carries out what a local database says, and one serves the datapath of a
/// network namespace; whoever comes second waits, and changes nothing.
@Suite(.serialized, .enabled(if: getenv("OVN_VM") != nil))
struct KernelOwnershipTests {
    private func problems(_ host: AgentHost, _ name: String) async throws -> String {
        try await Agentless.run([
            Agentless.program("ovn-appctl"), "-T", "60", "-t", "\(host.manager.directory)/\(name)",
            "status/problems",
        ]).output
    }

    /// An agent that waits, and says why.
    private func waiting(
        _ host: AgentHost, _ name: String, _ reason: String
    ) async throws -> BackgroundProgram {
        let agent = try host.startAgent(name)
        try await host.wait(for: "\(name) to wait: \(agent.output)") {
            try await problems(host, name).contains(reason)
        }
        #expect(agent.output.contains("|WARN|\(reason)"))
        return agent
    }

    private func expectBridge(
        _ host: AgentHost, place: SourceLocation = #_sourceLocation
    ) async throws {
        let link = try await host.inside("ip", "link", "show", "br-int")
        #expect(link.status == 0, "\(link.output)", sourceLocation: place)
    }

    @Test func aSecondAgentWaitsForTheFirst() async throws {
        let host = try await AgentHost("second")
        let first = try host.startAgent()
        try await host.manager.wait(for: "READY=1")
        let index = try await host.inside("cat", "/sys/class/net/br-int/ifindex").output
        let held =
            "\(host.database): another ovn-controller or ovs-vswitchd holds lock ovs_vswitchd"
        let leaving = try await waiting(host, "leaving", held)
        _ = try await Agentless.run([
            Agentless.program("ovn-appctl"), "-t", "\(host.manager.directory)/leaving", "exit",
        ])
        try await leaving.waitForEnd()
        try await expectBridge(host)
        let second = try await waiting(host, "second", held)
        #expect(host.manager.receive().count { $0 == "READY=1" } == 1)
        first.signal(SIGKILL)
        try await first.waitForEnd()
        try await host.manager.wait(for: "READY=1", count: 2)
        #expect(try await host.inside("cat", "/sys/class/net/br-int/ifindex").output == index)
        #expect(try await problems(host, "second").contains(held) == false)
        second.signal(SIGTERM)
        try await second.waitForEnd()
    }

    @Test func aStockSwitchWaitsForTheAgent() async throws {
        let host = try await AgentHost("stock")
        let agent = try host.startAgent()
        try await host.manager.wait(for: "READY=1")
        let stock = try host.start(
            [
                "ovs-vswitchd", "--unixctl=\(host.manager.directory)/stock.ctl", "-vconsole:info",
                "-vsyslog:off", host.database,
            ], "stock")
        try await host.wait(for: "the stock switch: \(stock.output)") {
            stock.output.contains("another ovs-vswitchd process is running")
        }
        try await expectBridge(host)
        #expect(agent.isRunning)
        stock.signal(SIGTERM)
        try await stock.waitForEnd()
        agent.signal(SIGTERM)
        try await agent.waitForEnd()
    }

    @Test func anAgentThatWasReplacedEnds() async throws {
        let host = try await AgentHost("replaced")
        let agent = try host.startAgent()
        try await host.manager.wait(for: "READY=1")
        let other = try host.start(
            ["ovsdb-client", "steal", host.database, "ovs_vswitchd"], "other")
        try await agent.waitForEnd()
        #expect(agent.output.contains("holds lock ovs_vswitchd now"), "\(agent.output)")
        try await expectBridge(host)
        other.signal(SIGTERM)
        try await other.waitForEnd()
    }

    @Test func agentsOfTwoDatabasesDontShareADatapath() async throws {
        let host = try await AgentHost("shared")
        let first = try host.startAgent()
        try await host.manager.wait(for: "READY=1")
        let neighbour = try await AgentHost("neighbour", beside: host)
        let second = try neighbour.startAgent()
        try await host.wait(for: "the one that waits: \(second.output)") {
            try await problems(neighbour, "control").contains(
                "ovs-system is served by another ovn-controller in this network namespace")
        }
        #expect(!neighbour.manager.receive().contains("READY=1"))
        first.signal(SIGTERM)
        try await first.waitForEnd()
        try await neighbour.manager.wait(for: "READY=1")
        second.signal(SIGTERM)
        try await second.waitForEnd()
    }
}
