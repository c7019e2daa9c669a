import CLinux
import Datapath
import Wire

// The way back from OVS_ACTION_ATTR_*: what a datapath's flows do, also those that another program
// has put. A list with anything that our values do not know is no list of ours.

extension EncodedActions {
    /// How deep clones and samples may stand in each other (net/openvswitch,
    /// OVS_COPY_ACTIONS_MAX_DEPTH), and so how deep this reads.
    private static let maximumDepth = 16

    /// Nil if an action, or a part of one, is unknown or malformed.
    package var decoded: [DatapathAction]? {
        bytes.withUnsafeBytes { Self.decode($0, depth: 0) }
    }

    fileprivate static func decode(
        _ bytes: UnsafeRawBufferPointer, depth: Int
    ) -> [DatapathAction]? {
        guard depth < maximumDepth else { return nil }
        var actions: [DatapathAction] = []
        var consumed = 0
        for attribute in AttributeReader(bytes) {
            guard let action = decode(attribute, depth: depth) else { return nil }
            actions.append(action)
            consumed += (4 + attribute.payload.count + 3) & ~3
        }
        return consumed >= bytes.count ? actions : nil
    }

    private static func decode(_ attribute: Attribute, depth: Int) -> DatapathAction? {
        if attribute.type == LocalSampleAttribute.action { return localSample(attribute.nested) }
        return switch UInt32(attribute.type) {
        case OVS_ACTION_ATTR_OUTPUT.rawValue: attribute.value().map { .output($0) }
        case OVS_ACTION_ATTR_USERSPACE.rawValue: userspace(attribute.nested)
        case OVS_ACTION_ATTR_SET.rawValue: set(attribute.nested, isMasked: false)
        case OVS_ACTION_ATTR_SET_MASKED.rawValue: set(attribute.nested, isMasked: true)
        case OVS_ACTION_ATTR_PUSH_VLAN.rawValue: attribute.value().map { .pushVLAN(VLANTag($0)) }
        case OVS_ACTION_ATTR_POP_VLAN.rawValue: .popVLAN
        case OVS_ACTION_ATTR_RECIRC.rawValue: attribute.value().map { .recirculate($0) }
        case OVS_ACTION_ATTR_HASH.rawValue: hash(attribute)
        case OVS_ACTION_ATTR_CT.rawValue: ConnectionTracking(attribute.nested).map { .track($0) }
        case OVS_ACTION_ATTR_CT_CLEAR.rawValue: .clearTracking
        case OVS_ACTION_ATTR_TRUNC.rawValue: attribute.value().map { .truncate($0) }
        case OVS_ACTION_ATTR_CLONE.rawValue:
            decode(attribute.payload, depth: depth + 1).map { .clone($0) }
        case OVS_ACTION_ATTR_SAMPLE.rawValue: sample(attribute.nested, depth: depth + 1)
        case OVS_ACTION_ATTR_METER.rawValue: attribute.value().map { .meter($0) }
        case OVS_ACTION_ATTR_CHECK_PKT_LEN.rawValue:
            checkLength(attribute.nested, depth: depth + 1)
        case OVS_ACTION_ATTR_DEC_TTL.rawValue: decrementTTL(attribute.nested, depth: depth + 1)
        default: nil
        }
    }

    private static func userspace(_ attributes: AttributeReader) -> DatapathAction? {
        var port: UInt32?
        var cookie: [UInt8] = []
        for attribute in attributes {
            switch UInt32(attribute.type) {
            case OVS_USERSPACE_ATTR_PID.rawValue: port = attribute.value()
            case OVS_USERSPACE_ATTR_USERDATA.rawValue: cookie = attribute.bytes
            default: return nil
            }
        }
        return port.map { .userspace(UserspaceAction(port: $0, cookie: cookie)) }
    }

    private static func localSample(_ attributes: AttributeReader) -> DatapathAction? {
        guard let group = attributes.first(LocalSampleAttribute.group)?.value(UInt32.self) else {
            return nil
        }
        let cookie = attributes.first(LocalSampleAttribute.cookie)?.bytes ?? []
        return .localSample(group: group, cookie: cookie)
    }

