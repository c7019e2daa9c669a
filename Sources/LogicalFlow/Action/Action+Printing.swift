// The canonical text of actions (ovn-sb(5), Logical_Flow, `actions`).

extension ActionList: CustomStringConvertible {
    package var description: String { actions.text }
}

extension [Action] {
    /// `drop;` of none.
    fileprivate var text: String {
        isEmpty ? "drop;" : map(\.description).joined(separator: " ")
    }
}

extension Action: CustomStringConvertible {
    package var description: String {
        switch self {
        case .clone(let actions): "clone { \(actions.text) };"
        case .ctCommit(let actions) where actions.isEmpty: "ct_commit;"
        case .ctCommit(let actions): "ct_commit { \(actions.text) };"
        case .generate(let generator, let actions): "\(generator.rawValue) { \(actions.text) };"
        default: statement + ";"
        }
    }

    private var statement: String {
        controlText ?? headerText ?? connectionText ?? neighbourText ?? serviceText
    }

    private var controlText: String? {
        switch self {
        case .next(let target): target.text
        case .output: "output"
        case .push(let field): "push(\(field))"
        case .pop(let field): "pop(\(field))"
        case .floodRemote: "flood_remote"
        case .mirror(let port): "mirror(\(quoted(port)))"
        case .forwardGroup(let group): group.text
        default: nil
        }
    }

    private var headerText: String? {
        switch self {
        case .load(let field, let constant): "\(field) = \(constant)"
        case .move(let field, let source): "\(field) = \(source)"
        case .exchange(let left, let right): "\(left) <-> \(right)"
        case .decrementTTL: "ip.ttl--"
        case .setQueue(let queue): "set_queue(\(queue))"
        case .setMeter(let rate, 0): "set_meter(\(rate))"
        case .setMeter(let rate, let burst): "set_meter(\(rate), \(burst))"
        case .evaluate(let field, let function): "\(field) = \(function)"
        case .select(let field, let selection): "\(field) = \(selection.text)"
        default: nil
        }
    }

    private var connectionText: String? {
        switch self {
        case .ctNext(let zone): call("ct_next", zone?.rawValue)
        case .ctCommitConstants(let mark, let label):
            call(
                "ct_commit",
                [mark.map { "ct_mark=\($0)" }, label.map { "ct_label=\($0)" }]
                    .compactMap(\.self).joined(separator: ", "))
        case .ctCommitToZone(let zone): call("ct_commit_to_zone", zone.rawValue)
        case .ctCommitNAT(let zone): call("ct_commit_nat", zone?.rawValue)
        case .ctNAT(let kind, let target): call(kind.rawValue, target?.text)
        case .ctClear: "ct_clear"
        case .ctLoadBalance(let balance): balance.text
        case .ctSNATToVIP: "ct_snat_to_vip"
        default: nil
        }
    }

    private var neighbourText: String? {
        switch self {
        case .getNeighbour(let family, let port, let address):
            "get_\(family.rawValue)(\(port), \(address))"
        case .putNeighbour(let family, let port, let address, let ethernet):
            "put_\(family.rawValue)(\(port), \(address), \(ethernet))"
        case .putFDB(let port, let ethernet): "put_fdb(\(port), \(ethernet))"
        case .macCacheUse: "mac_cache_use"
        default: nil
        }
    }

    private var serviceText: String {
        switch self {
        case .handleDHCPv6Reply: "handle_dhcpv6_reply"
        case .handleBFDMessage: "handle_bfd_msg()"
        case .handleServiceCheck(let port): "handle_svc_check(\(port))"
        case .igmp: "igmp"
        case .bindVirtualPort(let name, let parent): "bind_vport(\(quoted(name)), \(parent))"
        case .triggerEvent(let event): event.text
        case .log(let entry): entry.text
        case .sample(let sample): sample.text
        case .commitECMPNextHop(let isIPv6, let transport):
            "commit_ecmp_nh(ipv6 = \(isIPv6), proto = \(transport.rawValue))"
        case .commitLoadBalancerAffinity(let affinity): affinity.text
        default: ""
        }
    }
}

private func call(_ name: String, _ arguments: String?) -> String {
    arguments.map { "\(name)(\($0))" } ?? name
}

private func options(_ options: [Action.Option]) -> String {
    options.map(\.description).joined(separator: ", ")
}

extension Action.Option: CustomStringConvertible {
    package var description: String {
        if values.count == 1 { return "\(name) = \(values[0])" }
        return "\(name) = {\(values.map(\.description).joined(separator: ", "))}"
    }
}

extension Action.NextTable {
    fileprivate var text: String {
        switch (pipeline, table) {
        case (nil, nil): "next"
        case (nil, let table?): "next(\(table))"
        case (let pipeline?, nil): "next(pipeline=\(pipeline.rawValue))"
        case (let pipeline?, let table?): "next(pipeline=\(pipeline.rawValue), table=\(table))"
        }
    }
}

