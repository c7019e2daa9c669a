import CLinux
import CNetlink
import Datapath
import Glibc
import Linux
import Testing
import Wire

@testable import Netlink

/// A connection as ctnetlink says it, both in answers and in requests to make one.
struct ConnectionMessage {
    var request: ConnectionTuple
    /// The answer to `request` where nothing is translated.
    var reply: ConnectionTuple?
    var zone: UInt16 = 0
    var mark: UInt32 = 0
    var label: [UInt8] = []
    var timeout: UInt32 = 100
    var status: UInt32 = 0xe
    /// Of TCP.
    var state: UInt8?
    var windowScales: (UInt8, UInt8)?
    /// Packets and bytes of each direction.
    var counters: [(UInt64, UInt64)] = []
    var helper: String?
    var start: UInt64?
    var parent: ConnectionTuple?
    var id: UInt32?

    init(_ text: String, _ proto: UInt8, _ ports: (UInt16, UInt16)) throws {
        let ends = text.split(separator: ">")
        request = ConnectionTuple(
            source: try #require(IPAddress(parsing: ends[0])),
            destination: try #require(IPAddress(parsing: ends[1])), proto: proto,
            sourcePort: ports.0, destinationPort: ports.1)
    }

    private static let nested = TrackingControl.nestedFlag

    func message(flags: Int32 = 0) -> ControlMessage {
        var message = ControlMessage(
            type: TrackingControl.type(IPCTNL_MSG_CT_NEW), flags: flags,
            header: nfgenmsg(
                nfgen_family: UInt8(request.source.v4 == nil ? AF_INET6 : AF_INET), version: 0,
                res_id: 0))
        Self.put(request, CTA_TUPLE_ORIG, &message)
        Self.put(reply ?? Self.answer(to: request), CTA_TUPLE_REPLY, &message)
        if let parent { Self.put(parent, CTA_TUPLE_MASTER, &message) }
        message.put(Int(CTA_ZONE.rawValue), zone.bigEndian)
        message.put(Int(CTA_TIMEOUT.rawValue), timeout.bigEndian)
        message.put(Int(CTA_STATUS.rawValue), status.bigEndian)
        if mark != 0 { message.put(Int(CTA_MARK.rawValue), mark.bigEndian) }
        if !label.isEmpty {
            label.withUnsafeBytes { message.put(Int(CTA_LABELS.rawValue), bytes: $0) }
        }
        putState(&message)
        putRest(&message)
        return message
    }

    private func putState(_ message: inout ControlMessage) {
        guard let state else { return }
        message.nest(Int(CTA_PROTOINFO.rawValue) | Self.nested) { message in
            message.nest(Int(CTA_PROTOINFO_TCP.rawValue) | Self.nested) { message in
                message.put(Int(CTA_PROTOINFO_TCP_STATE.rawValue), state)
                guard let windowScales else { return }
                message.put(Int(CTA_PROTOINFO_TCP_WSCALE_ORIGINAL.rawValue), windowScales.0)
                message.put(Int(CTA_PROTOINFO_TCP_WSCALE_REPLY.rawValue), windowScales.1)
                message.put(Int(CTA_PROTOINFO_TCP_FLAGS_ORIGINAL.rawValue), [UInt8](3...4).word)
                message.put(Int(CTA_PROTOINFO_TCP_FLAGS_REPLY.rawValue), [UInt8](0...1).word)
            }
        }
    }

    private func putRest(_ message: inout ControlMessage) {
        for (type, (packets, bytes)) in zip([CTA_COUNTERS_ORIG, CTA_COUNTERS_REPLY], counters) {
            message.nest(Int(type.rawValue) | Self.nested) { message in
                message.put(Int(CTA_COUNTERS_PACKETS.rawValue), packets.bigEndian)
                message.put(Int(CTA_COUNTERS_BYTES.rawValue), bytes.bigEndian)
            }
        }
        if let helper {
            message.nest(Int(CTA_HELP.rawValue) | Self.nested) { message in
                message.put(Int(CTA_HELP_NAME.rawValue), string: helper)
            }
        }
        if let start {
            message.nest(Int(CTA_TIMESTAMP.rawValue) | Self.nested) { message in
                message.put(Int(CTA_TIMESTAMP_START.rawValue), start.bigEndian)
            }
        }
        if let id { message.put(Int(CTA_ID.rawValue), id.bigEndian) }
    }

    private static func answer(to tuple: ConnectionTuple) -> ConnectionTuple {
        var answer = tuple
        (answer.source, answer.destination) = (tuple.destination, tuple.source)
        if tuple.isICMP {
            answer.destinationPort = tuple.proto == IPProtocol.icmp ? 0 : 129 << 8
        } else {
            (answer.sourcePort, answer.destinationPort) = (tuple.destinationPort, tuple.sourcePort)
        }
        return answer
    }

