import Datapath
import Testing
import Wire

@testable import AgentCore

/// Samples in, IPFIX messages out. The bytes that are wanted are spelled by RFC 7011 and IANA's
/// registry of information elements.
@Suite struct FlowExporterTests {
    /// Half a second past 1000000.
    private static let begin: Int64 = 1_000_000_500_000
    private static let vm11 = SampledInterface(name: "vm11", index: 5)

    private static let target = CollectorTarget(
        address: .v4(IPv4Address(0x7f00_0001)), port: 4242)

    private static func configuration(
        _ change: (inout ExporterConfiguration) -> Void = { _ in }
    ) -> ExporterConfiguration {
        var configuration = ExporterConfiguration(targets: [target])
        change(&configuration)
        return configuration
    }

    private static func packet(
        _ frame: [UInt8] = Frames.udp(Frames.a, Frames.b), point: UInt32 = 7,
        domain: UInt32 = 0x2a00_0001, probability: UInt16 = 65535, isDropped: Bool = false,
        metadata: FlowKey = FlowKey()
    ) throws -> SampledPacket {
        var cookie = SampleCookie(
            collectorSet: 1, domain: domain, point: point, probability: probability)
        cookie.isDropped = isDropped
        return try #require(SampledPacket(cookie.encoded, key: metadata, frame: frame))
    }

    /// Without the exporter's own figures.
    private static func messagesOfDomains(_ messages: [[UInt8]]) -> [[UInt8]] {
        messages.filter { $0.uint32(at: 12) != 0 }
    }

    private static func bytes(_ text: String) -> [UInt8] {
        let digits = text.filter { !$0.isWhitespace }
        var bytes: [UInt8] = []
        var index = digits.startIndex
        while index < digits.endIndex {
            let next = digits.index(index, offsetBy: 2)
            bytes.append(UInt8(digits[index..<next], radix: 16) ?? 0)
            index = next
        }
        return bytes
    }

    @Test func aSampleIsATemplateAndARecord() throws {
        var exporter = FlowExporter(Self.configuration(), process: 3)
        let messages = exporter.take(try Self.packet(), from: Self.vm11, now: Self.begin)
        let statistics = """
            000a 0032 000f4241 00000000 00000000
            0003 0012 01ce 0002 0001 0090 0004 00a7 0008
            01ce 0010 00000003 0000000000000000
            """
        let data = """
            000a 01c9 000f4241 00000000 2a000001
            0002 00c0 011c 002e
            008a0004 003d0001 00380006 00500006 01000002 00f00001 000a0004 01700004 0052ffff 0053ffff
            003c0001 00c00001 00040001 00c30001 00c40001 00050001 00080004 000c0004 00070002 000b0002
            009e0004 009f0004 00850008 00870008 00020008 00560008 01620008 01630008 01640008 01650008
            01660008 00130008 00ae0008 01600008 01610008 00880001
            00840008 00860008 00010008 00550008 00c60008 00c70008 00190008 001a0008 00140008 00af0008
            011c 00f9
            00000007 00 0a0000000001 0a0000000002 0800 0e 00000005 00000000 04 766d3131 00
            04 40 11 00 00 00 0a000001 0a000002 03e8 0035
            0007a120 0007a120
            0000000000000000 0000000000000000 0000000000000001 0000000000000001
            0000000000000001 0000000000000000 0000000000000000 0000000000000000 0000000000000000
            0000000000000000 0000000000000000 000000000000002b 000000000000002b 02
            0000000000000000 0000000000000000 000000000000001d 000000000000001d
            0000000000000349 0000000000000349 000000000000001d 000000000000001d
            0000000000000000 0000000000000000
            """
        #expect(messages == [Self.bytes(statistics), Self.bytes(data)])
    }

