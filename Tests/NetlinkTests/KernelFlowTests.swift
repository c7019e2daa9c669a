import CLinux
import Datapath
import Glibc
import Linux
import Testing
import Wire

@testable import Netlink

@Suite(.serialized, .enabled(if: isGuest, "needs a kernel with openvswitch: Tools/vm"))
struct KernelFlowTests {
    @Test func aMissComesUpAndAFlowLetsPacketsPass() throws {
        let host = try Host()
        let socket = try host.openUpcallSocket()
        let first = try host.addWorkload(1, upcallSockets: [socket.portID])
        let second = try host.addWorkload(2, upcallSockets: [socket.portID])

        try first.namespace.shell("ping -c 1 -W 1 \(second.address) >/dev/null || true")
        let upcalls = try host.nextUpcalls(socket)
        let request = try #require(
            upcalls.first { $0.key[.ethernetType] == UInt64(EtherType.arp) })
        #expect(request.reason == .miss)
        #expect(request.datapathIndex == host.datapath.index)
        #expect(request.key[.inputPort] == UInt64(first.port))
        #expect(request.key[.arpOperation] == 1)
        #expect(request.key[.arpTargetIP] == 0x0a07_0002)
        #expect(request.key[.ethernetSource] == first.mac.bits)
        #expect(request.key.packetFields == FlowKey(of: request.packet).packetFields)

        try host.perform(
            try flows(1, from: first.port, [.output(second.port)])
                + flows(3, from: second.port, [.output(first.port)]))
        #expect(try first.canPing(second.address))

