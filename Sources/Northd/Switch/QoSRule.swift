import LogicalFlow
import OVSDBModel
import Schemas

/// A QoS rule of ovn-nb(5): marks packets, or drops what exceeds a rate.
package struct QoSRule: SwitchFeature {
    package enum Limits {
        /// A DSCP has six bits (RFC 2474 §3).
        package static let dscp = 63
    }

    package let isIngress: Bool
    package let priority: Int
    package let condition: CMSMatch
    package let actions: [Action]

    /// Fails, after a report, if the match can't be understood.
    package init?(_ row: NB.QoS, report: (_ column: String, _ reason: String) -> Void) {
        do throws(LanguageError) {
            condition = try CMSMatch(parsing: row.match)
        } catch {
            report("match", error.description)
            return nil
        }
        isIngress = row.direction == "from-lport"
        priority = row.priority.clamped(to: SchemaRange.priority)
        actions = QoSRule.actions(row, report)
    }

    private static func actions(
        _ row: NB.QoS, _ report: (String, String) -> Void
    ) -> [Action] {
        var actions: [Action] = []
        if let rate = row.bandwidth["rate"], rate > 0 {
            let burst = row.bandwidth["burst"] ?? 0
            actions.append(.setMeter(rate: UInt64(rate), burst: UInt64(max(0, burst))))
        }
        if let value = row.action["dscp"] {
            if (0...Limits.dscp).contains(value) {
                actions.append(.load(.ipDSCP, .decimal(UInt64(value))))
            } else {
                report("action", "no DSCP: \(value)")
            }
        }
        if let value = row.action["mark"] {
            actions.append(.load(.pktMark, .decimal(UInt64(UInt32(clamping: value)))))
        }
        return actions
    }

    package func emit(into flows: inout SwitchFlows) {
        flows.add(
            isIngress ? .inQoS : .outQoS, priority, text: condition.text(),
            ActionList(actions + [.next]))
    }
}
