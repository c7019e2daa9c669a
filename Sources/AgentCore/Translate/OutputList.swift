import Datapath
import Pipeline
import Wire

// Collects the copies of the packet that leave, each with what its headers are by then, and turns
// them into one list of kernel actions, or into packets of our own where the kernel can't.
//
// Every copy is described relative to the packet as received, so the list is flat: copies that
// need no change first, then one `clone(set…, output…)` for each way the headers may look, the last
// without the clone. Whether a `set` is needed is decided at the end, when the whole mask is known:
// a field that the flow compares anyway is left alone if it has the value already.

struct OutputList {
    enum Target: Hashable {
        case port(UInt32)
        case tunnel(UInt32, TunnelKey)
        /// Kernel actions and then a lookup under this number.
        case recirculate(UInt32, after: [DatapathAction])

        var actions: [DatapathAction] {
            switch self {
            case .port(let port): [.output(port)]
            case .tunnel(let port, let tunnel): [.setTunnel(tunnel), .output(port)]
            case .recirculate(let number, let actions): actions + [.recirculate(number)]
            }
        }
    }

    /// The headers at one point.
    private struct Headers {
        let version: Int
        let values: FlowKey
        let overwritten: FlowMask
        /// Bits of the packet whose values were copied to fields that the kernel can set.
        var sources: [(word: Int, bits: UInt64)] = []
        /// A field of another kind that has a copied value.
        var copiedForeign: KeyField?
        var targets: [Target] = []
    }

    /// Outputs of one packet that go to the kernel in one request.
    private static let outputsPerEmission = 128

    /// Fields of the packet that may be written.
    private static let writable: [KeyField] =
        settable + foreign + [.vlanTCI]
    private static let settable: [KeyField] = [
        .priority, .mark, .ethernetSource, .ethernetDestination, .ipv4Source, .ipv4Destination,
        .ipv6Source, .ipv6Destination, .ipv6Label, .ipTOS, .ipTTL, .sourcePort, .destinationPort,
    ]
    /// Fields that only we can set.
    private static let foreign: [KeyField] = [
        .icmpType, .icmpCode, .arpOperation, .arpSourceIP, .arpTargetIP, .arpSourceMAC,
        .arpTargetMAC, .ndTarget, .ndSourceLink, .ndTargetLink,
    ]

    private var headers: [Headers] = []
    private(set) var count = 0

    mutating func removeAll() {
        headers.removeAll(keepingCapacity: true)
        count = 0
    }

    mutating func append(_ target: Target, _ key: borrowing TrackedKey) {
        count += 1
        if let index = headers.firstIndex(where: { $0.version == key.version }) {
            headers[index].targets.append(target)
            return
        }
        var entry = Headers(
            version: key.version, values: FlowKey(copying: key.current),
            overwritten: FlowMask(copying: key.overwritten))
        entry.targets.append(target)
        for field in Self.settable + [.vlanTCI] {
            Self.forEachCopied(field, key) { entry.sources.append(($0, $1)) }
        }
        for field in Self.foreign {
            Self.forEachCopied(field, key) { _, _ in entry.copiedForeign = field }
        }
        headers.append(entry)
    }

    private static func forEachCopied(
        _ field: KeyField, _ key: borrowing TrackedKey, _ body: (Int, UInt64) -> Void
    ) {
        let position = field.position
        let count = position.width == 128 ? 2 : 1
        for word in Int(position.word)..<Int(position.word) + count {
            let copied = key.aliased.words[word] & position.mask
            if copied != 0 { key.forEachSource(word: word, copied, body) }
        }
    }

    // MARK: - The end

    mutating func finish(
        _ result: inout Translation, key: borrowing TrackedKey, input: TranslationInput,
        limits: TranslationLimits
    ) {
        if result.slowPath == nil, let field = foreignField(key) {
            result.slowPath = .sets(field)
        }
        if result.slowPath == nil {
            pin(key)
            result.actions = actions(key)
            if result.actions.netlinkSize > limits.actionBytes {
                result.slowPath = .actionLimit
            }
        }
        guard result.slowPath != nil else { return }
        result.actions = [
            .userspace(UserspaceAction(port: input.upcallPort, cookie: UpcallCookie.slowPath))
        ]
        let made = input.frame.map { emissions($0, input.key) } ?? []
        result.emissions = made + (result.emissions ?? [])
    }

    /// A field that only we can set, and that may have another value than the packet's.
    private func foreignField(_ key: borrowing TrackedKey) -> KeyField? {
        for entry in headers {
            if let field = entry.copiedForeign { return field }
            for field in Self.foreign {
                let changed = needingSet(field, entry, key)
                if changed != 0 { return field }
            }
        }
        return nil
    }