    private static func hash(_ attribute: Attribute) -> DatapathAction? {
        guard let hash = attribute.value(ovs_action_hash.self),
            hash.hash_alg == OVS_HASH_ALG_L4.rawValue
        else { return nil }
        return .hash(basis: hash.hash_basis)
    }

    private static func sample(_ attributes: AttributeReader, depth: Int) -> DatapathAction? {
        guard
            let probability = attributes.first(Int(OVS_SAMPLE_ATTR_PROBABILITY.rawValue))?
                .value(UInt32.self),
            let inside = attributes.first(Int(OVS_SAMPLE_ATTR_ACTIONS.rawValue)),
            let actions = decode(inside.payload, depth: depth)
        else { return nil }
        return .sample(probability: probability, actions)
    }

    private static func checkLength(
        _ attributes: AttributeReader, depth: Int
    ) -> DatapathAction? {
        guard
            let length = attributes.first(Int(OVS_CHECK_PKT_LEN_ATTR_PKT_LEN.rawValue))?
                .value(UInt16.self),
            let greater = attributes.first(
                Int(OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_GREATER.rawValue)),
            let lessOrEqual = attributes.first(
                Int(OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_LESS_EQUAL.rawValue)),
            let greaterActions = decode(greater.payload, depth: depth),
            let lessOrEqualActions = decode(lessOrEqual.payload, depth: depth)
        else { return nil }
        return .checkLength(length, greater: greaterActions, lessOrEqual: lessOrEqualActions)
    }

    private static func decrementTTL(
        _ attributes: AttributeReader, depth: Int
    ) -> DatapathAction? {
        guard let inside = attributes.first(Int(OVS_DEC_TTL_ATTR_ACTION.rawValue)),
            let actions = decode(inside.payload, depth: depth)
        else { return nil }
        return .decrementTTL(exceeded: actions)
    }

    // MARK: Header fields

    private static func set(_ attributes: AttributeReader, isMasked: Bool) -> DatapathAction? {
        var reader = attributes
        guard let key = reader.next() else { return nil }
        if key.type == Int(OVS_KEY_ATTR_TUNNEL.rawValue) {
            return isMasked ? nil : TunnelKey(key.nested).map { .setTunnel($0) }
        }
        guard let header = HeaderSet.Header.allCases.first(where: { $0.keyAttribute == key.type }),
            key.payload.count == header.structureSize * (isMasked ? 2 : 1)
        else { return nil }
        let changes = StructureField.fields(of: header).map { place in
            HeaderSet.Change(
                place.field, place.load(key.payload, at: 0),
                mask: isMasked ? place.load(key.payload, at: header.structureSize) : nil)
        }
        return .set(HeaderSet(header, changes))
    }
}

extension VLANTag {
    /// With the bit that says that there is a tag, as in keys.
    fileprivate init(_ action: ovs_action_push_vlan) {
        self.init(
            tpid: UInt16(bigEndian: action.vlan_tpid), tci: UInt16(bigEndian: action.vlan_tci))
    }
}

extension TunnelKey {
    /// Nil without a destination, or with options other than OVN's and ERSPAN's of version 1.
    fileprivate init?(_ attributes: AttributeReader) {
        let scratch = FlowScratch(count: 1)
        let key = scratch[0]
        let decoder = TunnelKeyDecoder(values: key, isMask: false)
        var erspanIndex: UInt32?
        for attribute in attributes {
            guard attribute.type == Int(OVS_TUNNEL_KEY_ATTR_ERSPAN_OPTS.rawValue) else {
                decoder.decode(attribute)
                continue
            }
            guard let index = ERSPANBytes.index(attribute.payload) else { return nil }
            erspanIndex = index
        }
        guard key[.tunnelFamily] != TunnelFamily.none,
            key[.tunnelOptions] != TunnelOptions.foreign, key[.tunnelSourcePort] == 0,
            erspanIndex == nil || key[.tunnelOptions] == TunnelOptions.none
        else { return nil }
        let source = key[wide: .tunnelSource]
        self.init(
            id: key[.tunnelID],
            source: source == 0 ? nil : IPAddress(source, family: key[.tunnelFamily]),
            destination: IPAddress(key[wide: .tunnelDestination], family: key[.tunnelFamily]),
            tos: UInt8(key[.tunnelTOS]), ttl: UInt8(key[.tunnelTTL]), flags: key[.tunnelFlags],
            destinationPort: UInt16(key[.tunnelDestinationPort]),
            option: key[.tunnelOptions] == TunnelOptions.logical
                ? UInt32(key[.tunnelOption]) : nil, erspanIndex: erspanIndex)
    }
}

