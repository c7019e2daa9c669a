import Netlink

// Limits of connections, as an operator asks for them.

extension KernelDriver {
    /// The default first.
    ///
    /// - Parameter zones: nil for all that have a limit of their own.
    func connectionLimits(of zones: [UInt16]?) throws(NetlinkError) -> [ConntrackLimit] {
        try control.conntrackLimits(of: zones, in: datapath)
    }

    func setConnectionLimits(_ limits: [ConntrackLimit]) throws(NetlinkError) {
        try control.setConntrackLimits(limits, in: datapath)
    }

    /// - Parameter zones: nil stands for the default.
    func removeConnectionLimits(_ zones: [UInt16?]) throws(NetlinkError) {
        try control.removeConntrackLimits(zones: zones, in: datapath)
    }
}