        let records = try host.flows()
        #expect(records.count == 4)
        let forward = try #require(records.first { $0.id == FlowID(high: 1, low: 2) })
        #expect(forward.statistics.packets >= 3)
        #expect(forward.statistics.bytes == forward.statistics.packets * 98)
        let used = try #require(forward.statistics.used)
        #expect(used <= UInt64(Clock.monotonicMilliseconds))
        let counters = try host.control.refreshed(host.datapath).statistics
        #expect(counters.hits > 6)
        #expect(counters.misses > 0)
        #expect(counters.flows == 4)
        let port = try host.control.port(second.port, of: host.datapath)
        #expect((port?.statistics.sentPackets ?? 0) >= 3)
    }

    @Test func whatIsDumpedIsWhatWasPut() throws {
        let host = try Host()
        var expected: [FlowID: KernelMatch] = [:]
        var operations: [FlowOperation] = []
        for number in 0..<600 as Range<UInt64> {
            var generator = SeededGenerator(seed: number)
            var key = generator.key()
            var mask = generator.mask()
            // Flows must not match each other's keys.
            key[.inputPort] = number + 1
            mask.setExact(.inputPort)
            let put = FlowPut(
                id: FlowID(high: 9, low: number), key: key, mask: mask, actions: .drop)
            expected[put.id] = put.match
            operations.append(.put(put))
        }
        let outcomes = host.channel.perform(operations)
        let refused = outcomes.indices.filter { !outcomes[$0].isSuccess }
        #expect(refused.isEmpty, "seeds")
        var different: [String] = []
        for record in try host.flows() {
            guard let id = record.id, let match = expected.removeValue(forKey: id) else { continue }
            if record.match != match {
                different.append("seed \(id.low): \(match.differences(from: record.match))")
            }
        }
        #expect(different.prefix(3) == [], "and \(different.count) in all")
        #expect(expected.count == refused.count)
    }

    @Test func actionsComeBackAsTheyWerePut() throws {
        let host = try Host()
        let samples = KernelActionSamples.all
        for (index, sample) in samples.enumerated() {
            var key = FlowKey()
            key[.inputPort] = UInt64(index + 1)
            key[.ethernetType] = sample.type.map { UInt64($0) } ?? UInt64(EtherType.ipv4)
            key[.ipProtocol] = UInt64(sample.proto)
            let put = FlowPut(
                id: FlowID(high: 2, low: UInt64(index)), key: key,
                mask: FlowMask(exact: [.inputPort, .ipProtocol]),
                actions: try EncodedActions(sample.actions))
            let outcomes = host.channel.perform([.put(put)])
            if let failure = outcomes[0].failure {
                Issue.record("\(sample.actions): \(failure)")
                continue
            }
            let record = try host.channel.flow(put.id)
            #expect(record?.actions?.decoded == sample.actions)
        }
    }

    @Test func aBadFlowIsRefusedAndItsNeighboursAreNot() throws {
        let host = try Host()
        let setOnARP: [DatapathAction] = [
            .set(HeaderSet(.ipv4, [.init(.ipTTL, 5)])), .output(1),
        ]
        let operations: [FlowOperation] = [
            .put(try flow(1, from: 1, type: EtherType.ipv4, [.output(2)])),
            .put(try flow(2, from: 1, type: EtherType.arp, setOnARP)),
            .put(try flow(3, from: 1, type: EtherType.arp, [.output(2)])),
            .put(try flow(3, from: 2, type: EtherType.arp, [.output(2)])),
            .delete(FlowID(high: 1, low: 99)),
        ]
        let outcomes = host.channel.perform(operations)
        #expect(outcomes.map(\.code) == [nil, .invalid, nil, .exists, .noSuchEntry])
        let records = try host.flows()
        #expect(Set(records.compactMap(\.id?.low)) == [1, 3])
    }

    @Test func foreignOptionsAreNotPut() throws {
        let host = try Host()
        var put = try flow(1, from: 1, type: EtherType.ipv4, [])
        put.key[.tunnelFamily] = TunnelFamily.ipv4
        put.key[wide: .tunnelDestination] = 1
        put.key[.tunnelOptions] = TunnelOptions.foreign
        let fine = try flow(2, from: 2, type: EtherType.ipv4, [])
        let outcomes = host.channel.perform([.put(put), .put(fine)])
        #expect(outcomes[0].failure == .unsupported("a match on foreign Geneve options"))
        #expect(outcomes[1].isSuccess)
    }

    @Test func aFlowsActionsAreReplacedByItsIdentifier() throws {
        let host = try Host()
        let first = try flow(1, from: 1, type: EtherType.ipv4, [.output(2)])
        var changed = first
        changed.actions = try EncodedActions([.output(3)])
        changed.mode = .replace
        let before = host.channel.perform([.put(changed)])
        #expect(before[0].code == .noSuchEntry)
        try host.perform([.put(first), .put(changed)])
        let record = try host.channel.flow(first.id)
        #expect(record?.actions?.decoded == [.output(3)])
        var again = first
        again.mode = .createOrReplace
        try host.perform([.put(again)])
        let last = try host.channel.flow(first.id)
        #expect(last?.actions?.decoded == [.output(2)])
    }

    @Test func fortyThousandFlowsAreListedAndDeleted() throws {
        let host = try Host()
        let count = 40_000 as UInt64
        var key = FlowKey()
        key[.inputPort] = 1
        key[.ethernetType] = 0x88b5
        let mask = FlowMask(exact: [.inputPort, .ethernetSource])
        let drop = EncodedActions.drop
        for start in stride(from: 0, to: count, by: 4000) {
            let operations = (start..<start + 4000).map { number -> FlowOperation in
                var own = key
                own[.ethernetSource] = number
                return .put(
                    FlowPut(id: FlowID(high: 4, low: number), key: own, mask: mask, actions: drop))
            }
            try host.perform(operations)
        }
        var identifiers = Set<UInt64>()
        try host.channel.forEachFlow(.terse) { record in
            if record.match == nil, let id = record.id { identifiers.insert(id.low) }
        }
        #expect(identifiers.count == Int(count))
        var whole = 0
        try host.channel.forEachFlow { record in
            if record.match?.key[.ethernetSource] == record.id?.low { whole += 1 }
        }
        #expect(whole == Int(count))
        let outcomes = host.channel.perform(
            (0..<1000).map { .delete(FlowID(high: 4, low: $0)) })
        #expect(outcomes.allSatisfy { $0.isSuccess && $0.statistics?.packets == 0 })
        let rest = try host.control.refreshed(host.datapath).statistics.flows
        #expect(rest == count - 1000)
        try host.channel.deleteAllFlows()
        let none = try host.flows(.terse)
        #expect(none.isEmpty)
    }

    @Test func aDeletedFlowTellsItsLastCounters() throws {
        let host = try Host()
        let first = try host.addWorkload(1)
        let second = try host.addWorkload(2)
        try host.perform(
            try flows(1, from: first.port, [.output(second.port)])
                + flows(3, from: second.port, [.output(first.port)]))
        #expect(try first.canPing(second.address))
        let outcomes = host.channel.perform([.delete(FlowID(high: 1, low: 2))])
        #expect(outcomes[0].statistics?.packets == 3)
    }

    @Test func recirculationGoesThroughASecondFlow() throws {
        let host = try Host()
        let first = try host.addWorkload(1)
        let second = try host.addWorkload(2)
        try host.perform(
            try flows(1, from: first.port, [.recirculate(0x1234)])
                + flows(
                    3, from: first.port, [.output(second.port)], recirculation: 0x1234)
                + flows(5, from: second.port, [.output(first.port)]))
        #expect(try first.canPing(second.address))
        let record = try host.channel.flow(FlowID(high: 1, low: 4))
        #expect(record?.statistics.packets == 3)
        #expect(record?.match?.key[.recirculationID] == 0x1234)
    }

    @Test func anExecutedPacketComesBackWithItsCookie() throws {
        let host = try Host()
        let socket = try host.openUpcallSocket()
        let workload = try host.addWorkload(1)
        let before = try host.control.port(workload.port, of: host.datapath)
        let packet = KernelActionSamples.udpPacket
        var metadata = FlowKey()
        metadata[.inputPort] = UInt64(workload.port)
        metadata[.mark] = 5
        metadata[.recirculationID] = 9
        let actions = try EncodedActions([
            .set(HeaderSet(.ipv4, [.init(.ipTTL, 9)])),
            .userspace(UserspaceAction(port: socket.portID, cookie: [1, 2, 3, 4, 5])),
            .output(workload.port),
        ])
        try host.perform([
            .execute(PacketExecution(packet: packet, metadata: metadata, actions: actions))
        ])
        let upcalls = try host.nextUpcalls(socket)
        let upcall = try #require(upcalls.first)
        #expect(upcalls.count == 1)
        #expect(upcall.reason == .action)
        #expect(upcall.userData == [1, 2, 3, 4, 5])
        #expect(upcall.key[.mark] == 5)
        #expect(upcall.key[.recirculationID] == 9)
        #expect(FlowKey(of: upcall.packet)[.ipTTL] == 9)
        #expect(upcall.packet.count == packet.count)
        let after = try host.control.port(workload.port, of: host.datapath)
        // The namespace's own kernel may send through the device too (router solicitations).
        let sent = (after?.statistics.sentPackets ?? 0) - (before?.statistics.sentPackets ?? 0)
        #expect(sent >= 1)
    }

    @Test func trackedPacketsShowTheirConnection() throws {
        let host = try Host()
        let socket = try host.openUpcallSocket()
        let workload = try host.addWorkload(1, upcallSockets: [socket.portID])
        var metadata = FlowKey()
        metadata[.inputPort] = UInt64(workload.port)
        let label: UInt128 = 0x1111_2222_3333_4444_5555_6666_7777_8888
        let commit = ConnectionTracking(
            zone: 7, commit: true, mark: .init(0xabcd, mask: 0xffff),
            label: .init(label, mask: .max))
        let actions = try EncodedActions([
            .track(commit), .track(ConnectionTracking(zone: 7)), .recirculate(3),
        ])
        try host.perform([
            .execute(
                PacketExecution(
                    packet: KernelActionSamples.udpPacket, metadata: metadata, actions: actions))
        ])
        let upcalls = try host.nextUpcalls(socket)
        let upcall = try #require(upcalls.first { $0.key[.recirculationID] == 3 })
        #expect(upcall.key[.ctState] == ConnectionState.tracked | ConnectionState.new)
        #expect(upcall.key[.ctZone] == 7)
        #expect(upcall.key[.ctMark] == 0xabcd)
        #expect(upcall.key[wide: .ctLabel] == label)
        #expect(upcall.key[wide: .ctSource] == 0x0a07_0001)
        #expect(upcall.key[wide: .ctDestination] == 0x0a07_0002)
        #expect(upcall.key[.ctProtocol] == 17)
        #expect(upcall.key[.ctSourcePort] == 1000)
        #expect(upcall.key[.ctDestinationPort] == 2000)

        // The key can go back as it came.
        let again = try EncodedActions([.recirculate(4)])
        try host.perform([
            .execute(
                PacketExecution(packet: upcall.packet, metadata: upcall.key, actions: again))
        ])
        let second = try host.nextUpcalls(socket)
        let returned = try #require(second.first { $0.key[.recirculationID] == 4 })
        var expected = upcall.key
        expected[.recirculationID] = 4
        #expect(returned.key == expected)
    }

    @Test func aPortThatFloodsFillsOnlyItsOwnSocket() throws {
        let host = try Host()
        let noisySocket = try host.openUpcallSocket(queueBytes: 32768)
        let quietSocket = try host.openUpcallSocket()
        let noisy = try host.addWorkload(1, upcallSockets: [noisySocket.portID])
        let quiet = try host.addWorkload(2, upcallSockets: [quietSocket.portID])
        try noisy.namespace.shell(
            "ip neigh add 10.7.0.9 lladdr 0a:00:00:00:00:09 dev eth0; "
                + "ping -n -f -c 200 -W 1 10.7.0.9 >/dev/null 2>&1 || true")
        try quiet.namespace.shell("ping -n -c 1 -W 1 \(noisy.address) >/dev/null || true")

        var flood: [Upcall] = []
        let turn = try host.reader.read(noisySocket, limit: 10_000, into: &flood)
        #expect(turn.overflowed)
        #expect(turn.received == flood.count)
        #expect(flood.count > 0 && flood.count < 200)
        #expect(flood.allSatisfy { $0.key[.inputPort] == UInt64(noisy.port) })
        let heard = try host.nextUpcalls(quietSocket)
        #expect(heard.contains { $0.key[.arpTargetIP] == 0x0a07_0001 })
        let lost = try host.control.refreshed(host.datapath).statistics.lost
        #expect(lost > 0)
        // It works again once it was read.
        try noisy.namespace.shell("ping -n -c 1 -W 1 10.7.0.9 >/dev/null || true")
        let later = try host.nextUpcalls(noisySocket)
        #expect(!later.isEmpty)
    }

    @Test func anAdoptedSocketHasWhatWasQueued() throws {
        let host = try Host()
        var first: UpcallSocket? = try host.openUpcallSocket()
        let portID = try #require(first?.portID)
        let kept = FileDescriptor(owning: fcntl(first?.rawDescriptor ?? -1, F_DUPFD_CLOEXEC, 0))
        let workload = try host.addWorkload(1, upcallSockets: [portID])
        first = nil
        try workload.namespace.shell("ping -n -c 1 -W 1 10.7.0.9 >/dev/null || true")
        let second = try UpcallSocket.adopt(kept)
        #expect(second.portID == portID)
        let upcalls = try host.nextUpcalls(second)
        #expect(upcalls.contains { $0.key[.arpTargetIP] == 0x0a07_0009 })
    }

    @Test func aMissGoesToTheSocketOfItsProcessor() throws {
        let host = try Host()
        let processors = Int(sysconf(Int32(_SC_NPROCESSORS_CONF)))
        let socket = try host.openUpcallSocket()
        let own = try host.openUpcallSocket()
        let workload = try host.addWorkload(1, upcallSockets: [own.portID])
        let changed = try host.control.setFeatures(
            [.unaligned, .processorSockets], of: host.datapath,
            processorSockets: [UInt32](repeating: socket.portID, count: processors))
        #expect(changed.features == [.unaligned, .processorSockets])
        var upcalls: [Upcall] = []
        _ = try host.reader.read(own, limit: 1000, into: &upcalls)
        upcalls = []
        try workload.namespace.shell("ping -n -c 1 -W 1 10.7.0.9 >/dev/null || true")
        let heard = try host.nextUpcalls(socket)
        #expect(heard.contains { $0.key[.arpTargetIP] == 0x0a07_0009 })
        // A packet that the kernel was handling meanwhile may still come here, the question may not.
        _ = try host.reader.read(own, limit: 1000, into: &upcalls)
        #expect(!upcalls.contains { $0.key[.arpTargetIP] == 0x0a07_0009 })

        // And back, as when the agent takes over what another program has made.
        _ = try host.control.setFeatures([.unaligned, .portSockets], of: host.datapath)
        try workload.namespace.shell("ping -n -c 1 -W 1 10.7.0.8 >/dev/null || true")
        let again = try host.nextUpcalls(own)
        #expect(again.contains { $0.key[.arpTargetIP] == 0x0a07_0008 })
    }

    @Test func aLimitedTurnLeavesTheRest() throws {
        let host = try Host()
        let socket = try host.openUpcallSocket()
        let userspace = try EncodedActions([
            .userspace(UserspaceAction(port: socket.portID, cookie: []))
        ])
        let execution = FlowOperation.execute(
            PacketExecution(
                packet: KernelActionSamples.udpPacket, metadata: FlowKey(), actions: userspace))
        try host.perform([FlowOperation](repeating: execution, count: 10))
        var upcalls: [Upcall] = []
        let first = try host.reader.read(socket, limit: 4, into: &upcalls)
        let second = try host.reader.read(socket, limit: 100, into: &upcalls)
        let third = try host.reader.read(socket, limit: 100, into: &upcalls)
        #expect([first.received, second.received, third.received] == [4, 6, 0])
    }
}