    /// The bits of a field that an action has written and that are not known to be so already.
    private func needingSet(
        _ field: KeyField, _ entry: Headers, _ key: borrowing TrackedKey
    ) -> UInt128 {
        let written = entry.overwritten[wide: field]
        guard written != 0 else { return 0 }
        let same = ~(entry.values[wide: field] ^ key.original[wide: field])
        let known = key.needed[wide: field] & same
        return written & ~known
    }

    /// A `set` has constants, so what was copied becomes part of the flow's match.
    private func pin(_ key: borrowing TrackedKey) {
        for entry in headers {
            for (word, bits) in entry.sources { key.needed.words[word] |= bits }
            if needingSet(.sourcePort, entry, key) | needingSet(.destinationPort, entry, key) != 0 {
                key.needed.setExact(.ipProtocol)
            }
            if entry.overwritten[.vlanTCI] != 0 { key.needed.setExact(.vlanTCI) }
        }
    }

    /// Copies without a change first; each other kind in a clone, except the last.
    private func actions(_ key: borrowing TrackedKey) -> [DatapathAction] {
        var result: [DatapathAction] = []
        var changed: [[DatapathAction]] = []
        for entry in headers {
            let sets = sets(entry, key)
            let targets = entry.targets.flatMap(\.actions)
            if sets.isEmpty { result += targets } else { changed.append(sets + targets) }
        }
        for list in changed.dropLast() { result.append(.clone(list)) }
        return result + (changed.last ?? [])
    }

    private func sets(_ entry: Headers, _ key: borrowing TrackedKey) -> [DatapathAction] {
        var result: [DatapathAction] = []
        for header in HeaderSet.Header.allCases where Self.has(header, key.original) {
            var changes: [HeaderSet.Change] = []
            for field in header.fields where needingSet(field, entry, key) != 0 {
                changes.append(
                    .init(
                        field, entry.values[wide: field],
                        mask: entry.overwritten[wide: field]))
            }
            if !changes.isEmpty { result.append(.set(HeaderSet(header, changes))) }
        }
        return result + tag(entry, key)
    }

    private func tag(_ entry: Headers, _ key: borrowing TrackedKey) -> [DatapathAction] {
        guard needingSet(.vlanTCI, entry, key) != 0 else { return [] }
        var result: [DatapathAction] = []
        let new = UInt16(entry.values[.vlanTCI])
        if key.original[.vlanTCI] != 0 { result.append(.popVLAN) }
        if new & 0x1000 != 0 { result.append(.pushVLAN(VLANTag(tci: new))) }
        return result
    }

    private static func has(_ header: HeaderSet.Header, _ key: FlowPointer) -> Bool {
        let type = UInt16(key[.ethernetType])
        let isIP = type == EtherType.ipv4 || type == EtherType.ipv6
        let proto = UInt8(key[.ipProtocol])
        return switch header {
        case .priority, .mark, .ethernet: true
        case .ipv4: type == EtherType.ipv4
        case .ipv6: type == EtherType.ipv6
        case .tcp: isIP && proto == IPProtocol.tcp
        case .udp: isIP && proto == IPProtocol.udp
        case .sctp: isIP && proto == IPProtocol.sctp
        }
    }

    // MARK: - Packets of our own

    private func emissions(_ frame: [UInt8], _ key: FlowKey) -> [Emission] {
        headers.flatMap { entry in
            Self.emissions(frame, from: key, to: entry.values, entry.targets)
        }
    }

    /// The frame with the fields of `values` written into it, for some targets.
    static func emissions(
        _ frame: [UInt8], from key: FlowKey, to values: FlowKey, _ targets: [Target]
    ) -> [Emission] {
        let written = rewrite(frame, from: key, to: values)
        var metadata = FlowKey()
        for field in [KeyField.inputPort, .mark, .priority] { metadata[field] = values[field] }
        return stride(from: 0, to: targets.count, by: outputsPerEmission).map { start in
            let part = targets[start..<min(start + outputsPerEmission, targets.count)]
            return Emission(
                frame: written, metadata: metadata, actions: part.flatMap(\.actions))
        }
    }

    static func rewrite(_ frame: [UInt8], from key: FlowKey, to values: FlowKey) -> [UInt8] {
        guard var rewriter = PacketRewriter(frame) else { return frame }
        for field in writable where field != .vlanTCI && key[wide: field] != values[wide: field] {
            rewriter.set(field, to: values[wide: field])
        }
        if key[.vlanTCI] != values[.vlanTCI] {
            if key[.vlanTCI] != 0 { rewriter.popTag() }
            let tci = UInt16(values[.vlanTCI])
            if tci & 0x1000 != 0 { rewriter.pushTag(VLANTag(tci: tci)) }
        }
        return rewriter.frame
    }
}
