/// How many flows the kernel may have, and how long one without packets stays: what administrators tell
/// ovs-vswitchd (ovs-vswitchd.conf.db(5), Open_vSwitch.other_config).
package struct FlowKeeping: Hashable, Sendable {
    /// `flow-limit`
    package var flows: Int
    /// `max-idle`
    package var idle: Milliseconds
    /// Values that can't be used, each as a text that names its key.
    package let problems: [String]

    package static let shortestIdle: Milliseconds = 500

    package init(otherConfig: [String: String] = [:]) {
        let limits = MegaflowTable.Limits()
        var problems: [String] = []
        func number(_ key: String, _ range: ClosedRange<Int64>, absent: Int64) -> Int64 {
            guard let text = otherConfig[key], !text.isEmpty else { return absent }
            if let value = Int64(text), range.contains(value) { return value }
            problems.append(
                """
                Open_vSwitch.other_config:\(key) "\(text)": no number from \(range.lowerBound) to \
                \(range.upperBound); \(absent) is taken
                """)
            return absent
        }
        let most = Int64(UInt32.max)
        flows = Int(number("flow-limit", 1...most, absent: Int64(limits.flows)))
        idle = number("max-idle", Self.shortestIdle...most, absent: Milliseconds(limits.idle))
        self.problems = problems
    }
}
