import Datapath
import Wire

/// Numbers from a seed, so that a failure can be run again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func bits(_ width: UInt8) -> UInt128 {
        let value = UInt128(next()) << 64 | UInt128(next())
        return width == 128 ? value : value & ((1 << UInt128(width)) - 1)
    }

    mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &self) < percent
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &self)]
    }
}

extension SeededGenerator {
    /// A key that some packet has: fields of headers that are not there are zero.
    mutating func key() -> FlowKey {
        var key = FlowKey()
        fill(
            &key,
            [
                .recirculationID, .inputPort, .priority, .mark, .datapathHash, .ctMark, .ctZone,
                .ctLabel, .ethernetSource, .ethernetDestination,
            ])
        key[.inputPort] %= 65535
        key[.ctState] = pick([0, ConnectionState.tracked | ConnectionState.invalid])
        if chance(40) { addTunnel(&key) }
        addTags(&key)
        addNetwork(&key)
        return key
    }

    private mutating func fill(_ key: inout FlowKey, _ fields: [KeyField]) {
        for field in fields { key[wide: field] = bits(field.position.width) }
    }

    private mutating func addTunnel(_ key: inout FlowKey) {
        fill(
            &key,
            [.tunnelID, .tunnelTOS, .tunnelTTL, .tunnelSourcePort, .tunnelDestinationPort])
        let isIPv4 = chance(50)
        key[.tunnelFamily] = isIPv4 ? TunnelFamily.ipv4 : TunnelFamily.ipv6
        key[wide: .tunnelSource] = bits(isIPv4 ? 32 : 128)
        key[wide: .tunnelDestination] = bits(isIPv4 ? 32 : 128) | 1
        key[.tunnelFlags] = UInt64(bits(3))
        guard chance(70) else { return }
        key[.tunnelOptions] = TunnelOptions.logical
        key[.tunnelOption] = UInt64(bits(32))
    }

    private mutating func addTags(_ key: inout FlowKey) {
        guard chance(40) else { return }
        key[.vlanTPID] = pick([0x8100, 0x88a8])
        key[.vlanTCI] = UInt64(bits(16)) | 0x1000
        guard chance(40) else { return }
        key[.innerVLANTPID] = 0x8100
        key[.innerVLANTCI] = UInt64(bits(16)) | 0x1000
    }

    private mutating func addNetwork(_ key: inout FlowKey) {
        switch Int.random(in: 0..<10, using: &self) {
        case 0..<4: addIP(&key, [.ipv4Source, .ipv4Destination], EtherType.ipv4)
        case 4..<8: addIP(&key, [.ipv6Source, .ipv6Destination, .ipv6Label], EtherType.ipv6)
        case 8:
            key[.ethernetType] = UInt64(pick([EtherType.arp, EtherType.rarp]))
            fill(
                &key, [.arpOperation, .arpSourceIP, .arpTargetIP, .arpSourceMAC, .arpTargetMAC])
            key[.arpOperation] &= 0xff
        default: key[.ethernetType] = pick([UInt64(EtherType.none), 0x8847, 0x88cc, 0x0600])
        }
    }

    private mutating func addIP(_ key: inout FlowKey, _ fields: [KeyField], _ type: UInt16) {
        let isIPv4 = type == EtherType.ipv4
        key[.ethernetType] = UInt64(type)
        fill(&key, fields + [.ipTOS, .ipTTL])
        key[.ipFragment] = pick([0, 0, 0, 1, 3])
        key[.ipProtocol] = pick([6, 17, 132, isIPv4 ? 1 : 58, 47])
        addTuple(&key, isIPv4)
        guard key[.ipFragment] != 3 else { return }
        switch key[.ipProtocol] {
        case 6: fill(&key, [.sourcePort, .destinationPort, .tcpFlags])
        case 17, 132: fill(&key, [.sourcePort, .destinationPort])
        case 1, 58: addICMP(&key, isIPv4)
        default: break
        }
    }

    private mutating func addICMP(_ key: inout FlowKey, _ isIPv4: Bool) {
        fill(&key, [.icmpType, .icmpCode])
        key[.icmpType] &= 0x7f
        guard !isIPv4, chance(50) else { return }
        key[.icmpType] = pick([135, 136])
        fill(&key, [.ndTarget, .ndSourceLink, .ndTargetLink])
        for field in KernelTuple.fields { key[wide: field] = 0 }
        key[.ctState] = 0
    }

