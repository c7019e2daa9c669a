import Glibc
import Linux
import Schemas
import Testing

/// A running agent's control socket, asked with the stock tool and with ours (ovn-controller(8),
/// ovs-vswitchd(8), ovs-appctl(8)). The other daemons: UnixControlTests.
@Suite(.serialized, .enabled(if: getenv("OVN_VM") != nil))
struct KernelControlTests {
    /// A switch with a port here and one that nobody has.
    private struct Network {
        let host: AgentHost
        let agent: BackgroundProgram
        let central: [BackgroundProgram]

        var control: String { "\(host.manager.directory)/control" }
        private var remote: String { "unix:\(host.manager.directory)/central" }

        init() async throws {
            host = try await AgentHost("control")
            let directory = host.manager.directory
            let files = [
                try TestDatabaseFile.make(in: directory, NB.schema),
                try TestDatabaseFile.make(in: directory, SB.schema),
            ]
            let remote = "unix:\(directory)/central"
            let options = ["--unixctl=none", "-vconsole:off"]
            let server = try BackgroundProgram(
                [Agentless.program("ovsdb-server")] + files + ["--remote=p\(remote)"] + options,
                output: "\(directory)/central.out")
            try await Agentless.wait(for: "the central databases") {
                access("\(directory)/central", F_OK) == 0
            }
            let northd = try BackgroundProgram(
                [
                    Agentless.program("ovn-northd"), "--ovnnb-db=\(remote)",
                    "--ovnsb-db=\(remote)",
                ] + options, output: "\(directory)/northd.out")
            central = [server, northd]
            try await host.vsctl(
                "--no-wait", "set", "open", ".", "external-ids:ovn-remote=\(remote)")
            agent = try host.startAgent()
            try await host.manager.wait(for: "READY=1")
            try await configure()
        }

        private func configure() async throws {
            _ = try await host.inside(
                "sh", "-c",
                "ip link add v0 type veth peer name v1 address 0a:00:00:00:00:01 && "
                    + "ip link set v0 up && ip link set v1 up && ip addr add 10.0.0.1/24 dev v1 && "
                    + "ip neigh add 10.0.0.9 lladdr 0a:00:00:00:00:09 dev v1")
            try await host.vsctl(
                "add-port", "br-int", "v0", "--", "set", "Interface", "v0",
                "external-ids:iface-id=a")
            let child = try await Agentless.run([
                "ovn-nbctl", "-t", "120", "--db=\(remote)", "--wait=hv", "ls-add", "s1", "--",
                "lsp-add", "s1", "a", "--", "lsp-set-addresses", "a",
                "0a:00:00:00:00:01 10.0.0.1", "--", "lsp-add", "s1", "b", "--",
                "lsp-set-addresses", "b", "0a:00:00:00:00:02 10.0.0.2",
            ])
            try #require(child.status == 0, "\(child.output) \(agent.output)")
        }

        /// The answer of either tool; both are the same.
        func ask(
            _ words: String..., status: Int32 = 0, place: SourceLocation = #_sourceLocation
        ) async throws -> String {
            let theirs = try await Agentless.run(
                ["ovs-appctl", "-T", "60", "-t", control] + words)
            let ours = try await Agentless.run(
                [Agentless.program("ovn-appctl"), "-T", "60", "-t", control] + words)
            #expect(theirs.status == status, "\(theirs.output)", sourceLocation: place)
            #expect(ours.status == status, "\(ours.output)", sourceLocation: place)
            let volatile = [
                "dpctl/show", "dpctl/dump-flows", "drops/show", "coverage/show",
                "debug/check-flows", "upcall/show", "inc-engine/show-stats", "stopwatch/show",
                "dpif/show", "dpif/dump-flows", "dpctl/ct-get-nconns", "dpctl/dump-conntrack",
            ]
            if status == 0, !volatile.contains(words[0]) {
                #expect(ours.output == theirs.output, sourceLocation: place)
            }
            return ours.output
        }
    }

