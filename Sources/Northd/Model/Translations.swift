// NAT rules in the graph: where each applies, and what others need to know of them.
//
// Property: a rule that changes concerns itself and what names its address: the ports that have the
// address too, and the switch ports that announce it.

import Incremental
import OVSDBModel
import Schemas
import Wire

/// An address of a router.
package struct RouterAddress: Hashable, Sendable {
    package let router: RowUUID
    package let address: IPAddress
}

/// A rule and where it applies.
package struct Translation: Hashable, Sendable {
    package let rule: NATRule
    /// Nil on a gateway router.
    package let gateway: GatewayPort?
    /// Done on the chassis of the port behind it instead of the gateway's.
    package let isDistributed: Bool
    /// Destination and source translation share a zone (not on gateway routers).
    package let sharesZone: Bool

    package init(
        rule: NATRule, gateway: GatewayPort?, isDistributed: Bool = false,
        sharesZone: Bool = false
    ) {
        self.rule = rule
        self.gateway = gateway
        self.isDistributed = isDistributed
        self.sharesZone = sharesZone
    }

    /// The port whose chassis translates; nil on a gateway router.
    package var residence: String? {
        gateway.map { gateway in
            isDistributed ? rule.station?.port ?? gateway.redirect : gateway.redirect
        }
    }
}

package struct Translations: Sendable {
    package let all: Function<RowUUID, Translation?>
    package let byRouter: Index<RowUUID, RowUUID>
    /// Rules of type snat, by external address.
    package let bySource: Index<RouterAddress, RowUUID>
    /// All rules by external address.
    package let byExternal: Index<IPAddress, RowUUID>
    /// Rules with external_mac and logical_port that can be distributed, by router.
    package let distributed: Index<RowUUID, RowUUID>
    /// Rules with an Ethernet address of their own, by router.
    package let stations: Index<RowUUID, RowUUID>
    /// Rules that need connection tracking, by router.
    package let stateful: Index<RowUUID, RowUUID>

    init(_ engine: Engine, _ inputs: Inputs, _ model: Model, _ problems: Output<Problem>) {
        let names = engine.function("address set name", over: inputs.addressSets) { _, row, _ in
            row.name
        }
        let all = engine.function("translation", over: inputs.nats) { key, row, context in
            let report = { (column: String, reason: String) in
                context.emit(problems, Problem("NAT", key, column, reason))
            }
            guard let owner = context.read(inputs.routerOfNAT, key)?.first,
                var rule = NATRule(row, of: owner, report: report)
            else { return Translation?.none }
            rule.allowed = row.allowedExtIPs.flatMap { context.read(names, $0) }
            rule.exempted = row.exemptedExtIPs.flatMap { context.read(names, $0) }
            return Translations.place(rule, row.gatewayPort, model, context, report)
        }
        byRouter = engine.index("translations of router", of: all) { _, translation in
            translation.map { [$0.rule.router] } ?? []
        }
        bySource = engine.index("source translations", of: all) { _, translation in
            guard let rule = translation?.rule, rule.kind == .snat else { return [] }
            return [RouterAddress(router: rule.router, address: rule.external)]
        }
        byExternal = engine.index("translations by address", of: all) { _, translation in
            translation.map { [$0.rule.external] } ?? []
        }
        distributed = engine.index("distributed translations", of: all) { _, translation in
            guard let rule = translation?.rule, rule.kind == .both, rule.station != nil else {
                return []
            }
            return [rule.router]
        }
        stations = engine.index("translations with stations", of: all) { _, translation in
            guard let rule = translation?.rule, rule.station != nil else { return [] }
            return [rule.router]
        }
        stateful = engine.index("stateful translations", of: all) { _, translation in
            guard let rule = translation?.rule, !rule.isStateless else { return [] }
            return [rule.router]
        }
        self.all = all
    }

    /// The gateway port that the rule names, the only one, or the one on whose network the
    /// external address is.
    private static func place(
        _ rule: NATRule, _ wanted: RowUUID?, _ model: Model, _ context: Context,
        _ report: (_ column: String, _ reason: String) -> Void
    ) -> Translation? {
        guard let router = context.read(model.gateways.routers, rule.router) ?? nil else {
            return nil
        }
        if router.isGatewayRouter { return Translation(rule: rule, gateway: nil) }
        let ports = context.members(model.gateways.portsOfRouter, rule.router)
        let candidates = (wanted.map { [$0] } ?? ports).filter(ports.contains)
            .compactMap { context.read(model.gateways.ports, $0) ?? nil }
        let gateway =
            candidates.count == 1
            ? candidates.first : candidates.first { $0.port.source(for: rule.external) != nil }
        guard let gateway else {
            let reason =
                ports.isEmpty
                ? "the router has no gateway: nothing is translated"
                : "no gateway port of the router is on the network of \(rule.external)"
            report(wanted == nil && ports.isEmpty ? "type" : "gateway_port", reason)
            return nil
        }
        let isDistributed =
            rule.kind == .both && rule.station != nil && gateway.peerRedirect == nil
        return Translation(
            rule: rule, gateway: gateway, isDistributed: isDistributed,
            sharesZone: model.deployment.settings(context).sharesZone)
    }
}

extension Translations {
    /// The Ethernet addresses of a router's rules, each once, in order.
    func addresses(of router: RowUUID, _ context: Context) -> [MACAddress] {
        let rules = context.members(stations, router).compactMap {
            (context.read(all, $0) ?? nil)?.rule.station?.mac
        }
        return Set(rules).sorted()
    }

    /// Connections leave with this address, so packets to it may be theirs.
    func isSource(_ address: IPAddress, of router: RowUUID, _ context: Context) -> Bool {
        context.first(bySource, RouterAddress(router: router, address: address)) != nil
    }
}