extension FlowKey {
    /// Only what comes from the packet's own bytes.
    fileprivate var packetFields: [UInt64] { Array(words[FlowKey.firstPacketWord...]) }
}

/// Actions that the kernel accepts, each on a packet type that it accepts them for.
enum KernelActionSamples {
    struct Sample {
        var type: UInt16? = nil
        var proto: UInt8 = 17
        let actions: [DatapathAction]
    }

    private static func set(_ header: HeaderSet.Header, _ changes: [HeaderSet.Change])
        -> DatapathAction
    {
        .set(HeaderSet(header, changes))
    }

    static let all: [Sample] =
        plain.map { Sample(actions: $0) } + [
            Sample(
                type: EtherType.ipv6,
                actions: [
                    set(
                        .ipv6,
                        [
                            .init(.ipv6Source, 5 << 96), .init(.ipv6Label, 0x12345, mask: 0xff0ff),
                            .init(.ipTTL, 3),
                        ]), .output(1),
                ]),
            Sample(proto: 6, actions: [set(.tcp, [.init(.sourcePort, 80)]), .output(1)]),
            Sample(proto: 132, actions: [set(.sctp, [.init(.destinationPort, 5)]), .output(1)]),
            Sample(
                type: EtherType.ipv6,
                actions: [
                    .track(
                        ConnectionTracking(
                            zone: 2, commit: true,
                            translation: .init(
                                direction: .source,
                                addresses: .v6(IPv6Address(1 << 100))...(.v6(IPv6Address(2 << 100)))
                            ))), .output(1),
                ]),
        ]

