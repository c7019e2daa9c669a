// Membership of multicast groups as routers and snooping switches hear of it: IGMP versions 1 to 3
// (RFC 1112, RFC 2236, RFC 3376) and MLD versions 1 and 2 (RFC 2710, RFC 3810). The property that
// must hold: any packet gives a message or nil; sources are not kept, only whether a group is
// wanted at all.

package struct MulticastMessage: Hashable, Sendable {
    package enum `Protocol`: String, Sendable {
        case igmp1 = "IGMPv1"
        case igmp2 = "IGMPv2"
        case igmp3 = "IGMPv3"
        case mld1 = "MLDv1"
        case mld2 = "MLDv2"
    }

    package enum Content: Hashable, Sendable {
        /// Nil asks for every group.
        case query(IPAddress?)
        case changes([Change])
    }

    /// A station wants a group, or wants it no more.
    package struct Change: Hashable, Sendable {
        package let group: IPAddress
        package let joins: Bool

        package init(_ group: IPAddress, joins: Bool) {
            self.group = group
            self.joins = joins
        }
    }

    package let `protocol`: `Protocol`
    package let content: Content
    /// The sender; the unspecified one where a switch asks in a router's place.
    package let source: IPAddress

    package enum Limits {
        /// Records of one report that are read.
        package static let records = 128
    }

    package init?(_ frame: [UInt8], _ layout: PacketLayout) {
        guard layout.fragment == .none, layout.transportOffset <= layout.networkEnd else {
            return nil
        }
        let reader = ByteReader(frame, from: layout.transportOffset, to: layout.networkEnd)
        switch layout.network {
        case .ipv4 where layout.ipProtocol == IPProtocol.igmp:
            guard InternetChecksum.of(frame[layout.transportOffset..<layout.networkEnd]) == 0,
                let (kind, content) = Self.igmp(reader)
            else { return nil }
            source = .v4(IPv4Address(frame.uint32(at: layout.networkOffset + 12)))
            (`protocol`, self.content) = (kind, content)
        case .ipv6 where layout.transport == .icmpv6:
            guard let (kind, content) = Self.mld(reader) else { return nil }
            source = .v6(IPv6Address(frame.uint128(at: layout.networkOffset + 8)))
            (`protocol`, self.content) = (kind, content)
        default: return nil
        }
    }

    private static func igmp(_ reader: ByteReader) -> (`Protocol`, Content)? {
        var reader = reader
        let size = reader.left
        guard let type = reader.uint8(), let time = reader.uint8(), reader.uint16() != nil,
            let word = reader.uint32()
        else { return nil }
        let group = IPAddress.v4(IPv4Address(word))
        switch type {
        case 0x11:
            let kind: `Protocol` = size >= 12 ? .igmp3 : time == 0 ? .igmp1 : .igmp2
            return (kind, .query(word == 0 ? nil : group))
        case 0x12: return change(.igmp1, group, joins: true)
        case 0x16: return change(.igmp2, group, joins: true)
        case 0x17: return change(.igmp2, group, joins: false)
        case 0x22:
            let changes = records(Int(word & 0xffff), &reader) { reader in
                reader.ipv4Address().map { .v4($0) }
            }
            return changes.map { (.igmp3, .changes($0)) }
        default: return nil
        }
    }

    private static func mld(_ reader: ByteReader) -> (`Protocol`, Content)? {
        var reader = reader
        let size = reader.left
        guard let type = reader.uint8(), reader.bytes(3) != nil, let word = reader.uint32() else {
            return nil
        }
        if type == ICMPv6Type.listenerReport2 {
            let changes = records(Int(word & 0xffff), &reader) { reader in
                reader.ipv6Address().map { .v6($0) }
            }
            return changes.map { (.mld2, .changes($0)) }
        }
        guard let address = reader.ipv6Address() else { return nil }
        switch type {
        case ICMPv6Type.listenerQuery:
            return (
                size >= 28 ? .mld2 : .mld1, .query(address == .zero ? nil : .v6(address))
            )
        case ICMPv6Type.listenerReport: return change(.mld1, .v6(address), joins: true)
        case ICMPv6Type.listenerDone: return change(.mld1, .v6(address), joins: false)
        default: return nil
        }
    }

    private static func change(
        _ kind: `Protocol`, _ group: IPAddress, joins: Bool
    ) -> (`Protocol`, Content)? {
        guard group.isMulticast else { return nil }
        return (kind, .changes([Change(group, joins: joins)]))
    }

    /// The records of a report of version 3, or 2 of MLD (RFC 3376 §4.2.12): a group is left where
    /// nothing but an empty list of wanted sources remains.
    private static func records(
        _ count: Int, _ reader: inout ByteReader,
        _ address: (inout ByteReader) -> IPAddress?
    ) -> [Change]? {
        var changes: [Change] = []
        for _ in 0..<min(count, Limits.records) {
            guard let type = reader.uint8(), let words = reader.uint8(),
                let sources = reader.uint16(), let group = address(&reader)
            else { return nil }
            for _ in 0..<sources {
                guard address(&reader) != nil else { return nil }
            }
            guard reader.bytes(4 * Int(words)) != nil else { return nil }
            guard group.isMulticast else { continue }
            switch type {
            // Include, change to include: nobody wants it if the list is empty.
            case 1, 3: changes.append(Change(group, joins: sources > 0))
            // Exclude, change to exclude, allow new sources.
            case 2, 4, 5: changes.append(Change(group, joins: true))
            // Blocking some sources leaves the group alone.
            default: break
            }
        }
        return changes
    }
}

