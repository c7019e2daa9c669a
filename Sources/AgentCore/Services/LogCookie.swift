import LogicalFlow
import Pipeline
import Wire

// ACL log. The kernel sends a copy of a logged packet up and forwards the packet itself; everything
// that the line needs beside the packet travels in the copy's cookie, so a flow of an earlier run
// still logs. Scripts read the line: it is ovn-controller's to the letter.

package struct LogCookie: Hashable, Sendable {
    package let name: String?
    package let verdict: Action.LogEntry.Verdict
    package let severity: Action.LogEntry.Severity
    package let direction: Stage.Pipeline

    /// A name and a version.
    private static let tag: [UInt8] = Array("ovn-log1".utf8)

    package init(_ entry: Action.LogEntry, _ direction: Stage.Pipeline) {
        name = entry.name
        verdict = entry.verdict
        severity = entry.severity
        self.direction = direction
    }

    /// Nil for another kind of cookie.
    package init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard reader.bytes(Self.tag.count) == Self.tag,
            let verdict = reader.uint8(), let severity = reader.uint8(),
            let direction = reader.uint8(),
            Int(verdict) < Action.LogEntry.Verdict.allCases.count,
            Int(severity) < Action.LogEntry.Severity.allCases.count
        else { return nil }
        let name = reader.rest()
        self.name = name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
        self.verdict = Action.LogEntry.Verdict.allCases[Int(verdict)]
        self.severity = Action.LogEntry.Severity.allCases[Int(severity)]
        self.direction = direction == 0 ? .ingress : .egress
    }

    package var encoded: [UInt8] {
        let verdict = Action.LogEntry.Verdict.allCases.firstIndex(of: verdict) ?? 0
        let severity = Action.LogEntry.Severity.allCases.firstIndex(of: severity) ?? 0
        return Self.tag
            + [UInt8(verdict), UInt8(severity), direction == .ingress ? 0 : 1]
            + Array((name ?? "").utf8)
    }

    /// `name="…", verdict=…, severity=…, direction=…: ` and the packet as ovs-ofctl(8) writes it.
    package func line(_ packet: String) -> String {
        "name=\"\(name ?? "<unnamed>")\", verdict=\(verdict), severity=\(severity), "
            + "direction=\(direction == .ingress ? "from-lport" : "to-lport"): \(packet)"
    }
}
