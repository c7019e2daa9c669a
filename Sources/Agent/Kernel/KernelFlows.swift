import AgentCore
import Netlink

/// The kernel's datapath, for the thread that owns its flows.
final class KernelFlows: FlowDatapath {
    private var channel: FlowChannel
    private let control: DatapathControl
    private let datapath: KernelDatapath
    /// None before Linux 4.15.
    let meterLimit: Int
    /// The kernel's release if it has no action psample (before Linux 6.11).
    let releaseWithoutLocalSamples: String?

    /// Opens channels in the network namespace of the calling thread.
    init(_ datapath: KernelDatapath, _ families: DatapathFamilies) throws(NetlinkError) {
        channel = try FlowChannel.open(datapath, families)
        control = try DatapathControl.open()
        self.datapath = datapath
        let hasLocalSamples = try KernelFeatures.has(.localSample, &channel)
        releaseWithoutLocalSamples = hasLocalSamples ? nil : KernelFeatures.kernelRelease()
        meterLimit = Int(try control.meterLimits(of: datapath).meters)
    }

    func perform(_ operations: [FlowOperation]) -> [FlowOutcome] {
        channel.perform(operations)
    }

    func forEachFlow(
        _ detail: FlowChannel.Detail, _ body: (FlowRecord) -> Void
    ) throws(NetlinkError) {
        try channel.forEachFlow(detail, body)
    }

    func features() throws(NetlinkError) -> KernelFeatures {
        try KernelFeatures.probe(control, &channel)
    }

    func deleteAllFlows() throws(NetlinkError) { try channel.deleteAllFlows() }

    func setMeter(_ number: UInt32, to rate: MeterRate) throws(NetlinkError) {
        let unit: Meter.Unit =
            switch rate.unit {
            case .packetsPerSecond: .packetsPerSecond
            case .kilobitsPerSecond: .kilobitsPerSecond
            }
        try control.setMeter(
            number,
            to: Meter(unit: unit, bands: [.init(rate: rate.rate, burst: rate.burst)]),
            in: datapath)
    }

    func hasMeter(_ number: UInt32) throws(NetlinkError) -> Bool {
        try control.meterStatistics(number, in: datapath) != nil
    }

    func deleteMeter(_ number: UInt32) throws(NetlinkError) {
        try control.deleteMeter(number, in: datapath)
    }
}
