import CLinux
import Datapath
import Glibc
import Linux
import Wire

/// What the running kernel's openvswitch can do beyond what every supported one can: read by the
/// translator, printed by `ovn-appctl`, and the reason that a test gives for being skipped.
package struct KernelFeatures: Hashable, Sendable {
    package enum Feature: String, CaseIterable, Comparable, Sendable {
        case connectionTracking, originalTuple, originalTupleIPv6, addressTranslation, clearTracking
        case connectionMark, connectionLabel, eventMask
        case clone, truncate, sample, checkLength, decrementTTL, meter, twoTags, localSample
        /// A hash that is the same for both directions (OVS_HASH_ALG_SYM_L4), and actions for MPLS labels
        /// before any header and for drops with a reason.
        case symmetricHash, addMPLS, explicitDrop

        package static func < (left: Feature, right: Feature) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    /// uname's release, "6.1.0-13-amd64".
    package let release: String
    package let supported: Set<Feature>
    package let meterLimits: MeterLimits

    package func has(_ feature: Feature) -> Bool { supported.contains(feature) }

    /// Asks the kernel by putting and deleting flows that no packet can meet.
    package static func probe(
        _ control: borrowing DatapathControl, _ channel: inout FlowChannel
    ) throws(NetlinkError) -> KernelFeatures {
        let limits = try control.meterLimits(of: channel.datapath)
        var supported: Set<Feature> = limits.meters > 0 ? [.meter] : []
        for feature in Feature.allCases {
            if try has(feature, &channel) { supported.insert(feature) }
        }
        return KernelFeatures(
            release: kernelRelease(), supported: supported, meterLimits: limits)
    }

    /// Asks the kernel for one feature, as `probe` does for all.
    package static func has(
        _ feature: Feature, _ channel: inout FlowChannel
    ) throws(NetlinkError) -> Bool {
        guard let put = try feature.probe else { return false }
        let outcome = channel.perform([.put(put), .delete(put.id)])[0]
        if outcome.isUnknown, let cause = outcome.failure {
            throw NetlinkError("flow probe", place: channel.datapath.name, cause: cause)
        }
        return outcome.isSuccess
    }

    /// Whether there is a datapath at all, or why not; loads the module if it is there.
    package static func reasonForNoDatapath() -> String? {
        do throws(NetlinkError) {
            _ = try DatapathControl.open()
            return nil
        } catch {
            return "kernel \(kernelRelease()) has no openvswitch: \(error)"
        }
    }

    package static func kernelRelease() -> String {
        let bytes = (try? readFile("/proc/sys/kernel/osrelease")) ?? []
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}

extension KernelFeatures: CustomStringConvertible {
    package var description: String {
        let names = supported.sorted().map(\.rawValue).joined(separator: " ")
        return "\(release): \(names)"
    }
}

extension KernelFeatures.Feature {
    /// A flow that only a kernel with the feature takes; nil where another question tells.
    fileprivate var probe: FlowPut? {
        get throws(NetlinkError) {
            guard let actions = try encoded else { return nil }
            var key = FlowKey()
            key[.inputPort] = UInt64(KernelLimits.ports - 1)
            key[.ethernetType] = UInt64(EtherType.ipv4)
            var mask = FlowMask(exact: [.inputPort])
            refine(&key, &mask)
            var put = FlowPut(
                id: FlowID(high: 0, low: 1), key: key, mask: mask, actions: actions)
            put.isProbe = true
            return put
        }
    }

    private func refine(_ key: inout FlowKey, _ mask: inout FlowMask) {
        switch self {
        case .originalTuple, .originalTupleIPv6:
            if self == .originalTupleIPv6 { key[.ethernetType] = UInt64(EtherType.ipv6) }
            key[.ctState] = ConnectionState.tracked
            mask.setExact(.ctState)
            mask.setExact(.ctSource)
        case .twoTags:
            key[.vlanTPID] = 0x88a8
            key[.vlanTCI] = TagControl.present
            key[.innerVLANTPID] = 0x8100
            key[.innerVLANTCI] = TagControl.present
        case .connectionTracking, .addressTranslation, .clearTracking, .clone, .truncate, .sample,
            .checkLength, .decrementTTL, .meter, .localSample, .connectionMark, .connectionLabel,
            .eventMask, .symmetricHash, .addMPLS, .explicitDrop:
            break
        }
    }

    private var encoded: EncodedActions? {
        get throws(NetlinkError) {
            if let raw { return EncodedActions(bytes: raw) }
            guard let actions else { return nil }
            return try EncodedActions(actions)
        }
    }

    private var actions: [DatapathAction]? {
        switch self {
        case .connectionTracking: [.track(ConnectionTracking(zone: 1))]
        case .originalTuple, .originalTupleIPv6, .twoTags: []
        case .connectionMark:
            [.track(ConnectionTracking(zone: 1, commit: true, mark: .init(1, mask: 1)))]
        case .connectionLabel:
            [.track(ConnectionTracking(zone: 1, commit: true, label: .init(1, mask: 1)))]
        case .addressTranslation:
            [
                .track(
                    ConnectionTracking(
                        zone: 1, commit: true,
                        translation: ConnectionTracking.Translation(direction: .source)))
            ]
        case .clearTracking: [.clearTracking]
        case .clone: [.clone([])]
        case .truncate: [.truncate(64)]
        case .sample: [.sample(probability: 1, [.output(1)])]
        case .checkLength: [.checkLength(100, greater: [], lessOrEqual: [])]
        case .decrementTTL: [.decrementTTL(exceeded: [])]
        case .localSample: [.localSample(group: 1, cookie: [])]
        case .meter, .eventMask, .symmetricHash, .addMPLS, .explicitDrop: nil
        }
    }

    /// Actions that no flow of this agent has, as the kernel reads them.
    private var raw: [UInt8]? {
        switch self {
        case .eventMask:
            Self.attribute(
                Int(OVS_ACTION_ATTR_CT.rawValue),
                Self.attribute(Int(OVS_CT_ATTR_EVENTMASK.rawValue), Self.bytes(of: UInt32(1))))
        case .symmetricHash:
            Self.attribute(
                Int(OVS_ACTION_ATTR_HASH.rawValue),
                Self.bytes(of: ovs_action_hash(hash_alg: Self.symmetricL4, hash_basis: 0)))
        case .addMPLS:
            Self.attribute(
                Int(OVS_ACTION_ATTR_ADD_MPLS.rawValue),
                Self.bytes(
                    of: ovs_action_add_mpls(
                        mpls_lse: 0, mpls_ethertype: UInt16(ETH_P_MPLS_UC).bigEndian,
                        tun_flags: Self.behindEthernet)))
        case .explicitDrop: Self.attribute(Self.drop, Self.bytes(of: UInt32(0)))
        case .connectionTracking, .originalTuple, .originalTupleIPv6, .addressTranslation,
            .clearTracking, .connectionMark, .connectionLabel, .clone, .truncate, .sample,
            .checkLength, .decrementTTL, .meter, .twoTags, .localSample:
            nil
        }
    }

    // OVS_HASH_ALG_SYM_L4, OVS_ACTION_ATTR_DROP and OVS_MPLS_L3_TUNNEL_FLAG_MASK of
    // linux/openvswitch.h, for the first two of which the headers of a system may be too old.
    private static let symmetricL4: UInt32 = 1
    private static let drop = 24
    private static let behindEthernet: UInt16 = 1

    private static func bytes(of value: some BitwiseCopyable) -> [UInt8] {
        withUnsafeBytes(of: value) { Array($0) }
    }

    /// A struct nlattr with its payload, padded.
    private static func attribute(_ type: Int, _ payload: [UInt8]) -> [UInt8] {
        let whole =
            bytes(of: UInt16(4 + payload.count)) + bytes(of: UInt16(truncatingIfNeeded: type))
            + payload
        return whole + [UInt8](repeating: 0, count: -whole.count & 3)
    }
}