    /// A template is sent once, and again when its interval is over; records are numbered by domain.
    @Test func templatesAreRepeated() throws {
        var exporter = FlowExporter(
            Self.configuration { $0.templateSeconds = 10 }, process: 1)
        func sets(_ seconds: Int64, domain: UInt32 = 9) throws -> [String] {
            let packet = try Self.packet(domain: domain)
            let due = exporter.take(packet, from: nil, now: Self.begin + seconds * 1_000_000)
            return Self.messagesOfDomains(due).map {
                "\($0.uint32(at: 8)): \($0.uint16(at: 16))"
            }
        }
        #expect(try sets(0) == ["0: 2"])
        #expect(try sets(1) == ["1: 284"])
        #expect(try sets(2, domain: 10) == ["0: 2"])
        #expect(try sets(9) == ["2: 284"])
        #expect(try sets(10) == ["3: 2"])
        #expect(try sets(11) == ["4: 284"])
    }

    @Test func figuresOfTheExporterAreRepeated() throws {
        var exporter = FlowExporter(
            Self.configuration { $0.statisticsSeconds = 5 }, process: 1)
        var told: [[UInt8]] = []
        for second in [0, 4, 5, 9] as [Int64] {
            exporter.note(sent: 1, failed: 2)
            told += exporter.take(
                try Self.packet(), from: nil, now: Self.begin + second * 1_000_000
            ).filter { $0.uint32(at: 12) == 0 }
        }
        #expect(told.map { $0.suffix(1) } == [[2], [6]])
        #expect(told.map { $0.uint32(at: 8) } == [0, 1])
    }

    /// Packets that agree are one record while they are gathered.
    @Test func packetsOfAFlowAreGathered() throws {
        var exporter = FlowExporter(
            Self.configuration {
                $0.activeTimeoutSeconds = 30
                $0.largestCache = 2
            }, process: 1)
        let second = Frames.udp(Frames.a, Frames.b, Array(repeating: 0, count: 11))
        var due = exporter.take(try Self.packet(), from: Self.vm11, now: Self.begin)
        due += exporter.take(
            try Self.packet(second, isDropped: true), from: Self.vm11,
            now: Self.begin + 2_000_000)
        #expect(due.isEmpty)
        #expect(exporter.nextExpiry == Self.begin + 30_000_000)
        due += exporter.expire(now: Self.begin + 29_999_999)
        #expect(due.isEmpty)
        due = Self.messagesOfDomains(exporter.expire(now: Self.begin + 30_000_000))
        let message = try #require(due.first)
        #expect(due.count == 1)
        let record = Array(message.suffix(245))
        #expect(record.uint32(at: 52) == 30_500_000)
        #expect(record.uint32(at: 56) == 28_500_000)
        let counts = stride(from: 60, to: 164, by: 8).map { record.uint32(at: $0 + 4) }
        #expect(counts == [1, 1, 2, 2, 2, 0, 0, 0, 0, 0, 0, 96, 96])
        let octets = stride(from: 165, to: 245, by: 8).map { record.uint32(at: $0 + 4) }
        #expect(octets == [39, 39, 68, 68, 841 + 1521, 841 + 1521, 29, 39, 0, 0])
        #expect(exporter.nextExpiry == nil)
        #expect(exporter.statistics.flows == 1)
    }

    /// More flows than may be gathered: the oldest goes, and its record says why.
    @Test func theOldestFlowMakesRoom() throws {
        var exporter = FlowExporter(
            Self.configuration {
                $0.activeTimeoutSeconds = 60
                $0.largestCache = 2
            }, process: 1)
        var due: [[UInt8]] = []
        for port in [1, 2, 1, 3] as [UInt16] {
            let frame = Frames.udp(Frames.a, Frames.b, port: port)
            due = exporter.take(try Self.packet(frame), from: nil, now: Self.begin)
        }
        let sent = Self.messagesOfDomains(due)
        #expect(sent.count == 1)
        let record = Array(sent[0].suffix(241))
        #expect(record.uint16(at: 46) == 1)
        #expect(record[160] == 5)
        #expect(exporter.statistics.current == 2)
        let rest = Self.messagesOfDomains(exporter.flush(now: Self.begin))
        #expect(rest.count == 1, "two records fit into a message")
        #expect(rest.first?.suffix(241 - 160).first == 4)
        #expect(exporter.statistics.current == 0)
    }

