// A port of the kernel datapath and its network device, as the control thread last saw them.

import Wire

package struct KernelInterface: Hashable, Sendable {
    package let name: String
    /// The port's number in the kernel datapath.
    package let vport: UInt32
    package var interfaceIndex: Int
    package var address: MACAddress
    package var mtu: Int
    /// IFF_UP.
    package var isUp: Bool
    /// IFF_LOWER_UP.
    package var hasCarrier: Bool

    package init(
        name: String, vport: UInt32, interfaceIndex: Int, address: MACAddress, mtu: Int,
        isUp: Bool, hasCarrier: Bool
    ) {
        self.name = name
        self.vport = vport
        self.interfaceIndex = interfaceIndex
        self.address = address
        self.mtu = mtu
        self.isUp = isUp
        self.hasCarrier = hasCarrier
    }
}

/// Why a device could not become a port.
package struct PortFailure: Hashable, Sendable {
    package let name: String
    package let reason: String

    package init(name: String, reason: String) {
        self.name = name
        self.reason = reason
    }
}

/// What the kernel datapath has, by device name.
package struct KernelPorts: Hashable, Sendable {
    package var interfaces: [String: KernelInterface] = [:]
    package var failures: [String: PortFailure] = [:]
    /// The shared tunnel devices.
    package var tunnels: [EncapsulationType: UInt32] = [:]

    package init() {}
}
