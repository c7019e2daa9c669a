// How often the agent may do for a port what the kernel can't: one limit for each class of work. The
// text is that of `control_limits` in Port_Binding.options and SB_Global.options, an extension:
// CLASS=RATE[/BURST][,CLASS=RATE[/BURST]...], packets per second.

/// What flows ask of the agent instead of the kernel.
package enum ControlClass: String, CaseIterable, Hashable, Sendable {
    /// Questions for neighbours, and answers to them.
    case question, answer
    /// ICMP errors.
    case error
    /// TCP resets and SCTP ABORTs.
    case reset
    case dhcp, dns
    /// Router advertisements.
    case ra
    case multicast
    /// Health checks.
    case check
    /// Control packets of BFD sessions.
    case bfd
    /// Controller events.
    case event
    case log
    /// Packets of no flow that the kernel has: of everything that a port sends.
    case miss
}

package struct ControlLimits: Hashable, Sendable {
    package struct Limit: Hashable, Sendable {
        package let perSecond: Int64
        package let burst: Int64

        package init(perSecond: Int64, burst: Int64) {
            self.perSecond = perSecond
            self.burst = burst
        }
    }

    package private(set) var limits: [ControlClass: Limit] = [:]

    package init() {}

    /// What can't be understood is told to `report` and left out. Without a burst it is twice the
    /// rate.
    package init(parsing text: String, report: (_ reason: String) -> Void = { _ in }) {
        for entry in text.split(separator: ",") {
            let parts = entry.split(separator: "=", omittingEmptySubsequences: false)
            let name = parts[0].filter { $0 != " " }
            guard parts.count == 2, let kind = ControlClass(rawValue: name),
                let limit = Limit(parsing: parts[1])
            else {
                report("no class and rate: \"\(entry)\"")
                continue
            }
            limits[kind] = limit
        }
    }

    package subscript(kind: ControlClass) -> Limit? { limits[kind] }
}

extension ControlLimits.Limit {
    /// `RATE` or `RATE/BURST`.
    fileprivate init?(parsing text: Substring) {
        let numbers = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(numbers.count), let rate = UInt32(numbers[0]), rate > 0
        else { return nil }
        let burst = numbers.count == 2 ? UInt32(numbers[1]).map(Int64.init) : Int64(rate) * 2
        guard let burst, burst > 0 else { return nil }
        self.init(perSecond: Int64(rate), burst: burst)
    }
}
