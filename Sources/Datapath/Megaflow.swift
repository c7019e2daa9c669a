import Wire

/// The identifier of a kernel flow: 128 bits that the one who puts it chooses
/// (OVS_FLOW_ATTR_UFID).
package struct FlowID: Hashable, Comparable, Sendable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func < (left: FlowID, right: FlowID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension FlowID: CustomStringConvertible {
    /// As dpctl prints it: 8-4-4-4-12 digits.
    package var description: String {
        let digits = hexadecimal(high, digits: 16) + hexadecimal(low, digits: 16)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text += "-" }
            text.append(digit)
        }
        return text
    }
}

/// What the kernel counts for a flow.
package struct FlowStatistics: Hashable, Sendable {
    package var packets: UInt64
    package var bytes: UInt64
    /// All TCP flags seen.
    package var tcpFlags: UInt8
    /// Milliseconds on the monotonic clock; nil before the first packet.
    package var used: UInt64?

    package init(packets: UInt64 = 0, bytes: UInt64 = 0, tcpFlags: UInt8 = 0, used: UInt64? = nil) {
        self.packets = packets
        self.bytes = bytes
        self.tcpFlags = tcpFlags
        self.used = used
    }
}

/// A flow in a kernel datapath.
package struct Megaflow: Hashable, Sendable {
    /// Nil for a flow that was put without one.
    package var id: FlowID?
    package var key: FlowKey
    package var mask: FlowMask
    package var actions: [DatapathAction]
    package var statistics: FlowStatistics

    package init(
        id: FlowID?, key: FlowKey, mask: FlowMask, actions: [DatapathAction],
        statistics: FlowStatistics = FlowStatistics()
    ) {
        self.id = id
        self.key = key
        self.mask = mask
        self.actions = actions
        self.statistics = statistics
    }
}

extension FlowText {
    /// One line of `dpctl/dump-flows`. `now` is on the clock of `statistics.used`, milliseconds.
    package func line(_ flow: Megaflow, now: UInt64, withID: Bool = false) -> String {
        let statistics = flow.statistics
        var text = ""
        if withID, let id = flow.id { text += "ufid:\(id), " }
        text += key(flow.key, mask: flow.mask)
        text += ", packets:\(statistics.packets), bytes:\(statistics.bytes), used:"
        if let used = statistics.used {
            let age = now >= used ? now - used : 0
            let fraction = String(age % 1000)
            text += "\(age / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
            text += "s"
        } else {
            text += "never"
        }
        if statistics.tcpFlags != 0 { text += ", flags:\(tcpLetters(statistics.tcpFlags))" }
        return text + ", actions:\(actions(flow.actions))"
    }

    /// One letter per flag, a dot for ACK.
    private func tcpLetters(_ flags: UInt8) -> String {
        let letters: [Character] = ["F", "S", "R", "P", ".", "U", "E", "C"]
        return String(letters.indices.filter { flags >> UInt8($0) & 1 == 1 }.map { letters[$0] })
    }
}
