import AgentCore
import Netlink

// Limits on what workloads send, at the ingress of their devices.

/// A device's limit after the last pass.
struct AppliedLimit: Hashable {
    let index: Int32
    let limit: IngressLimit
}

extension KernelDriver {
    /// Brings the limits of the bridges' devices to what is wanted. What an earlier run has left is
    /// replaced or taken away at the first pass; what another program has taken away or altered is
    /// put back.
    ///
    /// - Returns: what could not be done.
    func police(_ wanted: [String: IngressLimit]) -> [String] {
        var problems: [String] = []
        for (name, device) in ports.interfaces.sorted(by: { $0.key < $1.key }) {
            let index = Int32(truncatingIfNeeded: device.interfaceIndex)
            do {
                try police(name, index, wanted[name])
            } catch {
                appliedLimits[name] = nil
                problems.append("Interface \(name): its ingress policing is not kept: \(error)")
            }
        }
        appliedLimits = appliedLimits.filter { ports.interfaces[$0.key] != nil }
        policedDevices = policedDevices.filter { ports.interfaces[$0.key] != nil }
        return problems
    }

    private func police(
        _ name: String, _ index: Int32, _ wanted: IngressLimit?
    ) throws(NetlinkError) {
        let isNew = policedDevices[name] != index
        let new = wanted.map { AppliedLimit(index: index, limit: $0) }
        if let new {
            let isApplied = !isNew && new == appliedLimits[name]
            let rates = new.limit.rates
            if isApplied {
                if try route.policing(linkIndex: index) == rates.map(\.parameters) { return }
                divergences.append(Divergence(.policingAltered, name))
            }
            try route.setPolicing(linkIndex: index, rates)
        } else if appliedLimits[name] != nil || isNew, try route.policing(linkIndex: index) != nil {
            try route.removePolicing(linkIndex: index)
        }
        appliedLimits[name] = new
        policedDevices[name] = index
    }

    /// Takes away what this agent has made.
    func removePolicing() throws(NetlinkError) {
        for applied in appliedLimits.values where try route.link(index: applied.index) != nil {
            try route.removePolicing(linkIndex: applied.index)
        }
        appliedLimits = [:]
    }
}

extension IngressLimit {
    fileprivate var rates: [PolicingRate] {
        let bytes = bytes.map { PolicingRate(.bytes, perSecond: $0.perSecond, burst: $0.burst) }
        let packets = packets.map {
            PolicingRate(.packets, perSecond: $0.perSecond, burst: $0.burst)
        }
        return [bytes, packets].compactMap { $0 }
    }
}
