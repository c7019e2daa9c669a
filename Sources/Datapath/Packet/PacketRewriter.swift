import Wire

// Writes key fields back into a frame. One function serves both the kernel's `set` in the model
// and the fields that the kernel cannot set, which the slow path writes itself. The property that
// must hold: extracting the key of the result gives the new value, no other field moves, and each
// checksum that was correct still is.

package struct PacketRewriter {
    package private(set) var frame: [UInt8]
    private var layout: PacketLayout

    /// Nil for fewer bytes than an Ethernet header.
    package init?(_ frame: [UInt8]) {
        guard let layout = PacketLayout(frame) else { return nil }
        self.frame = frame
        self.layout = layout
    }

    /// Writes `value` into the bits of `field` that `mask` has. A field whose header the packet
    /// does not have stays as it is; the answer says whether it was there.
    @discardableResult
    package mutating func set(_ field: KeyField, to value: UInt128, mask: UInt128 = .max) -> Bool {
        switch field {
        case .ethernetDestination: plain(at: 0, 6, value, mask)
        case .ethernetSource: plain(at: 6, 6, value, mask)
        case .vlanTCI: setTag(value, mask)
        case .ipv4Source, .ipv4Destination: setIPv4Address(field, value, mask)
        case .ipv6Source, .ipv6Destination: setIPv6Address(field, value, mask)
        case .ipTOS, .ipTTL, .ipv6Label: setNetworkField(field, value, mask)
        case .sourcePort, .destinationPort: setPort(field, value, mask)
        case .icmpType, .icmpCode: setICMP(field, value, mask)
        case .arpOperation, .arpSourceIP, .arpTargetIP, .arpSourceMAC, .arpTargetMAC:
            setARP(field, value, mask)
        case .ndTarget, .ndSourceLink, .ndTargetLink: setNeighborDiscovery(field, value, mask)
        default: false
        }
    }

    /// Puts a tag in front of those that are there.
    package mutating func pushTag(_ tag: VLANTag) {
        var bytes: [UInt8] = []
        bytes.append(UInt64(tag.tpid), width: 2)
        bytes.append(UInt64(tag.tci & 0xefff), width: 2)
        frame.insert(contentsOf: bytes, at: 12)
        reparse()
    }

    /// Takes the outermost tag away, if there is one.
    package mutating func popTag() {
        guard !layout.tags.isEmpty else { return }
        frame.removeSubrange(12..<16)
        reparse()
    }

    private mutating func reparse() {
        if let layout = PacketLayout(frame) { self.layout = layout }
    }

    /// Where the transport header begins.
    var transportStart: Int? { layout.transport == nil ? nil : layout.transportOffset }

    /// Writes bytes behind an ICMP header at `start`; `header` is where an IPv4 header around them
    /// begins.
    mutating func replace(
        at offset: Int, width: Int, with value: UInt128, covering start: Int, header: Int? = nil
    ) {
        guard frame.count >= offset + width else { return }
        var checksums = [start + 2]
        if let header {
            // The inner checksum changes too, and is itself covered by the outer one.
            let before = frame.uint16(at: header + 10)
            frame.replace(
                at: offset, width: width, with: value, from: header,
                checksums: [start + 2, header + 10])
            let after = frame.uint16(at: header + 10)
            frame.store16(before, at: header + 10)
            frame.replace(
                at: header + 10, width: 2, with: UInt128(after), from: start,
                checksums: [start + 2])
            return
        }
        if layout.transportChecksumOffset == nil { checksums = [] }
        frame.replace(at: offset, width: width, with: value, from: start, checksums: checksums)
    }

    // MARK: - Writing

    private func read(at offset: Int, _ width: Int) -> UInt128 {
        frame[offset..<offset + width].reduce(0) { $0 << 8 | UInt128($1) }
    }

    /// The bytes at an offset with the masked bits replaced.
    private func merged(at offset: Int, _ width: Int, _ value: UInt128, _ mask: UInt128) -> UInt128
    {
        read(at: offset, width) & ~mask | value & mask
    }

    private mutating func plain(at offset: Int, _ width: Int, _ value: UInt128, _ mask: UInt128)
        -> Bool
    {
        frame.store(merged(at: offset, width, value, mask), width: width, at: offset)
        return true
    }

    private mutating func covered(
        at offset: Int, _ width: Int, _ value: UInt128, _ mask: UInt128, from parity: Int,
        by checksums: [Int]
    ) -> Bool {
        frame.replace(
            at: offset, width: width, with: merged(at: offset, width, value, mask), from: parity,
            checksums: checksums)
        if layout.transport == .udp, checksums.contains(layout.transportOffset + 6),
            frame.uint16(at: layout.transportOffset + 6) == 0
        {
            frame.store16(0xffff, at: layout.transportOffset + 6)
        }
        return true
    }

    /// The transport checksum, unless the datagram goes without one.
    private var transportChecksum: [Int] {
        guard let offset = layout.transportChecksumOffset else { return [] }
        if layout.transport == .udp, frame.uint16(at: offset) == 0 { return [] }
        return [offset]
    }

    private mutating func setTag(_ value: UInt128, _ mask: UInt128) -> Bool {
        guard !layout.tags.isEmpty else { return false }
        return plain(at: 14, 2, value & 0xefff, mask & 0xefff)
    }

    private mutating func setIPv4Address(
        _ field: KeyField, _ value: UInt128, _ mask: UInt128
    ) -> Bool {
        guard layout.network == .ipv4 else { return false }
        let start = layout.networkOffset
        // ICMP has no pseudo-header.
        let transport = layout.transport == .icmp ? [] : transportChecksum
        return covered(
            at: start + (field == .ipv4Source ? 12 : 16), 4, value, mask, from: start,
            by: [start + 10] + transport)
    }

    private mutating func setIPv6Address(
        _ field: KeyField, _ value: UInt128, _ mask: UInt128
    ) -> Bool {
        guard layout.network == .ipv6 else { return false }
        let start = layout.networkOffset
        return covered(
            at: start + (field == .ipv6Source ? 8 : 24), 16, value, mask, from: start,
            by: transportChecksum)
    }

    private mutating func setNetworkField(
        _ field: KeyField, _ value: UInt128, _ mask: UInt128
    ) -> Bool {
        let start = layout.networkOffset
        switch (layout.network, field) {
        case (.ipv4, .ipTOS):
            return covered(at: start + 1, 1, value, mask, from: start, by: [start + 10])
        case (.ipv4, .ipTTL):
            return covered(at: start + 8, 1, value, mask, from: start, by: [start + 10])
        case (.ipv6, .ipTOS):
            return plain(at: start, 4, (value & 0xff) << 20, (mask & 0xff) << 20)
        case (.ipv6, .ipTTL): return plain(at: start + 7, 1, value, mask)
        case (.ipv6, .ipv6Label): return plain(at: start, 4, value & 0xf_ffff, mask & 0xf_ffff)
        default: return false
        }
    }

    private mutating func setPort(_ field: KeyField, _ value: UInt128, _ mask: UInt128) -> Bool {
        let start = layout.transportOffset
        switch layout.transport {
        case .tcp, .udp:
            return covered(
                at: start + (field == .sourcePort ? 0 : 2), 2, value, mask, from: start,
                by: transportChecksum)
        case .sctp:
            _ = plain(at: start + (field == .sourcePort ? 0 : 2), 2, value, mask)
            frame.storeSCTPChecksum(start: start, end: layout.networkEnd)
            return true
        case .icmp, .icmpv6, nil: return false
        }
    }

    private mutating func setICMP(_ field: KeyField, _ value: UInt128, _ mask: UInt128) -> Bool {
        guard layout.transport == .icmp || layout.transport == .icmpv6 else { return false }
        let start = layout.transportOffset
        return covered(
            at: start + (field == .icmpType ? 0 : 1), 1, value, mask, from: start,
            by: [start + 2])
    }

    private mutating func setARP(_ field: KeyField, _ value: UInt128, _ mask: UInt128) -> Bool {
        guard layout.network == .arp else { return false }
        let start = layout.networkOffset
        switch field {
        case .arpOperation: return plain(at: start + 6, 2, value, mask)
        case .arpSourceMAC: return plain(at: start + 8, 6, value, mask)
        case .arpSourceIP: return plain(at: start + 14, 4, value, mask)
        case .arpTargetMAC: return plain(at: start + 18, 6, value, mask)
        default: return plain(at: start + 24, 4, value, mask)
        }
    }

    private mutating func setNeighborDiscovery(
        _ field: KeyField, _ value: UInt128, _ mask: UInt128
    ) -> Bool {
        guard layout.isNeighborDiscovery(frame.span.bytes) else { return false }
        let start = layout.transportOffset
        var offset: Int? = start + 8
        if field != .ndTarget {
            offset = layout.neighborOption(field == .ndSourceLink ? 1 : 2, in: frame.span.bytes)
        }
        guard let offset else { return false }
        return covered(
            at: offset, field == .ndTarget ? 16 : 6, value, mask, from: start, by: [start + 2])
    }
}
