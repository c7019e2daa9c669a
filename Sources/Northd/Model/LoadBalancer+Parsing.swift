import LogicalFlow
import OVSDBModel
import Schemas
import Wire

extension LoadBalancer {
    /// Parses a row. What is wrong with one address or backend is told to `report`, and that one
    /// is left out.
    package init(
        _ row: NB.LoadBalancer, healthChecks: [NB.LoadBalancerHealthCheck],
        report: @escaping (_ column: String, _ reason: String) -> Void
    ) {
        name = row.name
        transport = row.protocol.flatMap(Action.TransportProtocol.init) ?? .tcp
        hashFields = LoadBalancer.hashFields(row.selectionFields, transport)
        options = LoadBalancerOptions(row.options, transport, report: report)
        let isTemplate = row.options["template"] == "true"
        let checks = LoadBalancer.checks(row, healthChecks, transport, report: report)
        let parser = ServiceParser(
            placements: LoadBalancer.placements(row.ipPortMappings, report: report),
            checks: checks, report: report)
        if isTemplate {
            services = []
            templates = parser.templates(row)
        } else {
            services = parser.services(row.vips)
            templates = []
        }
        reportMissingPlaces(report)
        if isTemplate, !checks.isEmpty { report("health_check", "a template can't be probed") }
    }

    /// Backends that are out of service because nobody says where they are.
    private func reportMissingPlaces(_ report: (String, String) -> Void) {
        for service in services {
            for backend in service.backends {
                let text = ServiceText.host(backend.address, backend.port)
                if options.isDistributed, backend.placement == nil {
                    report("ip_port_mappings", "no port of \(text), which \(service.text) needs")
                } else if service.healthCheck != nil, backend.placement?.source == nil {
                    report("ip_port_mappings", "no source for probes of \(text)")
                }
            }
        }
    }

    /// Options of health checks by the address that they are for. Chassis don't probe SCTP.
    private static func checks(
        _ row: NB.LoadBalancer, _ checks: [NB.LoadBalancerHealthCheck],
        _ transport: Action.TransportProtocol, report: (String, String) -> Void
    ) -> [String: [String: String]] {
        guard transport != .sctp else {
            if !checks.isEmpty { report("health_check", "SCTP has no health checks") }
            return [:]
        }
        let known = Set(
            row.vips.keys.map { key in
                ServiceText.parse(key).map { ServiceText.host($0.0, $0.1) } ?? key
            })
        for check in checks where row.vips[check.vip] == nil && !known.contains(check.vip) {
            report("health_check", "no address of the load balancer: \"\(check.vip)\"")
        }
        return Dictionary(checks.map { ($0.vip, $0.options) }) { first, _ in first }
    }

    /// Transport ports are hashed by the protocol's own name for them.
    private static func hashFields(
        _ fields: [String], _ transport: Action.TransportProtocol
    ) -> [String] {
        fields.map { field in
            field.hasPrefix("tp_") ? transport.rawValue + field.dropFirst(2) : field
        }
    }

    /// Keys are addresses, of IPv6 in brackets or not.
    private static func placements(
        _ mappings: [String: String], report: (String, String) -> Void
    ) -> [IPAddress: BackendPlacement] {
        var result: [IPAddress: BackendPlacement] = [:]
        for (key, value) in mappings.sorted(by: { $0.key < $1.key }) {
            guard let address = IPAddress(parsing: key.filter { $0 != "[" && $0 != "]" }) else {
                report("ip_port_mappings", "no address: \"\(key)\"")
                continue
            }
            let placement = BackendPlacement(parsing: value)
            if placement.source == nil, value.contains(":") {
                report("ip_port_mappings", "no source address: \"\(value)\"")
            }
            result[address] = placement
        }
        return result
    }
}

extension BackendPlacement {
    /// `PORT`, `PORT:SOURCE` or `PORT:SOURCE:ZONE`; a source of IPv6 is in brackets.
    package init(parsing text: String) {
        guard let colon = text.firstIndex(of: ":") else {
            self.init(logicalPort: text, source: nil, zone: nil)
            return
        }
        let rest = text[text.index(after: colon)...]
        let end: Substring.Index
        if rest.first == "[", let bracket = rest.firstIndex(of: "]") {
            end = rest.index(after: bracket)
        } else {
            end = rest.firstIndex(of: ":") ?? rest.endIndex
        }
        let source = rest[..<end].filter { $0 != "[" && $0 != "]" }
        let zone = rest[end...].dropFirst()
        self.init(
            logicalPort: String(text[..<colon]), source: IPAddress(parsing: source),
            zone: zone.isEmpty ? nil : String(zone))
    }
}

