import AgentCore
import Netlink

extension KernelDriver {
    /// Brings the bridges' devices to the MTUs that their rows and their bridges' ports ask for.
    ///
    /// - Returns: what could not be done.
    func keepMTUs(_ plan: BridgePlan) -> [String] {
        let altered = mtus.keep(plan, &ports.interfaces) { device, mtu in
            setMTU(mtu, of: device)
        }
        divergences += altered.map { Divergence(.mtuAltered, $0) }
        return mtus.problems
    }

    private func setMTU(_ mtu: Int, of device: KernelInterface) -> MTUKeeper.Answer {
        let index = Int32(truncatingIfNeeded: device.interfaceIndex)
        do {
            try route.setMTU(UInt32(clamping: mtu), index: index)
            return .has(try route.link(index: index).map { Int($0.mtu) } ?? mtu)
        } catch {
            return .refused(error.description)
        }
    }
}
