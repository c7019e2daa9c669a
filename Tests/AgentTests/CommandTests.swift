import AgentCore
import Datapath
import Glibc
import Linux
import Netlink
import Synchronization
import Testing
import UnixControl

@testable import Agent

/// What commands of the agent make of their arguments, and what the datapath thread answers on the
/// model of the kernel. With a kernel: KernelControlTests.
@Suite struct CommandTests {
    @Test func optionsComeBeforeTheDatapath() throws {
        let arguments = try DatapathArguments(["-ms", "--names", "system@ovs-system", "zone=3"])
        #expect(arguments.isVerbose && arguments.hasStatistics && arguments.hasNames == true)
        #expect(arguments.operands == ["zone=3"])
        var zone = try DatapathArguments(["ovs-system", "x=1", "zone=65535"])
        #expect(try zone.takeZone() == 65535)
        #expect(zone.operands == ["x=1"])
        #expect(try DatapathArguments([]) == DatapathArguments(["ovs-system"]))
        for (words, reason) in [
            (["-x"], "Unrecognized option -x"), (["--nosuch"], "Unrecognized option --nosuch"),
            (["netdev@ovs-netdev"], "no datapath netdev@ovs-netdev (there is system@ovs-system)"),
        ] {
            #expect(throws: ControlError(reason)) { try DatapathArguments(words) }
        }
        var wrong = try DatapathArguments(["zone=65536"])
        #expect(throws: ControlError("failed to parse zone (zone=65536)")) {
            try wrong.takeZone()
        }
        let other = try DatapathArguments(["br0"])
        #expect(throws: ControlError("no datapath br0 (there is system@ovs-system)")) {
            try other.end()
        }
    }

    @Test func limitsOfZonesAreRead() throws {
        let limits = try ZoneLimits(["default=7", "zone=1,limit=20", "limit=3,zone=2"]).limits
        #expect(
            limits == [
                ConntrackLimit(zone: nil, limit: 7), ConntrackLimit(zone: 1, limit: 20),
                ConntrackLimit(zone: 2, limit: 3),
            ])
        #expect(
            ConntrackLimit.text([
                ConntrackLimit(zone: nil, limit: 7), ConntrackLimit(zone: 1, limit: 20, count: 4),
            ]) == "default limit=7\nzone=1,limit=20,count=4")
        let query = try ZoneQuery(["default", "zone=4,5"])
        #expect(query.hasDefault && query.zones == [4, 5])
        for (words, reason) in [
            ([], "too few arguments"), (["zone=1"], "failed to parse zone limit (zone=1)"),
            (["zone=70000,limit=1"], "failed to parse zone limit (zone=70000,limit=1)"),
            (["zone=1,limit=x"], "failed to parse field limit=x"),
            (["zone=1,max=5"], "invalid zone limit field: max"),
        ] {
            #expect(throws: ControlError(reason)) { try ZoneLimits(words) }
        }
        #expect(throws: ControlError("invalid zone x")) { try ZoneQuery(["zone=1,x"]) }
        #expect(throws: ControlError("invalid argument zones")) { try ZoneQuery(["zones"]) }
    }

    /// Answers of a run with one flow, from a to b.
    private func ask(
        _ question: DatapathThread.Question, _ run: DatapathLoop
    ) throws -> String {
        try run.answer(question).get()
    }

    private func start() throws -> (Machine, DatapathLoop) {
        let machine = try Machine()
        let run = machine.run()
        machine.receive(Wiring.frame(from: Wiring.a, to: Wiring.b), on: 1, run)
        #expect(machine.flows.kernel.flowCount == 1)
        return (machine, run)
    }

    @Test func flowsAreCountedLimitedAndTakenAway() throws {
        let (machine, run) = try start()
        #expect(try ask(.review, run) == "")
        let shown = try ask(.flowNumbers, run)
        #expect(
            shown.hasPrefix(
                "system@ovs-system:\n  flows         : (current 1) (avg 0) (max 1) (limit 200000)\n"
            ))
        #expect(shown.hasSuffix("ms\n  ufid enabled : true\n\n  0: (keys 1)\n"))
        #expect(try ask(.setFlowLimit(1), run) == "set flow_limit to 1\n")
        machine.receive(Wiring.frame(from: Wiring.b, to: Wiring.a), on: 2, run)
        #expect(machine.flows.kernel.flowCount == 1)
        #expect(try ask(.purge, run) == "")
        #expect(machine.flows.kernel.flowCount == 0)
        #expect(try ask(.flowNumbers, run).contains("(current 0)"))
        machine.receive(Wiring.frame(from: Wiring.b, to: Wiring.a), on: 2, run)
        #expect(machine.flows.kernel.flowCount == 1)
    }

    @Test func aListIsOfTheFlowsThatAreMeant() throws {
        let (_, run) = try start()
        func count(_ listing: FlowListing) throws -> Int {
            try ask(.dumpFlows(listing), run).split(separator: "\n").count
        }
        #expect(try count(FlowListing()) == 1)
        #expect(try count(FlowListing(ports: [1])) == 1)
        #expect(try count(FlowListing(ports: [2])) == 0)
        #expect(
            try count(FlowListing(filter: FlowFilter(parsing: "in_port=1") { UInt32($0) })) == 1)
        #expect(
            try count(FlowListing(filter: FlowFilter(parsing: "in_port=2") { UInt32($0) })) == 0)
        #expect(try ask(.features, run).contains("\nClone action: Yes\n"))
        #expect(try ask(.meters, run) == "")
    }

    @Test func aReportIsDelayedOnceForEachNumber() {
        var report = DelayedReport()
        #expect(report.due(5, now: 100) == (100, false))
        report.delay = 3000
        #expect(report.due(6, now: 100) == (3100, true))
        #expect(report.due(6, now: 3100) == (3100, false))
        #expect(report.due(7, now: 4000) == (7000, true))
    }

    @Test func theEngineCountsSinceItWasCleared() throws {
        var book = EngineBook()
        let feed = PipelineFeed()
        for _ in 0..<3 { book.add(.evaluation, .milliseconds(2)) }
        book.add(.physical, .milliseconds(1))
        let numbers = { (book: EngineBook) in book.statistics(feed).map(\.computations) }
        #expect(numbers(book) == [3, 0, 0])
        #expect(book.statistics(feed).map(\.recomputations) == [0, 0, 1])
        #expect(book.stopwatches.map(\.count) == [3, 0, 1])
        book.clear(feed)
        book.add(.evaluation, .milliseconds(2))
        #expect(numbers(book) == [1, 0, 0])
        book.reset("evaluation")
        #expect(book.stopwatches.map(\.count) == [0, 0, 1])
    }

    @Test func aFileMayGiveTheChassisItsName() throws {
        var template = Array("/tmp/name.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError.last("mkdtemp") }
        let directory = String(cString: made)
        defer { _ = try? ChildProcess.run(["rm", "-rf", directory]) }
        let directories = ["/nonexistent", directory]
        #expect(AgentConfiguration.overridingName(in: directories) == nil)
        for (text, name) in [("hv7\\n", "hv7"), ("hv8", "hv8"), ("hv9\\nmore", "hv9"), ("", nil)] {
            _ = try ChildProcess.run(
                ["sh", "-c", "printf '\(text)' > \(directory)/system-id-override"])
            #expect(AgentConfiguration.overridingName(in: directories) == name)
        }
    }

    /// The words of ofproto/trace.
    @Test func aTraceIsAskedInWordsOfItsOwn() throws {
        let plain = try TraceArguments(["br-int", "in_port=1,ip"])
        #expect(plain.bridge == "br-int")
        #expect(plain.flow == "in_port=1,ip")
        #expect(!plain.isSent)
        for word in ["-generate", "--generate"] {
            let sent = try TraceArguments([word, "in_port=1,ip", "--ct-next", "trk,new"])
            #expect(sent.isSent)
            #expect(sent.bridge == nil)
            #expect(sent.options == ["--ct=new"])
        }
        #expect(try TraceArguments(["ovs-system", "in_port(1)", "--names"]).bridge == nil)
        for words in [[], ["-generate"], ["a", "b", "c"], ["in_port=1", "--ct-next"]] {
            #expect(throws: ControlError.self) { try TraceArguments(words) }
        }
    }

    @Test func portsAreListedWithWhatTheyCount() {
        var statistics = PortStatistics()
        statistics.receivedPackets = 3
        statistics.sendDrops = 2
        statistics.receivedBytes = 2_097_152
        statistics.sentBytes = 1000
        #expect(
            DatapathList.statistics(statistics) == [
                "    RX packets:3 errors:0 dropped:0 overruns:? frame:?",
                "    TX packets:0 errors:0 dropped:2 aborted:? carrier:?", "    collisions:?",
                "    RX bytes:2097152 (2.0 MiB)  TX bytes:1000",
            ])
        #expect(DatapathList.amount(1536) == "1536 (1.5 KiB)")
        #expect(DatapathList.amount(.max).hasSuffix(" TiB)"))
    }

    /// A name of ovs-vswitchd that is told to end leaves the chassis' rows alone.
    @Test func aCopyOfCommandsHasItsOwn() throws {
        let registry = ControlRegistry()
        registry.register(ControlCommand("exit") { _ in "all" })
        registry.register(ControlCommand("other") { _ in "same" })
        let copy = ControlRegistry(copying: registry)
        copy.register(ControlCommand("exit", usage: "[--cleanup]") { _ in "switch" })
        let answers = Mutex<[String]>([])
        for (registry, command) in [(registry, "exit"), (copy, "exit"), (copy, "other")] {
            registry.run(
                ControlRequest(command: command, arguments: []) { result in
                    answers.withLock { $0.append((try? result.get()) ?? "failed") }
                })
        }
        #expect(answers.withLock { $0 } == ["all", "switch", "same"])
    }

    @Test func aNameThatSomebodyHasIsLeftToThem() throws {
        var template = Array("/tmp/alias.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError.last("mkdtemp") }
        let directory = String(cString: made)
        defer { _ = try? ChildProcess.run(["rm", "-rf", directory]) }
        var options = DaemonOptions(program: "ovn-controller", family: .ovn)
        let loop = try EventLoop()
        let registry = ControlRegistry()
        #expect(SwitchAlias(options, directory: directory, registry: registry, loop: loop) == nil)
        options.pidfile = "\(directory)/ovn-controller.pid"
        let alias = try #require(
            SwitchAlias(options, directory: directory, registry: registry, loop: loop))
        let socket = try ControlClient.socketPath(of: "ovs-vswitchd", in: directory)
        #expect(access(socket, F_OK) == 0)
        #expect(SwitchAlias(options, directory: directory, registry: registry, loop: loop) == nil)
        #expect(access(socket, F_OK) == 0)
        alias.close()
        #expect(access(socket, F_OK) != 0)
    }
}
