// The options that services of the chassis take: names, wire codes and types. DHCPv4 codes are those
// of RFC 2132 and the IANA registry, except pseudo-options that set header fields; DHCPv6 codes are
// those of RFC 8415 and RFC 3646; the rest name fields of RFC 4861 messages or of events.

/// The options of one service.
package struct OptionTable: Sendable {
    package enum Kind: Hashable, Sendable {
        case boolean, uint8, uint16, uint32, string
        case ip4, ip6, ethernet
        case ip6Prefix
        /// Pairs of prefix and next hop (RFC 3442).
        case staticRoutes
        /// An IPv4 address or a name.
        case host
        /// Names separated by commas, as labels with compression (RFC 1035).
        case domains
        /// Names separated by commas, as labels without compression.
        case names
        /// One name, as labels.
        case domain
        /// Words for bits of an advertisement's header.
        case addressMode, preference
        /// `PREFERENCE-PREFIX` separated by commas (RFC 4191).
        case routes
    }

    package struct Entry: Hashable, Sendable {
        package let code: UInt8
        package let kind: Kind
    }

    /// What error texts call these options.
    package let label: String
    private let entries: [String: Entry]

    package subscript(name: String) -> Entry? { entries[name] }

    /// All options, by name.
    package var all: [(name: String, entry: Entry)] {
        entries.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private init(_ label: String, _ list: [(String, UInt8, Kind)]) {
        self.label = label
        entries = Dictionary(
            uniqueKeysWithValues: list.map { ($0.0, Entry(code: $0.1, kind: $0.2)) })
    }
}

extension OptionTable {
    package static let dhcpv4 = OptionTable(
        "DHCPv4",
        [
            ("offerip", 0, .ip4), ("netmask", 1, .ip4), ("router", 3, .ip4),
            ("dns_server", 6, .ip4), ("log_server", 7, .ip4), ("lpr_server", 9, .ip4),
            ("hostname", 12, .string), ("domain_name", 15, .string), ("swap_server", 16, .ip4),
            ("ip_forward_enable", 19, .boolean), ("policy_filter", 21, .ip4),
            ("default_ttl", 23, .uint8), ("mtu", 26, .uint16), ("broadcast_address", 28, .ip4),
            ("router_discovery", 31, .boolean), ("router_solicitation", 32, .ip4),
            ("arp_cache_timeout", 35, .uint32),
            ("ethernet_encap", 36, .boolean), ("tcp_ttl", 37, .uint8),
            ("tcp_keepalive_interval", 38, .uint32), ("nis_server", 41, .ip4),
            ("ntp_server", 42, .ip4), ("netbios_name_server", 44, .ip4),
            ("netbios_node_type", 46, .uint8), ("lease_time", 51, .uint32),
            ("server_id", 54, .ip4), ("T1", 58, .uint32), ("T2", 59, .uint32),
            ("tftp_server", 66, .host), ("bootfile_name", 67, .string),
            ("domain_search_list", 119, .domains), ("classless_static_route", 121, .staticRoutes),
            ("tftp_server_address", 150, .ip4), ("path_prefix", 210, .string),
            ("ms_classless_static_route", 249, .staticRoutes), ("wpad", 252, .string),
            ("next_server", 253, .ip4), ("bootfile_name_alt", 254, .string),
        ])

    package static let dhcpv6 = OptionTable(
        "DHCPv6",
        [
            ("ia_addr", 5, .ip6), ("server_id", 2, .ethernet), ("domain_search", 24, .names),
            ("dns_server", 23, .ip6), ("bootfile_name", 59, .string),
            ("bootfile_name_alt", 254, .string), ("fqdn", 39, .domain),
        ])

    package static let routerAdvertisement = OptionTable(
        "IPv6 ND RA",
        [
            ("addr_mode", 0, .addressMode), ("router_preference", 0, .preference),
            ("slla", 1, .ethernet), ("prefix", 3, .ip6Prefix), ("mtu", 5, .uint32),
            ("rdnss", 25, .ip6), ("dnssl", 31, .names), ("route_info", 24, .routes),
        ])

    package static let event = OptionTable(
        "event",
        [
            ("vip", 1, .string), ("protocol", 2, .string), ("load_balancer", 3, .string),
            ("meter", 0, .string),
        ])
}

extension OptionTable.Kind {
    /// True if values are strings; nil if numbers will do too.
    fileprivate var isText: Bool? {
        switch self {
        case .string, .domains, .names, .domain, .addressMode, .preference, .routes: true
        case .host: nil
        case .boolean, .uint8, .uint16, .uint32, .ip4, .ip6, .ip6Prefix, .ethernet, .staticRoutes:
            false
        }
    }
}

// MARK: - Parsing

extension ActionParser {
    /// `name = values` any number of times, and the closing parenthesis.
    mutating func parseOptions(_ table: OptionTable) throws(LanguageError) -> [Action.Option] {
        var options: [Action.Option] = []
        while !lexer.take(.rightParenthesis) {
            options.append(try parseOption(table))
            _ = lexer.take(.comma)
        }
        return options
    }

    private mutating func parseOption(_ table: OptionTable) throws(LanguageError) -> Action.Option {
        guard case .identifier(let name) = lexer.token, let entry = table[name] else {
            throw lexer.syntaxError("expecting \(table.label) option name")
        }
        lexer.advance()
        try lexer.expect(.assign)
        let values = try parseOptionValues()
        let isText = values[0].isString
        if let expected = entry.kind.isText, expected != isText {
            let kind = expected ? "string" : "numeric"
            throw lexer.failure("\(table.label) option \(name) requires \(kind) value.")
        }
        return Action.Option(name, values)
    }

    private mutating func parseOptionValues() throws(LanguageError) -> [Constant] {
        guard lexer.take(.leftBrace) else { return [try parseOptionValue(after: nil)] }
        var values: [Constant] = []
        repeat {
            values.append(try parseOptionValue(after: values.first))
            _ = lexer.take(.comma)
        } while !lexer.take(.rightBrace)
        return values
    }

    private mutating func parseOptionValue(after first: Constant?) throws(LanguageError) -> Constant
    {
        let value: Constant
        switch lexer.token {
        case .string(let text): value = .string(text)
        case .number(let number): value = .number(number)
        case .template: throw lexer.failure("Unexpanded template.")
        default: throw lexer.syntaxError("expecting constant")
        }
        if let first, first.isString != value.isString {
            throw lexer.syntaxError("expecting \(first.isString ? "string" : "integer")")
        }
        lexer.advance()
        return value
    }
}

extension Action.Option {
    /// An option from a name and the text of its values, as a configuration has them; throws what
    /// a flow with this text would be refused for, and why the option would not be served.
    package init(
        _ name: String, parsing text: String, of table: OptionTable
    ) throws(LanguageError) {
        var parser = ActionParser("\(name) = \(text))")
        let options = try parser.parseOptions(table)
        try parser.lexer.expectEnd()
        guard options.count == 1 else {
            throw parser.lexer.failure("\(table.label) option \(name) has more than its value.")
        }
        if let problem = table[options[0].name]?.kind.problem(options[0].values) {
            throw parser.lexer.failure("\(table.label) option \(options[0].name) \(problem).")
        }
        self = options[0]
    }
}
