import Wire

// Actions on connections, load balancing and the neighbour tables.

extension ActionParser {
    mutating func parseConnection(_ word: String) throws(LanguageError) -> Action? {
        if let kind = Action.NATKind(rawValue: word) { return .ctNAT(kind, try parseNAT()) }
        if let kind = Action.LoadBalance.Kind(rawValue: word) {
            return .ctLoadBalance(try parseLoadBalance(kind))
        }
        switch word {
        case "ct_next": return .ctNext(try parseOptionalZone())
        case "ct_commit": return try parseCommit()
        case "ct_commit_to_zone":
            try lexer.expect(.leftParenthesis)
            return .ctCommitToZone(try parseZone())
        case "ct_commit_nat": return .ctCommitNAT(try parseOptionalZone())
        case "ct_clear": return .ctClear
        case "ct_snat_to_vip": return .ctSNATToVIP
        default: return nil
        }
    }

    private mutating func parseOptionalZone() throws(LanguageError) -> Action.NATZone? {
        lexer.take(.leftParenthesis) ? try parseZone() : nil
    }

    /// `dnat)` or `snat)`
    private mutating func parseZone() throws(LanguageError) -> Action.NATZone {
        let zone: Action.NATZone = try parseWord("expecting parameter 'dnat' or 'snat'")
        try lexer.expect(.rightParenthesis)
        return zone
    }

    private mutating func parseCommit() throws(LanguageError) -> Action {
        switch lexer.token {
        case .punctuation(.leftBrace): return .ctCommit(try parseBlock(.connection))
        case .punctuation(.leftParenthesis): return try parseCommitConstants()
        default: return .ctCommit([])
        }
    }

    private mutating func parseCommitConstants() throws(LanguageError) -> Action {
        lexer.advance()
        var mark: Number?
        var label: Number?
        while !lexer.take(.rightParenthesis) {
            if lexer.take(word: "ct_mark") {
                mark = try parseCommitConstant(.ctMark)
            } else if lexer.take(word: "ct_label") {
                label = try parseCommitConstant(.ctLabel)
            } else {
                throw lexer.syntaxError("expecting ct_mark or ct_label")
            }
            _ = lexer.take(.comma)
        }
        return .ctCommitConstants(mark: mark, label: label)
    }

    private mutating func parseCommitConstant(_ symbol: Symbol) throws(LanguageError) -> Number {
        try lexer.expect(.assign)
        guard case .number(let number) = lexer.token else {
            throw lexer.syntaxError("expecting integer")
        }
        if let problem = Comparison.typeProblem(FieldRange(symbol), .number(number), table) {
            throw lexer.failure(problem)
        }
        lexer.advance()
        return number
    }

    private mutating func parseNAT() throws(LanguageError) -> Action.NATTarget? {
        guard lexer.take(.leftParenthesis) else { return nil }
        let address = try parseAddress("expecting IPv4 or IPv6 address")
        let ports = lexer.take(.comma) ? try parsePortRange() : nil
        try lexer.expect(.rightParenthesis)
        return Action.NATTarget(address, ports: ports)
    }

    private mutating func parsePortRange() throws(LanguageError) -> ClosedRange<UInt16> {
        let detail = "expecting Integer for port range"
        let low = UInt16(try parseInteger(upTo: 65535, detail))
        guard lexer.take(.hyphen) else { return low...low }
        let start = lexer
        let high = UInt16(try parseInteger(upTo: 65535, detail))
        guard high > low else {
            throw start.syntaxError("range high should be greater than range low")
        }
        return low...high
    }

    /// An unmasked IPv4 or IPv6 address.
    mutating func parseAddress(_ detail: String) throws(LanguageError) -> IPAddress {
        guard case .number(let number) = lexer.token, let address = number.address else {
            throw lexer.syntaxError(detail)
        }
        lexer.advance()
        return address
    }

    mutating func parseIPv4Address(_ detail: String) throws(LanguageError) -> IPv4Address {
        guard case .number(let number) = lexer.token, case .v4(let address) = number.address else {
            throw lexer.syntaxError(detail)
        }
        lexer.advance()
        return address
    }
}

extension Number {
    /// The address that an unmasked constant is.
    package var address: IPAddress? {
        guard mask == nil else { return nil }
        switch format {
        case .ip4: return .v4(IPv4Address(UInt32(truncatingIfNeeded: value)))
        case .ip6: return .v6(IPv6Address(value))
        case .decimal, .hexadecimal, .ethernet: return nil
        }
    }
}