    private static func put(
        _ tuple: ConnectionTuple, _ type: ctattr_type, _ message: inout ControlMessage
    ) {
        message.nest(Int(type.rawValue) | nested) { message in
            message.nest(Int(CTA_TUPLE_IP.rawValue) | nested) { message in
                put(tuple.source, CTA_IP_V4_SRC, CTA_IP_V6_SRC, &message)
                put(tuple.destination, CTA_IP_V4_DST, CTA_IP_V6_DST, &message)
            }
            message.nest(Int(CTA_TUPLE_PROTO.rawValue) | nested) { message in
                message.put(Int(CTA_PROTO_NUM.rawValue), tuple.proto)
                putPorts(tuple, &message)
            }
        }
    }

    private static func put(
        _ address: IPAddress, _ four: ctattr_ip, _ six: ctattr_ip, _ message: inout ControlMessage
    ) {
        switch address {
        case .v4(let address): message.put(Int(four.rawValue), address.bits.bigEndian)
        case .v6(let address): message.put(Int(six.rawValue), address.bits.bigEndian)
        }
    }

    private static func putPorts(_ tuple: ConnectionTuple, _ message: inout ControlMessage) {
        guard tuple.isICMP else {
            message.put(Int(CTA_PROTO_SRC_PORT.rawValue), tuple.sourcePort.bigEndian)
            message.put(Int(CTA_PROTO_DST_PORT.rawValue), tuple.destinationPort.bigEndian)
            return
        }
        let isFour = tuple.proto == IPProtocol.icmp
        let types =
            isFour
            ? [CTA_PROTO_ICMP_ID, CTA_PROTO_ICMP_TYPE, CTA_PROTO_ICMP_CODE]
            : [CTA_PROTO_ICMPV6_ID, CTA_PROTO_ICMPV6_TYPE, CTA_PROTO_ICMPV6_CODE]
        message.put(Int(types[0].rawValue), tuple.sourcePort.bigEndian)
        message.put(Int(types[1].rawValue), UInt8(tuple.destinationPort >> 8))
        message.put(Int(types[2].rawValue), UInt8(tuple.destinationPort & 0xff))
    }

    /// What is read from the message again.
    var decoded: TrackedConnection? {
        let message = message()
        guard let header = nlmsg_hdr(message.raw) else { return nil }
        return TrackedConnection(MessageView(header: header))
    }
}

extension [UInt8] {
    /// Two bytes as they stand in memory.
    fileprivate var word: UInt16 { UInt16(self[0]) | UInt16(self[1]) << 8 }
}

/// Connections in the text of ovs-dpctl(8), and what flush-conntrack is told.
@Suite struct ConnectionTextTests {
    private func web() throws -> ConnectionMessage {
        var web = try ConnectionMessage("10.0.0.1>10.0.0.2", IPProtocol.tcp, (40000, 80))
        web.zone = 9
        web.mark = 2
        web.label = [1, 2] + Array(repeating: 0, count: 14)
        web.state = 3
        return web
    }

