// The MTUs of bridges' devices (ovs-vswitchd.conf.db(5), Interface, `mtu_request`).
//
// A device whose row asks for an MTU has that one, whoever changes it. A device that the datapath makes
// and whose row asks for none follows its bridge, so that what it sends is not too long for the bridge's
// other ports: it gets the smallest MTU of these whenever that becomes another, and is brought down to it
// when it has a larger one. A smaller one that an administrator has set stays until then.
//
// What the kernel has refused is asked again only when the request or the device has become another.

package struct MTUKeeper {
    /// What became of a change.
    package enum Answer: Hashable, Sendable {
        /// What the device has now.
        case has(Int)
        /// The kernel's text.
        case refused(String)
    }

    private struct Kept: Hashable {
        let interfaceIndex: Int
        let mtu: Int
    }

    private struct Refusal: Hashable {
        let device: KernelInterface
        let wanted: Int
        let text: String
    }

    /// Of a bridge without any other port (ETH_DATA_LEN of linux/if_ether.h).
    private static let standard = 1500

    /// What devices that follow a bridge were given last, by the bridge's name.
    private var limits: [String: Int] = [:]
    /// By device name, as the rest.
    private var kept: [String: Kept] = [:]
    private var refusals: [String: Refusal] = [:]

    package init() {}

    /// Brings the devices to the MTUs that are wanted.
    ///
    /// - Parameters:
    ///   - devices: by name, as the kernel has them; afterwards with their new MTUs.
    ///   - set: asks the kernel for an MTU in bytes without the Ethernet header.
    /// - Returns: the devices whose MTU somebody else had changed.
    package mutating func keep(
        _ plan: BridgePlan, _ devices: inout [String: KernelInterface],
        set: (KernelInterface, Int) -> Answer
    ) -> [String] {
        var altered: [String] = []
        var wanted: [String: Int] = [:]
        for interface in plan.interfaces where interface.hasDevice {
            guard let mtu = interface.requestedMTU, let device = devices[interface.name] else {
                continue
            }
            wanted[interface.name] = mtu
            bring(device, to: mtu, &devices, &altered, set)
        }
        let limits = Self.limits(plan, devices)
        for interface in plan.interfaces where interface.followsItsBridge {
            guard let device = devices[interface.name], let limit = limits[interface.bridge],
                follows(device, limit, isNew: self.limits[interface.bridge] != limit)
            else { continue }
            wanted[interface.name] = limit
            bring(device, to: limit, &devices, &altered, set)
        }
        self.limits = limits
        refusals = refusals.filter { wanted[$0.key] != nil }
        kept = kept.filter { devices[$0.key] != nil }
        return altered
    }

    /// One that the kernel could not bring to the limit stays named.
    private func follows(_ device: KernelInterface, _ limit: Int, isNew: Bool) -> Bool {
        isNew || device.mtu > limit || refusals[device.name]?.wanted == limit
    }

    /// The smallest MTU of each bridge's ports that do not follow it.
    private static func limits(
        _ plan: BridgePlan, _ devices: [String: KernelInterface]
    ) -> [String: Int] {
        var limits: [String: Int] = [:]
        for interface in plan.interfaces where interface.hasDevice && !interface.followsItsBridge {
            guard let device = devices[interface.name] else { continue }
            limits[interface.bridge] = min(limits[interface.bridge] ?? .max, device.mtu)
        }
        for interface in plan.interfaces where limits[interface.bridge] == nil {
            limits[interface.bridge] = standard
        }
        return limits
    }

    private mutating func bring(
        _ device: KernelInterface, to wanted: Int, _ devices: inout [String: KernelInterface],
        _ altered: inout [String], _ set: (KernelInterface, Int) -> Answer
    ) {
        let goal = Kept(interfaceIndex: device.interfaceIndex, mtu: wanted)
        guard device.mtu != wanted else {
            kept[device.name] = goal
            refusals[device.name] = nil
            return
        }
        if let refusal = refusals[device.name], refusal.device == device, refusal.wanted == wanted {
            return
        }
        if kept[device.name] == goal { altered.append(device.name) }
        kept[device.name] = nil
        switch set(device, wanted) {
        case .refused(let text):
            refusals[device.name] = Refusal(device: device, wanted: wanted, text: text)
        case .has(let mtu):
            var changed = device
            changed.mtu = mtu
            devices[device.name] = changed
            kept[device.name] = mtu == wanted ? goal : nil
            refusals[device.name] =
                mtu == wanted
                ? nil : Refusal(device: changed, wanted: wanted, text: "the device keeps \(mtu)")
        }
    }

    /// What the kernel has refused, by device.
    package var problems: [String] {
        refusals.sorted { $0.key < $1.key }.map {
            "Interface \($0.key): its MTU can't be \($0.value.wanted): \($0.value.text)"
        }
    }
}

extension PlannedInterface {
    var hasDevice: Bool { kind == .device || kind == .internalDevice }
    var followsItsBridge: Bool { kind == .internalDevice && requestedMTU == nil }
}
