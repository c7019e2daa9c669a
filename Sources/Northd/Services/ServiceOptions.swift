import LogicalFlow

// The catalogues of options, in the words of the Southbound schema.

extension OptionTable.Kind {
    /// DHCP_Options.type and DHCPv6_Options.type.
    fileprivate var columnValue: String {
        switch self {
        case .boolean: "bool"
        case .uint8: "uint8"
        case .uint16: "uint16"
        case .uint32: "uint32"
        case .string, .names, .addressMode, .preference, .routes: "str"
        case .ip4: "ipv4"
        case .ip6, .ip6Prefix: "ipv6"
        case .ethernet: "mac"
        case .staticRoutes: "static_routes"
        case .host: "host_id"
        case .domains: "domains"
        case .domain: "domain"
        }
    }
}

extension DHCPOptionRow {
    static var catalogue: [DHCPOptionRow] {
        OptionTable.dhcpv4.all.map {
            DHCPOptionRow(
                option: $0.name, code: Int($0.entry.code), type: $0.entry.kind.columnValue)
        }
    }
}

extension DHCPv6OptionRow {
    static var catalogue: [DHCPv6OptionRow] {
        OptionTable.dhcpv6.all.map {
            DHCPv6OptionRow(
                option: $0.name, code: Int($0.entry.code), type: $0.entry.kind.columnValue)
        }
    }
}
