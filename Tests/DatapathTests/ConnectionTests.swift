import Testing
import Wire

@testable import Datapath

/// The model's connection tracker against what net/openvswitch and nf_conntrack do.
@Suite struct ConnectionTests {
    private static let client = MACAddress(0x0a00_0000_0001)
    private static let server = MACAddress(0x0a00_0000_0002)

    /// A datapath that tracks, comes back once, and sends everything to port 2.
    private struct Tracker: ~Copyable {
        var model = ModelDatapath(ports: [.init(1), .init(2)])
        private var id: UInt64 = 0

        /// What the packet looks like after these actions.
        mutating func run(
            _ frame: [UInt8], _ actions: [DatapathAction], metadata: FlowKey = FlowKey()
        ) throws -> (key: FlowKey, frame: [UInt8])? {
            var metadata = metadata
            metadata[.inputPort] = 1
            let events = try model.execute(
                frame, metadata: metadata,
                actions: actions + [.userspace(.init(port: 9, cookie: []))])
            for case .upcall(let upcall) in events { return (upcall.key, upcall.frame) }
            return nil
        }
    }

    private func tcp(
        _ from: String, _ to: String, _ source: UInt16, _ destination: UInt16,
        flags: UInt16 = TCPFlag.syn
    ) -> [UInt8] {
        PacketBuilder.tcp(
            EthernetHeader(destination: Self.server, source: Self.client),
            .v4(
                source: IPv4Address(parsing: from) ?? .zero,
                destination: IPv4Address(parsing: to) ?? .zero), ttl: 64,
            TCPSegment(source: source, destination: destination, flags: flags), [])
    }

    private func state(_ key: FlowKey?) -> UInt64? { key.map { $0[.ctState] } }

    private static let tracked = ConnectionState.tracked
    private static let new = ConnectionState.tracked | ConnectionState.new
    private static let established = ConnectionState.tracked | ConnectionState.established

    @Test func aConnectionIsNewUntilItIsAnswered() throws {
        var tracker = Tracker()
        let forth = tcp("10.0.0.1", "10.0.0.2", 1000, 80)
        let back = tcp("10.0.0.2", "10.0.0.1", 80, 1000, flags: TCPFlag.syn | TCPFlag.ack)
        let look = [DatapathAction.track(ConnectionTracking(zone: 5))]
        let commit = [
            DatapathAction.track(
                ConnectionTracking(
                    zone: 5, commit: true, mark: .init(3, mask: 3), label: .init(7, mask: 15)))
        ]
        #expect(state(try tracker.run(forth, look)?.key) == Self.new)
        #expect(tracker.model.connections.count == 0)
        let invalid = Self.tracked | ConnectionState.invalid
        #expect(state(try tracker.run(back, look)?.key) == invalid, "an answer to nothing")
        let committed = try #require(try tracker.run(forth, commit)).key
        #expect(committed[.ctState] == Self.new)
        #expect(committed[.ctMark] == 3 && committed[wide: .ctLabel] == 7)
        #expect(tracker.model.connections.count == 1)
        #expect(state(try tracker.run(forth, look)?.key) == Self.new, "nobody has answered")
        let reply = try #require(try tracker.run(back, look)).key
        #expect(reply[.ctState] == Self.established | ConnectionState.reply)
        #expect(reply[wide: .ctSource] == 0x0a00_0001, "the tuple is that of the first packet")
        #expect(reply[.ctSourcePort] == 1000 && reply[.ctDestinationPort] == 80)
        #expect(state(try tracker.run(forth, look)?.key) == Self.established)
        let elsewhere = [DatapathAction.track(ConnectionTracking(zone: 6))]
        #expect(state(try tracker.run(forth, elsewhere)?.key) == Self.new)
        let reset = tcp("10.0.0.8", "10.0.0.2", 1, 2, flags: TCPFlag.reset)
        #expect(state(try tracker.run(reset, look)?.key) == invalid)
        tracker.model.connections.flush(zones: [5])
        #expect(tracker.model.connections.count == 0)
        #expect(state(try tracker.run(back, look)?.key) == invalid)
    }

