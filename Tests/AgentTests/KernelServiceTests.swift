import Glibc
import Linux
import Schemas
import Testing

/// An agent on a datapath of its own, in a network namespace of its own: its service manager, and
/// what its local database shows (ovs-vswitchd.conf.db(5)).
@Suite(.serialized, .enabled(if: getenv("OVN_VM") != nil))
struct KernelServiceTests {
    @Test func readyMeansThatTheBridgeIsThere() async throws {
        let host = try await AgentHost("ready")
        let agent = try host.startAgent()
        try await host.manager.wait(for: "READY=1")
        #expect(try await host.vsctl("get", "Interface", "br-int", "ofport") == "65534")
        #expect(try await host.inside("ip", "link", "show", "br-int").status == 0)
        try await host.manager.wait(for: "WATCHDOG=1", count: 3)
        agent.signal(SIGTERM)
        try await agent.waitForEnd()
        let states = host.manager.receive()
        #expect(states.first == "READY=1")
        #expect(states.last == "STOPPING=1", "\(agent.output)")
    }

    /// Whoever waits for the agent to be ready must not be told so by one that has no database.
    @Test func withoutTheLocalDatabaseAnAgentIsNotReady() async throws {
        let host = try await AgentHost("early")
        host.server.signal(SIGTERM)
        try await host.server.waitForEnd()
        let agent = try host.startAgent()
        try await Agentless.wait(for: "the control socket") {
            access("\(host.manager.directory)/control", F_OK) == 0
        }
        #expect(host.manager.receive().contains("READY=1") == false)
        agent.signal(SIGTERM)
        try await agent.waitForEnd()
        #expect(host.manager.receive().last == "STOPPING=1")
    }

    /// What SignalTests holds the other daemons to.
    @Test func signalsReopenTheLogAndEndAnAgent() async throws {
        let host = try await AgentHost("signals")
        let life = try DaemonLife()
        let command = host.inside(host.agent(DaemonLife.options(in: life.directory)))
        async let ended = Agentless.run(command)
        try await life.waitForStart()
        try await life.checkRotation()
        try life.signal(SIGTERM)
        try await life.checkEnd(ended)
    }

    /// A key that can't be used is named in the log; everything else goes on.
    @Test func badKeysAreNamedAndCostNothingElse() async throws {
        let host = try await AgentHost("keys")
        let agent = try host.startAgent()
        try await host.manager.wait(for: "READY=1")
        try await host.vsctl(
            "set", "open", ".", "external-ids:ovn-remote=\"bogus:1,ptcp:6642\"",
            "external-ids:ovn-monitor-all=yes", "external-ids:ovn-encap-ip=127.0.0.1,nowhere",
            "external-ids:ct-zone-range-keys=9-7")
        let complaints = [
            "ovn-remote \"bogus:1\": unknown connection method",
            "ovn-remote \"ptcp:6642\": no method to call a server by",
            "ovn-monitor-all \"yes\": neither \"true\" nor \"false\"",
            "ovn-encap-ip \"nowhere\": not an IP address",
            "ct-zone-range-keys \"9-7\": no range of zones",
        ]
        try await host.wait(for: "the complaints") {
            complaints.allSatisfy {
                agent.output.contains("|WARN|Open_vSwitch.external_ids:\($0)\n")
            }
        }
        try await host.vsctl(
            "add-port", "br-int", "i0", "--", "set", "Interface", "i0", "type=internal")
        #expect(try await host.vsctl("get", "Interface", "i0", "error") == "[]")
        agent.signal(SIGTERM)
        try await agent.waitForEnd()
    }