extension Action.ForwardGroup {
    fileprivate var text: String {
        let names = ports.map(quoted).joined(separator: ", ")
        return "fwd_group(\(checksLiveness ? "liveness=\"true\", " : "")childports=\(names))"
    }
}

extension Action.NATTarget {
    fileprivate var text: String {
        guard let ports else { return address.description }
        if ports.count == 1 { return "\(address),\(ports.lowerBound)" }
        return "\(address),\(ports.lowerBound)-\(ports.upperBound)"
    }
}

extension Action.Backend {
    var text: String {
        let host: String
        switch (address, port) {
        case (.v4(let address), nil): host = address.description
        case (.v4(let address), let port?): host = "\(address):\(port)"
        case (.v6(let address), nil): host = address.description
        case (.v6(let address), let port?): host = "[\(address)]:\(port)"
        }
        return logicalPort.map { "\(quoted($0)):\(host)" } ?? host
    }
}

extension Action.LoadBalance {
    fileprivate var text: String {
        if backends.isEmpty { return kind.rawValue }
        var text = "\(kind.rawValue)(backends=\(backends.map(\.text).joined(separator: ","))"
        if !hashFields.isEmpty {
            text += "; hash_fields=\(quoted(hashFields.joined(separator: ",")))"
        }
        if let snat { text += "; \(snat.rawValue)" }
        return text + ")"
    }
}

extension Action.Selection {
    fileprivate var text: String {
        let list = members.map { "\($0.value)=\($0.weight)" }.joined(separator: ", ")
        if hashFields.isEmpty { return "select(\(list))" }
        let hash = quoted(hashFields.joined(separator: ","))
        return "select(values=(\(list)); hash_fields=\(hash))"
    }
}

extension Action.Event {
    fileprivate var text: String {
        let details = self.options.map { ", " + $0.description }.joined()
        return "trigger_event(event = \(quoted(Self.kind))\(details))"
    }
}

extension Action.LogEntry {
    fileprivate var text: String {
        var parts: [String] = []
        if let name { parts.append("name=\(quoted(name))") }
        parts.append("verdict=\(verdict.rawValue)")
        parts.append("severity=\(severity.rawValue)")
        if let meter { parts.append("meter=\(quoted(meter))") }
        return "log(\(parts.joined(separator: ", ")))"
    }
}

extension Action.Sample {
    fileprivate var text: String {
        let place =
            switch point {
            case .number(let number): String(number)
            case .field(let field): field.description
            case .cookie: "$cookie"
            }
        return "sample(probability=\(probability),collector_set=\(collectorSet),"
            + "obs_domain=\(domain),obs_point=\(place))"
    }
}

extension Action.Affinity {
    fileprivate var text: String {
        let transport = self.protocol.map { ", proto = \($0.rawValue)" } ?? ""
        return "commit_lb_aff(vip = \(Self.text(address)), backend = \(Self.text(backend))"
            + "\(transport), timeout = \(timeout))"
    }

    /// IPv6 in brackets even without a port, or its end would be read as one.
    private static func text(_ backend: Action.Backend) -> String {
        guard case .v6(let address) = backend.address, backend.port == nil else {
            return quoted(backend.text)
        }
        return quoted("[\(address)]")
    }
}

extension Action.Function: CustomStringConvertible {
    package var description: String {
        switch self {
        case .checkPacketLarger(let length): "check_pkt_larger(\(length))"
        case .lookupNeighbour(let family, let port, let address, let ethernet):
            "lookup_\(family.rawValue)(\(port), \(address), \(ethernet))"
        case .lookupNeighbourAddress(let family, let port, let address):
            "lookup_\(family.rawValue)_ip(\(port), \(address))"
        case .checkEVPNNeighbour(let address): "chk_evpn_arp(\(address))"
        case .lookupFDB(let port, let ethernet): "lookup_fdb(\(port), \(ethernet))"
        case .getFDB(let ethernet): "get_fdb(\(ethernet))"
        case .getRemoteFDB(let ethernet): "get_remote_fdb(\(ethernet))"
        case .putDHCPOptions(let list): "put_dhcp_opts(\(options(list)))"
        case .putDHCPv6Options(let list): "put_dhcpv6_opts(\(options(list)))"
        case .putRouterAdvertisementOptions(let list): "put_nd_ra_opts(\(options(list)))"
        case .checkDHCPRelayRequest(let relay, let server):
            "dhcp_relay_req_chk(\(relay), \(server))"
        case .checkDHCPRelayResponse(let relay, let server):
            "dhcp_relay_resp_chk(\(relay), \(server))"
        case .dnsLookup: "dns_lookup()"
        case .check(let check): "\(check.rawValue)()"
        case .connection(let field): "\(field.rawValue)()"
        }
    }
}
