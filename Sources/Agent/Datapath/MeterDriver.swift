import AgentCore
import Netlink

// The kernel's meters, in step with those that translations have asked for. A meter that can't be
// made is reported; the kernel lets packets through a meter that it does not have.

final class MeterDriver {
    private let control: DatapathControl
    private let datapath: KernelDatapath
    /// How many meters the kernel takes; none before 4.15.
    let limit: Int

    init(_ datapath: KernelDatapath) throws {
        control = try DatapathControl.open()
        self.datapath = datapath
        limit = Int(try control.meterLimits(of: datapath).meters)
    }

    func make(_ number: UInt32, _ rate: MeterRate) throws(NetlinkError) {
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

    func delete(_ number: UInt32) throws(NetlinkError) {
        try control.deleteMeter(number, in: datapath)
    }
}

extension DatapathLoop {
    /// Before a flow names a meter, the kernel has it.
    func makeMeters() {
        for (number, rate) in translator.meters.takePending() {
            do {
                try meters.make(number, rate)
            } catch {
                report(.problem("meter: \(error)"))
            }
        }
    }

    /// Meters that no flow names any more go.
    func collectMeters() {
        guard translator.meters.count > 0, let used = table?.meterNumbers else { return }
        for number in translator.meters.collect(used: used) {
            do {
                try meters.delete(number)
            } catch {
                report(.problem("meter: \(error)"))
            }
        }
    }
}
