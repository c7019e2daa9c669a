// Copies of what a port's interface sends and receives (ovn-nb(5), Mirror, types local, gre and erspan):
// to an interface of this host, or through a tunnel to an address. A packet has one copy for each
// receiver, however many of its ports are mirrored to that one.
//
// Mirrors of type lport are flows of the pipelines.

import Datapath
import OVSDBModel
import Schemas
import Wire

/// A flow-based device of this host for copies to other hosts.
package enum MirrorDevice: String, Hashable, Sendable, CaseIterable, Comparable {
    case gre
    case gre6 = "ip6gre"
    case erspan
    case erspan6 = "ip6erspan"

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

package struct PortMirror: Hashable, Sendable {
    package enum Receiver: Hashable, Sendable {
        case port(UInt32)
        /// - Parameter key: of GRE (RFC 2890).
        case tunnel(vport: UInt32, remote: IPAddress, key: UInt32)
        /// - Parameter index: of ERSPAN version 1, and the session, as far as its ten bits go.
        ///   (ovs-vswitchd sends the number that the index's decimal digits are in hexadecimal.)
        case erspan(vport: UInt32, remote: IPAddress, index: UInt32)
    }

    /// The largest index that an ERSPAN header has room for.
    static let largestIndex: UInt32 = 0xf_ffff

    package let name: String
    package let receiver: Receiver
    /// Of what the interface sends.
    package let copiesSent: Bool
    /// Of what the interface gets.
    package let copiesReceived: Bool

    package init(name: String, receiver: Receiver, copiesSent: Bool, copiesReceived: Bool) {
        self.name = name
        self.receiver = receiver
        self.copiesSent = copiesSent
        self.copiesReceived = copiesReceived
    }

    var target: OutputList.Target {
        switch receiver {
        case .port(let vport): .port(vport)
        case .tunnel(let vport, let remote, let key):
            .tunnel(
                vport,
                TunnelKey(
                    id: UInt64(key), destination: remote, flags: TunnelFlag.dontFragment))
        case .erspan(let vport, let remote, let index):
            .tunnel(
                vport,
                TunnelKey(
                    id: UInt64(index), destination: remote, flags: TunnelFlag.dontFragment,
                    erspanIndex: index))
        }
    }
}

/// The mirrors of the interfaces here, by kernel port, and what they need.
struct MirrorPlan {
    private(set) var byInterface: [UInt32: [PortMirror]] = [:]
    private(set) var devices: Set<MirrorDevice> = []
    private(set) var problems: [String] = []

    init(_ inputs: PhysicalInputs) {
        for (uuid, row) in inputs.ports where !row.mirrorRules.isEmpty {
            guard let interface = inputs.claims[uuid]?.interface else { continue }
            for mirror in row.mirrorRules.sorted().compactMap({ inputs.mirrors[$0] }) {
                guard let receiver = receiver(of: mirror, inputs) else { continue }
                byInterface[interface.vport, default: []].append(
                    PortMirror(
                        name: mirror.name, receiver: receiver,
                        copiesSent: mirror.filter != SB.Mirror.filterToLport,
                        copiesReceived: mirror.filter != SB.Mirror.filterFromLport))
            }
        }
    }

    private mutating func receiver(
        of mirror: SB.Mirror, _ inputs: PhysicalInputs
    ) -> PortMirror.Receiver? {
        switch mirror.type {
        case SB.Mirror.typeLport: return nil
        case SB.Mirror.typeLocal: return inputs.mirrorPorts[mirror.sink].map { .port($0) }
        case SB.Mirror.typeGre:
            guard let remote = remote(of: mirror) else { return nil }
            return vport(remote.v4 == nil ? .gre6 : .gre, inputs).map {
                .tunnel(vport: $0, remote: remote, key: UInt32(truncatingIfNeeded: mirror.index))
            }
        case SB.Mirror.typeErspan:
            guard let remote = remote(of: mirror), let index = index(of: mirror) else { return nil }
            return vport(remote.v4 == nil ? .erspan6 : .erspan, inputs).map {
                .erspan(vport: $0, remote: remote, index: index)
            }
        default:
            problem("Mirror \(mirror.name): type \"\(mirror.type)\" is not supported")
            return nil
        }
    }

    private mutating func remote(of mirror: SB.Mirror) -> IPAddress? {
        let remote = IPAddress(parsing: mirror.sink)
        if remote == nil {
            problem("Mirror \(mirror.name): sink \"\(mirror.sink)\" is no address")
        }
        return remote
    }

    private mutating func index(of mirror: SB.Mirror) -> UInt32? {
        guard let index = UInt32(exactly: mirror.index), index <= PortMirror.largestIndex else {
            problem(
                "Mirror \(mirror.name): index \(mirror.index) is not within 0 and "
                    + "\(PortMirror.largestIndex)")
            return nil
        }
        return index
    }

    /// Nil until the device is there.
    private mutating func vport(_ device: MirrorDevice, _ inputs: PhysicalInputs) -> UInt32? {
        devices.insert(device)
        return inputs.mirrorDevices[device]
    }

    private mutating func problem(_ text: String) {
        if !problems.contains(text) { problems.append(text) }
    }
}
