import CLinux
import Datapath
import Wire

// OVS_ACTION_ATTR_* out of action values (linux/openvswitch.h, enum ovs_action_attr).

extension EncodedActions {
    /// - Throws: `.tooLarge` beyond `KernelLimits.actionBytes`.
    package init(_ actions: [DatapathAction]) throws(NetlinkError) {
        guard !actions.isEmpty else {
            self.init(bytes: [])
            return
        }
        let size = actions.netlinkSize
        guard size <= KernelLimits.actionBytes else { throw Self.tooLarge }
        let buffer = MessageBuffer(count: size + Self.slack)
        var writer = MessageWriter(buffer.memory)
        _ = writer.begin(type: 0, flags: 0, sequence: 0)
        writer.put(actions)
        guard writer.end(), writer.used - Self.headerSize <= KernelLimits.actionBytes else {
            throw Self.tooLarge
        }
        self.init(bytes: Array(writer.bytes[Self.headerSize...]))
    }

    private static let headerSize = 16
    /// The message header, and the least that a writer asks for.
    private static let slack = 512
    private static let tooLarge = NetlinkError("encode actions", cause: .tooLarge)
}

extension MessageWriter {
    fileprivate mutating func put(_ actions: [DatapathAction]) {
        for action in actions { put(action) }
    }

    private mutating func nest(_ type: ovs_action_attr, _ body: (inout MessageWriter) -> Void) {
        nest(Int(type.rawValue), body)
    }

    private mutating func put(_ action: DatapathAction) {
        switch action {
        case .output(let port): put(OVS_ACTION_ATTR_OUTPUT, port)
        case .userspace(let action): put(action)
        case .set(let set): put(set)
        case .setTunnel(let tunnel):
            nest(OVS_ACTION_ATTR_SET) { writer in
                writer.nest(Int(OVS_KEY_ATTR_TUNNEL.rawValue)) { $0.put(tunnel) }
            }
        case .pushVLAN(let tag): put(tag)
        case .popVLAN: putFlag(Int(OVS_ACTION_ATTR_POP_VLAN.rawValue))
        case .recirculate(let id): put(OVS_ACTION_ATTR_RECIRC, id)
        case .hash(let basis):
            put(
                OVS_ACTION_ATTR_HASH,
                ovs_action_hash(hash_alg: OVS_HASH_ALG_L4.rawValue, hash_basis: basis))
        case .track(let tracking): nest(OVS_ACTION_ATTR_CT) { $0.put(tracking) }
        case .clearTracking: putFlag(Int(OVS_ACTION_ATTR_CT_CLEAR.rawValue))
        case .truncate(let length): put(OVS_ACTION_ATTR_TRUNC, length)
        case .clone(let actions): nest(OVS_ACTION_ATTR_CLONE) { $0.put(actions) }
        case .sample(let probability, let actions): put(sample: probability, actions)
        case .localSample(let group, let cookie): put(localSample: group, cookie)
        case .meter(let id): put(OVS_ACTION_ATTR_METER, id)
        case .checkLength(let length, let greater, let lessOrEqual):
            put(checkLength: length, greater, lessOrEqual)
        case .decrementTTL(let exceeded):
            nest(OVS_ACTION_ATTR_DEC_TTL) { writer in
                writer.nest(Int(OVS_DEC_TTL_ATTR_ACTION.rawValue)) { $0.put(exceeded) }
            }
        }
    }

    private mutating func put<Value: BitwiseCopyable>(_ type: ovs_action_attr, _ value: Value) {
        put(Int(type.rawValue), value)
    }

    private mutating func put(_ action: UserspaceAction) {
        nest(OVS_ACTION_ATTR_USERSPACE) { writer in
            writer.put(Int(OVS_USERSPACE_ATTR_PID.rawValue), action.port)
            action.cookie.withUnsafeBytes {
                writer.put(Int(OVS_USERSPACE_ATTR_USERDATA.rawValue), bytes: $0)
            }
        }
    }

    /// The kernel wants the bit that stands for "there is a tag", which is no part of the header.
    private mutating func put(_ tag: VLANTag) {
        put(
            OVS_ACTION_ATTR_PUSH_VLAN,
            ovs_action_push_vlan(
                vlan_tpid: tag.tpid.bigEndian,
                vlan_tci: (tag.tci | UInt16(TagControl.present)).bigEndian))
    }

    private mutating func put(sample probability: UInt32, _ actions: [DatapathAction]) {
        nest(OVS_ACTION_ATTR_SAMPLE) { writer in
            writer.put(Int(OVS_SAMPLE_ATTR_PROBABILITY.rawValue), probability)
            writer.nest(Int(OVS_SAMPLE_ATTR_ACTIONS.rawValue)) { $0.put(actions) }
        }
    }

