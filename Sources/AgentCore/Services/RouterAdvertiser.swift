import LogicalFlow
import Wire

// `put_nd_ra_opts`: a solicitation becomes the advertisement (RFC 4861 §6.2.6). Addresses stay those
// of the solicitation; the flow after this one exchanges them.

package enum RouterAdvertiser {
    /// Nil for anything but a router solicitation that is valid (RFC 4861 §6.1.1).
    package static func answer(
        _ options: [Action.Option], _ frame: [UInt8], _ layout: PacketLayout
    ) -> [UInt8]? {
        guard isSolicitation(frame, layout), let addresses = layout.addresses(frame) else {
            return nil
        }
        guard case .v6(let source, let destination) = addresses else { return nil }
        return advertisement(options).frame(
            EthernetHeader(of: frame, layout), source: source, destination: destination)
    }

    private static func isSolicitation(_ frame: [UInt8], _ layout: PacketLayout) -> Bool {
        guard layout.network == .ipv6, layout.transport == .icmpv6, layout.fragment == .none else {
            return false
        }
        let start = layout.transportOffset
        return frame[start] == ICMPv6Type.routerSolicitation && frame[start + 1] == 0
            && frame[layout.networkOffset + 7] == 255
    }

    /// Options whose values don't fit their kind are left out.
    package static func advertisement(_ given: [Action.Option]) -> RouterAdvertisement {
        let options = OptionTable.routerAdvertisement.encodable(given)
        var result = RouterAdvertisement()
        result.setMode(options["addr_mode"]?.strings.first)
        if let text = options["router_preference"]?.strings.first {
            result.preference = RouterAdvertisement.Preference(parsing: text) ?? .medium
        }
        for option in options { result.options += self.options(option, result) }
        return result
    }

    private static func options(
        _ option: Action.Option, _ header: RouterAdvertisement
    ) -> [RouterAdvertisement.Option] {
        switch option.name {
        case "slla": option.macAddress.map { [.sourceLink($0)] } ?? []
        case "mtu":
            option.numbers.first.map { [.mtu(UInt32(truncatingIfNeeded: $0.value))] } ?? []
        case "prefix":
            option.numbers.map {
                .prefix(
                    IPv6Prefix(IPv6Address($0.value), length: $0.prefixLength(width: 128)),
                    isAutonomous: !header.isManaged)
            }
        case "rdnss":
            option.ipv6Addresses.isEmpty ? [] : [.resolvers(option.ipv6Addresses)]
        case "dnssl": RouterAdvertisement.searchList(option.list)
        case "route_info": option.list.compactMap { RouterAdvertisement.Option(routeParsing: $0) }
        default: []
        }
    }
}

extension RouterAdvertisement {
    /// `slaac`, `dhcpv6_stateful` or `dhcpv6_stateless`.
    mutating func setMode(_ mode: (some StringProtocol)?) {
        isManaged = mode.map { $0 == "dhcpv6_stateful" } ?? false
        hasOtherConfiguration = mode.map { $0 == "dhcpv6_stateless" } ?? false
    }

    static func searchList(_ names: [Substring]) -> [Option] {
        let names = names.compactMap { DomainName(parsing: $0) }
        return names.isEmpty ? [] : [.searchList(names)]
    }
}
