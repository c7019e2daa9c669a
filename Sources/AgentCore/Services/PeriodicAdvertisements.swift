import OVSDBModel
import Schemas
import Wire

// Unsolicited router advertisements (RFC 4861 §6.2.4): each router port that is asked for them
// (Port_Binding.options:ipv6_ra_send_periodic) says what it is at random intervals, the first three
// times soon after each other. Every chassis does so for the ports that it has, so none leaves it.

package struct PeriodicAdvertisements: Sendable {
    package struct Configuration: Hashable, Sendable {
        /// The switch's port that leads to the router.
        package let port: PortReference
        package let frame: [UInt8]
        /// Milliseconds.
        package let interval: ClosedRange<Milliseconds>

        package init(port: PortReference, frame: [UInt8], interval: ClosedRange<Milliseconds>) {
            self.port = port
            self.frame = frame
            self.interval = interval
        }
    }

    /// MAX_INITIAL_RTR_ADVERTISEMENTS and MAX_INITIAL_RTR_ADVERT_INTERVAL (RFC 4861 §10).
    private static let initialCount = 3
    private static let initialInterval: Milliseconds = 16_000

    private struct State {
        var configuration: Configuration
        var sent = 0
        var next: Milliseconds
    }

    private var states: [PortReference: State] = [:]

    package init() {}

    package var deadline: Milliseconds? { states.values.map(\.next).min() }

    /// Takes the wanted configuration over. One that has changed is announced at once.
    package mutating func configure(_ wanted: [Configuration], now: Milliseconds) {
        var new: [PortReference: State] = [:]
        for configuration in wanted {
            let old = states[configuration.port]
            new[configuration.port] =
                old?.configuration == configuration
                ? old : State(configuration: configuration, next: now)
        }
        states = new
    }

    package mutating func due(
        now: Milliseconds, using generator: inout some RandomNumberGenerator
    ) -> [Injection] {
        var result: [Injection] = []
        for port in states.keys.sorted() {
            guard var state = states[port], state.next <= now else { continue }
            result.append(Injection(state.configuration.frame, .from(port), isLocal: true))
            state.sent += 1
            var delay = Milliseconds.random(in: state.configuration.interval, using: &generator)
            if state.sent < Self.initialCount { delay = min(delay, Self.initialInterval) }
            state.next = now + delay
            states[port] = state
        }
        return result
    }
}

extension PeriodicAdvertisements.Configuration {
    /// Seconds: MaxRtrAdvInterval, and the least of MinRtrAdvInterval (RFC 4861 §6.2.1).
    private static let maximums = 4...1800
    private static let leastMinimum = 3
    /// Seconds: the default of a row without an interval.
    private static let usualMaximum = 600

    /// - Parameters:
    ///   - row: the router's port.
    ///   - port: the switch's port on the other side.
    /// - Returns: nil if the row asks for none, or lacks addresses.
    package init?(_ row: SB.PortBinding, port: PortReference) {
        let options = row.options
        guard options["ipv6_ra_send_periodic"] == "true",
            let mac = options["ipv6_ra_src_eth"].flatMap({ MACAddress(parsing: $0) }),
            let source = options["ipv6_ra_src_addr"].flatMap({ IPv6Prefix(parsing: $0)?.address })
        else { return nil }
        let maximum = (options["ipv6_ra_max_interval"].flatMap { Int($0) } ?? Self.usualMaximum)
            .clamped(to: Self.maximums)
        let usual = maximum >= 9 ? maximum / 3 : maximum * 3 / 4
        let minimum = options["ipv6_ra_min_interval"].flatMap { Int($0) } ?? usual
        let lower = minimum.clamped(to: Self.leastMinimum...maximum)
        let allNodes = IPv6Address(high: 0xff02 << 48, low: 1)
        let ethernet = EthernetHeader(
            destination: MACAddress(multicast: allNodes), source: mac)
        self.init(
            port: port,
            frame: Self.advertisement(options, mac).frame(
                ethernet, source: source, destination: allNodes),
            interval: Milliseconds(lower * 1000)...Milliseconds(maximum * 1000))
    }

    private static func advertisement(
        _ options: [String: String], _ mac: MACAddress
    ) -> RouterAdvertisement {
        var result = RouterAdvertisement()
        result.setMode(options["ipv6_ra_address_mode"])
        result.preference =
            options["ipv6_ra_prf"].flatMap { RouterAdvertisement.Preference(parsing: $0) }
            ?? .medium
        result.options = [.sourceLink(mac)]
        if let mtu = options["ipv6_ra_mtu"].flatMap({ UInt32($0) }), mtu >= 1280 {
            result.options.append(.mtu(mtu))
        }
        for text in words(options["ipv6_ra_prefixes"]) {
            guard let prefix = IPv6Prefix(parsing: text) else { continue }
            result.options.append(.prefix(prefix, isAutonomous: !result.isManaged))
        }
        let resolvers = words(options["ipv6_ra_rdnss"]).compactMap { IPv6Address(parsing: $0) }
        if !resolvers.isEmpty { result.options.append(.resolvers(resolvers)) }
        result.options += RouterAdvertisement.searchList(words(options["ipv6_ra_dnssl"]))
        result.options += words(options["ipv6_ra_route_info"]).compactMap {
            RouterAdvertisement.Option(routeParsing: $0)
        }
        return result
    }

    private static func words(_ text: String?) -> [Substring] {
        (text ?? "").split { $0 == " " || $0 == "," }
    }
}