// MARK: - Load balancing

extension ActionParser {
    private mutating func parseLoadBalance(
        _ kind: Action.LoadBalance.Kind
    ) throws(LanguageError) -> Action.LoadBalance {
        guard lexer.take(.leftParenthesis) else { return Action.LoadBalance(kind) }
        guard lexer.take(word: "backends"), lexer.take(.assign) else {
            throw lexer.syntaxError("expecting backends")
        }
        var backends: [Action.Backend] = []
        repeat {
            backends.append(try parseBackend(isLocal: kind == .markLocal))
            _ = lexer.take(.comma)
        } while lexer.token != .punctuation(.semicolon)
            && lexer.token != .punctuation(.rightParenthesis)
        var fields: [String] = []
        var snat: Action.LoadBalance.SNAT?
        while lexer.take(.semicolon) {
            if lexer.token == .identifier("hash_fields") {
                fields = try parseHashFields()
            } else if lexer.token != .punctuation(.rightParenthesis) {
                snat = try parseWord("expecting hash_fields, skip_snat or force_snat")
            }
        }
        try lexer.expect(.rightParenthesis)
        return Action.LoadBalance(kind, backends: backends, hashFields: fields, snat: snat)
    }

    private mutating func parseBackend(isLocal: Bool) throws(LanguageError) -> Action.Backend {
        var logicalPort: String?
        if isLocal {
            logicalPort = try lexer.expectString("expecting port name string")
            try lexer.expect(.colon)
        }
        if lexer.take(.leftBracket) {
            let address = try parseIPv6Address()
            try lexer.expect(.rightBracket)
            return Action.Backend(
                address, port: try parseOptionalPort(), logicalPort: logicalPort)
        }
        let address = try parseAddress("expecting IP address")
        guard case .v4 = address else { return Action.Backend(address, logicalPort: logicalPort) }
        return Action.Backend(address, port: try parseOptionalPort(), logicalPort: logicalPort)
    }

    private mutating func parseIPv6Address() throws(LanguageError) -> IPAddress {
        guard case .number(let number) = lexer.token, let address = number.address,
            case .v6 = address
        else { throw lexer.syntaxError("expecting IPv6 address") }
        lexer.advance()
        return address
    }

    private mutating func parseOptionalPort() throws(LanguageError) -> UInt16? {
        guard lexer.take(.colon) else { return nil }
        return UInt16(try parseInteger(upTo: 65535, "expecting port number"))
    }

    /// `"address[:port]"` in a string, IPv6 with a port in brackets.
    mutating func parseQuotedBackend() throws(LanguageError) -> Action.Backend {
        let start = lexer
        let text = try lexer.expectString("expecting IP address and port")
        var inner = ActionParser(text)
        guard let backend = try? inner.parseBackend(isLocal: false), inner.lexer.token == .end
        else { throw start.syntaxError("expecting IP address and port") }
        return backend
    }
}

// MARK: - Neighbours

extension ActionParser {
    mutating func parseNeighbour(_ word: String) throws(LanguageError) -> Action? {
        switch word {
        case "get_arp": return try parseGetNeighbour(.ip4)
        case "get_nd": return try parseGetNeighbour(.ip6)
        case "put_arp": return try parsePutNeighbour(.ip4)
        case "put_nd": return try parsePutNeighbour(.ip6)
        case "put_fdb":
            try lexer.expect(.leftParenthesis)
            let port = try parseField(width: 0)
            try lexer.expect(.comma)
            let ethernet = try parseField(width: 48)
            try lexer.expect(.rightParenthesis)
            return .putFDB(port: port, ethernet: ethernet)
        case "mac_cache_use": return .macCacheUse
        default: return nil
        }
    }

    private mutating func parseGetNeighbour(
        _ family: Action.Family
    ) throws(LanguageError) -> Action {
        try lexer.expect(.leftParenthesis)
        let (port, address) = try parsePortAndAddress(family)
        try lexer.expect(.rightParenthesis)
        return .getNeighbour(family, port: port, address: address)
    }

    private mutating func parsePutNeighbour(
        _ family: Action.Family
    ) throws(LanguageError) -> Action {
        try lexer.expect(.leftParenthesis)
        let (port, address) = try parsePortAndAddress(family)
        try lexer.expect(.comma)
        let ethernet = try parseField(width: 48)
        try lexer.expect(.rightParenthesis)
        return .putNeighbour(family, port: port, address: address, ethernet: ethernet)
    }
}
