import Datapath
import Pipeline
import Wire

// Collects the copies of the packet that leave, each with what its headers are by then, and turns
// them into one list of kernel actions, or into packets of our own where the kernel can't.
//
// Copies are described relative to the packet as received. Some actions are steps: what follows
// them happens to the packet after them (it is tracked, hashed, metered). So the copies form a
// tree: a node is the packet after a step, its copies that leave need sets relative to the headers
// at that step. In the list of a node, copies that need no change come first, then one
// `clone(set…, output…)` for each way the headers may look and for each further step, the last
// without the clone. Whether a `set` is needed is decided at the end, when the whole mask is known:
// a field that the flow compares anyway is left alone if it has the value already.

struct OutputList {
    enum Target: Hashable {
        case port(UInt32)
        case tunnel(UInt32, TunnelKey)
        /// A lookup under this number.
        case recirculate(UInt32)
        /// Up to the agent; what exceeds the meter is not sent.
        case userspace(UserspaceAction, meter: UInt32?)
        /// To collectors, one packet of some.
        case sample(PacketSample)

        var actions: [DatapathAction] {
            switch self {
            case .port(let port): [.output(port)]
            case .tunnel(let port, let tunnel): [.setTunnel(tunnel), .output(port)]
            case .recirculate(let number): [.recirculate(number)]
            case .userspace(let action, nil): [.userspace(action)]
            case .userspace(let action, let meter?): [.clone([.meter(meter), .userspace(action)])]
            case .sample(let sample): sample.actions
            }
        }

        /// Whether the packet itself goes on.
        var isWay: Bool {
            switch self {
            case .port, .tunnel, .recirculate: true
            case .userspace, .sample: false
            }
        }
    }

    /// The headers at one point.
    struct Headers {
        let version: Int
        let values: FlowKey
        let overwritten: FlowMask
        /// Bits of the packet whose values were copied to fields that the kernel can set.
        var sources: [(word: Int, bits: UInt64)] = []
        /// A field of another kind that has a copied value.
        var copiedForeign: KeyField?
    }

    /// The packet after a step.
    struct Node {
        /// The node before, and the step from there. Nil for the packet as it came.
        let step: (parent: Int, action: DatapathAction)?
        let headers: Headers
        /// True of a packet that a flow has made; its copies leave on their own.
        let isGenerated: Bool
        var copies: [Copy] = []
        var children: [Int] = []
    }

    /// Where packets with the same headers go.
    struct Copy {
        let headers: Headers
        var targets: [Target]
    }

    /// Fields that the kernel can set.
    static let settable: [KeyField] = [
        .priority, .mark, .ethernetSource, .ethernetDestination, .ipv4Source, .ipv4Destination,
        .ipv6Source, .ipv6Destination, .ipv6Label, .ipTOS, .ipTTL, .sourcePort, .destinationPort,
    ]
    /// Fields that only we can set.
    static let foreign: [KeyField] = [
        .icmpType, .icmpCode, .arpOperation, .arpSourceIP, .arpTargetIP, .arpSourceMAC,
        .arpTargetMAC, .ndTarget, .ndSourceLink, .ndTargetLink,
    ]

    private(set) var nodes: [Node] = []
    private(set) var count = 0

    /// The node of the packet as it came.
    static let root = 0

    /// Starts over with a packet.
    mutating func start(_ key: borrowing TrackedKey) {
        nodes.removeAll(keepingCapacity: true)
        nodes.append(
            Node(
                step: nil,
                headers: Headers(
                    version: -1, values: FlowKey(copying: key.original), overwritten: FlowMask()),
                isGenerated: false))
        count = 0
    }

    mutating func append(_ target: Target, to node: Int, _ key: borrowing TrackedKey) {
        count += 1
        if let index = nodes[node].copies.firstIndex(where: { $0.headers.version == key.version }) {
            nodes[node].copies[index].targets.append(target)
            return
        }
        nodes[node].copies.append(Copy(headers: Self.headers(key), targets: [target]))
    }