extension LoadBalancerOptions {
    init(
        _ options: [String: String], _ transport: Action.TransportProtocol,
        report: (String, String) -> Void
    ) {
        helper = ConnectionHelper(option: options, report: report)
        if let known = helper, transport != (known == .ftp ? .tcp : .udp) {
            report(
                "options:\(ConnectionHelper.option)",
                "\(known.rawValue) is not carried by \(transport.rawValue)")
            helper = nil
        }
        LoadBalancerOptions.checkTemplate(options, report)
        rejects = options["reject"] == "true"
        announcesEmpty = options["event"] == "true"
        skipsSNAT = options["skip_snat"] == "true"
        addsRoute = options["add_route"] == "true"
        isDistributed = options["distributed"] == "true"
        isStateless = options["use_stateless_nat"] == "true"
        hairpinSources = (options["hairpin_snat_ip"] ?? "").split(separator: " ").compactMap {
            let address = IPAddress(parsing: $0)
            if address == nil { report("options:hairpin_snat_ip", "no address: \"\($0)\"") }
            return address
        }
        if let text = options["affinity_timeout"] {
            let timeout = UInt16(text)
            affinityTimeout = timeout == 0 ? nil : timeout
            if timeout == nil { report("options:affinity_timeout", "no seconds: \"\(text)\"") }
        }
        if let text = options["neighbor_responder"] {
            if let value = Responder(rawValue: text) {
                responder = value
            } else {
                report("options:neighbor_responder", "unknown value \"\(text)\"")
            }
        }
    }
}

extension LoadBalancerOptions {
    /// What only addresses can have, and variables can't.
    private static func checkTemplate(
        _ options: [String: String], _ report: (String, String) -> Void
    ) {
        guard options["template"] == "true" else { return }
        if let text = options["affinity_timeout"], text != "0" {
            report("options:affinity_timeout", "templates have no affinity")
        }
        if options["event"] == "true" {
            report("options:event", "templates have no events")
        }
    }
}

/// Parses Load_Balancer.vips.
private struct ServiceParser {
    let placements: [IPAddress: BackendPlacement]
    let checks: [String: [String: String]]
    let report: (_ column: String, _ reason: String) -> Void

    func services(_ vips: [String: String]) -> [VirtualService] {
        var seen: Set<String> = []
        let all = vips.sorted { $0.key < $1.key }.compactMap { key, value in
            service(key, value)
        }
        return all.filter { service in
            if seen.insert(service.text).inserted { return true }
            report("vips", "\(service.text) is there twice")
            return false
        }.sorted { ($0.address, $0.port ?? 0) < ($1.address, $1.port ?? 0) }
    }

    private func service(_ key: String, _ value: String) -> VirtualService? {
        guard let (address, port) = ServiceText.parse(key) else {
            report("vips", "no address: \"\(key)\"")
            return nil
        }
        let backends = value.split(separator: ",").compactMap { text in
            backend(String(text.filter { $0 != " " }), of: address, port)
        }
        let check = checks[key] ?? checks[ServiceText.host(address, port)]
        return VirtualService(
            address: address, port: port, backends: backends, healthCheck: check)
    }

    /// A backend is of the family of its address, and has a port if and only if that has one.
    private func backend(
        _ text: String, of virtual: IPAddress, _ virtualPort: UInt16?
    ) -> ServiceBackend? {
        guard let (address, port) = ServiceText.parse(text),
            (address.v4 == nil) == (virtual.v4 == nil), (port == nil) == (virtualPort == nil)
        else {
            report(
                "vips", "no backend of \(ServiceText.host(virtual, virtualPort)): \"\(text)\"")
            return nil
        }
        return ServiceBackend(address: address, port: port, placement: placements[address])
    }

    func templates(_ row: NB.LoadBalancer) -> [TemplateService] {
        let isIPv6 = row.options["address-family"] == "ipv6"
        return row.vips.sorted { $0.key < $1.key }.compactMap { key, value in
            var host = Substring(key)
            var port: String?
            let isBare = IPAddress(parsing: key) != nil
            if !isBare, let colon = key.lastIndex(of: ":") {
                host = key[..<colon]
                port = String(key[key.index(after: colon)...])
                if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
            }
            guard isWritable(host, isIPv6), port.map(isWritable) ?? true,
                value.split(separator: ",").allSatisfy({ isBackend($0, isIPv6) })
            else {
                report("vips", "neither variables nor addresses: \"\(key)\" = \"\(value)\"")
                return nil
            }
            return TemplateService(
                isIPv6: isIPv6, address: String(host), port: port, backends: value)
        }
    }

    /// A flow can say this: a variable, or an address of the family.
    private func isWritable(_ host: Substring, _ isIPv6: Bool) -> Bool {
        if Self.isVariable(host) { return true }
        return IPAddress(parsing: host).map { ($0.v4 == nil) == isIPv6 } ?? false
    }

    private func isWritable(port: String) -> Bool {
        Self.isVariable(Substring(port)) || UInt16(port) != nil
    }

    /// Backends are variables, alone or with a port, or addresses.
    private func isBackend(_ text: Substring, _ isIPv6: Bool) -> Bool {
        if let (address, _) = ServiceText.parse(text) { return (address.v4 == nil) == isIPv6 }
        return text.split(separator: ":", omittingEmptySubsequences: false).allSatisfy {
            Self.isVariable($0) || UInt16($0) != nil
        }
    }

    /// `^NAME` (ovn-nb(5), Chassis_Template_Var).
    private static func isVariable(_ text: Substring) -> Bool {
        text.first == "^" && text.utf8.count > 1
            && text.utf8.dropFirst().allSatisfy { byte in
                byte == UInt8(ascii: "_") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                    || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
            }
    }
}