    private mutating func put(localSample group: UInt32, _ cookie: [UInt8]) {
        nest(LocalSampleAttribute.action) { writer in
            writer.put(LocalSampleAttribute.group, group)
            cookie.withUnsafeBytes { writer.put(LocalSampleAttribute.cookie, bytes: $0) }
        }
    }

    private mutating func put(
        checkLength length: UInt16, _ greater: [DatapathAction], _ lessOrEqual: [DatapathAction]
    ) {
        nest(OVS_ACTION_ATTR_CHECK_PKT_LEN) { writer in
            writer.put(Int(OVS_CHECK_PKT_LEN_ATTR_PKT_LEN.rawValue), length)
            writer.nest(Int(OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_GREATER.rawValue)) {
                $0.put(greater)
            }
            writer.nest(Int(OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_LESS_EQUAL.rawValue)) {
                $0.put(lessOrEqual)
            }
        }
    }
}

/// OVS_ACTION_ATTR_PSAMPLE and what is in it (linux/openvswitch.h of Linux 6.11), which the headers
/// of a system may be too old for.
enum LocalSampleAttribute {
    static let action = 25
    static let group = 1
    static let cookie = 2
}

// MARK: - Header fields

/// Where a field stands in the structure that the kernel has for a header (struct ovs_key_*).
struct StructureField {
    let field: KeyField
    let offset: Int
    let size: Int

    static func fields(of header: HeaderSet.Header) -> [StructureField] {
        switch header {
        case .priority: [.init(field: .priority, offset: 0, size: 4)]
        case .mark: [.init(field: .mark, offset: 0, size: 4)]
        case .ethernet:
            [
                .init(field: .ethernetSource, offset: 0, size: 6),
                .init(field: .ethernetDestination, offset: 6, size: 6),
            ]
        case .ipv4:
            [
                .init(field: .ipv4Source, offset: 0, size: 4),
                .init(field: .ipv4Destination, offset: 4, size: 4),
                .init(field: .ipTOS, offset: 9, size: 1),
                .init(field: .ipTTL, offset: 10, size: 1),
            ]
        case .ipv6:
            [
                .init(field: .ipv6Source, offset: 0, size: 16),
                .init(field: .ipv6Destination, offset: 16, size: 16),
                .init(field: .ipv6Label, offset: 32, size: 4),
                .init(field: .ipTOS, offset: 37, size: 1),
                .init(field: .ipTTL, offset: 38, size: 1),
            ]
        case .tcp, .udp, .sctp:
            [
                .init(field: .sourcePort, offset: 0, size: 2),
                .init(field: .destinationPort, offset: 2, size: 2),
            ]
        }
    }

    /// The two numbers that the kernel keeps in host order.
    private var isHostOrder: Bool { field == .priority || field == .mark }

    func store(_ value: UInt128, _ space: UnsafeMutableRawBufferPointer, at base: Int) {
        for index in 0..<size {
            let shift = UInt128(8 * (size - 1 - index))
            let place = isHostOrder ? hostIndex(index) : index
            space[base + offset + place] = UInt8(truncatingIfNeeded: value >> shift)
        }
    }

    func load(_ bytes: UnsafeRawBufferPointer, at base: Int) -> UInt128 {
        var value: UInt128 = 0
        for index in 0..<size {
            let place = isHostOrder ? hostIndex(index) : index
            value = value << 8 | UInt128(bytes[base + offset + place])
        }
        return value
    }

    private func hostIndex(_ index: Int) -> Int {
        UInt16(1).littleEndian == 1 ? size - 1 - index : index
    }
}

extension HeaderSet.Header {
    /// The attribute of the header's structure.
    var keyAttribute: Int {
        switch self {
        case .priority: Int(OVS_KEY_ATTR_PRIORITY.rawValue)
        case .mark: Int(OVS_KEY_ATTR_SKB_MARK.rawValue)
        case .ethernet: Int(OVS_KEY_ATTR_ETHERNET.rawValue)
        case .ipv4: Int(OVS_KEY_ATTR_IPV4.rawValue)
        case .ipv6: Int(OVS_KEY_ATTR_IPV6.rawValue)
        case .tcp: Int(OVS_KEY_ATTR_TCP.rawValue)
        case .udp: Int(OVS_KEY_ATTR_UDP.rawValue)
        case .sctp: Int(OVS_KEY_ATTR_SCTP.rawValue)
        }
    }
}

extension MessageWriter {
    /// The structure with the new bits, and behind it the structure with their mask.
    fileprivate mutating func put(_ set: HeaderSet) {
        nest(OVS_ACTION_ATTR_SET_MASKED) { writer in
            let size = set.header.structureSize
            guard let space = writer.reserve(set.header.keyAttribute, length: 2 * size) else {
                return
            }
            for place in StructureField.fields(of: set.header) {
                guard let change = set.changes.first(where: { $0.field == place.field }) else {
                    continue
                }
                place.store(change.value, space, at: 0)
                place.store(change.mask, space, at: size)
            }
        }
    }

