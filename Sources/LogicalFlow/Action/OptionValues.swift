import Wire

// Which values the options of services take. The language wants no more than numbers where numbers
// belong, so a flow may say anything else; what the kind of an option can't hold is never encoded. A
// configuration hears of it (`Action.Option.init(_:parsing:of:)`), a flow is served without the option.

extension OptionTable {
    package enum Limits {
        /// Bytes of one option's value: less than one of an advertisement holds (RFC 4861 §4.6), and
        /// enough options of it fit into one message.
        package static let valueBytes = 1024
    }

    /// The options that have a value of their kind, in their order.
    package func encodable(_ options: [Action.Option]) -> [Action.Option] {
        options.filter { option in
            self[option.name].map { $0.kind.problem(option.values) == nil } ?? false
        }
    }
}

extension OptionTable.Kind {
    /// What an option of this kind requires and these values aren't; nil if nothing is wrong.
    package func problem(_ values: [Constant]) -> String? {
        let numbers = values.compactMap(\.number)
        let texts = values.compactMap(\.text)
        guard values.reduce(0, { $0 + $1.bytes }) <= OptionTable.Limits.valueBytes else {
            return "takes at most \(OptionTable.Limits.valueBytes) bytes"
        }
        guard numbers.count == values.count || texts.count == values.count else {
            return "takes numbers or strings"
        }
        let isFit =
            texts.isEmpty
            ? !numbers.isEmpty && accepts(numbers) : texts.count == 1 && accepts(texts[0])
        return isFit ? nil : "requires \(requirement)"
    }

    private var requirement: String {
        switch self {
        case .boolean: "0 or 1"
        case .uint8: "a number up to \(UInt8.max)"
        case .uint16: "a number up to \(UInt16.max)"
        case .uint32: "a number up to \(UInt32.max)"
        case .string: "a string"
        case .ip4: "IPv4 addresses"
        case .ip6: "IPv6 addresses"
        case .ip6Prefix: "IPv6 prefixes"
        case .ethernet: "an Ethernet address"
        case .staticRoutes: "pairs of IPv4 prefix and next hop"
        case .host: "an IPv4 address or a string"
        case .domains, .names: "names with commas between them"
        case .domain: "a name"
        case .addressMode: "slaac, dhcpv6_stateful or dhcpv6_stateless"
        case .preference: "HIGH, MEDIUM or LOW"
        case .routes: "routes PREFERENCE-PREFIX with commas between them"
        }
    }

    private func accepts(_ numbers: [Number]) -> Bool {
        switch self {
        case .boolean: numbers.count == 1 && numbers[0].isInteger(upTo: 1)
        case .uint8: numbers.count == 1 && numbers[0].isInteger(upTo: UInt64(UInt8.max))
        case .uint16: numbers.count == 1 && numbers[0].isInteger(upTo: UInt64(UInt16.max))
        case .uint32: numbers.count == 1 && numbers[0].isInteger(upTo: UInt64(UInt32.max))
        case .ip4: numbers.allSatisfy { $0.isAddress(.ip4) }
        case .ip6: numbers.allSatisfy { $0.isAddress(.ip6) }
        case .ip6Prefix: numbers.allSatisfy { $0.isPrefix(.ip6) }
        case .ethernet: numbers.count == 1 && numbers[0].isAddress(.ethernet)
        case .staticRoutes:
            numbers.count % 2 == 0
                && numbers.enumerated().allSatisfy { index, number in
                    index % 2 == 0 ? number.isPrefix(.ip4) : number.isAddress(.ip4)
                }
        case .host: numbers.count == 1 && numbers[0].isAddress(.ip4)
        case .string, .domains, .names, .domain, .addressMode, .preference, .routes: false
        }
    }

    private func accepts(_ text: String) -> Bool {
        switch self {
        case .string, .host: !text.isEmpty
        case .domain: DomainName(parsing: text).map { !$0.labels.isEmpty } ?? false
        case .domains, .names: Self.list(text) { DomainName(parsing: $0) != nil }
        case .addressMode: ["slaac", "dhcpv6_stateful", "dhcpv6_stateless"].contains(text)
        case .preference: RouterAdvertisement.Preference(parsing: text) != nil
        case .routes: Self.list(text) { RouterAdvertisement.Option(routeParsing: $0) != nil }
        case .boolean, .uint8, .uint16, .uint32, .ip4, .ip6, .ip6Prefix, .ethernet, .staticRoutes:
            false
        }
    }

    private static func list(_ text: String, _ accepts: (Substring) -> Bool) -> Bool {
        let parts = Action.Option.list(text)
        return !parts.isEmpty && parts.allSatisfy(accepts)
    }
}

extension Action.Option {
    /// The parts of a text between commas, without white space around them.
    package static func list(_ text: String) -> [Substring] {
        text.split(separator: ",").map { $0.drop { $0 == " " }.prefix { $0 != " " } }
    }
}

extension Number {
    /// Written as a number, not as an address.
    fileprivate func isInteger(upTo limit: UInt64) -> Bool {
        mask == nil && (format == .decimal || format == .hexadecimal) && value <= UInt128(limit)
    }

    fileprivate func isAddress(_ format: Format) -> Bool { self.format == format && mask == nil }

    /// An address, or one with a mask whose ones come before its zeros.
    fileprivate func isPrefix(_ format: Format) -> Bool {
        guard self.format == format else { return false }
        guard let mask else { return true }
        let length = mask.nonzeroBitCount
        return mask == UInt128.ones(length) << UInt128(format.width - length)
    }
}

extension Constant {
    fileprivate var number: Number? { if case .number(let number) = self { number } else { nil } }

    fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }

    /// What it takes in a message, at most.
    fileprivate var bytes: Int {
        switch self {
        case .number(let number): number.format.width / 8
        case .string(let text): text.utf8.count
        case .addressSet, .portGroup: 0
        }
    }
}
