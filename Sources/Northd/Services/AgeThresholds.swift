import OVSDBModel
import Schemas
import Wire

/// After how long an unused neighbour is forgotten, by its address.
///
/// `[CIDR:]SECONDS[;...]`; of several prefixes the longest counts, zero seconds is never
/// (ovn-nb(5), Logical_Router.options:mac_binding_age_threshold).
package struct AgeThresholds: Hashable, Sendable {
    package struct Rule: Hashable, Sendable {
        package let prefix: IPPrefix
        package let seconds: Int64
    }

    /// Longest prefix first.
    package let rules: [Rule]
    /// For the other addresses; zero is never.
    package let seconds: Int64

    package init?(parsing text: String, report: (_ reason: String) -> Void) {
        var rules: [Rule] = []
        var seconds: Int64 = 0
        for entry in text.split(separator: ";") {
            let entry = entry.filter { $0 != " " }
            let colon = entry.lastIndex(of: ":")
            let number = colon.map { entry[entry.index(after: $0)...] } ?? entry[...]
            let prefix = colon.map { IPPrefix(parsing: entry[..<$0]) }
            guard let age = UInt32(number).map(Int64.init), prefix != .some(nil) else {
                report("no age threshold: \"\(entry)\"")
                continue
            }
            if let prefix = prefix ?? nil {
                rules.append(Rule(prefix: prefix, seconds: age))
            } else {
                seconds = age
            }
        }
        self.rules = rules.sorted { $0.prefix.length > $1.prefix.length }
        self.seconds = seconds
        if seconds == 0 && rules.allSatisfy({ $0.seconds == 0 }) { return nil }
    }

    /// Milliseconds; nil is never.
    package func age(of address: String) -> Int64? {
        var seconds = seconds
        if !rules.isEmpty, let address = IPAddress(parsing: address),
            let rule = rules.first(where: { $0.prefix.contains(address) })
        {
            seconds = rule.seconds
        }
        return seconds == 0 ? nil : seconds * 1000
    }
}

/// How a datapath's learned rows age: neighbours of a router, stations of a switch.
package struct AgeingRow: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// How old they may get, and how many there may be.
        case neighbours(AgeThresholds?, limit: Int?)
        /// Milliseconds.
        case stations(Int64)
    }

    package let datapath: RowUUID
    package let kind: Kind
}

extension Compiler {
    /// Thresholds of routers and switches.
    func registerAgeing() {
        let outputs = outputs
        engine.emitter("ageing", over: inputs.datapaths) { key, row, context in
            let kind: AgeingRow.Kind?
            switch row {
            case .switch(let row):
                let seconds = row.otherConfig["fdb_age_threshold"].flatMap { UInt32($0) } ?? 0
                kind = seconds > 0 ? .stations(Int64(seconds) * 1000) : nil
            case .router(let row):
                let thresholds = row.options["mac_binding_age_threshold"].flatMap { text in
                    AgeThresholds(parsing: text) { reason in
                        context.emit(
                            outputs.problems,
                            Problem(
                                "Logical_Router", key, "options:mac_binding_age_threshold", reason)
                        )
                    }
                }
                let limit = Compiler.neighbourLimit(row) { reason in
                    context.emit(
                        outputs.problems,
                        Problem("Logical_Router", key, "options:mac_binding_limit", reason))
                }
                kind =
                    thresholds == nil && limit == nil
                    ? nil : .neighbours(thresholds, limit: limit)
            }
            if let kind { context.emit(outputs.ageing, AgeingRow(datapath: key, kind: kind)) }
        }
    }

    /// Logical_Router.options:mac_binding_limit, an extension.
    private static func neighbourLimit(
        _ row: NB.LogicalRouter, report: (_ reason: String) -> Void
    ) -> Int? {
        guard let text = row.options["mac_binding_limit"] else { return nil }
        if let number = Int(text), number >= 0 { return number > 0 ? number : nil }
        report("no number of neighbours: \"\(text)\"")
        return nil
    }
}
