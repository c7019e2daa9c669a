import Wire

// What the kernel makes of a mask, and what it refuses (net/openvswitch, flow attributes). It demands some
// fields exact as soon as others are compared (the type before what depends on it), always compares the
// number of tags, and knows no mask for a header that the key does not have. A flow whose mask it
// would widen silently must be known here with the wide mask, or revalidation by re-translation would see
// a difference; one that it refuses must not be put. Properties that hold:
//
// - the widened mask compares at least every bit that the given one compares and that a packet of
//   this key can have at all, so a flow never matches more than it was made for, with one
//   exception: the kernel can't compare that a packet has *no* Geneve option. A flow for a packet
//   without OVN's option, from a port where others have it, would catch those too: don't put one;
// - widening twice changes nothing, and what the kernel dumps is the widened mask again;
// - of two masks for the same key, a superset stays a superset.

extension FlowMask {
    /// The smallest mask with at least these bits that the kernel takes for `key` as it is.
    package func widened(for key: FlowKey) -> FlowMask {
        var mask = self
        mask.words.withUnsafeMutableBufferPointer { words in
            guard let base = words.baseAddress else { return }
            key.withPointer { FlowPointer(base).widen(for: $0) }
        }
        return mask
    }
}

extension FlowPointer {
    /// Widens a mask in place, as `FlowMask.widened` says. Fields of the logical pipelines are dropped.
    package func widen(for key: FlowPointer) {
        for word in 0..<FlowKey.firstKernelWord { words[word] = 0 }
        // Every flow names where it starts.
        setExact(.recirculationID)
        setExact(.inputPort)
        setExact(.ethernetType)
        self[.ctState] &= ConnectionState.known
        widenTag(key, tci: .vlanTCI, tpid: .vlanTPID)
        widenTag(key, tci: .innerVLANTCI, tpid: .innerVLANTPID)
        widenTunnel(key)
        widenNetwork(key)
    }

    /// The kernel compares whether there is a tag, and with one its type.
    private func widenTag(_ key: FlowPointer, tci: KeyField, tpid: KeyField) {
        if key[tci] & TagControl.present == 0 {
            setExact(tci)
            self[tpid] = 0
        } else {
            self[tci] |= TagControl.present
            setExact(tpid)
        }
    }

    /// Without an outer header nothing of it can be compared: whether there is one at all, the input port
    /// says. With one, the kernel wants its destination, and with its option also how many bytes of
    /// options there are.
    private func widenTunnel(_ key: FlowPointer) {
        guard key[.tunnelFamily] != TunnelFamily.none else {
            for field in KeyField.ofTunnel { clear(field) }
            return
        }
        setExact(.tunnelFamily)
        setExact(.tunnelDestination)
        if self[.tunnelID] != 0 { setExact(.tunnelID) }
        if key[.tunnelFamily] == TunnelFamily.ipv4 {
            self[wide: .tunnelSource] &= Self.ipv4Bits
            self[wide: .tunnelDestination] &= Self.ipv4Bits
        }
        self[.tunnelFlags] &= TunnelFlag.known
        if key[.tunnelOptions] != TunnelOptions.logical {
            for field in KeyField.ofOption { clear(field) }
        } else if compares(anyOf: KeyField.ofOption) {
            setExact(.tunnelOptions)
        }
    }

    /// What depends on a type or a protocol is compared only together with it, also where the
    /// packet has no such header: that it has none is then what was asked.
    private func widenNetwork(_ key: FlowPointer) {
        let shape = HeaderShape(key)
        if shape.network == .ipv4 || shape.network == .ipv6 { widenProtocol(shape) }
        widenTuple(key)
        for field in KeyField.ofHeaders where !shape.has(field) { clear(field) }
        // The kernel keeps the lower eight bits of an ARP operation.
        self[.arpOperation] &= 0xff
        if shape.network == .ipv4 {
            self[wide: .ctSource] &= Self.ipv4Bits
            self[wide: .ctDestination] &= Self.ipv4Bits
        }
    }

    private func widenProtocol(_ shape: HeaderShape) {
        setExact(.ipFragment)
        let tuple = shape.isNeighbour && compares(anyOf: KeyField.ofTuple)
        let neighbour = compares(anyOf: KeyField.ofNeighbour)
        if tuple || neighbour || compares(anyOf: KeyField.ofTransport) { setExact(.ipProtocol) }
        if (tuple || neighbour) && shape.has(.icmpType) { setExact(.icmpType) }
    }

    /// The kernel tells a tuple only together with its protocol. That a packet has none follows
    /// from its state: it was not tracked, or in vain.
    private func widenTuple(_ key: FlowPointer) {
        guard compares(anyOf: KeyField.ofTuple) else { return }
        if key[.ctProtocol] != 0 {
            setExact(.ctProtocol)
        } else {
            self[.ctState] |= ConnectionState.tracked | ConnectionState.invalid
            for field in KeyField.ofTuple { clear(field) }
        }
    }

    private static let ipv4Bits: UInt128 = 0xffff_ffff

    // MARK: - Fields

    package func compares(anyOf fields: [KeyField]) -> Bool {
        for field in fields where self[wide: field] != 0 { return true }
        return false
    }

    /// Zeroes a field of any width.
    package func clear(_ field: KeyField) { self[wide: field] = 0 }
}

extension ConnectionState {
    /// The kernel refuses a mask with any other bit.
    fileprivate static let known: UInt64 = 0xff
}

extension TunnelFlag {
    fileprivate static let known = dontFragment | checksum | oam
}

/// Bits of `vlanTCI` and `innerVLANTCI`.
package enum TagControl {
    /// There is a tag.
    package static let present: UInt64 = 0x1000
}

extension KeyField {
    /// Those of an outer header.
    package static let ofTunnel = allCases.filter { (19...25).contains($0.position.word) }
    package static let ofOption: [KeyField] = [.tunnelOptions, .tunnelOption]
    /// Those of a connection's original tuple.
    package static let ofTuple: [KeyField] = [
        .ctSource, .ctDestination, .ctProtocol, .ctSourcePort, .ctDestinationPort,
    ]
    package static let ofTransport: [KeyField] = [
        .sourcePort, .destinationPort, .tcpFlags, .icmpType, .icmpCode,
    ]
    package static let ofNeighbour: [KeyField] = [.ndTarget, .ndSourceLink, .ndTargetLink]
    /// Everything that depends on the packet's type.
    fileprivate static let ofHeaders: [KeyField] =
        ofTuple + ofTransport + ofNeighbour + [
            .ipv4Source, .ipv4Destination, .ipv6Source, .ipv6Destination, .ipProtocol, .ipTOS,
            .ipTTL, .ipFragment, .ipv6Label, .arpOperation, .arpSourceIP, .arpTargetIP,
            .arpSourceMAC, .arpTargetMAC,
        ]

    /// True if a packet with this key has the header that the field belongs to.
    package func isPresent(in key: FlowKey) -> Bool { HeaderShape(key).has(self) }
}

extension FlowMask {
    /// How many bits are compared.
    package var bitCount: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
}