    /// No message is longer than any path takes, and none is lost on the way.
    @Test func manyRecordsAreManyMessages() throws {
        var exporter = FlowExporter(
            Self.configuration {
                $0.activeTimeoutSeconds = 60
                $0.largestCache = 1000
            }, process: 1)
        for port in 1...50 as ClosedRange<UInt16> {
            let frame = Frames.udp(Frames.a, Frames.b, port: port)
            let due = exporter.take(
                try Self.packet(frame, domain: port.isMultiple(of: 2) ? 1 : 2), from: nil,
                now: Self.begin)
            #expect(due.isEmpty)
        }
        let messages = exporter.flush(now: Self.begin)
        #expect(messages.allSatisfy { $0.count <= 1024 && Int($0.uint16(at: 2)) == $0.count })
        let records = messages.flatMap(Self.records)
        #expect(records.count == 50)
        #expect(Set(records.map { $0.uint16(at: 46) }) == Set(1...50))
    }

    /// The data records of a message, all of IPv4 and UDP without a name of the interface.
    private static func records(_ message: [UInt8]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var offset = 16
        while offset < message.count {
            let length = Int(message.uint16(at: offset + 2))
            if message.uint16(at: offset) == 284 {
                result += stride(from: offset + 4, to: offset + length, by: 241).map {
                    Array(message[$0..<$0 + 241])
                }
            }
            offset += length
        }
        return result
    }

    /// A sampled packet stands for as many as the probability says.
    @Test func aRarePacketStandsForMany() throws {
        var exporter = FlowExporter(Self.configuration(), process: 1)
        let due = Self.messagesOfDomains(
            exporter.take(try Self.packet(probability: 6553), from: nil, now: Self.begin))
        let record = try #require(due.first.flatMap(Self.records)?.first)
        #expect(record.uint32(at: 48 + 24 + 4) == 10)
        #expect(record.uint32(at: 48 + 8 + 12 * 8 - 4) == 430)
    }

    @Test(
        arguments: [
            (Frames.arpRequest(Frames.a, "10.0.0.1", "10.0.0.2"), 256 as UInt16),
            (Frames.udp(Frames.a, Frames.b), 284),
            (TrackingTests.tcp((Frames.a, "10.0.0.1", 1), (Frames.b, "10.0.0.2", 2)), 280),
            (
                PacketBuilder.udp(
                    Frames.ethernet(Frames.a, Frames.b), Frames.ipv6("fd00::1", "fd00::2"), ttl: 9,
                    source: 1, destination: 2, [1]), 304
            ),
        ] as [([UInt8], UInt16)])
    func theTemplateFollowsTheProtocols(_ frame: [UInt8], _ number: UInt16) throws {
        let packet = try Self.packet(frame)
        let template = packet.template(nil, showsTunnels: true)
        #expect(template.number == number)
        let fields = template.elements(hasVirtualObservation: false).prefix { $0.number != 158 }
        let sizes = fields.map { Int($0.size ?? 1) }.reduce(0, +)
        #expect(packet.fields(template, nil).count == sizes)
    }

