// Services of the chassis: address configuration, names, logging, samples, learned entries.

extension ActionParser {
    mutating func parseService(_ word: String) throws(LanguageError) -> Action? {
        switch word {
        case "handle_dhcpv6_reply": return .handleDHCPv6Reply
        case "handle_bfd_msg":
            try lexer.expect(.leftParenthesis)
            try lexer.expect(.rightParenthesis)
            return .handleBFDMessage
        case "handle_svc_check":
            try lexer.expect(.leftParenthesis)
            let port = try parseField(width: 0)
            try lexer.expect(.rightParenthesis)
            return .handleServiceCheck(port: port)
        case "igmp": return .igmp
        case "bind_vport": return try parseBind()
        case "trigger_event": return .triggerEvent(try parseEvent())
        case "log": return .log(try parseLog())
        case "sample": return .sample(try parseSample())
        case "commit_ecmp_nh": return try parseCommitNextHop()
        case "commit_lb_aff": return .commitLoadBalancerAffinity(try parseAffinity())
        default: return nil
        }
    }

    private mutating func parseBind() throws(LanguageError) -> Action {
        try lexer.expect(.leftParenthesis)
        let name = try lexer.expectString("expecting port name string")
        try lexer.expect(.comma)
        let parent = try parseField(width: 0)
        try lexer.expect(.rightParenthesis)
        return .bindVirtualPort(name, parent: parent)
    }

    private mutating func parseEvent() throws(LanguageError) -> Action.Event {
        try lexer.expect(.leftParenthesis)
        try expectKey("event")
        guard lexer.token == .string(Action.Event.kind) else {
            throw lexer.syntaxError("expecting event type")
        }
        lexer.advance()
        _ = lexer.take(.comma)
        return Action.Event(options: try parseOptions(.event))
    }

    /// `name =`
    private mutating func expectKey(_ name: String) throws(LanguageError) {
        guard lexer.take(word: name) else { throw lexer.syntaxError("expecting `\(name)'") }
        try lexer.expect(.assign)
    }

    private mutating func parseLog() throws(LanguageError) -> Action.LogEntry {
        try lexer.expect(.leftParenthesis)
        var name: String?
        var verdict: Action.LogEntry.Verdict?
        var severity = Action.LogEntry.Severity.info
        var meter: String?
        while !lexer.take(.rightParenthesis) {
            if lexer.take(word: "name") {
                name = try parseLogName()
            } else if lexer.take(word: "verdict") {
                try lexer.expect(.assign)
                verdict = try parseWord("unknown verdict")
            } else if lexer.take(word: "severity") {
                try lexer.expect(.assign)
                severity = try parseWord("unknown severity")
            } else if lexer.take(word: "meter") {
                try lexer.expect(.assign)
                meter = try lexer.expectString()
            } else {
                throw lexer.syntaxError("expecting name, verdict, severity or meter")
            }
            _ = lexer.take(.comma)
        }
        guard let verdict else { throw lexer.syntaxError("expecting verdict") }
        return Action.LogEntry(name: name, verdict: verdict, severity: severity, meter: meter)
    }

    private mutating func parseLogName() throws(LanguageError) -> String {
        try lexer.expect(.assign)
        let start = lexer
        let name = try lexer.expectString()
        guard name.utf8.count <= ActionList.Limits.logName else {
            throw start.syntaxError("name must be shorter than 64 characters")
        }
        return name
    }

    private mutating func parseSample() throws(LanguageError) -> Action.Sample {
        try lexer.expect(.leftParenthesis)
        var probability: UInt64?
        var collectorSet: UInt64 = 0
        var domain: UInt64 = 0
        var point = Action.Sample.Point.number(0)
        while !lexer.take(.rightParenthesis) {
            if lexer.take(word: "probability") {
                try lexer.expect(.assign)
                probability = try parseInteger(upTo: 65535)
            } else if lexer.take(word: "collector_set") {
                try lexer.expect(.assign)
                collectorSet = try parseInteger(upTo: UInt64(UInt32.max))
            } else if lexer.take(word: "obs_domain") {
                try lexer.expect(.assign)
                domain = try parseInteger(upTo: 255)
            } else if lexer.take(word: "obs_point") {
                try lexer.expect(.assign)
                point = try parseSamplePoint()
            } else {
                throw lexer.syntaxError(
                    "expecting probability, collector_set, obs_domain or obs_point")
            }
            _ = lexer.take(.comma)
        }
        guard let probability, probability > 0 else {
            throw lexer.failure("sample requires a probability from 1 to 65535.")
        }
        return Action.Sample(
            probability: UInt16(probability), collectorSet: UInt32(collectorSet),
            domain: UInt8(domain), point: point)
    }

