import AgentCore
import Datapath
import Netlink

/// What operators can tell the datapath thread about its flows, and what it tells them.
struct FlowSupervision {
    var limits = MegaflowTable.Limits()
    /// Flows are neither listed nor compared with the kernel's, and none goes for being idle. What
    /// changes in the configuration still changes them.
    var isPaused = false
    private var average = 0
    private var maximum = 0
    /// How long the last list took.
    private var duration: Milliseconds = 0

    /// After a list of the kernel's flows.
    mutating func note(flows: Int, duration: Milliseconds) {
        maximum = max(maximum, flows)
        average = (average + flows) / 2
        self.duration = duration
    }

    /// `upcall/show` of ovs-vswitchd(8). One thread serves all flows.
    func text(flows: Int) -> String {
        """
        system@\(KernelDriver.datapathName):
          flows         : (current \(flows)) (avg \(average)) (max \(maximum)) \
        (limit \(limits.flows))
          dump duration : \(duration)ms
          ufid enabled : true

          0: (keys \(flows))

        """
    }
}

/// Which flows are listed, and how.
struct FlowListing: Sendable {
    var hasIdentifiers = false
    var hasNames = false
    /// Kernel ports by which packets come in; nil for all.
    var ports: Set<UInt32>?
    var filter = FlowFilter()

    func covers(_ flow: Megaflow) -> Bool {
        if let ports, !ports.contains(UInt32(truncatingIfNeeded: flow.key[.inputPort])) {
            return false
        }
        return filter.covers(flow)
    }
}

extension KernelFeatures {
    /// `dpif/show-dp-features` of ovs-vswitchd(8), with its words where it has one.
    var table: String {
        let always = [("Masked set action", "Yes"), ("Ufid", "Yes"), ("Recirc", "Yes")]
        let asked: [(String, Feature)] = [
            ("Truncate action", .truncate), ("Clone action", .clone), ("Sample action", .sample),
            ("Conntrack clear", .clearTracking), ("Check pkt length action", .checkLength),
            ("Decrement TTL action", .decrementTTL), ("CT state", .connectionTracking),
            ("CT state NAT", .addressTranslation), ("CT orig tuple", .originalTuple),
            ("Psample action", .localSample),
        ]
        let numbers = [
            ("Max VLAN headers", has(.twoTags) ? "2" : "1"),
            ("Max meters", "\(meterLimits.meters)"),
        ]
        let lines = always + asked.map { ($0.0, has($0.1) ? "Yes" : "No") } + numbers
        return lines.map { "\($0.0): \($0.1)\n" }.joined()
    }
}
