// A bridge that is not the integration bridge: a learning switch with VLANs, as ovs-vswitchd makes
// one with its NORMAL action (ovs-vswitchd.conf.db(5), tables Bridge and Port).
//
// A logical switch that reaches a physical network (localnet, l2gateway) is one more port of it. So
// a packet goes from a workload to a network card in one translation, and comes back likewise.

import Wire

/// Which VLANs a port of a bridge has, and in which form.
package struct VLANMembership: Hashable, Sendable {
    package enum Mode: Hashable, Sendable {
        case trunk, access, nativeTagged, nativeUntagged
        /// Each frame gets the VLAN's tag, in front of those that it has.
        case stacked
    }

    package let mode: Mode
    /// The VLAN of frames without a tag; 0 on a trunk.
    package let tag: UInt16
    /// Ascending; empty for all.
    package let trunks: [UInt16]
    /// The type of the tag that stacked frames get.
    package let tagType: UInt16

    private init(
        _ mode: Mode, _ tag: UInt16, _ trunks: [UInt16], tagType: UInt16 = EtherType.vlan
    ) {
        self.mode = mode
        self.tag = tag
        self.trunks = trunks
        self.tagType = tagType
    }

    package static func access(_ tag: UInt16) -> VLANMembership { .init(.access, tag, []) }

    package static func stacked(_ tag: UInt16, type: UInt16) -> VLANMembership {
        .init(.stacked, tag, [], tagType: type)
    }

    /// - Parameter trunks: the VLANs, 0 being that of frames without a tag; empty for all.
    package static func trunk(_ trunks: [UInt16] = []) -> VLANMembership {
        .init(.trunk, 0, trunks.sorted())
    }

    package static func native(
        _ tag: UInt16, isTagged: Bool, trunks: [UInt16] = []
    ) -> VLANMembership {
        .init(isTagged ? .nativeTagged : .nativeUntagged, tag, trunks.sorted())
    }

    /// The VLAN of a frame that comes in; nil if the port refuses it.
    ///
    /// - Parameter number: that of the frame's tag, 0 for none or for one that only has a priority.
    package func vlan(ofReceived number: UInt16) -> UInt16? {
        switch mode {
        case .access: number == 0 ? tag : nil
        case .stacked: tag
        case .trunk: carries(number) ? number : nil
        case .nativeTagged, .nativeUntagged:
            number == 0 ? tag : carries(number) ? number : nil
        }
    }

    package func carries(_ vlan: UInt16) -> Bool {
        switch mode {
        case .access, .stacked: vlan == tag
        case .trunk: trunks.isEmpty || trunks.contains(vlan)
        case .nativeTagged, .nativeUntagged:
            vlan == tag || trunks.isEmpty || trunks.contains(vlan)
        }
    }

    /// The tag of a frame of a VLAN that goes out; nil for none.
    package func sentTag(_ vlan: UInt16) -> UInt16? {
        switch mode {
        case .access, .stacked: nil
        case .trunk, .nativeTagged: vlan == 0 ? nil : vlan
        case .nativeUntagged: vlan == tag ? nil : vlan
        }
    }
}

/// A port of a bridge: one of its own, by name, or the port of a logical switch.
package enum BridgePortName: Hashable, Sendable, Comparable {
    case own(String)
    case logical(PortReference)
}

package struct BridgePort: Hashable, Sendable {
    package enum Way: Hashable, Sendable {
        /// Kernel ports. Packets come in by each, and leave by the first.
        case devices([UInt32])
        /// A port of another bridge.
        case bridge(String, port: String)
        /// A logical port; packets enter its datapath.
        case datapath
    }

    package let name: BridgePortName
    package let membership: VLANMembership
    package let way: Way

    package init(name: BridgePortName, membership: VLANMembership, way: Way) {
        self.name = name
        self.membership = membership
        self.way = way
    }
}

package struct ProviderBridge: Hashable, Sendable {
    package let name: String
    /// By name.
    package private(set) var ports: [BridgePort]
    /// How long a station is remembered that says nothing.
    package let lifetime: Milliseconds
    /// How many stations are remembered.
    package let capacity: Int
    /// Whether frames for addresses that bridges keep for themselves go through (`forward-bpdu`).
    package let forwardsReserved: Bool

    /// Defaults of ovs-vswitchd.conf.db(5).
    package static let standardLifetime: Milliseconds = 300_000
    package static let standardCapacity = 8192

    package init(
        name: String, ports: [BridgePort], lifetime: Milliseconds = standardLifetime,
        capacity: Int = standardCapacity, forwardsReserved: Bool = false
    ) {
        self.name = name
        self.ports = ports.sorted { $0.name < $1.name }
        self.lifetime = lifetime
        self.capacity = capacity
        self.forwardsReserved = forwardsReserved
    }

    package func port(_ name: BridgePortName) -> BridgePort? { ports.first { $0.name == name } }

    package mutating func add(_ port: BridgePort) {
        ports.append(port)
        ports.sort { $0.name < $1.name }
    }
}

/// The port of a bridge at which a kernel port's packets come in.
package struct BridgeInput: Hashable, Sendable {
    package let bridge: String
    package let port: BridgePortName

    package init(bridge: String, port: BridgePortName) {
        self.bridge = bridge
        self.port = port
    }
}