extension IPAddress {
    package var isMulticast: Bool {
        switch self {
        case .v4(let address): address.isMulticast
        case .v6(let address): address.isMulticast
        }
    }
}

/// The questions that a querier sends.
package enum MulticastQuery {
    package enum Limits {
        /// Seconds: the longest that a query of IGMPv3 can say, 31744 tenths (RFC 3376 §4.1.1).
        package static let responseTime = 3174
        /// Milliseconds: the longest that a query of MLDv2 says without an exponent (RFC 3810 §5.1.3).
        static let delay = 0x7fff
    }

    private static let allHosts = IPv4Address(0xe000_0001)
    private static let allNodes = IPv6Address(high: 0xff02 << 48, low: 1)
    /// Router alert (RFC 2113).
    private static let alert: [UInt8] = [0x94, 4, 0, 0]

    /// A general query of IGMPv3 (RFC 3376 §4.1); times in seconds, the longest that it can say for
    /// longer ones.
    package static func igmp(
        ethernet source: MACAddress, address: IPv4Address, responseTime: Int, interval: Int
    ) -> [UInt8] {
        let tenths = 10 * min(max(0, responseTime), Limits.responseTime)
        var message: [UInt8] = [0x11, code(tenths), 0, 0, 0, 0, 0, 0]
        message += [2, code(interval), 0, 0]
        message.store16(InternetChecksum.of(message), at: 2)
        var header: [UInt8] = [0x46, 0xc0]
        header.append(UInt64(24 + message.count), width: 2)
        header += [0, 0, 0x40, 0, 1, IPProtocol.igmp, 0, 0]
        header.append(address)
        header.append(allHosts)
        header += alert
        header.store16(InternetChecksum.of(header), at: 10)
        let ethernet = EthernetHeader(
            destination: MACAddress(multicast: allHosts), source: source)
        return ethernet.frame(EtherType.ipv4, header + message)
    }

    /// A general query of MLDv2 (RFC 3810 §5.1); times in seconds, the longest that it can say for
    /// longer ones.
    package static func mld(
        ethernet source: MACAddress, address: IPv6Address, responseTime: Int, interval: Int
    ) -> [UInt8] {
        var message: [UInt8] = [ICMPv6Type.listenerQuery, 0, 0, 0]
        let delay = 1000 * min(max(0, responseTime), Limits.responseTime)
        message.append(UInt64(min(delay, Limits.delay)), width: 2)
        message += [UInt8](repeating: 0, count: 18) + [2, code(interval), 0, 0]
        let header = IPHeader(
            .v6(source: address, destination: allNodes), proto: IPProtocol.icmpv6, ttl: 1)
        message.store16(header.transportChecksum(message), at: 2)
        // Hop by hop: router alert for MLD (RFC 2711), padded to eight bytes.
        let options: [UInt8] = [IPProtocol.icmpv6, 0, 5, 2, 0, 0, 1, 0]
        var outer = header
        outer.proto = IPProtocol.hopByHop
        let ethernet = EthernetHeader(
            destination: MACAddress(multicast: allNodes), source: source)
        return ethernet.frame(EtherType.ipv6, outer.packet(options + message))
    }

    /// A time in the form with three bits of exponent (RFC 3376 §4.1.1).
    private static func code(_ time: Int) -> UInt8 {
        if time < 128 { return UInt8(max(0, time)) }
        var exponent = 0
        while exponent < 7, (time >> (exponent + 3)) > 31 { exponent += 1 }
        return UInt8(0x80 | exponent << 4 | min(15, max(0, (time >> (exponent + 3)) - 16)))
    }
}