    private static let inner: [DatapathAction] = [.output(1), .output(2)]

    private static let plain: [[DatapathAction]] = [
        [],
        [.output(1), .output(65534)],
        [.userspace(UserspaceAction(port: 77, cookie: [1, 2, 3, 4, 5, 6, 7, 8, 9]))],
        [set(.ethernet, [.init(.ethernetSource, 0x0a00_0000_0001)]), .output(1)],
        [set(.ethernet, [.init(.ethernetDestination, 5, mask: 0xff)]), .output(1)],
        [set(.ipv4, [.init(.ipv4Source, 0x0a00_0001), .init(.ipTOS, 4, mask: 0xfc)]), .output(1)],
        [set(.udp, [.init(.sourcePort, 80), .init(.destinationPort, 1, mask: 1)]), .output(1)],
        [set(.mark, [.init(.mark, 0x0102_0304)]), set(.priority, [.init(.priority, 7)])],
        [.setTunnel(ipv4Tunnel), .output(1)],
        [.setTunnel(ipv6Tunnel), .output(1)],
        [.setTunnel(erspanTunnel), .output(1)],
        [.pushVLAN(VLANTag(tpid: 0x8100, tci: 0x1005)), .output(1), .popVLAN, .output(2)],
        [.hash(basis: 3), .recirculate(0xffff_ffff)],
        [.track(ConnectionTracking(zone: 5)), .recirculate(2)],
        [
            .track(
                ConnectionTracking(
                    zone: 5, commit: true, mark: .init(1, mask: 3), label: .init(4, mask: 12),
                    translation: .init(
                        direction: .destination,
                        addresses: .v4(IPv4Address(5))...(.v4(IPv4Address(5))), ports: 80...90))),
            .recirculate(2),
        ],
        [.track(ConnectionTracking(zone: 5, translation: .init())), .clearTracking, .output(1)],
        [.truncate(100), .output(1)],
        [.clone(inner), .output(3)],
        [.clone([.clone([.setTunnel(ipv4Tunnel), .output(1)])]), .output(3)],
        [.sample(probability: 1000, inner), .output(3)],
        [.sample(probability: .max, [.output(1)])],
        [.checkLength(1400, greater: [.output(1)], lessOrEqual: inner)],
        [.checkLength(1400, greater: [], lessOrEqual: [.output(1)])],
        [.decrementTTL(exceeded: [.userspace(UserspaceAction(port: 7, cookie: [1]))]), .output(1)],
    ]

    private static let ipv4Tunnel = TunnelKey(
        id: 0x123456, source: .v4(IPv4Address(0x0a01_0101)),
        destination: .v4(IPv4Address(0x0a01_0102)), tos: 4, destinationPort: 6081,
        option: 0x0001_0002)
    private static let erspanTunnel = TunnelKey(
        id: 7, destination: .v4(IPv4Address(0x0a01_0102)), flags: TunnelFlag.dontFragment,
        erspanIndex: 7)
    private static let ipv6Tunnel = TunnelKey(
        id: 5, destination: .v6(IPv6Address(1)), flags: TunnelFlag.checksum)

    /// UDP from 10.7.0.1:1000 to 10.7.0.2:2000.
    static let udpPacket: [UInt8] =
        [0x0a, 0, 0, 0, 0, 2, 0x0a, 0, 0, 0, 0, 1, 0x08, 0x00]
        + [0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0x66, 0xba, 10, 7, 0, 1, 10, 7, 0, 2]
        + [0x03, 0xe8, 0x07, 0xd0, 0, 12, 0, 0, 1, 2, 3, 4]
}