    @Test func interfacesAreShownAsStockShowsThem() async throws {
        let host = try await AgentHost("columns")
        let agent = try host.startAgent()
        try await host.manager.wait(for: "READY=1")
        _ = try await host.inside(
            "sh", "-c",
            "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up")
        // Returns when the agent has caught up.
        try await host.vsctl("add-port", "br-int", "v0", "--", "add-port", "br-int", "missing")
        for (column, value) in [
            ("admin_state", "up"), ("link_state", "up"), ("mtu", "1500"), ("duplex", "full"),
            ("link_speed", "10000000000"), ("status:driver_name", "veth"), ("error", "[]"),
            ("link_resets", "0"),
        ] {
            #expect(try await host.vsctl("get", "Interface", "v0", column) == value, "\(column)")
        }
        #expect(try await host.vsctl("get", "Interface", "missing", "ofport") == "-1")
        #expect(
            try await host.vsctl("get", "Interface", "missing", "error")
                .contains("could not open network device missing (No such device)"))
        let before = try await host.counter("v0", "rx_packets")
        _ = try await host.inside(
            "sh", "-c", "ip addr add 192.0.2.1/24 dev v1; ping -n -c 4 -W 1 192.0.2.2")
        try await host.wait(for: "the packets to be counted") {
            try await host.counter("v0", "rx_packets") >= before + 3
        }
        _ = try await host.inside("ip", "link", "set", "v1", "down")
        try await host.wait(for: "the link to be down") {
            try await host.vsctl("get", "Interface", "v0", "link_state") == "down"
        }
        #expect(try await host.vsctl("get", "Interface", "v0", "link_resets") == "1")
        #expect(try await host.vsctl("get", "Interface", "v0", "admin_state") == "up")
        _ = try await host.inside("ip", "link", "del", "v0")
        try await host.wait(for: "the device to be missed") {
            try await host.vsctl("get", "Interface", "v0", "ofport") == "-1"
        }
        #expect(try await host.vsctl("get", "Interface", "v0", "statistics") == "{}")
        agent.signal(SIGTERM)
        try await agent.waitForEnd()
    }

    @Test func devicesHaveTheMTUsOfTheirRows() async throws {
        let host = try await AgentHost("mtus")
        let agent = try host.startAgent()
        try await host.manager.wait(for: "READY=1")
        _ = try await host.inside("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
        try await host.vsctl(
            "add-port", "br-int", "v0", "--", "set", "Interface", "v0", "mtu_request=1442", "--",
            "add-port", "br-int", "i0", "--", "set", "Interface", "i0", "type=internal",
            "mtu_request=1400")
        for (name, mtu) in [("v0", "1442"), ("i0", "1400"), ("br-int", "1400")] {
            try await host.wait(for: "the MTU of \(name)") {
                try await host.vsctl("get", "Interface", name, "mtu") == mtu
            }
            #expect(try await host.inside("cat", "/sys/class/net/\(name)/mtu").output == "\(mtu)\n")
        }
        _ = try await host.inside("ip", "link", "set", "v0", "mtu", "1500")
        try await host.wait(for: "the MTU to be as before") {
            try await host.inside("cat", "/sys/class/net/v0/mtu").output == "1442\n"
        }
        try await host.vsctl("set", "Interface", "v0", "mtu_request=70000")
        try await host.wait(for: "the complaint") {
            agent.output.contains("Interface v0: its MTU can't be 70000: ")
        }
        agent.signal(SIGTERM)
        try await agent.waitForEnd()
    }
}

/// A namespace with a local database.
final class AgentHost {
    let manager: NotifySocket
    let server: BackgroundProgram
    private let namespace: String
    /// Whose namespace it is, if not its own.
    private let neighbour: AgentHost?
    var database: String { "unix:\(manager.directory)/conf" }

    /// - Parameter neighbour: in whose namespace it is, instead of a new one.
    init(_ name: String, beside neighbour: AgentHost? = nil) async throws {
        manager = try NotifySocket()
        self.neighbour = neighbour
        namespace = neighbour?.namespace ?? "agent-\(name)"
        if neighbour == nil {
            let made = try ChildProcess.run(["ip", "netns", "add", namespace])
            try #require(made.status == 0, "\(made.output)")
        }
        server = try BackgroundProgram(
            [
                Agentless.program("ovsdb-server"),
                try TestDatabaseFile.make(in: manager.directory, OVS.schema),
                "--remote=punix:\(manager.directory)/conf", "--unixctl=none", "-vconsole:off",
            ], output: "\(manager.directory)/server.out")
        let path = "\(manager.directory)/conf"
        try await Agentless.wait(for: "the database") { access(path, F_OK) == 0 }
        try await vsctl("--no-wait", "init")
        try await vsctl(
            "--no-wait", "set", "open", ".", "external-ids:system-id=\(name)",
            "external-ids:ovn-encap-type=geneve", "external-ids:ovn-encap-ip=127.0.0.1")
    }

    deinit {
        if neighbour == nil { _ = try? ChildProcess.run(["ip", "netns", "del", namespace]) }
    }

    /// - Parameter name: of its control socket, in the directory of the host.
    func startAgent(_ name: String = "control") throws -> BackgroundProgram {
        try start(agent(["--unixctl=\(manager.directory)/\(name)", "-vconsole:info"]), name)
    }

    /// A program in this namespace.
    func start(_ command: [String], _ name: String) throws -> BackgroundProgram {
        try BackgroundProgram(
            inside(command),
            environment: ServiceNotificationTests.environment(manager),
            output: "\(manager.directory)/\(name).out")
    }

    /// The command of an agent of this host.
    func agent(_ options: [String]) -> [String] {
        [Agentless.program("ovn-controller")] + options + [database]
    }

    /// The command in this namespace.
    func inside(_ command: [String]) -> [String] { ["ip", "netns", "exec", namespace] + command }

    @discardableResult
    func inside(_ words: String...) async throws -> ChildProcess {
        try await Agentless.run(["timeout", "60"] + inside(words))
    }

    @discardableResult
    func vsctl(_ words: String...) async throws -> String {
        let child = try await Agentless.run(["ovs-vsctl", "-t", "60", "--db=\(database)"] + words)
        try #require(child.status == 0, "\(words): \(child.output)")
        return child.output.split(separator: "\n").first.map {
            $0.hasPrefix("\"") ? String($0.dropFirst().dropLast()) : String($0)
        } ?? ""
    }

    func counter(_ interface: String, _ name: String) async throws -> Int {
        Int(try await vsctl("get", "Interface", interface, "statistics:\(name)")) ?? -1
    }

    /// Waits until `condition` holds; the limit is only for a test that hangs.
    func wait(for what: Comment, _ condition: () async throws -> Bool) async throws {
        for _ in 0..<600 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record(what)
        throw CancellationError()
    }
}
