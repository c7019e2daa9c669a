import Wire

/// Frames that a workload might send, true and false ones, from few addresses, so that each kind of
/// truth and lie comes up often.
struct WorkloadFrames {
    var random: SeededGenerator

    static let macs: [UInt64] = [
        0x0200_0000_0001, 0x0200_0000_0002, 0x0200_0000_0003, 0x0000_5e00_0110, 0x0000_5e00_0210,
    ]
    static let addresses4: [UInt32] = [
        0x0a00_0001, 0x0a00_0002, 0x0a00_0105, 0x0a01_0001, 0xc000_0201, 0, 0xffff_ffff,
    ]

    static let addresses6: [UInt128] = [
        0xfd00 << 112 | 1, 0xfd00 << 112 | 2, 0xfd00 << 112 | 1 << 64 | 5, 0xfd01 << 112 | 1,
        0xfe80 << 112 | 0x00_00ff_fe00_0001, 0xfe80 << 112 | 0x00_00ff_fe00_0002,
        0xfe80 << 112 | 0x0200_5eff_fe00_0210, 0, 0xff02 << 112 | 1, 0xff02 << 112 | 0x1_ff00_0001,
    ]

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private mutating func mac() -> [UInt8] { bytes(random.pick(Self.macs), 6) }
    private mutating func ip4() -> [UInt8] { bytes(random.pick(Self.addresses4), 4) }
    private mutating func ip6() -> [UInt8] { bytes(random.pick(Self.addresses6), 16) }

    func bytes(_ number: some BinaryInteger, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> ((count - 1 - $0) * 8)) }
    }

    /// A whole frame with nothing unusual in it.
    mutating func plain() -> [UInt8] {
        let source = mac()
        switch random.number(0..<10) {
        case 0, 1: return ethernet(source, EtherType.arp, arp())
        case 2: return ethernet(source, EtherType.rarp, arp())
        case 3, 4, 5: return ethernet(source, EtherType.ipv4, ipv4())
        case 6, 7, 8: return ethernet(source, EtherType.ipv6, ipv6())
        default:
            let payload = [UInt8](repeating: 0, count: 46)
            return ethernet(source, random.pick([0x88b5, 0x88cc, 0x0600]), payload)
        }
    }

    /// The same with something in it that is not looked into, or cut off somewhere.
    mutating func odd() -> [UInt8] {
        var frame = plain()
        switch random.number(0..<5) {
        case 0: return Array(frame.prefix(random.number(15..<frame.count)))
        case 1:
            frame.insert(contentsOf: [0x81, 0x00, 0x00, 0x07], at: 12)
            return frame
        case 2:
            frame[6] |= 1
            return frame
        case 3: return frame + [UInt8](repeating: 1, count: random.number(0..<40))
        default:
            let place = random.number(12..<frame.count)
            frame[place] = UInt8.random(in: 0 ... .max, using: &random)
            return frame
        }
    }

    private mutating func ethernet(
        _ source: [UInt8], _ type: UInt16, _ payload: [UInt8]
    ) -> [UInt8] {
        random.pick([[0x02, 0, 0, 0, 0, 9], [UInt8](repeating: 0xff, count: 6)]) + source
            + bytes(type, 2) + payload
    }

    private mutating func arp() -> [UInt8] {
        [0, 1, 8, 0, 6, 4, 0, random.pick([1, 2])] + mac() + ip4() + mac() + ip4()
    }

    private mutating func ipv4() -> [UInt8] {
        let proto = random.pick([IPProtocol.udp, IPProtocol.udp, IPProtocol.tcp, IPProtocol.icmp])
        let ports = random.pick([[0, 68, 0, 67], [0, 67, 0, 68], [3, 232, 0, 53]] as [[UInt8]])
        let message = ports + [0, 20, 0, 0] + [UInt8](repeating: 0x50, count: 12)
        let fragment: [UInt8] = random.pick([[0, 0], [0, 0], [0x40, 0], [0x20, 0], [0, 9]])
        return [0x45, 0] + bytes(20 + message.count, 2) + [0, 0] + fragment
            + [64, proto, 0, 0] + ip4() + ip4() + message
    }

    private mutating func ipv6() -> [UInt8] {
        let isControl = random.number(0..<4) != 0
        let message = isControl ? control() : [UInt8](repeating: 3, count: 24)
        let proto = isControl ? IPProtocol.icmpv6 : IPProtocol.udp
        return [0x60, 0, 0, 0] + bytes(message.count, 2) + [proto, random.pick([255, 255, 64])]
            + ip6() + ip6() + message
    }

    /// ICMPv6, most of it about neighbours.
    private mutating func control() -> [UInt8] {
        let type: UInt8 = random.pick([128, 131, 143, 133, 135, 135, 135, 136, 136, 136])
        let code: UInt8 = random.pick([0, 0, 0, 0, 1])
        var message = [type, code, 0, 0, 0, 0, 0, 0] + ip6()
        let none: [UInt8] = []
        message += random.pick([none, [1, 1] + mac(), [1, 1] + mac(), [1, 1, 0, 0, 0, 0, 0, 0]])
        message += random.pick([none, none, [14, 1, 0, 0, 0, 0, 0, 0]])
        message += random.pick([none, [2, 1] + mac(), [2, 1] + mac(), [2, 1, 0, 0, 0, 0, 0, 0]])
        return message
    }
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

    mutating func pick<Element>(_ list: [Element]) -> Element {
        list[Int.random(in: 0..<list.count, using: &self)]
    }

    mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &self) }
}