    /// The node of the packet after a step from `node`.
    mutating func step(
        _ action: DatapathAction, from node: Int, _ key: borrowing TrackedKey
    ) -> Int {
        let number = nodes.count
        nodes.append(
            Node(
                step: (node, action), headers: Self.headers(key),
                isGenerated: nodes[node].isGenerated))
        if !nodes[node].isGenerated { nodes[node].children.append(number) }
        return number
    }

    /// A first node for a packet that a flow has made.
    mutating func addGenerated(_ values: FlowKey) -> Int {
        nodes.append(
            Node(
                step: nil,
                headers: Headers(version: -1, values: values, overwritten: FlowMask()),
                isGenerated: true))
        return nodes.count - 1
    }

    private static func headers(_ key: borrowing TrackedKey) -> Headers {
        var headers = Headers(
            version: key.version, values: FlowKey(copying: key.current),
            overwritten: FlowMask(copying: key.overwritten))
        for field in settable + [.vlanTCI] {
            forEachCopied(field, key) { headers.sources.append(($0, $1)) }
        }
        for field in foreign {
            forEachCopied(field, key) { _, _ in headers.copiedForeign = field }
        }
        return headers
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
        if !result.keepsPacket { markSamplesOfDrops() }
        if result.slowPath == nil, let field = foreignField(key) {
            result.slowPath = .sets(field)
        }
        if result.slowPath == nil {
            pin(key)
            result.actions = actions(of: Self.root, key)
            if result.actions.netlinkSize > limits.actionBytes
                || result.actions.defersTooMuch(
                    at: result.recirculations)
            {
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

    /// Where no copy goes on, the samples are of a packet that is dropped.
    private mutating func markSamplesOfDrops() {
        let own = nodes.indices.filter { !nodes[$0].isGenerated }
        guard own.allSatisfy({ !nodes[$0].copies.contains { $0.targets.contains(where: \.isWay) } })
        else { return }
        for node in own {
            for copy in nodes[node].copies.indices {
                for (index, target) in nodes[node].copies[copy].targets.enumerated() {
                    guard case .sample(var sample) = target else { continue }
                    sample.cookie.isDropped = true
                    nodes[node].copies[copy].targets[index] = .sample(sample)
                }
            }
        }
    }

    /// A field that only we can set, and that may have another value than the packet's.
    private func foreignField(_ key: borrowing TrackedKey) -> KeyField? {
        for node in nodes where !node.isGenerated {
            let all = node.copies.map(\.headers) + (node.step == nil ? [] : [node.headers])
            for headers in all {
                if let field = headers.copiedForeign { return field }
                for field in Self.foreign where needingSet(field, headers, from: nil, key) != 0 {
                    return field
                }
            }
        }
        return nil
    }

    /// The bits of a field that are not known to be right already, for a packet that has been
    /// brought to the headers `base` before (nil: is as it came).
    func needingSet(
        _ field: KeyField, _ headers: Headers, from base: Headers?, _ key: borrowing TrackedKey
    ) -> UInt128 {
        let written = headers.overwritten[wide: field]
        let before = base?.overwritten[wide: field] ?? 0
        guard written | before != 0 else { return 0 }
        let same = ~(headers.values[wide: field] ^ key.original[wide: field])
        let known = key.needed[wide: field] & same
        let fresh = written & ~before & ~known
        guard let base, before != 0 else { return fresh }
        return fresh | before & (headers.values[wide: field] ^ base.values[wide: field])
    }

    /// A `set` has constants, so what was copied becomes part of the flow's match; so does what a
    /// later point has of the packet again after an earlier one has overwritten it.
    private func pin(_ key: borrowing TrackedKey) {
        for node in nodes where !node.isGenerated {
            let base = node.step == nil ? nil : node.headers
            if let step = node.step {
                let parent = nodes[step.parent]
                pin(node.headers, from: parent.step == nil ? nil : parent.headers, key)
            }
            for copy in node.copies { pin(copy.headers, from: base, key) }
        }
    }

    private func pin(_ headers: Headers, from base: Headers?, _ key: borrowing TrackedKey) {
        for (word, bits) in headers.sources { key.needed.words[word] |= bits }
        if let base {
            for word in 0..<FlowKey.wordCount {
                key.needed.words[word] |=
                    base.overwritten.words[word] & ~headers.overwritten.words[word]
            }
        }
        let ports =
            needingSet(.sourcePort, headers, from: base, key)
            | needingSet(.destinationPort, headers, from: base, key)
        if ports != 0 { key.needed.setExact(.ipProtocol) }
        for field in TagStack.fields
        where headers.overwritten[field] | (base?.overwritten[field] ?? 0) != 0 {
            key.needed.setExact(field)
        }
    }

    /// True if what is set hangs on no address or port of the packet (`VariableBits`): nothing is
    /// copied from one, and none is overwritten that was compared, which may be right already.
    func spareVariableBits(_ key: borrowing TrackedKey) -> Bool {
        for node in nodes where !node.isGenerated {
            guard spare(node.headers, key), node.copies.allSatisfy({ spare($0.headers, key) })
            else {
                return false
            }
        }
        return true
    }

    private func spare(_ headers: Headers, _ key: borrowing TrackedKey) -> Bool {
        headers.sources.allSatisfy { word, bits in bits & VariableBits.mask(of: word) == 0 }
            && VariableBits.words.allSatisfy {
                headers.overwritten.words[$0] & VariableBits.mask(of: $0) & key.needed.words[$0]
                    == 0
            }
    }

    /// Copies without a change first; each other kind in a clone, except the last.
    func actions(of number: Int, _ key: borrowing TrackedKey) -> [DatapathAction] {
        let node = nodes[number]
        let base = node.step == nil ? nil : node.headers
        var result: [DatapathAction] = []
        var changed: [[DatapathAction]] = []
        for copy in node.copies {
            let sets = sets(copy.headers, from: base, key)
            let targets = copy.targets.flatMap(\.actions)
            if sets.isEmpty { result += targets } else { changed.append(sets + targets) }
        }
        for child in node.children {
            guard let step = nodes[child].step else { continue }
            changed.append(
                sets(nodes[child].headers, from: base, key) + [step.action]
                    + actions(of: child, key))
        }
        for list in changed.dropLast() { result.append(.clone(list)) }
        return result + (changed.last ?? [])
    }

    func sets(
        _ headers: Headers, from base: Headers?, _ key: borrowing TrackedKey
    ) -> [DatapathAction] {
        var result: [DatapathAction] = []
        for header in HeaderSet.Header.allCases where Self.has(header, key.original) {
            var changes: [HeaderSet.Change] = []
            for field in header.fields where needingSet(field, headers, from: base, key) != 0 {
                let written =
                    headers.overwritten[wide: field] | (base?.overwritten[wide: field] ?? 0)
                changes.append(.init(field, headers.values[wide: field], mask: written))
            }
            if !changes.isEmpty { result.append(.set(HeaderSet(header, changes))) }
        }
        return result + tag(headers, from: base, key)
    }

    private func tag(
        _ headers: Headers, from base: Headers?, _ key: borrowing TrackedKey
    ) -> [DatapathAction] {
        guard TagStack.fields.contains(where: { needingSet($0, headers, from: base, key) != 0 })
        else { return [] }
        let old = TagStack { base?.values[$0] ?? key.original[$0] }
        return TagStack { headers.values[$0] }.steps(from: old).map {
            switch $0 {
            case .pop: .popVLAN
            case .push(let tag): .pushVLAN(tag)
            }
        }
    }

    static func has(_ header: HeaderSet.Header, _ key: FlowPointer) -> Bool {
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
}

extension [DatapathAction] {
    /// True if the kernel would have to put off more copies of a packet than it has places for.
    /// `level` is how many times the packet has come back already.
    func defersTooMuch(at level: Int) -> Bool {
        guard level >= KernelLimits.immediateLevels else { return false }
        return reduce(0) { $0 + $1.deferrals } > KernelLimits.deferredActions
    }
}

extension DatapathAction {
    /// Copies that are put off below the kernel's immediate levels.
    fileprivate var deferrals: Int {
        switch self {
        case .recirculate: 1
        case .clone(let inner): 1 + inner.reduce(0) { $0 + $1.deferrals }
        case .checkLength(_, let greater, let lessOrEqual):
            Swift.max(
                greater.reduce(0) { $0 + $1.deferrals },
                lessOrEqual.reduce(0) { $0 + $1.deferrals })
        default: 0
        }
    }
}
