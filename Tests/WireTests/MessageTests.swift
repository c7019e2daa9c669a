import Testing

@testable import Wire

/// Messages read back, and no prefix of one traps.
@Suite struct MessageTests {
    static func dhcp() -> DHCPv4Message {
        var message = DHCPv4Message(
            operation: DHCPv4Message.request, transaction: 0xdead_beef, client: MACAddress(0x0a01))
        message.flags = 0x8000
        message.clientAddress = IPv4Address(1)
        message.options = [
            DHCPv4Option(DHCPv4Code.messageType, [3]), DHCPv4Option(61, [1, 2, 3]),
            DHCPv4Option(43, (0..<600).map { UInt8(truncatingIfNeeded: $0) }),
        ]
        return message
    }

    @Test func dhcpReadsBackWithLongOptions() throws {
        let message = Self.dhcp()
        let bytes = message.encoded
        #expect(DHCPv4Message(bytes) == message)
        #expect(message.type == .request)
        #expect(message.wantsBroadcast)
        #expect(message.client == MACAddress(0x0a01))
        for length in 0..<bytes.count { _ = DHCPv4Message(Array(bytes[..<length])) }
        #expect(DHCPv4Message(Array(bytes[..<250])) == nil, "an option is cut short")
        let short = DHCPv4Message(operation: 1, transaction: 1, client: .zero)
        #expect(short.encoded.count == 300)
    }

    /// RFC 2132 §9.3: options may go on in the file and name fields.
    @Test func overloadedFieldsHoldOptions() throws {
        var message = DHCPv4Message(operation: 1, transaction: 1, client: .zero)
        message.options = [DHCPv4Option(DHCPv4Code.overload, [3])]
        message.file.replaceSubrange(0..<5, with: [53, 1, 1, 255, 0])
        message.serverName.replaceSubrange(0..<7, with: [54, 4, 10, 0, 0, 1, 255])
        let read = try unwrap(DHCPv4Message(message.encoded))
        #expect(read.type == .discover)
        #expect(read.address(DHCPv4Code.serverID) == IPv4Address(0x0a00_0001))
    }

    @Test func dhcpv6ReadsBack() throws {
        let association = DHCPv6Association(
            identifier: 7, renewal: 1, rebinding: 2, options: [.status(4)])
        #expect(DHCPv6Association(association.encoded) == association)
        let message = DHCPv6Message(
            type: DHCPv6Type.solicit, transaction: 0x123456,
            options: [
                .identifier(DHCPv6Code.clientID, MACAddress(5)),
                DHCPv6Option(DHCPv6Code.addresses, association.encoded),
            ])
        let bytes = message.encoded
        #expect(DHCPv6Message(bytes) == message)
        for length in 0..<bytes.count { _ = DHCPv6Message(Array(bytes[..<length])) }
        #expect(DHCPv6Message(Array(bytes.dropLast())) == nil)
    }

    // MARK: - Names

