// The seam between the agent's datapath thread and what forwards packets: flows, packets on their
// way, meters. The kernel's side of it is `KernelFlows`; the model of the kernel in `Datapath` can
// stand there too, so that the thread's decisions are tested without a kernel.

import AgentCore
import Netlink

/// A datapath as the thread that owns it uses it.
///
/// What every conformer keeps: operations are done in order, each with one outcome; a flow that is
/// listed is one that packets get; what is deleted tells its last counts.
protocol FlowDatapath: AnyObject {
    /// An outcome may be unknown (`FlowOutcome.isUnknown`).
    func perform(_ operations: [FlowOperation]) -> [FlowOutcome]

    /// Hands over every flow, those of others included.
    func forEachFlow(
        _ detail: FlowChannel.Detail, _ body: (FlowRecord) -> Void
    ) throws(NetlinkError)

    func deleteAllFlows() throws(NetlinkError)

    /// What the kernel takes.
    func features() throws(NetlinkError) -> KernelFeatures

    /// How many meters there may be; zero if there are none.
    var meterLimit: Int { get }

    /// Makes a meter, or gives one that is there another rate.
    func setMeter(_ number: UInt32, to rate: MeterRate) throws(NetlinkError)

    /// Whether there is such a meter.
    func hasMeter(_ number: UInt32) throws(NetlinkError) -> Bool

    func deleteMeter(_ number: UInt32) throws(NetlinkError)
}
