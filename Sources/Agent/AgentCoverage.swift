import Linux

/// What an agent counts for `coverage/show`, under the names that operators know from
/// ovn-controller(8) and ovs-vswitchd(8).
enum AgentCoverage {
    /// Compilations of changed logical flows, and of where ports are.
    static let flowRuns = CoverageCounter("lflow_run")
    static let physicalRuns = CoverageCounter("physical_run")
    /// Packets that the datapath handed up.
    static let packetsIn = CoverageCounter("pinctrl_total_pin_pkts")
    /// Times that a port's queue of such packets was full.
    static let overflows = CoverageCounter("netlink_overflow")
    static let puts = CoverageCounter("dpif_flow_put")
    static let refusedPuts = CoverageCounter("dpif_flow_put_error")
    static let deletions = CoverageCounter("dpif_flow_del")
    static let executions = CoverageCounter("dpif_execute")
    /// Packets on their way that the kernel did not take.
    static let refusedPackets = CoverageCounter("dpif_execute_error")
}
