// Router advertisements (RFC 4861 §6.2): answers to solicitations by flows, unsolicited ones by the
// chassis, from options of the port's row (ovn-nb(5), Logical_Router_Port.ipv6_ra_configs).

import LogicalFlow
import OVSDBModel
import Schemas
import Wire

/// What a router port advertises, parsed once.
package struct Advertisement: Hashable, Sendable {
    package enum Limits {
        /// Of a link with IPv6 (RFC 8200 §5).
        package static let minimumMTU = 1280
    }

    /// slaac, dhcpv6_stateful or dhcpv6_stateless.
    package let mode: String
    package let mtu: Int?
    /// HIGH or LOW; nil is medium (RFC 4191 §2.1).
    package let preference: String?
    package let nameServer: IPv6Address?
    package let searchList: String?
    package let routes: String?

    package init?(
        _ configs: [String: String], report: (_ column: String, _ reason: String) -> Void
    ) {
        guard let mode = configs["address_mode"] else { return nil }
        guard ["slaac", "dhcpv6_stateful", "dhcpv6_stateless"].contains(mode) else {
            report("ipv6_ra_configs:address_mode", "unknown mode \"\(mode)\"")
            return nil
        }
        self.mode = mode
        let number = configs["mtu"].flatMap { UInt32($0) }.map { Int($0) }
        mtu = number.flatMap { $0 >= Limits.minimumMTU ? $0 : nil }
        if let text = configs["mtu"], mtu == nil {
            report("ipv6_ra_configs:mtu", "no packet size for IPv6: \"\(text)\"")
        }
        func text(_ name: String) -> String? {
            configs[name].flatMap { Advertisement.checked($0, name, report) }
        }
        let preference = text("router_preference")
        self.preference = preference == "MEDIUM" ? nil : preference
        nameServer = configs["rdnss"].flatMap { IPv6Address(parsing: $0) }
        if let text = configs["rdnss"], nameServer == nil {
            report("ipv6_ra_configs:rdnss", "no IPv6 address: \"\(text)\"")
        }
        searchList = text("dnssl")
        routes = text("route_info")
    }

    /// The text if an option of an advertisement can have it.
    private static func checked(
        _ text: String, _ name: String,
        _ report: (_ column: String, _ reason: String) -> Void
    ) -> String? {
        guard let problem = OptionTable.routerAdvertisement[name]?.kind.problem([.string(text)])
        else { return text }
        report("ipv6_ra_configs:\(name)", "\"\(text)\": \(problem)")
        return nil
    }
}

package struct RouterAdvertiser: RouterFeature {
    package let port: RouterPort
    package let advertisement: Advertisement
    package let meter: String?

    /// Without a global network there is nothing to advertise.
    package static func prefixes(of port: RouterPort) -> [IPv6Prefix] {
        port.networks6.filter { !$0.address.isLinkLocal }.map(\.network)
    }

    package func emit(into flows: inout RouterFlows) {
        let prefixes = RouterAdvertiser.prefixes(of: port)
        guard !prefixes.isEmpty else { return }
        let toRouters: [Match] = [
            .inport(port.name), .equal(.ip6Dst, .ip6(IPv6Address(high: 0xff02 << 48, low: 2))),
        ]
        flows.add(
            .inRouterAdvertisementOptions, 50, .all(toRouters + [.symbol(.ndRS)]),
            [
                .evaluate(
                    RouterCell.isAdvertisement, .putRouterAdvertisementOptions(options(prefixes))),
                .next,
            ],
            port: port.name, meter: meter)
        flows.add(
            .inRouterAdvertisementResponse, 50,
            .all(toRouters + [.symbol(.ndRA), .test(RouterCell.isAdvertisement)]),
            ActionList(
                [
                    .move(.ethDst, from: .ethSrc), .load(.ethSrc, port.mac),
                    .move(.ip6Dst, from: .ip6Src), .load(.ip6Src, port.linkLocal),
                ] + Action.reflect),
            port: port.name)
    }

    private func options(_ prefixes: [IPv6Prefix]) -> [Action.Option] {
        var options = [
            Action.Option("addr_mode", [.string(advertisement.mode)]),
            Action.Option("slla", [.ethernet(port.mac)]),
        ]
        if let mtu = advertisement.mtu {
            options.append(Action.Option("mtu", [.decimal(UInt64(mtu))]))
        }
        if let preference = advertisement.preference {
            options.append(Action.Option("router_preference", [.string(preference)]))
        }
        if let server = advertisement.nameServer {
            options.append(Action.Option("rdnss", [.ip6(server)]))
        }
        for (name, text) in [
            ("dnssl", advertisement.searchList), ("route_info", advertisement.routes),
        ] {
            if let text { options.append(Action.Option(name, [.string(text)])) }
        }
        return options + prefixes.map { Action.Option("prefix", [.ip6($0)]) }
    }
}

extension Advertisement {
    /// Port_Binding.options for the chassis to advertise by themselves; empty if they shall not.
    static func periodic(
        _ configs: [String: String], _ port: RouterPort, _ advertisement: Advertisement
    ) -> [String: String] {
        guard configs["send_periodic"] == "true" else { return [:] }
        let longest = min(max(configs["max_interval"].flatMap { Int($0) } ?? 600, 4), 1800)
        let usual = longest >= 9 ? longest / 3 : longest * 3 / 4
        let shortest = min(
            max(configs["min_interval"].flatMap { Int($0) } ?? usual, 3), longest * 3 / 4)
        var options = [
            "ipv6_ra_send_periodic": "true", "ipv6_ra_address_mode": advertisement.mode,
            "ipv6_ra_max_interval": String(longest), "ipv6_ra_min_interval": String(shortest),
            "ipv6_ra_src_eth": port.mac.description, "ipv6_ra_src_addr": port.linkLocal.description,
            "ipv6_ra_prefixes": RouterAdvertiser.prefixes(of: port).map(\.description)
                .joined(separator: " "),
        ]
        options["ipv6_ra_mtu"] = advertisement.mtu.map(String.init)
        options["ipv6_ra_rdnss"] = advertisement.nameServer?.description
        options["ipv6_ra_dnssl"] = advertisement.searchList
        options["ipv6_ra_route_info"] = advertisement.routes
        options["ipv6_ra_prf"] = configs["router_preference"].flatMap {
            advertisement.preference ?? ($0 == "MEDIUM" ? $0 : nil)
        }
        return options
    }
}
