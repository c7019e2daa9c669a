import Wire

// From bytes to key, with the kernel's reading (net/openvswitch, key extraction). It must agree
// with the kernel bit by bit: the agent re-reads packets that it has rewritten, and puts flows
// whose key the kernel compares with its own reading. What the kernel leaves out (a header cut
// short, a transport header of a later fragment) is zero here.

extension FlowPointer {
    /// Replaces the packet's fields by those of `frame`; what is kept beside the packet stays.
    ///
    /// Returns nil for fewer bytes than an Ethernet header, and then all packet fields are zero.
    @discardableResult
    package func extractPacket(_ frame: RawSpan) -> PacketLayout? {
        (words + FlowKey.firstPacketWord).update(
            repeating: 0, count: FlowKey.wordCount - FlowKey.firstPacketWord)
        guard let layout = PacketLayout(frame) else { return nil }
        self[.ethernetDestination] = frame.uint48(at: 0)
        self[.ethernetSource] = frame.uint48(at: 6)
        self[.ethernetType] = UInt64(layout.etherType)
        extractTags(layout)
        switch layout.network {
        case .arp: extractARP(frame, at: layout.networkOffset)
        case .ipv4: extractIPv4(frame, layout)
        case .ipv6: extractIPv6(frame, layout)
        case nil: break
        }
        return layout
    }

    private func extractTags(_ layout: PacketLayout) {
        guard let outer = layout.tags.first else { return }
        self[.vlanTPID] = UInt64(outer.tpid)
        self[.vlanTCI] = UInt64(outer.tci | 0x1000)
        guard layout.tags.count > 1 else { return }
        self[.innerVLANTPID] = UInt64(layout.tags[1].tpid)
        self[.innerVLANTCI] = UInt64(layout.tags[1].tci | 0x1000)
    }

    private func extractARP(_ frame: RawSpan, at start: Int) {
        // The kernel keeps the lower eight bits and takes any larger operation for zero.
        let operation = frame.uint16(at: start + 6)
        self[.arpOperation] = operation <= 0xff ? UInt64(operation) : 0
        self[.arpSourceMAC] = frame.uint48(at: start + 8)
        self[.arpSourceIP] = UInt64(frame.uint32(at: start + 14))
        self[.arpTargetMAC] = frame.uint48(at: start + 18)
        self[.arpTargetIP] = UInt64(frame.uint32(at: start + 24))
    }

    private func extractIPv4(_ frame: RawSpan, _ layout: PacketLayout) {
        let start = layout.networkOffset
        self[.ipTOS] = UInt64(frame.uint8(at: start + 1))
        self[.ipTTL] = UInt64(frame.uint8(at: start + 8))
        self[.ipv4Source] = UInt64(frame.uint32(at: start + 12))
        self[.ipv4Destination] = UInt64(frame.uint32(at: start + 16))
        extractTransport(frame, layout)
    }

    private func extractIPv6(_ frame: RawSpan, _ layout: PacketLayout) {
        let start = layout.networkOffset
        let first = frame.uint32(at: start)
        self[.ipTOS] = UInt64(first >> 20 & 0xff)
        self[.ipv6Label] = UInt64(first & 0xf_ffff)
        self[.ipTTL] = UInt64(frame.uint8(at: start + 7))
        self[wide: .ipv6Source] = frame.uint128(at: start + 8)
        self[wide: .ipv6Destination] = frame.uint128(at: start + 24)
        extractTransport(frame, layout)
        if layout.isNeighborDiscovery(frame) { extractNeighborDiscovery(frame, layout) }
    }

    private func extractTransport(_ frame: RawSpan, _ layout: PacketLayout) {
        self[.ipProtocol] = UInt64(layout.ipProtocol)
        self[.ipFragment] = UInt64(layout.fragment.rawValue)
        let start = layout.transportOffset
        switch layout.transport {
        case .tcp, .udp, .sctp:
            self[.sourcePort] = UInt64(frame.uint16(at: start))
            self[.destinationPort] = UInt64(frame.uint16(at: start + 2))
            if layout.transport == .tcp {
                self[.tcpFlags] = UInt64(frame.uint16(at: start + 12) & 0xfff)
            }
        case .icmp, .icmpv6:
            self[.icmpType] = UInt64(frame.uint8(at: start))
            self[.icmpCode] = UInt64(frame.uint8(at: start + 1))
        case nil: break
        }
    }

    /// A link-layer option that is there twice makes the whole message count as having none of
    /// the three fields.
    private func extractNeighborDiscovery(_ frame: RawSpan, _ layout: PacketLayout) {
        let start = layout.transportOffset
        guard frame.uint8(at: start + 1) == 0 else { return }
        self[wide: .ndTarget] = frame.uint128(at: start + 8)
        var offset = start + HeaderLength.neighborDiscovery
        while frame.byteCount >= offset + 8 {
            let length = Int(frame.uint8(at: offset + 1)) * 8
            guard length > 0, frame.byteCount >= offset + length else { return }
            let type = frame.uint8(at: offset)
            if length == 8, type == 1 || type == 2 {
                let field: KeyField = type == 1 ? .ndSourceLink : .ndTargetLink
                guard self[field] == 0 else {
                    self[wide: .ndTarget] = 0
                    self[.ndSourceLink] = 0
                    self[.ndTargetLink] = 0
                    return
                }
                self[field] = frame.uint48(at: offset + 2)
            }
            offset += length
        }
    }
}

extension FlowKey {
    /// The key of `frame`, all that is kept beside a packet being zero.
    package init(of frame: [UInt8]) {
        let scratch = FlowScratch(count: 1)
        scratch[0].extractPacket(frame.span.bytes)
        self.init(copying: scratch[0])
    }
}