    private mutating func addTuple(_ key: inout FlowKey, _ isIPv4: Bool) {
        guard chance(30) else { return }
        fill(&key, KernelTuple.fields)
        key[.ctProtocol] |= 1
        key[.ctState] = UInt64(bits(8)) & ~ConnectionState.invalid | ConnectionState.tracked
        guard isIPv4 else { return }
        key[wide: .ctSource] = bits(32)
        key[wide: .ctDestination] = bits(32)
    }

    /// Any mask: nothing, whole fields, single bits.
    mutating func mask() -> FlowMask {
        var mask = FlowMask()
        for field in KeyField.allCases {
            switch Int.random(in: 0..<4, using: &self) {
            case 0: mask.setExact(field)
            case 1: mask[wide: field] = bits(field.position.width)
            default: break
            }
        }
        // What the kernel knows of these two.
        mask[.tunnelFlags] &= 7
        mask[.ctState] &= 0xff
        return mask
    }
}

private enum KernelTuple {
    static let fields: [KeyField] = [
        .ctSource, .ctDestination, .ctProtocol, .ctSourcePort, .ctDestinationPort,
    ]
}

// MARK: - Actions

extension SeededGenerator {
    mutating func actions(depth: Int = 0) -> [DatapathAction] {
        (0..<Int.random(in: 0..<5, using: &self)).map { _ in action(depth: depth) }
    }

    private mutating func number() -> UInt32 { UInt32(bits(32)) }

    private mutating func action(depth: Int) -> DatapathAction {
        switch Int.random(in: 0..<(depth < 3 ? 18 : 14), using: &self) {
        case 0: .output(number())
        case 1: .userspace(UserspaceAction(port: number(), cookie: bytes(0...20)))
        case 2, 3, 4: .set(headerSet())
        case 5: .setTunnel(tunnel())
        case 6: .pushVLAN(VLANTag(tpid: pick([0x8100, 0x88a8]), tci: UInt16(bits(16)) | 0x1000))
        case 7: pick([.popVLAN, .clearTracking])
        case 8: .recirculate(number())
        case 9: .hash(basis: number())
        case 10: .track(tracking())
        case 11: .truncate(number())
        case 12: .meter(number())
        case 13: .localSample(group: number(), cookie: bytes(0...16))
        case 14: .clone(actions(depth: depth + 1))
        case 15: .sample(probability: number(), actions(depth: depth + 1))
        case 16:
            .checkLength(
                UInt16(bits(16)), greater: actions(depth: depth + 1),
                lessOrEqual: actions(depth: depth + 1))
        default: .decrementTTL(exceeded: actions(depth: depth + 1))
        }
    }

    mutating func bytes(_ count: ClosedRange<Int>) -> [UInt8] {
        (0..<Int.random(in: count, using: &self)).map { _ in UInt8(bits(8)) }
    }

    private mutating func headerSet() -> HeaderSet {
        let header = pick(HeaderSet.Header.allCases)
        var changes: [HeaderSet.Change] = []
        for field in header.fields where chance(70) {
            let width = field.position.width
            changes.append(.init(field, bits(width), mask: chance(50) ? nil : bits(width)))
        }
        return HeaderSet(header, changes)
    }

    private mutating func address(_ isIPv4: Bool) -> IPAddress {
        isIPv4 ? .v4(IPv4Address(number() | 1)) : .v6(IPv6Address(bits(128) | 1))
    }

    private mutating func tunnel() -> TunnelKey {
        let isIPv4 = chance(50)
        let isERSPAN = chance(30)
        return TunnelKey(
            id: UInt64(bits(64)), source: chance(50) ? address(isIPv4) : nil,
            destination: address(isIPv4), tos: UInt8(bits(8)), ttl: UInt8(bits(8)),
            flags: UInt64(bits(3)), destinationPort: UInt16(bits(16)),
            option: !isERSPAN && chance(70) ? number() : nil,
            erspanIndex: isERSPAN ? number() : nil)
    }

    private mutating func tracking() -> ConnectionTracking {
        ConnectionTracking(
            zone: UInt16(bits(16)), commit: chance(50),
            mark: chance(50) ? .init(number(), mask: number()) : nil,
            label: chance(50) ? .init(bits(128), mask: bits(128)) : nil,
            translation: chance(50) ? translation() : nil)
    }

    private mutating func translation() -> ConnectionTracking.Translation {
        let isIPv4 = chance(50)
        let first = address(isIPv4)
        let second = address(isIPv4)
        let port = UInt16(bits(16))
        return ConnectionTracking.Translation(
            direction: pick([.source, .destination, nil]),
            addresses: chance(50) ? min(first, second)...max(first, second) : nil,
            ports: chance(50) ? port...pick([port, .max]) : nil)
    }
}
