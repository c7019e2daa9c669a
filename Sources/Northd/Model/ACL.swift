// An access control list entry, parsed once. Where it applies, and in what surroundings, is derived
// later (`Filtering`).

import LogicalFlow
import OVSDBModel
import Schemas

/// The stages in which ACLs are evaluated. The number is that of `reg8[19..20]` and
/// `ct_mark.obs_stage`.
package enum ACLStage: Int, CaseIterable, Comparable, Hashable, Sendable {
    case fromPort
    case afterLoadBalancing
    case toPort

    package var isIngress: Bool { self != .toPort }

    package static func < (left: ACLStage, right: ACLStage) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// ACL of ovn-nb(5).
package struct ACL: Hashable, Sendable {
    package enum Verdict: String, Hashable, Sendable {
        case allow
        case allowRelated = "allow-related"
        case allowStateless = "allow-stateless"
        case drop, reject, pass

        /// Lets the packet through, and its connection with it where there is one.
        package var allowsConnection: Bool { self == .allow || self == .allowRelated }
        package var refuses: Bool { self == .drop || self == .reject }
    }

    package let stage: ACLStage
    package let priority: Int
    package let condition: CMSMatch
    package let verdict: Verdict
    package let tier: Int
    package let name: String?
    /// Of a rule that logs.
    package let severity: Action.LogEntry.Severity?
    package let meter: String?
    /// 0 without one.
    package let label: UInt32
    package let sampleNew: RowUUID?
    package let sampleEstablished: RowUUID?
    package let functionGroup: RowUUID?
    /// Logs replies and related packets too.
    package let logsRelated: Bool
    /// Connections that it let through live on when it goes.
    package let persistsEstablished: Bool
    /// Follows the connections that the rule lets through.
    package let helper: ConnectionHelper?

    /// Parses a row. Fails, after a report, if its match or action can't be understood.
    package init?(_ row: NB.ACL, report: (_ column: String, _ reason: String) -> Void) {
        guard let verdict = Verdict(rawValue: row.action) else {
            report("action", "unknown action \"\(row.action)\"")
            return nil
        }
        do throws(LanguageError) {
            condition = try CMSMatch(parsing: row.match)
        } catch {
            report("match", error.description)
            return nil
        }
        let isAfter = row.options["apply-after-lb"] == "true"
        stage =
            row.direction == "from-lport" ? (isAfter ? .afterLoadBalancing : .fromPort) : .toPort
        priority = row.priority.clamped(to: SchemaRange.priority)
        self.verdict = verdict
        tier = row.tier.clamped(to: SchemaRange.tier)
        name = row.name
        severity =
            row.log
            ? row.severity.flatMap(Action.LogEntry.Severity.init(rawValue:)) ?? .info : nil
        meter = row.meter
        label = UInt32(clamping: row.label)
        sampleNew = row.sampleNew
        sampleEstablished = row.sampleEst
        functionGroup = row.networkFunctionGroup
        logsRelated = row.options["log-related"] == "true"
        let helper = ConnectionHelper(option: row.options, report: report)
        if helper != nil, verdict != .allowRelated {
            report("options:\(ConnectionHelper.option)", "only allow-related can have a helper")
        }
        self.helper = verdict == .allowRelated ? helper : nil
        persistsEstablished =
            verdict == .allowRelated && row.options["persist-established"] == "true"
    }
}

/// A match that the configuration supplies: a value, or text with chassis template variables, which
/// only a chassis can parse.
package enum CMSMatch: Hashable, Sendable {
    case match(Match)
    case template(String)

    package init(parsing text: String) throws(LanguageError) {
        if Template.variables(in: text).isEmpty {
            self = .match(try Match(parsing: text))
        } else {
            self = .template(text)
        }
    }

    /// The text of this and all of `others`, which come first.
    package func text(after others: [Match] = []) -> String {
        switch self {
        case .match(let match): return Match.all(others + [match]).description
        case .template(let text):
            guard !others.isEmpty else { return text }
            return "\(Match.all(others)) && (\(text))"
        }
    }
}
