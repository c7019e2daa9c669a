import AgentCore
import Netlink

// The datapath's meters, in step with those that translations have asked for. A meter that can't be
// made is reported; the kernel lets packets through a meter that it does not have.

extension DatapathLoop {
    /// Before a flow names a meter, the datapath has it.
    func makeMeters() {
        for (number, rate) in translator.meters.takePending() {
            do {
                try flows.setMeter(number, to: rate)
            } catch {
                guard case .exchange = error.cause else {
                    report(.problem("meter: \(error)"))
                    continue
                }
                translator.meters.makeAgain(number)
                doubtFlows("meter: \(error)")
            }
        }
    }

    /// Meters that no flow names any more go.
    func collectMeters() {
        guard translator.meters.count > 0, let used = table?.meterNumbers else { return }
        for number in translator.meters.collect(used: used) {
            do {
                try flows.deleteMeter(number)
            } catch {
                report(.problem("meter: \(error)"))
            }
        }
    }
}
