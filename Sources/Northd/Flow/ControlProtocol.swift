import LogicalFlow

/// What a flow sends to the chassis' control, by the names that Copp has for it (ovn-nb(5)).
enum ControlProtocol {
    static let all: Set<String> = [
        "arp", "arp-resolve", "bfd", "dhcpv4-opts", "dhcpv4-relay", "dhcpv6-opts", "dns",
        "event-elb", "icmp4-error", "icmp6-error", "igmp", "nd-na", "nd-ns", "nd-ns-resolve",
        "nd-ra-opts", "reject", "svc-monitor", "tcp-reset",
    ]

    /// The protocol of the first action that leaves the datapath.
    static func of(_ actions: ActionList) -> String? {
        actions.actions.lazy.compactMap(name(of:)).first
    }

    private static func name(of action: Action) -> String? {
        switch action {
        case .putNeighbour(.ip4, _, _, _): "arp"
        case .putNeighbour(.ip6, _, let address, _):
            address.symbol == .ndTarget ? "nd-na" : "nd-ns"
        case .generate(let generator, _): name(of: generator)
        case .evaluate(_, let function): name(of: function)
        case .clone(let actions): actions.lazy.compactMap(name(of:)).first
        case .handleServiceCheck: "svc-monitor"
        case .handleBFDMessage: "bfd"
        case .igmp: "igmp"
        case .triggerEvent: "event-elb"
        case .load(let field, _) where field.symbol == .icmp4InnerIP4Src: "icmp4-error"
        default: nil
        }
    }

    private static func name(of function: Action.Function) -> String? {
        switch function {
        case .putDHCPOptions: "dhcpv4-opts"
        case .putDHCPv6Options: "dhcpv6-opts"
        case .putRouterAdvertisementOptions: "nd-ra-opts"
        case .checkDHCPRelayRequest, .checkDHCPRelayResponse: "dhcpv4-relay"
        case .dnsLookup: "dns"
        case .checkPacketLarger, .lookupNeighbour, .lookupNeighbourAddress, .checkEVPNNeighbour,
            .lookupFDB, .getFDB, .getRemoteFDB, .check, .connection:
            nil
        }
    }

    private static func name(of generator: Action.Generator) -> String {
        switch generator {
        case .arp: "arp-resolve"
        case .ndNS: "nd-ns-resolve"
        case .ndNA, .ndNARouter: "nd-na"
        case .icmp4, .icmp4Error: "icmp4-error"
        case .icmp6, .icmp6Error: "icmp6-error"
        case .tcpReset, .sctpAbort: "tcp-reset"
        case .reject: "reject"
        }
    }
}