    @Test func destinationsAreTranslatedForthAndBack() throws {
        var tracker = Tracker()
        let backend = IPAddress.v4(IPv4Address(0x0a00_0003))
        let dnat = [
            DatapathAction.track(
                ConnectionTracking(
                    zone: 5, commit: true,
                    translation: .init(
                        direction: .destination, addresses: backend...backend, ports: 8080...8080)))
        ]
        let nat = [DatapathAction.track(ConnectionTracking(zone: 5, translation: .init()))]
        let forth = tcp("10.0.0.1", "30.0.0.1", 1000, 80)
        let first = try #require(try tracker.run(forth, dnat))
        #expect(first.frame == tcp("10.0.0.1", "10.0.0.3", 1000, 8080))
        #expect(first.key[.ctState] == Self.new | ConnectionState.destinationNAT)
        #expect(first.key[wide: .ctDestination] == 0x1e00_0001 as UInt128)
        let unanswered = try #require(try tracker.run(forth, nat))
        #expect(unanswered.frame == forth, "only a commit translates what is new")
        let again = try #require(try tracker.run(forth, dnat))
        #expect(again.frame == first.frame)

        let back = tcp("10.0.0.3", "10.0.0.1", 8080, 1000, flags: TCPFlag.syn | TCPFlag.ack)
        let reply = try #require(try tracker.run(back, nat))
        let flags = TCPFlag.syn | TCPFlag.ack
        #expect(reply.frame == tcp("30.0.0.1", "10.0.0.1", 80, 1000, flags: flags))
        #expect(
            reply.key[.ctState]
                == Self.established | ConnectionState.reply | ConnectionState.sourceNAT)
        let third = try #require(try tracker.run(forth, nat))
        #expect(third.frame == first.frame)
        #expect(third.key[.ctState] == Self.established | ConnectionState.destinationNAT)
    }

    /// Two clients behind one address: the second gets another port.
    @Test func sourcesGetPortsThatAreFree() throws {
        var tracker = Tracker()
        let outside = IPAddress.v4(IPv4Address(0xc000_0201))
        let snat = [
            DatapathAction.track(
                ConnectionTracking(
                    zone: 5, commit: true,
                    translation: .init(direction: .source, addresses: outside...outside)))
        ]
        let one = try #require(try tracker.run(tcp("10.0.0.1", "8.8.8.8", 1000, 80), snat))
        #expect(one.frame == tcp("192.0.2.1", "8.8.8.8", 1000, 80))
        let two = try #require(try tracker.run(tcp("10.0.0.2", "8.8.8.8", 1000, 80), snat))
        #expect(two.frame == tcp("192.0.2.1", "8.8.8.8", 1024, 80))
        let nat = [DatapathAction.track(ConnectionTracking(zone: 5, translation: .init()))]
        let flags = TCPFlag.syn | TCPFlag.ack
        let back = try #require(
            try tracker.run(tcp("8.8.8.8", "192.0.2.1", 80, 1024, flags: flags), nat))
        #expect(back.frame == tcp("8.8.8.8", "10.0.0.2", 80, 1000, flags: flags))
    }

    /// An error about a translated packet belongs to its connection; what it quotes is translated
    /// too.
    @Test func errorsAreRelatedAndTranslated() throws {
        var tracker = Tracker()
        let outside = IPAddress.v4(IPv4Address(0xc000_0201))
        let snat = [
            DatapathAction.track(
                ConnectionTracking(
                    zone: 5, commit: true, mark: .init(9, mask: 9),
                    translation: .init(direction: .source, addresses: outside...outside)))
        ]
        let sent = try #require(try tracker.run(tcp("10.0.0.1", "8.8.8.8", 1000, 80), snat)).frame
        let layout = try #require(PacketLayout(sent))
        var error = try #require(ResponseBuilder.icmpError(sent, layout))
        var rewriter = try #require(PacketRewriter(error))
        rewriter.set(.ipv4Source, to: 0x0909_0909)
        rewriter.set(.ipv4Destination, to: outside.bits)
        error = rewriter.frame
        let nat = [DatapathAction.track(ConnectionTracking(zone: 5, translation: .init()))]
        let back = try #require(try tracker.run(error, nat))
        #expect(
            back.key[.ctState]
                == Self.tracked | ConnectionState.related | ConnectionState.reply
                | ConnectionState.destinationNAT)
        #expect(back.key[.ctMark] == 9)
        #expect(back.key[.ipv4Destination] == 0x0a00_0001)
        let inner = TupleReader(back.frame).kind
        guard case .error(let quoted, _) = inner else {
            Issue.record("no error: \(inner)")
            return
        }
        #expect(quoted.source == .v4(IPv4Address(0x0a00_0001)) && quoted.sourcePort == 1000)
        let start = try #require(PacketLayout(back.frame)).transportOffset
        #expect(InternetChecksum.of(Array(back.frame[start...])) == 0)
    }

    /// What the agent sends on has its connection by its key.
    @Test func packetsOfTheAgentKeepTheirConnection() throws {
        var tracker = Tracker()
        let backend = IPAddress.v4(IPv4Address(0x0a00_0003))
        let dnat = [
            DatapathAction.track(
                ConnectionTracking(
                    zone: 5, commit: true,
                    translation: .init(direction: .destination, addresses: backend...backend)))
        ]
        let first = try #require(try tracker.run(tcp("10.0.0.1", "30.0.0.1", 1000, 80), dnat))
        let commit = [
            DatapathAction.track(
                ConnectionTracking(zone: 5, commit: true, mark: .init(4, mask: 4)))
        ]
        let second = try #require(try tracker.run(first.frame, commit, metadata: first.key))
        #expect(second.key[.ctMark] == 4)
        #expect(tracker.model.connections.count == 1)
        #expect(tracker.model.connections.all.first?.mark == 4)
        let look = [DatapathAction.clearTracking, .track(ConnectionTracking(zone: 5))]
        let cleared = try #require(try tracker.run(first.frame, look, metadata: first.key))
        #expect(cleared.key[.ctState] == Self.new, "another connection by its headers")
        let again = [DatapathAction.clearTracking] + commit
        let dropped = try tracker.run(first.frame, again, metadata: first.key)
        #expect(dropped == nil, "whose answers would be those of the first")
    }
}
