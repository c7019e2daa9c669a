import AgentCore
import Glibc
import Linux
import Testing

@testable import Commands

/// Our ovn-trace and the stock one on the same Southbound database, compiled by a stock northd: the
/// same text. Where a stock trace is known to differ from what the datapath does, the case is not
/// here but in NetworkTracerTests, with the reason.
@Suite(.enabled(if: StockNetwork.isInstalled, StockNetwork.isMissing))
struct TraceComparisonTests {
    /// Asks both; ours without a process for each question.
    private func compare(
        _ network: StockNetwork, _ questions: [[String]],
        place: SourceLocation = #_sourceLocation
    ) throws {
        let loop = try EventLoop()
        guard
            case .run(let command) = try TraceCommand.parse(["--db=\(network.remote)", "x"])
        else { return }
        let replica = try command.replica(on: loop)
        let known = TraceNetwork(replica)
        for arguments in questions {
            guard case .run(let question) = try TraceCommand.parse(arguments) else { continue }
            let theirs = try network.trace(arguments)
            #expect(
                question.trace.answer(known) == theirs, "\(arguments)", sourceLocation: place)
        }
    }

    private static let icmp = "ip.ttl == 64 && icmp4.type == 8"

    private static let twoSwitches = """
        ls-add s1
        ls-add s2
        lr-add r
        lsp-add s1 a
        lsp-set-addresses a '0a:00:00:00:00:01 10.0.1.1 fd01::1'
        lsp-set-port-security a '0a:00:00:00:00:01 10.0.1.1 fd01::1'
        lsp-add s1 b
        lsp-set-addresses b '0a:00:00:00:00:02 10.0.1.2 fd01::2'
        lsp-add s1 u
        lsp-set-addresses u unknown
        lsp-add s2 c
        lsp-set-addresses c '0a:00:00:00:00:03 10.0.2.3 fd02::3'
        lrp-add r r-s1 0a:00:00:00:01:fe 10.0.1.254/24 fd01::fe/64
        lrp-add r r-s2 0a:00:00:00:02:fe 10.0.2.254/24 fd02::fe/64
        lsp-add s1 s1-r
        lsp-set-type s1-r router
        lsp-set-addresses s1-r router
        lsp-set-options s1-r router-port=r-s1
        lsp-add s2 s2-r
        lsp-set-type s2-r router
        lsp-set-addresses s2-r router
        lsp-set-options s2-r router-port=r-s2
        """

    private func from(_ port: String, _ source: Int, _ destination: String, _ rest: String)
        -> String
    {
        "inport == \"\(port)\" && eth.src == 0a:00:00:00:00:0\(source) && "
            + "eth.dst == \(destination) && \(rest)"
    }

    @Test func switchesAndARouter() throws {
        let network = try StockNetwork()
        try network.configure(Self.twoSwitches)
        let router = "0a:00:00:00:01:fe"
        let to2 = "ip4.src == 10.0.1.1 && ip4.dst == 10.0.2.3"
        let questions = [
            from("a", 1, "0a:00:00:00:00:02", "ip4.src == 10.0.1.1 && \(Self.icmp)"),
            from("a", 1, router, "\(to2) && ip.ttl == 64 && udp.dst == 53"),
            from("a", 1, router, "\(to2) && ip.ttl == 1 && udp.dst == 53"),
            from("a", 1, router, "ip4.src == 10.0.1.9 && \(Self.icmp)"),
            from("b", 2, router, "ip4.src == 10.0.1.2 && ip4.dst == 10.0.2.77 && \(Self.icmp)"),
            from("b", 2, router, "ip4.src == 10.0.1.2 && ip4.dst == 10.0.1.254 && \(Self.icmp)"),
            from(
                "b", 2, router,
                "ip6.src == fd01::2 && ip6.dst == fd02::3 && ip.ttl == 64 && tcp.dst == 80"),
            from(
                "b", 2, "ff:ff:ff:ff:ff:ff",
                "arp.op == 1 && arp.spa == 10.0.1.2 && arp.tpa == 10.0.1.254 && "
                    + "arp.sha == 0a:00:00:00:00:02"),
            from("b", 2, "ff:ff:ff:ff:ff:ff", "arp.op == 1 && arp.tpa == 10.0.1.77"),
            from("u", 7, "0a:00:00:00:00:01", "ip4.src == 10.0.1.7 && ip4.dst == 10.0.1.1"),
            from("u", 7, "0a:00:00:00:00:09", "vlan.vid == 7"),
            #"inport == "a""#, #"inport == "a" && tcp"#, #"inport == "z""#, "ip4", "bogus",
            #"inport == "a" || inport == "b""#,
        ]
        try compare(
            network,
            questions.map { ["--minimal", $0] } + [["--all", questions[1]]]
                + [["--summary", "s1", questions[0]], ["nosuch", questions[0]]])
    }

    @Test func connectionsAndChoices() throws {
        let network = try StockNetwork()
        try network.configure(Self.twoSwitches)
        try network.configure(
            """
            pg-add pg a b
            acl-add pg from-lport 1000 'inport == @pg && ip4' allow-related
            acl-add pg to-lport 1000 'outport == @pg && ip4.src == $pg_ip4' allow-related
            --log --name=den --severity=alert acl-add pg to-lport 900 'outport == @pg && tcp' reject
            acl-add pg from-lport 1001 'inport == @pg && udp.dst == 99' drop
            lb-add lb1 10.9.9.9:80 10.0.2.3:8080 tcp
            lb-add lb1 10.9.9.9:81 10.0.2.3:8081,10.0.2.4:8081 tcp
            ls-lb-add s1 lb1
            lb-add lb2 [fd09::9]:80 [fd02::3]:8080 tcp
            ls-lb-add s1 lb2
            lb-add lb3 10.9.9.8:53 10.0.2.3:5353,10.0.1.2:5353 udp
            lr-lb-add r lb3
            lr-policy-add r 100 'ip4.src == 10.0.1.2 && ip4.dst == 172.16.0.0/16' drop
            lr-route-add r 192.168.0.0/16 10.0.2.9
            """)
        let router = "0a:00:00:00:01:fe"
        func tcp(_ destination: String, _ port: Int) -> String {
            from(
                "a", 1, router,
                "ip4.src == 10.0.1.1 && ip4.dst == \(destination) && ip.ttl == 64 && "
                    + "tcp.dst == \(port)")
        }
        let near = from(
            "u", 7, "0a:00:00:00:00:02", "ip4.src == 10.0.1.7 && ip.ttl == 64 && tcp.dst == 23")
        try compare(
            network,
            [
                ["--minimal", tcp("10.0.2.3", 80)],
                ["--minimal", "--ct=new", "--ct=new", tcp("10.9.9.9", 80)],
                ["--minimal", "--ct=new", "--ct=new", "--lb-dst=10.0.2.4", tcp("10.9.9.9", 81)],
                ["--minimal", "--ct=est", "--lb-dst=10.0.2.3:8080", tcp("10.9.9.9", 80)],
                ["--all", "--ct=new", "--ct=new", near], ["--minimal", "--ct=est", near],
                ["--minimal", "--ct=inv", near],
                [
                    "--minimal", "--ct=new", "--ct=new",
                    from(
                        "a", 1, router,
                        "ip6.src == fd01::1 && ip6.dst == fd09::9 && ip.ttl == 64 && "
                            + "tcp.dst == 80"),
                ],
                [
                    "--minimal", "--ct=new", "--lb-dst=10.0.2.3",
                    from(
                        "u", 7, router,
                        "ip4.src == 10.0.1.7 && ip4.dst == 10.9.9.8 && ip.ttl == 64 && "
                            + "udp.dst == 53"),
                ],
                [
                    "--minimal",
                    from(
                        "b", 2, router,
                        "ip4.src == 10.0.1.2 && ip4.dst == 172.16.0.3 && \(Self.icmp)"),
                ],
                ["--minimal", from("b", 2, "0a:00:00:00:00:01", "ip4 && udp.dst == 99")],
                [
                    "--minimal",
                    from(
                        "b", 2, router,
                        "ip4.src == 10.0.1.2 && ip4.dst == 192.168.0.3 && \(Self.icmp)"),
                ],
            ])
    }

    @Test func gatewaysAndTranslations() throws {
        let network = try StockNetwork()
        try network.configure(Self.gateways)
        try network.run("ovn-sbctl", "chassis-add", "hv1", "geneve", "127.0.0.1")
        let datapath = try network.run(
            "ovn-sbctl", "--bare", "--columns=_uuid", "find", "datapath", "external_ids:name=dr"
        ).filter { $0 != "\n" }
        try network.run(
            "ovn-sbctl", "create", "mac_binding", "logical_port=dr-ext", "ip=203.0.113.254",
            #"mac="0a:00:00:00:07:fe""#, "datapath=\(datapath)")
        try network.run("ovn-nbctl", "--wait=sb", "sync")
        let web = "ip4.dst == 8.8.8.8 && ip.ttl == 64 && tcp.dst == 80"
        let in6 =
            "inport == \"i1\" && eth.src == 0a:00:00:00:06:02 && "
            + "eth.dst == 0a:00:00:00:06:01 && ip4.src == 10.6.0.2"
        let out = "inport == \"seln\" && eth.src == 0a:00:00:00:07:fe && ip4.src == 8.8.8.8"
        let gateway =
            "inport == \"ln\" && eth.src == 0a:00:00:00:04:fe && "
            + "eth.dst == 0a:00:00:00:04:01 && ip4.src == 8.8.8.8 && ip.ttl == 64 && tcp.dst == 80"
        try compare(
            network,
            [
                ["--all", "--ct=new", "\(in6) && \(web)"], ["--minimal", "\(in6) && \(web)"],
                [
                    "--minimal", "--ct=new",
                    "\(in6) && ip4.dst == 203.0.113.5 && ip.ttl == 64 && tcp.dst == 80",
                ],
                [
                    "--minimal",
                    "\(out) && eth.dst == 0a:00:00:00:07:05 && ip4.dst == 203.0.113.5 && "
                        + "ip.ttl == 64 && tcp.dst == 80",
                ],
                ["--minimal", "--ct=new", "\(gateway) && ip4.dst == 192.0.2.10"],
                ["--minimal", "--ct=new", "--ct=new", "\(gateway) && ip4.dst == 192.0.2.20"],
                [
                    "--minimal",
                    "inport == \"web\" && eth.src == 0a:00:00:00:06:77 && "
                        + "eth.dst == ff:ff:ff:ff:ff:ff && ip4",
                ],
                [
                    "--summary", "blue",
                    "inport == \"11111111-2222-4333-8444-555555555555\" && "
                        + "eth.src == 0a:00:00:00:05:01 && eth.dst == 0a:00:00:00:05:02 && ip4",
                ],
                [
                    "--minimal",
                    "inport == \"d1\" && eth.src == 0a:00:00:00:05:03 && "
                        + "eth.dst == ff:ff:ff:ff:ff:ff && ip4.src == 0.0.0.0 && "
                        + "ip4.dst == 255.255.255.255 && udp.src == 68 && udp.dst == 67",
                ],
            ])
    }

    private static let gateways = """
        ls-add join
        lr-add gw
        set logical_router gw options:chassis=hv1
        lr-add r
        lrp-add r r-join 0a:00:00:00:03:01 10.0.3.1/24
        lrp-add gw gw-join 0a:00:00:00:03:02 10.0.3.2/24
        lsp-add join j1
        lsp-set-type j1 router
        lsp-set-addresses j1 router
        lsp-set-options j1 router-port=r-join
        lsp-add join j2
        lsp-set-type j2 router
        lsp-set-addresses j2 router
        lsp-set-options j2 router-port=gw-join
        ls-add ext
        lrp-add gw gw-ext 0a:00:00:00:04:01 192.0.2.1/24
        lsp-add ext e1
        lsp-set-type e1 router
        lsp-set-addresses e1 router
        lsp-set-options e1 router-port=gw-ext
        lsp-add ext ln
        lsp-set-type ln localnet
        lsp-set-addresses ln unknown
        lsp-set-options ln network_name=phys
        lr-route-add gw 10.0.0.0/16 10.0.3.1
        lr-nat-add gw snat 192.0.2.1 10.0.0.0/16
        lr-nat-add gw dnat_and_snat 192.0.2.10 10.0.1.2
        lb-add lb4 192.0.2.20:80 10.0.2.3:8080 tcp
        lr-lb-add gw lb4
        lr-add dr
        lrp-add dr dr-int 0a:00:00:00:06:01 10.6.0.1/24
        lrp-add dr dr-ext 0a:00:00:00:07:01 203.0.113.1/24
        lrp-set-gateway-chassis dr-ext hv1 10
        ls-add si
        lsp-add si sir
        lsp-set-type sir router
        lsp-set-addresses sir router
        lsp-set-options sir router-port=dr-int
        lsp-add si i1
        lsp-set-addresses i1 '0a:00:00:00:06:02 10.6.0.2'
        lsp-add si web
        lsp-set-addresses web unknown
        ls-add se
        lsp-add se ser
        lsp-set-type ser router
        lsp-set-addresses ser router
        lsp-set-options ser router-port=dr-ext
        lsp-add se seln
        lsp-set-type seln localnet
        lsp-set-addresses seln unknown
        lsp-set-options seln network_name=phys2
        lr-nat-add dr snat 203.0.113.1 10.6.0.0/24
        lr-nat-add dr dnat_and_snat 203.0.113.5 10.6.0.2 i1 0a:00:00:00:07:05
        lr-route-add dr 0.0.0.0/0 203.0.113.254
        ls-add neutron-7e6a5c6e-0c4f-4d5e-8d6c-0f1e2d3c4b5a
        set logical_switch neutron-7e6a5c6e-0c4f-4d5e-8d6c-0f1e2d3c4b5a external_ids:"neutron:network_name"=blue
        lsp-add neutron-7e6a5c6e-0c4f-4d5e-8d6c-0f1e2d3c4b5a 11111111-2222-4333-8444-555555555555
        lsp-set-addresses 11111111-2222-4333-8444-555555555555 '0a:00:00:00:05:01 10.5.0.1'
        set logical_switch_port 11111111-2222-4333-8444-555555555555 external_ids:"neutron:port_name"=db
        lsp-add neutron-7e6a5c6e-0c4f-4d5e-8d6c-0f1e2d3c4b5a 22222222-2222-4333-8444-555555555555
        lsp-set-addresses 22222222-2222-4333-8444-555555555555 '0a:00:00:00:05:02 10.5.0.2'
        --id=@d create dhcp_options cidr=10.5.0.0/24 options:server_id=10.5.0.9 options:server_mac="0a:00:00:00:05:09" options:lease_time="3600"
        lsp-add neutron-7e6a5c6e-0c4f-4d5e-8d6c-0f1e2d3c4b5a d1
        lsp-set-addresses d1 '0a:00:00:00:05:03 10.5.0.3'
        set logical_switch_port d1 dhcpv4_options=@d
        """

    /// The program itself, once: it finds the database by the environment, and its answer is its
    /// standard output.
    @Test func theProgramAnswers() throws {
        let program = StockNetwork.own("ovn-trace")
        try #require(access(program, X_OK) == 0)
        let network = try StockNetwork()
        try network.configure(Self.twoSwitches)
        let question = from("b", 2, "0a:00:00:00:00:01", "ip4.dst == 10.0.1.1")
        let answer = try network.run(program, "--minimal", question)
        #expect(try network.trace(["--minimal", question]) == answer)
        #expect(answer.hasSuffix("output(\"a\");\n"))
        try network.run(
            program, "--detach", "--no-chdir", "--unixctl=\(network.directory)/trace.ctl",
            "--pidfile=\(network.directory)/trace.pid",
            "--log-file=\(network.directory)/trace.log")
        for _ in 0..<2 {
            let later = try network.run(
                "ovs-appctl", "-t", "\(network.directory)/trace.ctl", "trace", "--minimal",
                question)
            #expect(later == answer)
        }
        try network.run("ovs-appctl", "-t", "\(network.directory)/trace.ctl", "exit")
        for arguments in [["--nosuch"], []] {
            let child = try ChildProcess.run([program] + arguments)
            #expect(child.status == 1)
            #expect(child.output.hasPrefix("ovn-trace: "))
        }
        let version = try network.run(program, "--version")
        #expect(version.hasPrefix("ovn-trace (swift-ovn) "))
        #expect(version.contains("\nDB Schema "))
    }

    /// Nobody waits for a database that isn't there: neither who asks nor who starts a daemon.
    @Test(arguments: [
        ("unix:/nosuch/a", "connection attempt failed (No such file or directory)"),
        ("unix:/nosuch/a,unix:/nosuch/b", "connection attempt failed (No such file or directory)"),
        ("ssl:127.0.0.1:1", "TLS is not supported yet"), ("foo:bar", "unknown connection method"),
    ])
    func aDatabaseThatIsNotThere(_ remote: String, _ reason: String) throws {
        for arguments in [["ip4"], ["--detach", "--no-chdir", "--unixctl=none"]] {
            let child = try ChildProcess.run(
                ["timeout", "20", StockNetwork.own("ovn-trace"), "--db=\(remote)"] + arguments)
            #expect(child.status == 1)
            #expect(
                child.output == "ovn-trace: \(remote): database connection failed (\(reason))\n")
        }
    }
}
