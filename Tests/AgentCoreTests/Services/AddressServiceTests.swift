import Datapath
import LogicalFlow
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// DHCP, router advertisements and names: each on the packets of a client, through the translator.
@Suite struct AddressServiceTests {
    private static let back = "outport = inport; flags.loopback = 1; output;"

    // MARK: - DHCPv4

    static func request(
        _ type: DHCPv4Type, _ change: (inout DHCPv4Message) -> Void = { _ in }
    ) -> [UInt8] {
        var message = DHCPv4Message(
            operation: DHCPv4Message.request, transaction: 77, client: Frames.a)
        message.options = [DHCPv4Option(DHCPv4Code.messageType, [type.rawValue])]
        change(&message)
        return PacketBuilder.udp(
            Frames.ethernet(Frames.a, .broadcast), Frames.ipv4("0.0.0.0", "255.255.255.255"),
            source: UDPPort.dhcpClient, destination: UDPPort.dhcpServer, message.encoded)
    }

    private static func dhcpNetwork(_ options: String) -> Host {
        let network = ServiceNetwork()
        network.flow("udp.dst == 67", "reg0[3] = put_dhcp_opts(\(options)); next;")
        network.flow(
            "reg0[3]",
            "eth.dst = eth.src; eth.src = 0a:00:00:00:00:ff; ip4.src = 10.0.0.254; udp.src = 67; "
                + "udp.dst = 68; \(back)", table: 1)
        network.flow("1", "outport = \"p2\"; output;", table: 1, priority: 0)
        return network.host()
    }

    private static func answer(_ frame: [UInt8]?) throws -> DHCPv4Message {
        let frame = try unwrap(frame)
        let layout = try unwrap(PacketLayout(frame))
        let datagram = try unwrap(UDPDatagram(frame, layout))
        #expect(datagram.source == UDPPort.dhcpServer)
        #expect(datagram.destination == UDPPort.dhcpClient)
        let key = FlowKey(of: frame)
        #expect(key[.ethernetDestination] == Frames.a.bits)
        #expect(key[.ipv4Source] == 0x0a00_00fe)
        return try unwrap(DHCPv4Message(datagram.payload))
    }

