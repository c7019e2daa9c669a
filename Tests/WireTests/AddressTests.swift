import Testing

@testable import Wire

/// What is accepted, and how it prints again.
@Suite struct AddressTests {
    @Test(arguments: [
        ("0a:00:00:00:00:01", "0a:00:00:00:00:01"), ("AA:bb:Cc:dd:EE:ff", "aa:bb:cc:dd:ee:ff"),
        ("0:1:2:3:4:5", "00:01:02:03:04:05"),
    ])
    func ethernetRoundTrip(text: String, printed: String) {
        #expect(MACAddress(parsing: text)?.description == printed)
    }

    @Test(arguments: [
        "", "0a:00:00:00:00", "0a:00:00:00:00:01:02", "0a-00-00-00-00-01", "0a:00:00:00:00:001",
        "x",
    ])
    func ethernetRejects(text: String) { #expect(MACAddress(parsing: text) == nil) }

    @Test(arguments: ["0.0.0.0", "10.0.0.1", "255.255.255.255", "192.168.1.200"])
    func ipv4RoundTrip(text: String) { #expect(IPv4Address(parsing: text)?.description == text) }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1..2.3", "1.2.3.4 ", "1.2.3.-4",
    ])
    func ipv4Rejects(text: String) { #expect(IPv4Address(parsing: text) == nil) }

    @Test(arguments: [
        ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
        ("::ffff:102:304", "::ffff:1.2.3.4"), ("::1.2.3.4", "::1.2.3.4"),
        ("64:ff9b::1.2.3.4", "64:ff9b::102:304"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("fe80::0:0:1", "fe80::1"),
        ("ff02::1:ff00:0", "ff02::1:ff00:0"),
    ])
    func ipv6RoundTrip(text: String, printed: String) {
        let address = IPv6Address(parsing: text)
        #expect(address?.description == printed)
        #expect(IPv6Address(parsing: printed) == address)
    }

    @Test(arguments: [
        "", ":", ":::", "1", "1:2", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "1:2:3:4:5:6:7:",
        ":1:2:3:4:5:6:7:8", "::1.2.3", "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:6:7:8::", "::g",
        "1.2.3.4::", "1:2:3:4::5:6:7:8",
    ])
    func ipv6Rejects(text: String) { #expect(IPv6Address(parsing: text) == nil) }

    @Test func ipv6TextOfEveryZeroPatternParsesBack() {
        for pattern in 0..<256 {
            var bits: UInt128 = 0
            for group in 0..<8 { bits = bits << 16 | (pattern >> group & 1 == 1 ? 0xab : 0) }
            let address = IPv6Address(bits)
            #expect(IPv6Address(parsing: address.description) == address)
        }
    }

    @Test func prefixesKeepHostBits() {
        let prefix = IPv4Prefix(parsing: "10.0.0.5/24")
        #expect(prefix?.description == "10.0.0.5/24")
        #expect(prefix?.network.description == "10.0.0.0/24")
        #expect(prefix?.broadcast.description == "10.0.0.255")
        #expect(IPv4Prefix(parsing: "10.0.0.0/255.255.254.0")?.length == 23)
        #expect(IPv4Prefix(parsing: "10.0.0.0/255.0.255.0") == nil)
        #expect(IPv4Prefix(parsing: "10.0.0.0/33") == nil)
        #expect(IPv4Prefix(parsing: "1.2.3.4")?.description == "1.2.3.4")
        #expect(IPv6Prefix(parsing: "fd00::1/64")?.network.description == "fd00::/64")
        #expect(IPv6Prefix(parsing: "fd00::1/ffff::")?.length == 16)
        #expect(IPv6Prefix(parsing: "::/0")?.contains(.zero) == true)
        #expect(IPPrefix(parsing: "0.0.0.0/0")?.contains(.v6(.zero)) == false)
    }

    @Test func derivedAddresses() throws {
        let mac = try #require(MACAddress(parsing: "0a:00:00:00:00:01"))
        #expect(IPv6Address(linkLocal: mac).description == "fe80::800:ff:fe00:1")
        let group = try #require(IPv6Address(parsing: "fd00::12:3456")).solicitedNodeMulticast
        #expect(group.description == "ff02::1:ff12:3456")
        #expect(MACAddress(multicast: group).description == "33:33:ff:12:34:56")
        #expect(MACAddress(multicast: IPv4Address(0xe080_0001)).description == "01:00:5e:00:00:01")
    }
}