    /// The outer header for a tunnel port.
    fileprivate mutating func put(_ tunnel: TunnelKey) {
        put(Int(OVS_TUNNEL_KEY_ATTR_ID.rawValue), tunnel.id.bigEndian)
        if let source = tunnel.source {
            put(source, OVS_TUNNEL_KEY_ATTR_IPV4_SRC, OVS_TUNNEL_KEY_ATTR_IPV6_SRC)
        }
        put(tunnel.destination, OVS_TUNNEL_KEY_ATTR_IPV4_DST, OVS_TUNNEL_KEY_ATTR_IPV6_DST)
        if tunnel.tos != 0 { put(Int(OVS_TUNNEL_KEY_ATTR_TOS.rawValue), tunnel.tos) }
        put(Int(OVS_TUNNEL_KEY_ATTR_TTL.rawValue), tunnel.ttl)
        for (flag, type) in TunnelKeyEncoder.flags where tunnel.flags & flag != 0 {
            putFlag(type)
        }
        if tunnel.destinationPort != 0 {
            put(Int(OVS_TUNNEL_KEY_ATTR_TP_DST.rawValue), tunnel.destinationPort.bigEndian)
        }
        if let option = tunnel.option { put(geneve: option) }
        if let index = tunnel.erspanIndex { put(erspan: index) }
    }

    private mutating func put(geneve option: UInt32) {
        let type = Int(OVS_TUNNEL_KEY_ATTR_GENEVE_OPTS.rawValue)
        guard let space = reserve(type, length: GeneveBytes.optionSize) else { return }
        space.storeBytes(of: GeneveBytes.header, as: UInt32.self)
        space.store32(UInt64(option), at: 4)
    }

    private mutating func put(erspan index: UInt32) {
        let type = Int(OVS_TUNNEL_KEY_ATTR_ERSPAN_OPTS.rawValue)
        guard let space = reserve(type, length: ERSPANBytes.size) else { return }
        space.storeBytes(of: ERSPANBytes.version, as: Int32.self)
        space.store32(UInt64(index), at: 4)
    }

    private mutating func put(
        _ address: IPAddress, _ ipv4: ovs_tunnel_key_attr, _ ipv6: ovs_tunnel_key_attr
    ) {
        switch address {
        case .v4(let address): put(Int(ipv4.rawValue), address.bits.bigEndian)
        case .v6(let address): put(Int(ipv6.rawValue), address.bits.bigEndian)
        }
    }
}

// MARK: - Connection tracking

extension MessageWriter {
    fileprivate mutating func put(_ tracking: ConnectionTracking) {
        if tracking.commit { putFlag(Int(OVS_CT_ATTR_COMMIT.rawValue)) }
        put(Int(OVS_CT_ATTR_ZONE.rawValue), tracking.zone)
        if let mark = tracking.mark {
            put(Int(OVS_CT_ATTR_MARK.rawValue), UInt64(mark.value) | UInt64(mark.mask) << 32)
        }
        if let label = tracking.label,
            let space = reserve(Int(OVS_CT_ATTR_LABELS.rawValue), length: 32)
        {
            space.storeLabels(label.value, at: 0)
            space.storeLabels(label.mask, at: 16)
        }
        if let helper = tracking.helper {
            put(Int(OVS_CT_ATTR_HELPER.rawValue), string: helper.rawValue)
        }
        if let translation = tracking.translation {
            nest(Int(OVS_CT_ATTR_NAT.rawValue)) { $0.put(translation) }
        }
    }

    private mutating func put(_ translation: ConnectionTracking.Translation) {
        switch translation.direction {
        case .source: putFlag(Int(OVS_NAT_ATTR_SRC.rawValue))
        case .destination: putFlag(Int(OVS_NAT_ATTR_DST.rawValue))
        case nil: break
        }
        if let addresses = translation.addresses {
            put(address: addresses.lowerBound, OVS_NAT_ATTR_IP_MIN)
            if addresses.upperBound != addresses.lowerBound {
                put(address: addresses.upperBound, OVS_NAT_ATTR_IP_MAX)
            }
        }
        if let ports = translation.ports {
            put(Int(OVS_NAT_ATTR_PROTO_MIN.rawValue), ports.lowerBound)
            if ports.upperBound != ports.lowerBound {
                put(Int(OVS_NAT_ATTR_PROTO_MAX.rawValue), ports.upperBound)
            }
        }
        if translation.isRandom { putFlag(Int(OVS_NAT_ATTR_PROTO_RANDOM.rawValue)) }
    }

    private mutating func put(address: IPAddress, _ type: ovs_nat_attr) {
        switch address {
        case .v4(let address): put(Int(type.rawValue), address.bits.bigEndian)
        case .v6(let address): put(Int(type.rawValue), address.bits.bigEndian)
        }
    }
}