    private func line(
        _ message: ConnectionMessage, verbose: Bool = false, statistics: Bool = false
    ) throws -> String {
        ConnectionText(isVerbose: verbose, hasStatistics: statistics)
            .line(try #require(message.decoded))
    }

    @Test func aLineSaysWhatIsNotZero() throws {
        #expect(
            try line(web()) == "tcp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=40000,dport=80),"
                + "reply=(src=10.0.0.2,dst=10.0.0.1,sport=80,dport=40000),zone=9,mark=2,"
                + "labels=0x201,protoinfo=(state=ESTABLISHED)")
        let ping = try ConnectionMessage("fd00::1>fd00::2", IPProtocol.icmpv6, (77, 128 << 8))
        #expect(
            try line(ping) == "icmpv6,orig=(src=fd00::1,dst=fd00::2,id=77,type=128,code=0),"
                + "reply=(src=fd00::2,dst=fd00::1,id=77,type=129,code=0)")
        var files = try ConnectionMessage("10.0.0.1>10.0.0.2", IPProtocol.udp, (5, 69))
        files.helper = "tftp"
        files.reply = ConnectionTuple(
            source: try #require(IPAddress(parsing: "10.0.0.9")), destination: files.request.source,
            proto: IPProtocol.udp, sourcePort: 69, destinationPort: 6)
        #expect(
            try line(files) == "udp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=5,dport=69),"
                + "reply=(src=10.0.0.9,dst=10.0.0.1,sport=69,dport=6),helper=tftp")
        let other = try ConnectionMessage("10.0.0.1>10.0.0.2", 47, (0, 0))
        #expect(
            try line(other) == "47,orig=(src=10.0.0.1,dst=10.0.0.2,sport=0,dport=0),"
                + "reply=(src=10.0.0.2,dst=10.0.0.1,sport=0,dport=0)")
    }

    @Test func moreIsSaidOnDemand() throws {
        var web = try web()
        web.id = 4711
        web.windowScales = (7, 8)
        web.parent = try ConnectionMessage("10.0.0.1>10.0.0.2", IPProtocol.tcp, (50, 21)).request
        #expect(
            try line(web, verbose: true).hasSuffix(
                ",id=4711,zone=9,status=SEEN_REPLY|ASSURED|CONFIRMED,mark=2,labels=0x201,"
                    + "protoinfo=(state_orig=ESTABLISHED,state_reply=ESTABLISHED,wscale_orig=7,"
                    + "wscale_reply=8,flags_orig=WINDOW_SCALE|SACK_PERM,flags_reply=0),"
                    + "parent=(src=10.0.0.1,dst=10.0.0.2,sport=50,dport=21)"))
        web.counters = [(3, 180), (0, 0)]
        web.start = 1_700_000_000_123_456_789
        let text = try line(web, statistics: true)
        #expect(text.contains("sport=40000,dport=80,packets=3,bytes=180),reply=("))
        #expect(text.contains("sport=80,dport=40000),start=20"))
        #expect(text.contains(".123,zone=9,timeout=100,mark=2,"))
    }

    @Test func connectionsAreCountedByProtocolAndState() throws {
        var census = ConnectionCensus()
        for state in [UInt8(2), 3, 7] {
            var web = try web()
            web.state = state
            census.count(try #require(web.decoded))
        }
        for proto in [IPProtocol.udp, IPProtocol.icmp, 47, 50] {
            let message = try ConnectionMessage("10.0.0.1>10.0.0.2", proto, (1, 8 << 8))
            census.count(try #require(message.decoded))
        }
        #expect(
            census.text(isVerbose: true) == """
                Connections Stats:
                    Total: 7
                  TCP: 3
                    Conn per TCP states:
                \t  [ESTABLISHED]=2
                \t  [TIME_WAIT]=1
                  UDP: 1
                  ICMP: 1
                  Other: 2
                """)
        #expect(!census.text(isVerbose: false).contains("states"))
    }

    @Test(arguments: [
        ("", true), ("zone=9", true), ("zone=8", false), ("mark=2", true), ("mark=0x3", false),
        ("mark=0x12/0xf", true), ("labels=0x201", true), ("labels=0x1/0xff", true),
        ("labels=0x2", false), ("zone=9 mark=2 labels=0x201", true), ("ct_nw_src=10.0.0.1", true),
        ("ct_nw_src=10.0.0.2", false), ("ct_nw_proto=6,ct_tp_dst=80", true),
        ("ct_nw_proto=17", false), ("'' ct_nw_src=10.0.0.2", true),
        ("ct_nw_proto=6 ct_tp_src=80", true), ("ct_nw_proto=6 ct_tp_src=81", false),
        ("ct_ipv6_src=fd00::1", false),
        // A whole packet without a zone is one of zone 0.
        ("ct_nw_src=10.0.0.1,ct_nw_dst=10.0.0.2,ct_nw_proto=6,ct_tp_src=40000,ct_tp_dst=80", false),
        (
            "zone=9 ct_nw_src=10.0.0.1,ct_nw_dst=10.0.0.2,ct_nw_proto=6,ct_tp_src=40000,"
                + "ct_tp_dst=80", true
        ),
    ])
    func aMatchCoversWhatItSays(_ words: String, _ expected: Bool) throws {
        let words = words.split(separator: " ").map { $0 == "''" ? "" : String($0) }
        let match = try ConnectionMatch(parsing: words)
        #expect(match.covers(try #require(web().decoded)) == expected)
        #expect(match.isEmpty == words.isEmpty)
    }

    @Test(arguments: [
        ("zone=x", "failed to parse zone (x)"), ("zone=70000", "failed to parse zone (70000)"),
        ("mark=1/2/3", "failed to parse mark (1/2/3)"),
        ("labels=0xg", "failed to parse labels (0xg)"),
        ("ct_nw_src", "field ct_nw_src missing value"),
        ("ct_nw_src=fd00::1", "the L3 protocol does not match fd00::1"),
        ("ct_nw_src=10.0.0.1 ct_ipv6_src=fd00::1", "the L3 protocol does not match fd00::1"),
        ("ct_tp_src=5", "port is set without protocol (ct_tp_src=5)"),
        ("icmp_type=8", "icmp_type without ct_nw_proto=1 or ct_nw_proto=58 before it"),
        ("nw_src=10.0.0.1", "invalid conntrack tuple field: nw_src"),
        ("ct_nw_proto=6 ct_nw_proto=6 more", "invalid arguments: more is one too many"),
    ])
    func aMatchThatCannotBeReadSaysWhy(_ words: String, _ reason: String) {
        let words = words.split(separator: " ").map(String.init)
        #expect(throws: ConnectionMatch.Failure(description: reason)) {
            try ConnectionMatch(parsing: words)
        }
    }
}