    private mutating func parseSamplePoint() throws(LanguageError) -> Action.Sample.Point {
        switch lexer.token {
        case .addressSet("cookie"):
            lexer.advance()
            return .cookie
        case .identifier: return .field(try parseField(width: 32))
        default: return .number(UInt32(try parseInteger(upTo: UInt64(UInt32.max))))
        }
    }

    private mutating func parseCommitNextHop() throws(LanguageError) -> Action {
        try lexer.expect(.leftParenthesis)
        try expectKey("ipv6")
        let isIPv6 = try parseTruth()
        try lexer.expect(.comma)
        try expectKey("proto")
        let transport = try parseTransport()
        try lexer.expect(.rightParenthesis)
        return .commitECMPNextHop(isIPv6: isIPv6, protocol: transport)
    }

    /// The name of a transport protocol, with or without quotes.
    private mutating func parseTransport() throws(LanguageError) -> Action.TransportProtocol {
        if case .string(let text) = lexer.token,
            let transport = Action.TransportProtocol(rawValue: text)
        {
            lexer.advance()
            return transport
        }
        return try parseWord("expecting tcp, udp or sctp")
    }

    private mutating func parseAffinity() throws(LanguageError) -> Action.Affinity {
        try lexer.expect(.leftParenthesis)
        try expectKey("vip")
        let start = lexer
        let address = try parseQuotedBackend()
        try lexer.expect(.comma)
        try expectKey("backend")
        let backend = try parseQuotedBackend()
        try lexer.expect(.comma)
        guard address.port == nil || backend.port != nil else {
            throw start.syntaxError("expecting a backend with a port")
        }
        var transport: Action.TransportProtocol?
        if lexer.token == .identifier("proto") || address.port != nil {
            try expectKey("proto")
            transport = try parseTransport()
            try lexer.expect(.comma)
        }
        try expectKey("timeout")
        let timeout = UInt16(try parseInteger(upTo: 65535))
        try lexer.expect(.rightParenthesis)
        return Action.Affinity(
            address: address, backend: backend, protocol: transport, timeout: timeout)
    }
}

// MARK: - Functions

extension ActionParser {
    mutating func parseServiceFunction(
        _ word: String
    ) throws(LanguageError) -> Action.Function? {
        switch word {
        case "check_pkt_larger":
            let length = try lexer.expectSmallInteger()
            try lexer.expect(.rightParenthesis)
            return .checkPacketLarger(length)
        case "put_dhcp_opts": return .putDHCPOptions(try parseDHCPOptions())
        case "put_dhcpv6_opts": return .putDHCPv6Options(try parseOptions(.dhcpv6))
        case "put_nd_ra_opts":
            return .putRouterAdvertisementOptions(try parseAdvertisementOptions())
        case "dhcp_relay_req_chk", "dhcp_relay_resp_chk":
            let relay = try parseIPv4Address("expecting IPv4 dhcp relay ip")
            try lexer.expect(.comma)
            let server = try parseIPv4Address("expecting IPv4 dhcp server ip")
            try lexer.expect(.rightParenthesis)
            return word == "dhcp_relay_req_chk"
                ? .checkDHCPRelayRequest(relay: relay, server: server)
                : .checkDHCPRelayResponse(relay: relay, server: server)
        case "dns_lookup":
            guard lexer.take(.rightParenthesis) else {
                throw lexer.failure("dns_lookup doesn't take any parameters")
            }
            return .dnsLookup
        default: return nil
        }
    }

    private mutating func parseDHCPOptions() throws(LanguageError) -> [Action.Option] {
        let options = try parseOptions(.dhcpv4)
        guard options.contains(where: { $0.name == "offerip" }) else {
            throw lexer.failure("put_dhcp_opts requires offerip to be specified.")
        }
        return options
    }

    private mutating func parseAdvertisementOptions() throws(LanguageError) -> [Action.Option] {
        let options = try parseOptions(.routerAdvertisement)
        let names = Set(options.map(\.name))
        guard names.contains("slla") else { throw lexer.failure("slla option not present") }
        let isStateful = options.contains {
            $0.name == "addr_mode" && $0.values == [.string("dhcpv6_stateful")]
        }
        guard names.contains("prefix") || isStateful else {
            throw lexer.failure(
                "prefix option needs to be set when address mode is slaac/dhcpv6_stateless.")
        }
        return options
    }
}
