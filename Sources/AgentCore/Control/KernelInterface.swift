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
    /// How often the carrier came or went since the device was made.
    package var carrierChanges = 0
    package var driver = InterfaceDriver()

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

/// What a driver says of its device and link, as far as it says anything.
package struct InterfaceDriver: Hashable, Sendable {
    /// Interface.status: `driver_name`, `driver_version`, `firmware_version`.
    package var status: [String: String] = [:]
    /// Bits per second.
    package var speed: Int?
    package var isFullDuplex: Bool?

    package init() {}

    package init(
        name: String, version: String, firmware: String, speed: Int?, isFullDuplex: Bool?
    ) {
        status = [
            "driver_name": name, "driver_version": version, "firmware_version": firmware,
        ]
        self.speed = speed
        self.isFullDuplex = isFullDuplex
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
    /// Those of mirrors.
    package var mirrors: [MirrorDevice: UInt32] = [:]

    package init() {}
}