/// The connections of a real nf_conntrack, in a namespace of their own.
@Suite(.serialized, .enabled(if: getenv("OVN_VM") != nil))
struct KernelTrackingTests {
    private static func tracker(
        _ namespace: borrowing NetworkNamespace
    ) throws -> TrackingControl {
        try inside(namespace) { () throws(NetlinkError) in try TrackingControl.open() }
    }

    private static func make(
        _ messages: [ConnectionMessage], _ tracker: borrowing TrackingControl
    ) throws {
        for message in messages {
            try tracker.socket.exchange(
                "connection new", message.message(flags: NLM_F_CREATE | NLM_F_EXCL))
        }
    }

    private static func lines(_ tracker: borrowing TrackingControl) throws -> [String] {
        var lines: [String] = []
        try tracker.forEachConnection { lines.append(ConnectionText().line($0)) }
        return lines.sorted()
    }

    private static func sample() throws -> [ConnectionMessage] {
        var web = try ConnectionMessage("10.0.0.1>10.0.0.2", IPProtocol.tcp, (40000, 80))
        (web.zone, web.mark, web.state) = (9, 2, 3)
        var again = web
        again.zone = 10
        let name = try ConnectionMessage("fd00::1>fd00::2", IPProtocol.udp, (5353, 53))
        let ping = try ConnectionMessage("10.0.0.1>10.0.0.2", IPProtocol.icmp, (77, 8 << 8))
        return [web, again, name, ping]
    }

    @Test func theKernelsConnectionsAreListedAndFlushed() throws {
        let namespace = try NetworkNamespace.create()
        let tracker = try Self.tracker(namespace)
        try Self.make(Self.sample(), tracker)
        let web =
            "tcp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=40000,dport=80),"
            + "reply=(src=10.0.0.2,dst=10.0.0.1,sport=80,dport=40000)"
        let name =
            "udp,orig=(src=fd00::1,dst=fd00::2,sport=5353,dport=53),"
            + "reply=(src=fd00::2,dst=fd00::1,sport=53,dport=5353)"
        let ping =
            "icmp,orig=(src=10.0.0.1,dst=10.0.0.2,id=77,type=8,code=0),"
            + "reply=(src=10.0.0.2,dst=10.0.0.1,id=77,type=0,code=0)"
        #expect(
            try Self.lines(tracker) == [
                ping, web + ",zone=10,mark=2,protoinfo=(state=ESTABLISHED)",
                web + ",zone=9,mark=2,protoinfo=(state=ESTABLISHED)", name,
            ])
        let numbers = try tracker.numbers()
        #expect(numbers.connections == 4)
        for (words, left) in [
            (["zone=8"], 4), (["zone=10"], 3), (["mark=0x2/0x2"], 2),
            (["ct_nw_src=10.0.0.1,ct_nw_dst=10.0.0.2,ct_nw_proto=1"], 1),
        ] {
            let match = try ConnectionMatch(parsing: words)
            try tracker.delete { match.covers($0) }
            let lines = try Self.lines(tracker)
            #expect(lines.count == left, "\(words): \(lines)")
        }
        try Self.make(Array(Self.sample().prefix(2)), tracker)
        try tracker.deleteAll()
        #expect(try Self.lines(tracker) == [])
    }

    /// What a datapath has committed, with a mark and a label.
    @Test func aStockToolSaysTheSame() throws {
        let host = try Host()
        let workload = try host.addWorkload(1)
        var metadata = FlowKey()
        metadata[.inputPort] = UInt64(workload.port)
        let commit = ConnectionTracking(
            zone: 7, commit: true, mark: .init(0xabcd, mask: 0xffff),
            label: .init(0x1111_2222_3333_4444_5555_6666_7777_8888, mask: .max))
        try host.perform([
            .execute(
                PacketExecution(
                    packet: KernelActionSamples.udpPacket, metadata: metadata,
                    actions: try EncodedActions([.track(commit)])))
        ])
        let tracker = try Self.tracker(host.namespace)
        for text in [ConnectionText(), ConnectionText(isVerbose: true)] {
            let options = text.isVerbose ? "-m" : ""
            let stock = try host.namespace.shell("ovs-dpctl dump-conntrack \(options)")
            var lines: [String] = []
            try tracker.forEachConnection { lines.append(text.line($0)) }
            #expect(lines.sorted() == stock.split(separator: "\n").map(String.init).sorted())
            #expect(lines.contains { $0.contains("labels=0x11112222333344445555666677778888") })
        }
        let match = try ConnectionMatch(parsing: ["zone=7", "labels=0x8888/0xffff"])
        #expect(try tracker.delete { match.covers($0) } == 1)
    }
}
