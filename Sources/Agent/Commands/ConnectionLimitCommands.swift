// How many connections a zone may have: ct-get-limits, ct-set-limits and ct-del-limits of
// ovs-vswitchd(8). Limits that the Southbound database asks for can't be changed here.

import Linux
import Netlink
import UnixControl

struct ConnectionLimitCommands {
    let control: ControlThread

    func register(in registry: ControlRegistry) {
        registry.register(
            ControlCommand(
                "dpctl/ct-get-limits", usage: "[DP] [zone=N1[,N2]...]", arguments: 0...2
            ) { (words) throws(ControlError) in
                let query = try ZoneQuery(DatapathArguments(words).operands)
                return try control.limits(query)
            })
        registry.register(
            ControlCommand(
                "dpctl/ct-set-limits", usage: "[DP] [default=L] [zone=N,limit=L]...",
                arguments: 1...Int.max
            ) { (words) throws(ControlError) in
                try control.set(ZoneLimits(DatapathArguments(words).operands).limits)
            })
        registry.register(
            ControlCommand(
                "dpctl/ct-del-limits", usage: "[DP] [default] [zone=N1[,N2]...]", arguments: 1...3
            ) { (words) throws(ControlError) in
                let operands = try DatapathArguments(words).operands
                let query = try ZoneQuery(operands)
                guard !operands.isEmpty else { throw ControlError("too few arguments") }
                return try control.remove(query)
            })
    }
}

/// `[default] [zone=N1[,N2]...]`
struct ZoneQuery: Equatable {
    var hasDefault = false
    /// Nil where no zone is named.
    var zones: [UInt16]?

    init(_ words: [String]) throws(ControlError) {
        for word in words {
            if word == "default" {
                hasDefault = true
                continue
            }
            guard word.hasPrefix("zone="), zones == nil else {
                throw ControlError("invalid argument \(word)")
            }
            var numbers: [UInt16] = []
            for text in word.dropFirst("zone=".count).split(separator: ",") {
                guard let number = UInt16(text) else { throw ControlError("invalid zone \(text)") }
                numbers.append(number)
            }
            zones = numbers
        }
    }
}

/// `[default=L] [zone=N,limit=L]...`
struct ZoneLimits {
    var limits: [ConntrackLimit] = []

    init(_ words: [String]) throws(ControlError) {
        for word in words { limits.append(try Self.limit(word)) }
        guard !limits.isEmpty else { throw ControlError("too few arguments") }
    }

    private static func limit(_ word: String) throws(ControlError) -> ConntrackLimit {
        var values: [Substring: UInt32] = [:]
        for field in word.split(separator: ",") {
            let parts = field.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let value = UInt32(parts[1]) else {
                throw ControlError("failed to parse field \(field)")
            }
            guard ["default", "zone", "limit"].contains(parts[0]) else {
                throw ControlError("invalid zone limit field: \(parts[0])")
            }
            values[parts[0]] = value
        }
        if values.count == 1, let limit = values["default"] {
            return ConntrackLimit(zone: nil, limit: limit)
        }
        guard values.count == 2, let zone = values["zone"].flatMap(UInt16.init(exactly:)),
            let limit = values["limit"]
        else { throw ControlError("failed to parse zone limit (\(word))") }
        return ConntrackLimit(zone: zone, limit: limit)
    }
}

extension ConntrackLimit {
    /// The answer of ct-get-limits: the default, then a line for each zone.
    static func text(_ limits: [ConntrackLimit]) -> String {
        limits.map { entry in
            entry.zone.map { "zone=\($0),limit=\(entry.limit),count=\(entry.count)" }
                ?? "default limit=\(entry.limit)"
        }.joined(separator: "\n")
    }
}

extension ControlThread {
    fileprivate func limits(_ query: ZoneQuery) throws(ControlError) -> String {
        do {
            return ConntrackLimit.text(try driver.connectionLimits(of: query.zones))
        } catch {
            throw ControlError("\(error)")
        }
    }

    fileprivate func set(_ limits: [ConntrackLimit]) throws(ControlError) -> String {
        try refuseConfigured(limits.compactMap(\.zone))
        do {
            try driver.setConnectionLimits(limits)
            return ""
        } catch {
            throw ControlError("\(error)")
        }
    }

    fileprivate func remove(_ query: ZoneQuery) throws(ControlError) -> String {
        try refuseConfigured(query.zones ?? [])
        do {
            let zones = (query.zones ?? []).map(Optional.some)
            try driver.removeConnectionLimits(query.hasDefault ? [nil] + zones : zones)
            return ""
        } catch {
            throw ControlError("\(error)")
        }
    }

    private func refuseConfigured(_ zones: [UInt16]) throws(ControlError) {
        for zone in zones where zoneLimits?[zone] != nil {
            throw ControlError(
                "the limit of zone \(zone) is set by the configuration (ct-zone-limit)")
        }
    }
}