    @Test func discoverIsOffered() throws {
        var host = Self.dhcpNetwork(
            "offerip = 10.0.0.7, netmask = 255.255.255.0, router = {10.0.0.254, 10.0.0.253}, "
                + "lease_time = 3600, mtu = 1400, hostname = \"vm1\", ip_forward_enable = 0, "
                + "server_id = 10.0.0.254, next_server = 10.0.0.9, tftp_server = \"boot.example\", "
                + "domain_search_list = \"eng.apple.com, marketing.apple.com\", default_ttl = 9, "
                + "classless_static_route = {30.0.0.0/24, 10.0.0.1, 0.0.0.0/0, 10.0.0.254}")
        let sent = host.receive(Self.request(.discover), on: 1).sent
        #expect(sent.map(\.port) == [1])
        let message = try Self.answer(sent.first?.frame)
        #expect(message.type == .offer)
        #expect(message.operation == DHCPv4Message.reply)
        #expect(message.transaction == 77)
        #expect(message.yourAddress.description == "10.0.0.7")
        #expect(message.serverAddress.description == "10.0.0.9")
        #expect(message[1] == [255, 255, 255, 0])
        #expect(message[3] == [10, 0, 0, 254, 10, 0, 0, 253])
        #expect(message[51] == [0, 0, 14, 16])
        #expect(message[26] == [5, 120])
        #expect(message[12] == Array("vm1".utf8))
        #expect(message[19] == [0])
        #expect(message[23] == [9])
        #expect(message[66] == Array("boot.example".utf8))
        #expect(
            message[121] == [24, 30, 0, 0, 10, 0, 0, 1, 0, 10, 0, 0, 254])
        #expect(message[119]?.suffix(2) == [0xc0, 4])
        #expect(message[0] == nil)
        #expect(message.options.first?.code == DHCPv4Code.messageType)
        #expect(FlowKey(of: try unwrap(sent.first?.frame))[.ipv4Destination] == 0x0a00_0007)
    }

    @Test func requestsAreAcknowledgedOrRefused() throws {
        let options = "offerip = 10.0.0.7, server_id = 10.0.0.254, netmask = 255.255.255.0"
        func ask(_ change: @escaping (inout DHCPv4Message) -> Void) -> [Outcome.Sent] {
            var host = Self.dhcpNetwork(options)
            return host.receive(Self.request(.request, change), on: 1).sent
        }
        let wanted = ask { $0.options.append(DHCPv4Option(50, [10, 0, 0, 7])) }
        #expect(try Self.answer(wanted.first?.frame).type == .ack)
        let renewed = ask { $0.clientAddress = IPv4Address(0x0a00_0007) }
        let ack = try Self.answer(renewed.first?.frame)
        #expect(ack.type == .ack)
        #expect(ack.clientAddress.description == "10.0.0.7")
        let other = ask { $0.options.append(DHCPv4Option(50, [10, 0, 0, 8])) }
        let nak = try Self.answer(other.first?.frame)
        #expect(nak.type == .nak)
        #expect(nak.yourAddress == .zero)
        #expect(nak.options.map(\.code) == [53, 54])
        #expect(FlowKey(of: try unwrap(other.first?.frame))[.ipv4Destination] == 0xffff_ffff)
        // The client has chosen another server: the packet is that one's.
        let elsewhere = ask { $0.options.append(DHCPv4Option(54, [10, 0, 0, 1])) }
        #expect(elsewhere.map(\.port) == [2])
        let broadcast = ask {
            $0.flags = 0x8000
            $0.options.append(DHCPv4Option(50, [10, 0, 0, 7]))
        }
        #expect(
            FlowKey(of: try unwrap(broadcast.first?.frame))[.ipv4Destination] == 0xffff_ffff)
    }

    /// RFC 2131 §4.3.5: an answer to INFORM has nothing of a lease.
    @Test func informAndWhatHasNoAnswer() throws {
        let options =
            "offerip = 10.0.0.7, server_id = 10.0.0.254, netmask = 255.255.255.0, lease_time = 9, "
            + "dns_server = 10.0.0.53"
        var host = Self.dhcpNetwork(options)
        let inform = Self.request(.inform) { $0.clientAddress = IPv4Address(0x0a00_0063) }
        let sent = host.receive(inform, on: 1).sent
        let message = try Self.answer(sent.first?.frame)
        #expect(message.type == .ack)
        #expect(message.yourAddress == .zero)
        #expect(message.options.map(\.code) == [53, 54, 6])
        #expect(FlowKey(of: try unwrap(sent.first?.frame))[.ipv4Destination] == 0x0a00_0063)
        for type in [DHCPv4Type.release, .decline, .offer] {
            #expect(host.receive(Self.request(type), on: 1).sent.map(\.port) == [2])
        }
    }

    @Test func bootFilesByClient() throws {
        func file(_ options: String, ipxe: Bool) throws -> [UInt8]? {
            var host = Self.dhcpNetwork("offerip = 10.0.0.7, \(options)")
            let frame = Self.request(.discover) {
                if ipxe { $0.options.append(DHCPv4Option(DHCPv4Code.etherboot, [1])) }
            }
            return try Self.answer(host.receive(frame, on: 1).sent.first?.frame)[67]
        }
        let both = "bootfile_name = \"ipxe\", bootfile_name_alt = \"alt\""
        #expect(try file(both, ipxe: true) == Array("ipxe".utf8))
        #expect(try file(both, ipxe: false) == Array("alt".utf8))
        #expect(try file("bootfile_name = \"one\"", ipxe: false) == Array("one".utf8))
        #expect(try file("bootfile_name_alt = \"two\"", ipxe: true) == Array("two".utf8))
    }

    /// Every option of the table is written by the code that it has there.
    @Test func everyKindOfOption() throws {
        let values = [
            ("netmask", "255.0.0.0"), ("router", "1.2.3.4"), ("dns_server", "1.2.3.4"),
            ("log_server", "1.2.3.4"), ("lpr_server", "1.2.3.4"), ("hostname", "\"h\""),
            ("domain_name", "\"d\""), ("swap_server", "1.2.3.4"), ("ip_forward_enable", "1"),
            ("policy_filter", "1.2.3.4"), ("default_ttl", "1"), ("mtu", "1"),
            ("broadcast_address", "1.2.3.4"), ("router_discovery", "1"),
            ("router_solicitation", "1.2.3.4"), ("arp_cache_timeout", "1"),
            ("ethernet_encap", "1"), ("tcp_ttl", "1"), ("tcp_keepalive_interval", "1"),
            ("nis_server", "1.2.3.4"), ("ntp_server", "1.2.3.4"),
            ("netbios_name_server", "1.2.3.4"), ("netbios_node_type", "1"), ("lease_time", "1"),
            ("server_id", "1.2.3.4"), ("T1", "1"), ("T2", "1"), ("tftp_server", "1.2.3.4"),
            ("bootfile_name", "\"b\""), ("domain_search_list", "\"a.b\""),
            ("classless_static_route", "{1.0.0.0/8, 1.2.3.4}"),
            ("tftp_server_address", "1.2.3.4"), ("path_prefix", "\"p\""),
            ("ms_classless_static_route", "{1.0.0.0/8, 1.2.3.4}"), ("wpad", "\"w\""),
        ]
        for (name, value) in values {
            var host = Self.dhcpNetwork("offerip = 10.0.0.7, \(name) = \(value)")
            let sent = host.receive(Self.request(.discover), on: 1).sent
            let message = try Self.answer(sent.first?.frame)
            let code = try unwrap(OptionTable.dhcpv4[name]).code
            #expect(message.options.map(\.code) == [53, code], "\(name)")
            #expect(message[code]?.isEmpty == false, "\(name)")
        }
    }

    @Test func noPrefixOfARequestTraps() throws {
        let frame = Self.request(.discover)
        let server = try unwrap(
            DHCPv4Server([Action.Option("offerip", [.ip4(IPv4Address(1))])]))
        for length in 14..<frame.count {
            let cut = Array(frame[..<length])
            guard let layout = PacketLayout(cut) else { continue }
            #expect(server.answer(cut, layout) == nil)
            let relay = DHCPRelay(address: IPv4Address(1), server: IPv4Address(2))
            #expect(relay.request(cut, layout) == nil)
            #expect(relay.response(cut, layout) == nil)
            _ = NameService.answer([], cut, layout)
        }
    }

    // MARK: - Relay

    @Test func aRelayMarksRequestsAndChecksAnswers() throws {
        let relay = DHCPRelay(
            address: IPv4Address(0x0a00_00fe), server: IPv4Address(0xac10_0001))
        let frame = Self.request(.discover)
        let sent = try unwrap(relay.request(frame, try unwrap(PacketLayout(frame))))
        let layout = try unwrap(PacketLayout(sent))
        var message = try unwrap(
            DHCPv4Message(try unwrap(UDPDatagram(sent, layout)).payload))
        #expect(message.hops == 1)
        #expect(message.relayAddress.description == "10.0.0.254")
        #expect(relay.request(sent, layout) == nil, "a second relay leaves it alone")

        message.operation = DHCPv4Message.reply
        message.yourAddress = IPv4Address(0x0a00_0007)
        message.options = [
            DHCPv4Option(53, [2]), DHCPv4Option(54, [172, 16, 0, 1]),
            DHCPv4Option(1, [255, 255, 255, 0]),
        ]
        func answer(_ message: DHCPv4Message) throws -> [UInt8]? {
            let frame = PacketBuilder.udp(
                Frames.ethernet(Frames.router, Frames.b), Frames.ipv4("172.16.0.1", "10.0.0.254"),
                source: 67, destination: 67, message.encoded)
            return relay.response(frame, try unwrap(PacketLayout(frame)))
        }
        let key = FlowKey(of: try unwrap(try answer(message)))
        #expect(key[.ethernetDestination] == Frames.a.bits)
        #expect(key[.ipv4Destination] == 0x0a00_0007)
        for change: (inout DHCPv4Message) -> Void in [
            { $0.relayAddress = IPv4Address(3) }, { $0.options[1].data = [1, 2, 3, 4] },
            { $0.yourAddress = IPv4Address(0x0a00_0107) }, { $0.options.removeLast() },
            { $0.operation = DHCPv4Message.request },
        ] {
            var wrong = message
            change(&wrong)
            #expect(try answer(wrong) == nil)
        }
        message.flags = 0x8000
        #expect(FlowKey(of: try unwrap(try answer(message)))[.ipv4Destination] == 0xffff_ffff)
    }

    // MARK: - DHCPv6

    private static let client = DHCPv6Option.identifier(DHCPv6Code.clientID, Frames.a)
    private static let identity = DHCPv6Option(
        DHCPv6Code.addresses,
        DHCPv6Association(identifier: 9, renewal: 0, rebinding: 0, options: []).encoded)

    private static func ask6(
        _ type: UInt8, _ options: [DHCPv6Option], _ configured: String
    ) throws -> DHCPv6Message? {
        let network = ServiceNetwork()
        network.flow("udp.dst == 547", "reg0[3] = put_dhcpv6_opts(\(configured)); next;")
        network.flow("reg0[3]", "udp.src = 547; udp.dst = 546; \(back)", table: 1)
        network.flow("1", "drop;", table: 1, priority: 0)
        var host = network.host()
        let message = DHCPv6Message(type: type, transaction: 5, options: options)
        let frame = PacketBuilder.udp(
            Frames.ethernet(Frames.a, MACAddress(0x3333_0001_0002)),
            Frames.ipv6("fe80::1", "ff02::1:2"), source: 546, destination: 547, message.encoded)
        guard let sent = host.receive(frame, on: 1).sent.first else { return nil }
        let layout = try unwrap(PacketLayout(sent.frame))
        return DHCPv6Message(try unwrap(UDPDatagram(sent.frame, layout)).payload)
    }

    @Test func addressesOfDHCPv6() throws {
        let configured =
            "ia_addr = fd00::7, server_id = 0a:00:00:00:00:ff, dns_server = {fd00::53, fd00::54}, "
            + "domain_search = \"a.example\""
        let advertise = try unwrap(
            try Self.ask6(DHCPv6Type.solicit, [Self.client, Self.identity], configured))
        #expect(advertise.type == DHCPv6Type.advertise)
        #expect(advertise.transaction == 5)
        #expect(advertise[1] == Self.client.data)
        #expect(advertise[2] == [0, 3, 0, 1, 10, 0, 0, 0, 0, 255])
        #expect(advertise[23]?.count == 32)
        #expect(advertise[24] == [1, 97, 7] + Array("example".utf8) + [0])
        let lease = try unwrap(DHCPv6Association(try unwrap(advertise[3])))
        #expect(lease.identifier == 9)
        let address = try unwrap(lease.options.first)
        #expect(IPv6Address(address.data.uint128(at: 0)).description == "fd00::7")
        #expect(address.data.suffix(8) == [UInt8](repeating: 255, count: 8)[...])
        for type in [DHCPv6Type.request, DHCPv6Type.renew, DHCPv6Type.rebind] {
            let reply = try unwrap(
                try Self.ask6(type, [Self.client, Self.identity], configured))
            #expect(reply.type == DHCPv6Type.reply)
            #expect(reply[3] != nil)
        }
        for type in [DHCPv6Type.release, DHCPv6Type.decline] {
            let reply = try unwrap(
                try Self.ask6(type, [Self.client, Self.identity], configured))
            #expect(reply[13] == [0, 0])
            #expect(reply[3] == nil)
        }
    }

    @Test func confirmAndInformation() throws {
        func identity(_ address: IPv6Address) -> DHCPv6Option {
            var data: [UInt8] = []
            data.append(address)
            data += [UInt8](repeating: 0, count: 8)
            let association = DHCPv6Association(
                identifier: 1, renewal: 0, rebinding: 0, options: [DHCPv6Option(5, data)])
            return DHCPv6Option(3, association.encoded)
        }
        let configured = "ia_addr = fd00::7, server_id = 0a:00:00:00:00:ff, dns_server = fd00::53"
        let own = IPv6Address(high: 0xfd00 << 48, low: 7)
        for (address, status): (IPv6Address, [UInt8]) in [(own, [0, 0]), (.zero, [0, 4])] {
            let reply = try unwrap(
                try Self.ask6(
                    DHCPv6Type.confirm, [Self.client, identity(address)], configured))
            #expect(reply[13] == status)
        }
        let information = try unwrap(
            try Self.ask6(DHCPv6Type.informationRequest, [Self.client], configured))
        #expect(information.options.map(\.code) == [1, 2, 23])
        // No client identifier, another server's, no identity association.
        #expect(try Self.ask6(DHCPv6Type.solicit, [Self.identity], configured) == nil)
        #expect(try Self.ask6(DHCPv6Type.solicit, [Self.client], configured) == nil)
        let other = DHCPv6Option.identifier(DHCPv6Code.serverID, Frames.b)
        #expect(
            try Self.ask6(DHCPv6Type.request, [Self.client, other, Self.identity], configured)
                == nil)
    }

    @Test func namesAndBootFilesOfDHCPv6() throws {
        let configured =
            "ia_addr = fd00::7, server_id = 0a:00:00:00:00:ff, fqdn = \"vm1.example\", "
            + "bootfile_name = \"ipxe\", bootfile_name_alt = \"alt\""
        let plain = try unwrap(
            try Self.ask6(DHCPv6Type.request, [Self.client, Self.identity], configured))
        #expect(plain[59] == Array("alt".utf8))
        #expect(plain[39] == nil)
        let boot = DHCPv6Option(DHCPv6Code.userClass, [0, 4] + Array("iPXE".utf8))
        let name = DHCPv6Option(DHCPv6Code.qualifiedName, [1])
        let full = try unwrap(
            try Self.ask6(
                DHCPv6Type.request, [Self.client, Self.identity, boot, name], configured))
        #expect(full[59] == Array("ipxe".utf8))
        #expect(full[39] == [6, 3] + Array("vm1".utf8) + [7] + Array("example".utf8) + [0])
    }

    // MARK: - Router advertisements

    @Test func solicitationsAreAnswered() throws {
        let network = ServiceNetwork()
        network.flow(
            "nd_rs",
            "reg0[5] = put_nd_ra_opts(addr_mode = \"dhcpv6_stateless\", slla = 0a:00:00:00:00:ff, "
                + "prefix = fd00::/64, mtu = 1400, router_preference = \"HIGH\", "
                + "rdnss = fd00::53, dnssl = \"a.example, b.example\", "
                + "route_info = \"HIGH-fd01::/48\"); next;")
        network.flow(
            "nd_ra && reg0[5]",
            "eth.dst = eth.src; eth.src = 0a:00:00:00:00:ff; ip6.dst = ip6.src; "
                + "ip6.src = fe80::ff; \(Self.back)", table: 1)
        var host = network.host()
        let frame = PacketBuilder.icmp(
            Frames.ethernet(Frames.a, MACAddress(0x3333_0000_0002)),
            Frames.ipv6("fe80::1", "ff02::2"), ttl: 255, type: 133, [0, 0, 0, 0])
        let sent = try unwrap(host.receive(frame, on: 1).sent.first)
        let layout = try unwrap(PacketLayout(sent.frame))
        let key = FlowKey(of: sent.frame)
        #expect(key[.icmpType] == 134)
        #expect(key[.ipTTL] == 255)
        #expect(IPv6Address(key[wide: .ipv6Destination]).description == "fe80::1")
        #expect(sent.frame[layout.transportOffset + 5] == 0x40 | 0x08)
        var expected = RouterAdvertisement()
        expected.hasOtherConfiguration = true
        expected.preference = .high
        let prefix = try unwrap(IPv6Prefix(parsing: "fd00::/64"))
        expected.options = [
            .sourceLink(Frames.router), .prefix(prefix, isAutonomous: true), .mtu(1400),
            .resolvers([try unwrap(IPv6Address(parsing: "fd00::53"))]),
            .searchList(["a.example", "b.example"].compactMap { DomainName(parsing: $0) }),
            .route(try unwrap(IPv6Prefix(parsing: "fd01::/48")), .high),
        ]
        #expect(
            sent.frame
                == expected.frame(
                    Frames.ethernet(Frames.router, Frames.a),
                    source: try unwrap(IPv6Address(parsing: "fe80::ff")),
                    destination: try unwrap(IPv6Address(parsing: "fe80::1"))))
    }

    // MARK: - Names

    private static func ask(
        _ name: String, _ type: UInt16, owned: Bool = false, identifier: UInt8 = 0
    ) throws -> [UInt8]? {
        let network = ServiceNetwork()
        network.control.view.services.zones[1] = [
            NameZone(
                records: [
                    "VM1.example": "10.0.0.1 10.0.0.2 fd00::1", "vm4.example": "10.0.0.4",
                    "1.0.0.10.in-addr.arpa": "vm1.example",
                ], isOwned: owned)
        ]
        network.flow("udp.dst == 53", "reg0[4] = dns_lookup(); next;")
        network.flow(
            "reg0[4] && flags.from_ctrl",
            "eth.dst <-> eth.src; ip4.src <-> ip4.dst; udp.dst = udp.src; udp.src = 53; \(back)",
            table: 1)
        network.flow("1", "drop;", table: 1, priority: 0)
        var host = network.host()
        var payload: [UInt8] = [0, identifier, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        payload += try unwrap(DomainName(parsing: name)).encoded
        payload.append(UInt64(type), width: 2)
        payload += [0, 1]
        guard
            let sent = host.receive(Frames.udp(Frames.a, Frames.b, payload), on: 1).sent.first
        else { return nil }
        let layout = try unwrap(PacketLayout(sent.frame))
        let datagram = try unwrap(UDPDatagram(sent.frame, layout))
        #expect(datagram.source == 53)
        #expect(datagram.destination == 1000)
        return datagram.payload
    }

    @Test func namesHaveAddresses() throws {
        let answer = try unwrap(try Self.ask("vm1.EXAMPLE", DNSType.a))
        #expect(answer.uint16(at: 2) == 0x8580)
        #expect(answer.uint16(at: 6) == 2)
        #expect(Array(answer.suffix(4)) == [10, 0, 0, 2])
        let rotated = try unwrap(try Self.ask("vm1.example", DNSType.a, identifier: 1))
        #expect(Array(rotated.suffix(4)) == [10, 0, 0, 1])
        #expect(try unwrap(try Self.ask("vm1.example", DNSType.aaaa)).uint16(at: 6) == 1)
        #expect(try unwrap(try Self.ask("vm1.example", DNSType.any)).uint16(at: 6) == 3)
        let reverse = try unwrap(try Self.ask("1.0.0.10.in-addr.arpa", DNSType.ptr))
        #expect(
            Array(reverse.suffix(13)) == [3] + Array("vm1".utf8) + [7] + Array("example".utf8) + [0]
        )
        #expect(try Self.ask("other.example", DNSType.a) == nil)
        #expect(try Self.ask("vm1.example", 15) == nil, "MX goes on")
    }

    @Test func ownedNamesAreRefused() throws {
        #expect(try Self.ask("vm4.example", DNSType.aaaa) == nil)
        let refused = try unwrap(try Self.ask("vm4.example", DNSType.aaaa, owned: true))
        #expect(refused.uint16(at: 2) & 15 == 5)
        #expect(refused.uint16(at: 6) == 0)
    }

    /// What a packet for port 53 counts as.
    private static func outcome(_ payload: [UInt8]) throws -> NameOutcome {
        let zones = [NameZone(records: ["vm4.example": "10.0.0.4"], isOwned: true)]
        let frame = Frames.udp(Frames.a, Frames.b, payload)
        return NameService.answer(zones, frame, try unwrap(PacketLayout(frame))).outcome
    }

    @Test func whatBecomesOfQuestionsIsTold() throws {
        let header: [UInt8] = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        func question(_ name: String, _ type: UInt16) throws -> [UInt8] {
            var payload = header + (try unwrap(DomainName(parsing: name)).encoded)
            payload.append(UInt64(type), width: 2)
            return payload + [0, 1]
        }
        #expect(try Self.outcome(try question("vm4.example", DNSType.a)) == .answered(.a))
        #expect(
            try Self.outcome(try question("vm4.example", DNSType.aaaa))
                == .empty(.aaaa, isRefused: true))
        #expect(try Self.outcome(try question("vm5.example", DNSType.any)) == .unknown(.any))
        #expect(try Self.outcome(try question("vm4.example", 15)) == .unknown(.other))
        #expect(try Self.outcome([UInt8](header.prefix(11))) == .truncated)
        #expect(try Self.outcome([0, 0, 0x81] + header.dropFirst(3)) == .noQuery)
        #expect(try Self.outcome([0, 0, 1, 0, 0, 0] + header.dropFirst(6)) == .withoutQuestion)
        #expect(try Self.outcome(header + [63]) == .malformed)
    }
}
