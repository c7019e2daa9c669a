import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// Packets that flows make, and messages that they change: through the translator, as flows ask for them.
@Suite struct MadePacketTests {
    /// Unlike `nd_na_router`, it doesn't say that a router answers (RFC 4861 §4.4).
    @Test func advertisementsOfHosts() throws {
        let network = ServiceNetwork()
        network.flow(
            "nd_ns && nd.target == fd00::2",
            "nd_na { eth.src = 0a:00:00:00:00:02; ip6.src = fd00::2; nd.target = fd00::2; "
                + "nd.tll = 0a:00:00:00:00:02; outport = inport; flags.loopback = 1; output; };")
        let target = try unwrap(IPv6Address(parsing: "fd00::2"))
        let asker = try unwrap(IPv6Address(parsing: "fd00::1"))
        let group = target.solicitedNodeMulticast
        let question = PacketBuilder.neighborSolicitation(
            Frames.ethernet(Frames.a, MACAddress(multicast: group)), source: asker,
            destination: group, target: target, link: Frames.a)
        let answer = PacketBuilder.neighborAdvertisement(
            Frames.ethernet(Frames.b, Frames.a), source: target, destination: asker,
            target: target, link: Frames.b, flags: [.solicited, .override])
        var host = network.host()
        for _ in 0..<2 {
            #expect(
                host.receive(question, on: 1).sent == [
                    .init(port: 1, frame: answer, tunnel: nil)
                ])
        }
    }

    private static func sctp(_ source: MACAddress, _ destination: MACAddress) -> [UInt8] {
        var message: [UInt8] = [0, 80, 0, 90, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 1]
        message.storeSCTPChecksum(start: 0, end: message.count)
        let header = IPHeader(
            Frames.ipv4("10.0.0.1", "10.0.0.2"), proto: IPProtocol.sctp, ttl: 64)
        return PacketBuilder.ip(Frames.ethernet(source, destination), header, message)
    }

    /// RFC 9260 §8.4: the tag reflected and T set, and nothing for what is no SCTP.
    @Test func associationsAreAborted() throws {
        let network = ServiceNetwork()
        network.flow(
            "ip4",
            "sctp_abort { eth.dst <-> eth.src; ip4.dst <-> ip4.src; outport = inport; "
                + "flags.loopback = 1; output; };")
        var host = network.host()
        for _ in 0..<2 {
            let outcome = host.receive(Self.sctp(Frames.a, Frames.b), on: 1)
            #expect(outcome.faults.isEmpty)
            let frame = try unwrap(outcome.sent.first).frame
            let key = FlowKey(of: frame)
            #expect(outcome.sent.map(\.port) == [1])
            #expect(key[.ethernetDestination] == Frames.a.bits)
            #expect(key[.ipv4Destination] == 0x0a00_0001)
            #expect((key[.sourcePort], key[.destinationPort]) == (90, 80))
            let start = try unwrap(PacketLayout(frame)).transportOffset
            #expect(frame.uint32(at: start + 4) == 7)
            #expect(Array(frame[(start + 12)...]) == [6, 1, 0, 4])
            var again = frame
            again.storeSCTPChecksum(start: start, end: frame.count)
            #expect(again == frame)
        }
        #expect(host.receive(Frames.udp(Frames.a, Frames.b), on: 1).sent.isEmpty)
    }

    // MARK: - Relayed DHCP

    /// A router between clients at p1 and a server at p2, as northd writes its flows.
    private static func relaying() -> Host {
        let network = ServiceNetwork()
        network.flow(
            "udp.src == 68 && udp.dst == 67",
            "reg9[7] = dhcp_relay_req_chk(10.0.0.254, 172.16.0.1); next;")
        network.flow(
            "udp.src == 67 && udp.dst == 67",
            "reg9[8] = dhcp_relay_resp_chk(10.0.0.254, 172.16.0.1); next;")
        network.flow(
            "reg9[7]",
            "ip4.src = 10.0.0.254; ip4.dst = 172.16.0.1; udp.src = 67; outport = \"p2\"; output;",
            table: 1)
        network.flow(
            "reg9[8]", "ip4.src = 10.0.0.254; udp.dst = 68; outport = \"p1\"; output;", table: 1)
        network.flow("1", "drop;", table: 1, priority: 0)
        return network.host()
    }

    private static func message(_ frame: [UInt8]) throws -> DHCPv4Message {
        let datagram = try unwrap(UDPDatagram(frame, try unwrap(PacketLayout(frame))))
        return try unwrap(DHCPv4Message(datagram.payload))
    }

    @Test func aRelayTakesRequestsToTheServer() throws {
        var host = Self.relaying()
        for _ in 0..<2 {
            let sent = host.receive(AddressServiceTests.request(.discover), on: 1).sent
            #expect(sent.map(\.port) == [2])
            let frame = try unwrap(sent.first).frame
            let key = FlowKey(of: frame)
            #expect(key[.ipv4Source] == 0x0a00_00fe)
            #expect(key[.ipv4Destination] == 0xac10_0001)
            #expect((key[.sourcePort], key[.destinationPort]) == (67, 67))
            let message = try Self.message(frame)
            #expect(message.relayAddress.description == "10.0.0.254")
            #expect(message.hops == 1)
        }
        let relayed = AddressServiceTests.request(.discover) {
            $0.relayAddress = IPv4Address(0x0a01_0001)
        }
        #expect(host.receive(relayed, on: 1).sent.isEmpty, "another relay has it")
    }

    @Test func aRelayTakesAnswersToTheClient() throws {
        func answer(_ server: [UInt8]) -> [UInt8] {
            var message = DHCPv4Message(
                operation: DHCPv4Message.reply, transaction: 77, client: Frames.a)
            message.relayAddress = IPv4Address(0x0a00_00fe)
            message.yourAddress = IPv4Address(0x0a00_0007)
            message.options = [
                DHCPv4Option(53, [2]), DHCPv4Option(54, server),
                DHCPv4Option(1, [255, 255, 255, 0]),
            ]
            return PacketBuilder.udp(
                Frames.ethernet(Frames.b, Frames.router),
                Frames.ipv4("172.16.0.1", "10.0.0.254"), source: 67, destination: 67,
                message.encoded)
        }
        var host = Self.relaying()
        for _ in 0..<2 {
            let sent = host.receive(answer([172, 16, 0, 1]), on: 2).sent
            #expect(sent.map(\.port) == [1])
            let key = FlowKey(of: try unwrap(sent.first).frame)
            #expect(key[.ethernetDestination] == Frames.a.bits)
            #expect(key[.ipv4Source] == 0x0a00_00fe)
            #expect(key[.ipv4Destination] == 0x0a00_0007)
            #expect((key[.sourcePort], key[.destinationPort]) == (67, 68))
            #expect(try Self.message(try unwrap(sent.first).frame).transaction == 77)
        }
        #expect(host.receive(answer([9, 9, 9, 9]), on: 2).sent.isEmpty, "another server's")
    }
}