    @Test func anAgentAnswersAsStockDaemonsDo() async throws {
        let network = try await Network()
        #expect(
            try await network.ask("version")
                == "ovn-controller (swift-ovn) \(SoftwareVersion.number)\n")
        let list = try await network.ask("list-commands")
        for name in [
            "connection-status", "coverage/show", "debug/check-flows", "debug/dump-local-bindings",
            "dpctl/dump-flows", "dpctl/show", "drops/show", "exit", "memory/show", "trace",
            "vlog/list", "vlog/set",
        ] {
            #expect(list.contains("\n  \(name) "), "\(name)")
        }
        #expect(list.contains("  exit                    [--restart]\n"))
        #expect(try await network.ask("connection-status") == "connected\n")
        #expect(try await network.ask("memory/show").contains("local-ports:1"))
        #expect(try await network.ask("vlog/list").contains("\nmain "))
        _ = try await network.ask("vlog/set", "main:console:dbg")
        #expect(try await network.ask("vlog/list").contains("\nmain               DBG "))
        #expect(
            try await network.ask("coverage/show").hasPrefix(
                "Event coverage, avg rate over last: 5 seconds, last minute, last hour,  hash="))
        #expect(try await network.ask("coverage/read-counter", "lflow_run") != "0\n")
        _ = try await network.ask("nosuch", status: 2)
        _ = try await network.ask("dpctl/show", "a", "b", "c", status: 2)
        try await checkDatapath(network)
        try await checkTrace(network)
        try await checkDrops(network)
        try await checkConnections(network)
        try await checkFlowKeeping(network)
        try await checkEngine(network)
        #expect(try await network.ask("debug/dump-local-bindings").contains("name: [a]"))
        _ = try await Agentless.run([
            Agentless.program("ovn-appctl"), "-t", network.control, "exit", "--restart",
        ])
        try await network.agent.waitForEnd()
    }

    /// What a tool that asks the kernel itself says.
    private func checkDatapath(_ network: Network) async throws {
        let shown = try await network.ask("dpctl/show").split(separator: "\n")
        let stock = try await network.host.inside("ovs-dpctl", "show").output
            .split(separator: "\n")
        #expect(shown.first == stock.first)
        let ports = { (lines: [Substring]) in lines.filter { $0.hasPrefix("  port ") } }
        #expect(ports(shown) == ports(stock))
        #expect(
            shown[1].wholeMatch(of: #/  lookups: hit:\d+ missed:\d+ lost:\d+/#) != nil,
            "\(shown[1])")
        #expect(shown[2].wholeMatch(of: #/  flows: \d+/#) != nil, "\(shown[2])")
        #expect(
            shown[3].wholeMatch(of: #/  masks: hit:\d+ total:\d+ hit\/pkt:\d+\.\d\d/#) != nil,
            "\(shown[3])")
        // A flow without packets goes, on a slow machine sooner than the next question comes.
        var flows = ""
        for _ in 0..<5 where !flows.contains("in_port(v0)") {
            _ = try await network.host.inside("ping", "-n", "-c", "2", "-W", "1", "10.0.0.9")
            flows = try await network.ask("dpctl/dump-flows", "--names")
        }
        #expect(flows.contains("in_port(v0)"))
        let line = #/recirc_id\(.*packets:\d+, bytes:\d+, used:\S+?, .*actions:.+/#
        for flow in flows.split(separator: "\n") {
            #expect(flow.wholeMatch(of: line) != nil, "\(flow)")
        }
        var verdict = ""
        for _ in 0..<5 where verdict.isEmpty || verdict.hasPrefix("0 ") {
            _ = try await network.host.inside("ping", "-n", "-c", "2", "-W", "1", "10.0.0.9")
            verdict = try await network.ask("debug/check-flows")
        }
        #expect(
            verdict.wholeMatch(of: #/[1-9]\d* flows checked, 0 differ\n/#) != nil, "\(verdict)")
    }

    private func checkTrace(_ network: Network) async throws {
        let packet = "inport == \"a\" && eth.src == 0a:00:00:00:00:01 && eth.dst == "
        let lost = try await network.ask("trace", packet + "0a:00:00:00:00:02")
        #expect(lost.contains("ingress(dp=\"s1\", inport=\"a\")\n"))
        #expect(lost.contains("    *** no chassis has \"b\" of \"s1\"\n"))
        #expect(lost.contains("Megaflow: recirc_id(0),in_port(v0),"))
        #expect(lost.hasSuffix("Datapath actions: drop\n"))
        let answer = try await network.ask(
            "trace", "s1",
            packet + "ff:ff:ff:ff:ff:ff && arp.op == 1 && arp.spa == 10.0.0.1 && "
                + "arp.tpa == 10.0.0.2 && arp.sha == 0a:00:00:00:00:01")
        #expect(answer.contains("    /* output to \"a\", type \"\" */\n    /* device \"v0\" */\n"))
        let flow =
            "arp,dl_src=0a:00:00:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff,arp_op=1,arp_spa=10.0.0.1,"
            + "arp_tpa=10.0.0.2,arp_sha=0a:00:00:00:00:01"
        let same = try await network.ask("ofproto/trace", "br-int", "in_port=v0,\(flow)")
        #expect(same.hasPrefix("Microflow: arp && inport == \"a\" && eth.src == "))
        #expect(same.contains("    /* output to \"a\", type \"\" */\n    /* device \"v0\" */\n"))
        // The question of a port for its neighbour is answered, this time for good.
        #expect(
            try await network.ask("ofproto/trace", "br-int", "in_port=v0,\(flow)", "-generate")
                == same)
        #expect(
            try await network.ask("ofproto/trace", "in_port=99,ip", status: 2)
                .hasPrefix("in_port: no logical port behind 99\n"))
        let unknown = try await network.ask("trace", "inport == \"z\"", status: 2)
        #expect(unknown.hasPrefix("unknown port \"z\"\n"))
        let away = try await network.ask("trace", "inport == \"b\"", status: 2)
        #expect(away.hasPrefix("port \"b\" is not bound on this chassis\n"))
    }

    private func checkConnections(_ network: Network) async throws {
        let stock = try await network.host.inside("ovs-dpctl", "dump-conntrack").output
        let ours = try await network.ask("dpctl/dump-conntrack", "system@ovs-system")
        #expect(
            ours.split(separator: "\n").sorted() == stock.split(separator: "\n").sorted())
        #expect(try await network.ask("dpctl/flush-conntrack", "zone=9") == "")
        #expect(
            try await network.ask("dpctl/flush-conntrack", "zone=x", status: 2)
                .hasPrefix("failed to parse zone (x)\n"))
        #expect(
            try await network.ask("dpctl/ct-stats-show", "zone=9")
                == "Connections Stats:\n    Total: 0\n")
        #expect(Int(try await network.ask("dpctl/ct-get-maxconns").dropLast()) != nil)
        let limits = try await network.ask("dpctl/ct-set-limits", "default=70", "zone=9,limit=20")
        #expect(limits == "")
        let wanted = "default limit=70\nzone=9,limit=20,count=0\n"
        #expect(try await network.ask("dpctl/ct-get-limits", "zone=9") == wanted)
        let shown = try await network.host.inside("ovs-dpctl", "ct-get-limits", "zone=9")
        #expect(shown.output == wanted)
        #expect(try await network.ask("dpctl/ct-del-limits", "default", "zone=9") == "")
        #expect(
            try await network.ask("dpctl/ct-get-limits", "zone=9")
                == "default limit=0\nzone=9,limit=0,count=0\n")
    }

    private func checkFlowKeeping(_ network: Network) async throws {
        let bridge = try await network.ask("dpif/show").split(separator: "\n")
        #expect(bridge.first?.hasPrefix("system@ovs-system: hit:") == true)
        #expect(bridge.contains("  br-int:"))
        #expect(
            bridge.contains { $0.wholeMatch(of: #/    v0 \d+\/\d+: \(system\)/#) != nil },
            "\(bridge)")
        #expect(try await network.ask("ofproto/list") == "br-int\n")
        #expect(
            try await network.ask("fdb/stats-show", "br-int", status: 2)
                .hasPrefix("bridge br-int learns no stations\n"))
        #expect(
            try await network.ask("dpif/dump-flows", "nosuch", status: 2)
                .hasPrefix("no such bridge\n"))
        #expect(
            try await network.ask("dpif/show-dp-features", "br-int").contains("\nCT state: Yes\n"))
        let upcalls = try await network.ask("upcall/show")
        let line = #/  flows         : \(current \d+\) \(avg \d+\) \(max \d+\) \(limit 200000\)/#
        #expect(
            upcalls.split(separator: "\n").contains { $0.wholeMatch(of: line) != nil }, "\(upcalls)"
        )
        for command in ["pause", "purge", "wait", "resume"] {
            #expect(try await network.ask("revalidator/\(command)") == "")
        }
        _ = try await network.host.inside("ping", "-n", "-c", "2", "-W", "1", "10.0.0.9")
        for (filter, isThere) in [("in_port=v0", true), ("in_port=v0,udp,tp_dst=9", false)] {
            let flows = try await network.ask("dpctl/dump-flows", "--names", "filter=\(filter)")
            #expect(flows.contains("in_port(v0)") == isThere, "\(filter): \(flows)")
        }
        #expect(
            try await network.ask("bond/show", status: 2).hasPrefix("bond/show: bonds are the"))
        let packet =
            "inport == \"a\" && eth.src == 0a:00:00:00:00:01 && eth.dst == 0a:00:00:00:00:02"
        #expect(try await network.ask("inject-pkt", packet) == "")
    }

    private func checkEngine(_ network: Network) async throws {
        let question = ["inc-engine/show-stats", "lflow_output", "recompute"]
        func recomputed() async throws -> Int {
            let text = try await network.ask(question[0], question[1], question[2])
            return try #require(Int(text.dropLast()), "\(text)")
        }
        let before = try await recomputed()
        #expect(try await network.ask("inc-engine/recompute") == "")
        try await network.host.wait(for: "all flows to be read again") {
            try await recomputed() > before
        }
        #expect(try await network.ask("inc-engine/clear-stats") == "")
        #expect(
            try await network.ask("stopwatch/show", "lflow_output")
                .hasPrefix("Statistics for 'lflow_output'\n  Total samples: "))
        let cache = try await network.ask("lflow-cache/show-stats")
        #expect(cache.contains("Enabled: true\nhigh-watermark  : "), "\(cache)")
        #expect(cache.contains("\ntotal           : "), "\(cache)")
        #expect(try await network.ask("debug/dump-related-ports") == "a\n")
        #expect(try await network.ask("debug/dump-mac-bindings") == "Local MAC bindings:\n")
        #expect(
            try await network.ask("debug/delay-nb-cfg-report", "0")
                == "no delay for nb_cfg report.\n")
    }

    private func checkDrops(_ network: Network) async throws {
        let stage = #/[0-9]+ .*: datapath="s1", ingress table=[0-9]+\(ls_in_\w+\).*/#
        try await network.host.wait(for: "a drop to be counted") {
            _ = try await network.host.inside("ping", "-n", "-c", "1", "-W", "1", "10.0.0.9")
            let drops = try await network.ask("drops/show")
            return drops.split(separator: "\n").contains { $0.wholeMatch(of: stage) != nil }
        }
    }
}