    @Test func namesReadBackAndPointersAreBounded() throws {
        let name = try unwrap(DomainName(parsing: "WWW.Example.org."))
        #expect(name.text == "www.example.org")
        var position = 2
        #expect(DomainName([9, 9] + name.encoded + [7], at: &position) == name)
        #expect(position == 2 + name.encoded.count)
        // A pointer to itself, and two that point to each other.
        for bytes: [UInt8] in [[0xc0, 0], [0xc0, 2, 0xc0, 0], [3, 97, 98], [0xc0]] {
            var start = 0
            #expect(DomainName(bytes, at: &start) == nil)
        }
        #expect(DomainName(parsing: "a..b") == nil)
        #expect(DomainName(parsing: String(repeating: "a", count: 64)) == nil)
        #expect(
            DomainName(parsing: Array(repeating: "abcdefg", count: 32).joined(separator: "."))
                == nil)
    }

    /// The example of RFC 3397 §2 is of this form: the second name's suffix is a pointer.
    @Test func searchListsAreCompressed() throws {
        let names = ["eng.apple.com", "marketing.apple.com"].compactMap { DomainName(parsing: $0) }
        let bytes = DomainName.compressed(names)
        #expect(
            bytes == [3] + Array("eng".utf8) + [5] + Array("apple".utf8) + [3]
                + Array("com".utf8) + [0, 9] + Array("marketing".utf8) + [0xc0, 4])
        var position = 0
        #expect(DomainName(bytes, at: &position)?.text == "eng.apple.com")
        #expect(DomainName(bytes, at: &position)?.text == "marketing.apple.com")
        #expect(position == bytes.count)
    }

    static func query(
        _ name: String, _ type: UInt16 = DNSType.a, extended: UInt16? = nil
    ) -> [UInt8] {
        var bytes: [UInt8] = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, extended == nil ? 0 : 1]
        bytes += (DomainName(parsing: name) ?? DomainName(labels: [])).encoded
        bytes.append(UInt64(type), width: 2)
        bytes.append(1, width: 2)
        if let extended {
            bytes += [0, 0, 41]
            bytes.append(UInt64(extended), width: 2)
            bytes += [0, 0, 0, 0, 0, 0]
        }
        return bytes
    }

    @Test func queriesAreRead() throws {
        let query = try unwrap(DNSQuery(Self.query("A.b", DNSType.aaaa, extended: 4096)))
        #expect(query.identifier == 0x1234)
        #expect(query.name.text == "a.b")
        #expect(query.type == DNSType.aaaa)
        #expect(query.payloadSize == 4096)
        #expect(query.isRecursive)
        let bytes = Self.query("a.b")
        for length in 0..<bytes.count { #expect(DNSQuery(Array(bytes[..<length])) == nil) }
        var response = bytes
        response[2] |= 0x80
        #expect(DNSQuery(response) == nil)
    }

    @Test func responsesFitAndSayWhatIsMissing() throws {
        var response = DNSResponse(timeToLive: 60)
        response.answers = (0..<100 as Range<UInt32>).map { .address(.v4(IPv4Address($0))) }
        let plain = try unwrap(DNSQuery(Self.query("a.b")))
        let short = response.encoded(for: plain)
        #expect(short.count <= 512)
        #expect(short[2] & 0x02 != 0, "cut")
        #expect(short.uint16(at: 6) == UInt16((512 - 12 - plain.question.count) / 16))
        let extended = try unwrap(DNSQuery(Self.query("a.b", extended: 4096)))
        let long = response.encoded(for: extended)
        #expect(long.count > 512 && long.count <= 1232)
        #expect(long.uint16(at: 10) == 1, "EDNS is answered with EDNS")
    }

    // MARK: - Multicast

    static func igmp(_ message: [UInt8], from source: String = "10.0.0.1") -> [UInt8] {
        var bytes = message
        bytes.store16(0, at: 2)
        bytes.store16(InternetChecksum.of(bytes), at: 2)
        let header = IPHeader(
            .v4(
                source: IPv4Address(parsing: source) ?? .zero,
                destination: IPv4Address(0xe000_0016)),
            proto: IPProtocol.igmp, ttl: 1)
        return PacketTests.ethernet.frame(EtherType.ipv4, header.packet(bytes))
    }

    static func read(_ frame: [UInt8]) -> MulticastMessage? {
        PacketLayout(frame).flatMap { MulticastMessage(frame, $0) }
    }

    @Test func igmpOfEachVersion() throws {
        let group = IPAddress.v4(IPv4Address(0xe101_0203))
        for (bytes, kind, joins): ([UInt8], MulticastMessage.`Protocol`, Bool) in [
            ([0x12, 0, 0, 0, 225, 1, 2, 3], .igmp1, true),
            ([0x16, 0, 0, 0, 225, 1, 2, 3], .igmp2, true),
            ([0x17, 0, 0, 0, 225, 1, 2, 3], .igmp2, false),
            ([0x22, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 225, 1, 2, 3], .igmp3, true),
            ([0x22, 0, 0, 0, 0, 0, 0, 1, 3, 0, 0, 0, 225, 1, 2, 3], .igmp3, false),
            ([0x22, 0, 0, 0, 0, 0, 0, 1, 5, 0, 0, 1, 225, 1, 2, 3, 9, 9, 9, 9], .igmp3, true),
        ] {
            let message = try unwrap(Self.read(Self.igmp(bytes)))
            #expect(message.protocol == kind)
            #expect(message.content == .changes([.init(group, joins: joins)]))
        }
        let query = try unwrap(Self.read(Self.igmp([0x11, 100, 0, 0, 0, 0, 0, 0])))
        #expect(query.content == .query(nil))
        #expect(query.protocol == .igmp2)
        var wrong = Self.igmp([0x16, 0, 0, 0, 225, 1, 2, 3])
        wrong[wrong.count - 1] ^= 1
        #expect(Self.read(wrong) == nil, "the checksum counts")
    }

    @Test func mldOfEachVersion() throws {
        let group = IPv6Address(high: 0xff05 << 48, low: 5)
        var address: [UInt8] = []
        address.append(group)
        for (type, joins) in [(UInt8(131), true), (132, false)] {
            let frame = PacketBuilder.icmp(
                PacketTests.ethernet, PacketTests.ipv6, ttl: 1, type: type, [0, 0, 0, 0] + address)
            let message = try unwrap(Self.read(frame))
            #expect(message.protocol == .mld1)
            #expect(message.content == .changes([.init(.v6(group), joins: joins)]))
        }
        let report = PacketBuilder.icmp(
            PacketTests.ethernet, PacketTests.ipv6, ttl: 1, type: 143,
            [0, 0, 0, 1, 4, 0, 0, 0] + address)
        #expect(
            try unwrap(Self.read(report)).content == .changes([.init(.v6(group), joins: true)]))
        for length in 0..<report.count { _ = Self.read(Array(report[..<length])) }
    }

    @Test func queriesAreQueries() throws {
        let igmp = MulticastQuery.igmp(
            ethernet: MACAddress(1), address: IPv4Address(7), responseTime: 1, interval: 150)
        let message = try unwrap(Self.read(igmp))
        #expect(message.content == .query(nil))
        #expect(message.protocol == .igmp3)
        #expect(message.source == .v4(IPv4Address(7)))
        #expect(igmp.uint48(at: 0) == 0x0100_5e00_0001)
        #expect(InternetChecksum.of(igmp[14..<38]) == 0)
        let mld = MulticastQuery.mld(
            ethernet: MACAddress(1), address: IPv6Address(high: 0xfe80 << 48, low: 1),
            responseTime: 1, interval: 10)
        #expect(try unwrap(Self.read(mld)).content == .query(nil))
        #expect(try unwrap(Self.read(mld)).protocol == .mld2)
        #expect(PacketTests.hasCorrectChecksums(mld))
    }

    /// A time that a query can't say becomes the longest that it can.
    @Test(arguments: [Int.max, .min, -1, 0, 3174, 3175, Int(UInt32.max)])
    func queriesOfAnyTimes(_ time: Int) throws {
        let igmp = MulticastQuery.igmp(
            ethernet: MACAddress(1), address: IPv4Address(7), responseTime: time, interval: time)
        #expect(try unwrap(Self.read(igmp)).content == .query(nil))
        let code = igmp[14 + 24 + 1]
        #expect(code == (time > 0 ? 0xfe : 0), "3072 seconds, the longest below 3174")
        let mld = MulticastQuery.mld(
            ethernet: MACAddress(1), address: IPv6Address(high: 0xfe80 << 48, low: 1),
            responseTime: time, interval: time)
        #expect(try unwrap(Self.read(mld)).content == .query(nil))
        #expect(mld.uint16(at: 14 + 40 + 8 + 4) == (time > 0 ? 0x7fff : 0))
    }

    // MARK: - Router advertisements

    /// An option longer than its length can say is left out.
    @Test func anOptionOfAnAdvertisementHasALimit() {
        var advertisement = RouterAdvertisement()
        let empty = advertisement.rest
        let resolver = IPv6Address(high: 0xfd00 << 48, low: 1)
        advertisement.options = [.resolvers(Array(repeating: resolver, count: 127))]
        #expect(advertisement.rest.count == empty.count + 8 + 127 * 16)
        advertisement.options = [.resolvers(Array(repeating: resolver, count: 128))]
        #expect(advertisement.rest == empty)
    }

    @Test func optionsOfAnAdvertisementAreWhole() throws {
        var advertisement = RouterAdvertisement()
        advertisement.isManaged = true
        advertisement.preference = .low
        let prefix = IPv6Prefix(IPv6Address(high: 0xfd00 << 48, low: 1), length: 64)
        advertisement.options = [
            .sourceLink(MACAddress(0x0a)), .mtu(1400), .prefix(prefix, isAutonomous: false),
            .resolvers([prefix.address]),
            .searchList([try unwrap(DomainName(parsing: "a.example"))]), .route(prefix, .high),
        ]
        let bytes = advertisement.rest
        #expect(bytes[1] == 0x80 | 0x18)
        var reader = ByteReader(bytes, from: 12)
        var types: [UInt8] = []
        while let type = reader.uint8(), let length = reader.uint8() {
            types.append(type)
            #expect(length > 0)
            #expect(reader.bytes(8 * Int(length) - 2) != nil)
        }
        #expect(types == [1, 5, 3, 25, 31, 24])
        let frame = advertisement.frame(
            PacketTests.ethernet, source: prefix.address, destination: prefix.address)
        #expect(PacketTests.hasCorrectChecksums(frame))
    }
}

private struct Missing: Error {}

/// `#require` for places inside of another `#require`.
func unwrap<Value>(
    _ value: Value?, sourceLocation: SourceLocation = #_sourceLocation
) throws -> Value {
    guard let value else {
        Issue.record("nil", sourceLocation: sourceLocation)
        throw Missing()
    }
    return value
}
