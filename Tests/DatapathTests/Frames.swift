import Wire

@testable import Datapath

/// Frames and keys that several suites use.
enum Frames {
    static let a = MACAddress(0x0a00_0000_0001)
    static let b = MACAddress(0x0a00_0000_0002)
    static let ethernet = EthernetHeader(destination: b, source: a)
    static let ipv4 = IPHeader.Addresses.v4(
        source: IPv4Address(0x0a00_0001), destination: IPv4Address(0x0a00_0002))
    static let ipv6 = IPHeader.Addresses.v6(
        source: IPv6Address(high: 0xfd00 << 48, low: 1),
        destination: IPv6Address(high: 0xfd00 << 48, low: 2))

    static let udp = PacketBuilder.udp(ethernet, ipv4, source: 1000, destination: 53, [1, 2, 3])
    static let tcp = PacketBuilder.tcp(
        ethernet, ipv4, TCPSegment(source: 4000, destination: 80, flags: TCPFlag.syn))
    static let echo = PacketBuilder.echo(ethernet, ipv4, identifier: 1, sequence: 2)
    static let echo6 = PacketBuilder.echo(ethernet, ipv6, identifier: 1, sequence: 2)
    static let udp6 = PacketBuilder.udp(ethernet, ipv6, source: 1000, destination: 53, [1])
    static let arp = PacketBuilder.arp(
        ethernet,
        ARPMessage(
            operation: ARPMessage.request, sender: (a, IPv4Address(0x0a00_0001)),
            target: (.zero, IPv4Address(0x0a00_0002))))
    static let solicitation = PacketBuilder.neighborSolicitation(
        ethernet, source: IPv6Address(high: 0xfd00 << 48, low: 1),
        destination: IPv6Address(high: 0xff02 << 48, low: 0x1_ff00_0002),
        target: IPv6Address(high: 0xfd00 << 48, low: 2), link: a)
    static let advertisement = PacketBuilder.neighborAdvertisement(
        ethernet, source: IPv6Address(high: 0xfd00 << 48, low: 1),
        destination: IPv6Address(high: 0xfd00 << 48, low: 2),
        target: IPv6Address(high: 0xfd00 << 48, low: 1), link: a, flags: [.solicited])
    static let tagged = PacketBuilder.tcp(
        EthernetHeader(destination: b, source: a, tags: [VLANTag(tci: 0x600a)]), ipv4,
        TCPSegment(source: 4000, destination: 80, flags: TCPFlag.ack))

    static let all = [
        udp, tcp, echo, echo6, udp6, arp, solicitation, advertisement, tagged,
    ]
}

/// A small generator with a seed, so that a failure repeats.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