    /// Records of packets from a tunnel say which; those of other tunnels than IPv4's have no room.
    @Test func theTunnelIsShown() throws {
        var metadata = FlowKey()
        metadata[.tunnelFamily] = TunnelFamily.ipv4
        metadata[.tunnelID] = 0x123456
        metadata[wide: .tunnelSource] = 0xc000_0201
        metadata[wide: .tunnelDestination] = 0xc000_0202
        metadata[.tunnelSourcePort] = 4000
        metadata[.tunnelDestinationPort] = 6081
        let interface = SampledInterface(name: "", index: 0, tunnel: .geneve)
        let packet = try Self.packet(metadata: metadata)
        let template = packet.template(interface, showsTunnels: true)
        #expect(template.number == 286)
        #expect(
            Array(packet.fields(template, interface).suffix(18))
                == Self.bytes("c0000201 c0000202 11 0fa0 17c1 07 03 123456"))
        #expect(
            template.record(hasVirtualObservation: false).count == 4 + 46 * 4 + 7 * 8)
        #expect(packet.template(interface, showsTunnels: false).number == 284)
        #expect(packet.template(Self.vm11, showsTunnels: true).number == 284)
        metadata[.tunnelFamily] = TunnelFamily.ipv6
        let other = try Self.packet(metadata: metadata)
        #expect(other.template(interface, showsTunnels: true).number == 284)
    }

    @Test func aVirtualObservationGoesWithEachRecord() throws {
        let named = Self.configuration { $0.virtualObservation = Array("blue".utf8) }
        var exporter = FlowExporter(named, process: 1)
        let message = try #require(
            Self.messagesOfDomains(
                exporter.take(try Self.packet(), from: nil, now: Self.begin)
            ).first)
        // 898 of the enterprise 6876, of any length, before the counts.
        let specifier = Self.bytes("8382 ffff 00001adc 009e0004")
        #expect(message.firstRange(of: specifier) != nil)
        #expect(message.firstRange(of: Self.bytes("04 626c7565 0007a120")) != nil)
    }

    /// Flags and addresses of everybody are counted for all flows together.
    @Test func totalsAreOfAllFlows() throws {
        var exporter = FlowExporter(Self.configuration(), process: 1)
        let syn = TrackingTests.tcp((Frames.a, "10.0.0.1", 1), (Frames.b, "10.0.0.2", 2))
        let answer = TrackingTests.tcp(
            (Frames.b, "10.0.0.2", 2), (Frames.a, "10.0.0.1", 1), flags: TrackingTests.answer)
        _ = exporter.take(try Self.packet(syn), from: nil, now: Self.begin)
        let message = try #require(
            exporter.take(try Self.packet(answer), from: nil, now: Self.begin).first)
        let flags = stride(from: message.count - 48, to: message.count, by: 8).map {
            message.uint32(at: $0 + 4)
        }
        #expect(flags == [1, 0, 0, 0, 2, 0])
        let other = Frames.arpRequest(Frames.a, "10.0.0.1", "10.0.0.2")
        let arp = try #require(
            exporter.take(try Self.packet(other), from: nil, now: Self.begin).first)
        let unicast = arp.count - 113 + 8 + 4 * 8
        #expect(arp.uint32(at: unicast + 4) == 2)
        #expect(arp.uint32(at: unicast + 2 * 8 + 4) == 1, "broadcast")
    }

    /// A collector that is told of later has the templates too; what was gathered isn't lost.
    @Test func anotherConfigurationLosesNothing() throws {
        var exporter = FlowExporter(
            Self.configuration {
                $0.activeTimeoutSeconds = 60
                $0.largestCache = 9
            }, process: 1)
        _ = exporter.take(try Self.packet(), from: nil, now: Self.begin)
        let due = exporter.configure(Self.configuration(), now: Self.begin)
        #expect(Self.messagesOfDomains(due).flatMap(Self.records).count == 1)
        let other = CollectorTarget(address: .v4(IPv4Address(0x7f00_0002)))
        _ = exporter.configure(
            Self.configuration { $0.targets = [Self.target, other] }, now: Self.begin)
        let next = Self.messagesOfDomains(
            exporter.take(try Self.packet(), from: nil, now: Self.begin))
        #expect(next.map { $0.uint16(at: 16) } == [2])
    }

    @Test func figuresAreShownAsOfctlShowsThem() throws {
        var exporter = FlowExporter(Self.configuration(), process: 1)
        _ = exporter.take(try Self.packet(), from: nil, now: Self.begin)
        exporter.note(sent: 2, failed: 1)
        #expect(
            exporter.statistics.text(collectorSet: 12)
                == """
                  id  12: flows=1, current flows=0, sampled pkts=1, ipv4 ok=1, ipv6 ok=0, tx pkts=2
                          pkts errs=0, ipv4 errs=0, ipv6 errs=0, tx errs=1
                """)
    }
}

extension [UInt8] {
    fileprivate func firstRange(of other: [UInt8]) -> Range<Int>? {
        guard other.count <= count else { return nil }
        for start in 0...(count - other.count)
        where self[start..<start + other.count].elementsEqual(other) {
            return start..<start + other.count
        }
        return nil
    }
}
