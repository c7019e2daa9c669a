import CLinux
import Datapath
import Glibc
import Linux
import Wire

/// What the running kernel's openvswitch can do beyond what every supported one can: read by the
/// translator, printed by `ovn-appctl`, and the reason that a test gives for being skipped.
package struct KernelFeatures: Hashable, Sendable {
    package enum Feature: String, CaseIterable, Comparable, Sendable {
        case connectionTracking, originalTuple, addressTranslation, clearTracking
        case clone, truncate, sample, checkLength, decrementTTL, meter, twoTags, localSample

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
            guard let actions else { return nil }
            var key = FlowKey()
            key[.inputPort] = UInt64(KernelLimits.ports - 1)
            key[.ethernetType] = UInt64(EtherType.ipv4)
            var mask = FlowMask(exact: [.inputPort])
            refine(&key, &mask)
            var put = FlowPut(
                id: FlowID(high: 0, low: 1), key: key, mask: mask,
                actions: try EncodedActions(actions))
            put.isProbe = true
            return put
        }
    }

    private func refine(_ key: inout FlowKey, _ mask: inout FlowMask) {
        switch self {
        case .originalTuple:
            key[.ctState] = ConnectionState.tracked
            mask.setExact(.ctState)
            mask.setExact(.ctSource)
        case .twoTags:
            key[.vlanTPID] = 0x88a8
            key[.vlanTCI] = TagControl.present
            key[.innerVLANTPID] = 0x8100
            key[.innerVLANTCI] = TagControl.present
        case .connectionTracking, .addressTranslation, .clearTracking, .clone, .truncate, .sample,
            .checkLength, .decrementTTL, .meter, .localSample:
            break
        }
    }

    private var actions: [DatapathAction]? {
        switch self {
        case .connectionTracking: [.track(ConnectionTracking(zone: 1))]
        case .originalTuple, .twoTags: []
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
        case .meter: nil
        }
    }
}