extension IPAddress {
    fileprivate init(_ bits: UInt128, family: UInt64) {
        self =
            family == TunnelFamily.ipv4
            ? .v4(IPv4Address(UInt32(truncatingIfNeeded: bits))) : .v6(IPv6Address(bits))
    }
}

// MARK: - Connection tracking

extension ConnectionTracking {
    fileprivate init?(_ attributes: AttributeReader) {
        self.init(zone: 0)
        for attribute in attributes {
            switch UInt32(attribute.type) {
            case OVS_CT_ATTR_COMMIT.rawValue: commit = true
            case OVS_CT_ATTR_ZONE.rawValue: zone = attribute.value() ?? 0
            case OVS_CT_ATTR_MARK.rawValue:
                guard let both = attribute.value(UInt64.self) else { return nil }
                mark = Masked(
                    UInt32(truncatingIfNeeded: both), mask: UInt32(truncatingIfNeeded: both >> 32))
            case OVS_CT_ATTR_LABELS.rawValue:
                guard attribute.payload.count >= 32 else { return nil }
                label = Masked(
                    attribute.payload.loadUnaligned(as: UInt128.self),
                    mask: attribute.payload.loadUnaligned(fromByteOffset: 16, as: UInt128.self))
            case OVS_CT_ATTR_NAT.rawValue:
                guard let decoded = Translation(attribute.nested) else { return nil }
                translation = decoded
            case OVS_CT_ATTR_HELPER.rawValue:
                guard let known = Helper(rawValue: attribute.string) else { return nil }
                helper = known
            // The kernel tells the default too.
            case OVS_CT_ATTR_EVENTMASK.rawValue: continue
            default: return nil
            }
        }
    }
}

extension ConnectionTracking.Translation {
    fileprivate init?(_ attributes: AttributeReader) {
        self.init()
        var addressBounds: (IPAddress?, IPAddress?)
        var portBounds: (UInt16?, UInt16?)
        for attribute in attributes {
            switch UInt32(attribute.type) {
            case OVS_NAT_ATTR_SRC.rawValue: direction = .source
            case OVS_NAT_ATTR_DST.rawValue: direction = .destination
            case OVS_NAT_ATTR_IP_MIN.rawValue: addressBounds.0 = IPAddress(attribute.payload)
            case OVS_NAT_ATTR_IP_MAX.rawValue: addressBounds.1 = IPAddress(attribute.payload)
            case OVS_NAT_ATTR_PROTO_MIN.rawValue: portBounds.0 = attribute.value()
            case OVS_NAT_ATTR_PROTO_MAX.rawValue: portBounds.1 = attribute.value()
            case OVS_NAT_ATTR_PROTO_RANDOM.rawValue: isRandom = true
            default: return nil
            }
        }
        guard Self.isOrdered(addressBounds), Self.isOrdered(portBounds) else { return nil }
        addresses = addressBounds.0.map { $0...(addressBounds.1 ?? $0) }
        ports = portBounds.0.map { $0...(portBounds.1 ?? $0) }
    }

    /// The upper bound is not below the lower one, and not alone.
    private static func isOrdered<Bound: Comparable>(_ bounds: (Bound?, Bound?)) -> Bool {
        guard let upper = bounds.1 else { return true }
        guard let lower = bounds.0 else { return false }
        return lower <= upper
    }
}
