import AgentCore
import LogicalFlow
import Testing
import Wire

@testable import Commands

/// The command line of ovn-trace.
struct TraceCommandTests {
    private func parse(_ arguments: String...) throws -> TraceCommand {
        let request = try TraceCommand.parse(arguments) { name in
            ["OVN_RUNDIR": "/run/x"][name]
        }
        guard case .run(let command) = request else {
            throw UsageError("nothing to run")
        }
        return command
    }

    @Test func theUsualQuestion() throws {
        let command = try parse(#"inport == "a""#)
        #expect(command.database == "unix:/run/x/ovnsb_db.sock")
        #expect(command.leaderOnly && command.usesFriendlyNames)
        #expect(command.trace.datapath == nil)
        #expect(command.trace.microflow == #"inport == "a""#)
        #expect(command.trace.forms == [.detailed])
        #expect(command.trace.assumptions.connectionStates.isEmpty)
    }

    @Test func options() throws {
        let command = try parse(
            "--db=tcp:127.0.0.1:6642", "--no-leader-only", "--no-friendly-names", "--minimal",
            "--summary", "--ct", "new,rpl", "--ct=est", "--lb-dst=[fd00::1]:80", "--select-id=3",
            "-p", "key.pem", "s1", "ip4")
        #expect(command.database == "tcp:127.0.0.1:6642")
        #expect(!command.leaderOnly && !command.usesFriendlyNames)
        #expect(command.trace.forms == [.summary, .minimal])
        #expect(command.trace.datapath == "s1" && command.trace.microflow == "ip4")
        let assumptions = command.trace.assumptions
        #expect(assumptions.connectionStates.map(\.rawValue) == [0x29, 0x22])
        #expect(assumptions.selection == 3)
        let address = try #require(IPAddress(parsing: "fd00::1"))
        #expect(assumptions.loadBalancerDestination == Action.Backend(address, port: 80))
        #expect(try parse("--all", "x").trace.forms.count == 3)
    }

    @Test(arguments: [
        ([], "one or two non-option arguments are required (use --help for help)"),
        (["a", "b", "c"], "one or two non-option arguments are required (use --help for help)"),
        (["--ct=foo", "x"], "foo: unknown connection tracking state flag"),
        (["--lb-dst=foo", "x"], "foo: bad address"),
        (["--lb-dst=1.2.3.4:x", "x"], "1.2.3.4:x: bad address"),
        (["--select-id=0", "x"], "0: bad select-id"),
        (["--ovs", "x"], "--ovs: no switch has OpenFlow flows"),
        (["--ovs=unix:/x", "x"], "--ovs: no switch has OpenFlow flows"),
        (["--select-id=70000", "x"], "70000: bad select-id"),
        (["--lb-dst=fd00::1:x", "x"], "fd00::1:x: bad address"),
        (["--lb-dst", "x"], "x: bad address"),
        (["--ct"], "option '--ct' requires an argument"),
        (["--all=1", "x"], "option '--all' doesn't allow an argument"),
    ])
    func refusals(_ arguments: [String], _ text: String) {
        #expect(throws: UsageError(text)) { try TraceCommand.parse(arguments) { _ in nil } }
    }

    /// A state that no packet is in is assumed all the same, and said to be none.
    @Test(arguments: [
        ("new,est", "new and est exclude each other"),
        ("trk new rpl", "new and rpl exclude each other"), ("inv,new", "inv stands alone"),
        ("inv", nil), ("new,rel,dnat", nil), ("est,rpl,snat", nil), ("", nil),
    ])
    func statesOfNoPacket(_ flags: String, _ reason: String?) throws {
        let command = try parse("--ct=\(flags)", "x")
        #expect(command.trace.assumptions.connectionStates.count == 1)
        #expect(
            command.warnings
                == (reason.map { ["--ct=\(flags): no packet is in this state, as \($0)"] } ?? []))
    }

    /// Every option of the manual page is one.
    @Test(arguments: [
        "--db=x", "--detailed", "--summary", "--minimal", "--all", "--ct=new", "--lb-dst=1.2.3.4",
        "--select-id=1", "--friendly-names", "--no-friendly-names", "--leader-only",
        "--no-leader-only", "--private-key=x", "--certificate=x", "--ca-cert=x", "-px", "-cx",
        "-Cx", "--bootstrap-ca-cert=x", "--ssl-protocols=x", "--ssl-ciphers=x",
    ])
    func options(_ option: String) throws {
        #expect(try parse(option, "microflow").trace.microflow == "microflow")
    }

    @Test(arguments: ["-h", "--help", "-V", "--version"])
    func texts(_ option: String) throws {
        guard case .show(let text) = try TraceCommand.parse([option], environment: { _ in nil })
        else { throw UsageError("nothing to show") }
        #expect(text.hasPrefix("ovn-trace"))
    }

    @Test func aDaemonGetsItsQuestionsLater() throws {
        let request = try TraceCommand.parse(["--ct=new", "--db=unix:/x"], isDaemon: true) { _ in
            nil
        }
        guard case .serve(let command) = request else {
            throw UsageError("no daemon")
        }
        let question = try command.question(["--minimal", "--ct=est", "s1", "ip4"])
        #expect(question.datapath == "s1" && question.microflow == "ip4")
        #expect(question.forms == [.minimal])
        #expect(question.assumptions.connectionStates.map(\.rawValue) == [0x21, 0x22])
        #expect(try command.question(["ip4"]).assumptions.connectionStates.count == 1)
        #expect(throws: UsageError("unrecognized option '--db=x'")) {
            try command.question(["--db=x", "ip4"])
        }
        #expect(throws: UsageError("one or two non-option arguments are required")) {
            try command.question(["--minimal"])
        }
        #expect(
            throws: UsageError(
                "non-option arguments not supported with --detach (use --help for help)")
        ) { try TraceCommand.parse(["x"], isDaemon: true) { _ in nil } }
    }
}
