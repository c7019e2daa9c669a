// What is shown of interfaces and does not follow from the state of the moment: the numbers that
// ports were given, and how often links changed since this agent first saw them.

package struct InterfaceHistory: Hashable, Sendable {
    private var numbers: [String: PortNumbers] = [:]
    private var resets = LinkResets()

    package init() {}

    /// - Returns: nil when every number of the bridge is taken.
    mutating func number(of planned: PlannedInterface, existing: Int?) -> Int? {
        if planned.isLocal { return BridgePlan.localNumber }
        return numbers[planned.bridge, default: PortNumbers()].number(
            for: planned.name, requested: planned.requestedNumber, existing: existing)
    }

    mutating func resets(of device: KernelInterface) -> Int { resets.count(of: device) }
}

/// Interface.link_resets: changes of the carrier that Open vSwitch has seen. The kernel counts
/// them from the device's creation, so none that came between two looks is missed.
package struct LinkResets: Hashable, Sendable {
    private struct Baseline: Hashable {
        let interfaceIndex: Int
        let changes: Int
    }

    private var baselines: [String: Baseline] = [:]

    package init() {}

    package mutating func count(of device: KernelInterface) -> Int {
        if let known = baselines[device.name], known.interfaceIndex == device.interfaceIndex {
            return device.carrierChanges - known.changes
        }
        baselines[device.name] = Baseline(
            interfaceIndex: device.interfaceIndex, changes: device.carrierChanges)
        return 0
    }
}
