import LogicalFlow
import Wire

// Packets that the agent makes cost processor time here and, as errors and resets, serve whoever
// wants to hit a third party with them (RFC 1812 §4.3.2.8, RFC 4443 §2.4 f, RFC 5927 §7.2). The
// property that must hold: what one port can make the agent do is bounded for each class of
// service, and never takes anything from another port. A tunnel's packets count against their sender.

/// What the agent does for a packet in userspace, as far as limits go.
package enum ServiceClass: UInt8, CaseIterable, Hashable, Sendable {
    /// An ARP request or neighbour solicitation.
    case question
    /// A neighbour advertisement.
    case answer
    /// An ICMP error, or the rewriting of one.
    case error
    /// A TCP reset or an SCTP ABORT.
    case reset
    case dhcp, names, routerAdvertisement, multicast, serviceCheck, bfd, event, log
    /// A packet of no flow that the kernel has.
    case miss

    /// What the configuration calls it.
    package var control: ControlClass {
        switch self {
        case .question: .question
        case .answer: .answer
        case .error: .error
        case .reset: .reset
        case .dhcp: .dhcp
        case .names: .dns
        case .routerAdvertisement: .ra
        case .multicast: .multicast
        case .serviceCheck: .check
        case .bfd: .bfd
        case .event: .event
        case .log: .log
        case .miss: .miss
        }
    }
}

/// What the configuration says of limits, besides the defaults.
package struct ConfiguredLimits: Hashable, Sendable {
    package var deployment = ControlLimits()
    /// By kernel port number; they go before those of the deployment.
    package var ports: [UInt32: ControlLimits] = [:]

    package init() {}

    /// Of a port of which nothing is said.
    package static let misses = ControlLimits.Limit(perSecond: 50_000, burst: 100_000)

    /// What is said of a class of a port.
    package subscript(kind: ControlClass, of vport: UInt32) -> ControlLimits.Limit? {
        ports[vport]?[kind] ?? deployment[kind]
    }

    /// The misses that a port may have.
    package func misses(of vport: UInt32) -> ControlLimits.Limit {
        self[.miss, of: vport] ?? Self.misses
    }
}

package struct ServiceLimiter: Sendable {
    package typealias Limit = ControlLimits.Limit

    package struct Limits: Sendable {
        package var question = Limit(perSecond: 1000, burst: 2000)
        package var answer = Limit(perSecond: 1000, burst: 2000)
        package var error = Limit(perSecond: 100, burst: 200)
        package var reset = Limit(perSecond: 500, burst: 1000)
        package var dhcp = Limit(perSecond: 50, burst: 100)
        package var names = Limit(perSecond: 500, burst: 1000)
        package var routerAdvertisement = Limit(perSecond: 20, burst: 40)
        package var multicast = Limit(perSecond: 200, burst: 400)
        package var serviceCheck = Limit(perSecond: 1000, burst: 2000)
        package var bfd = Limit(perSecond: 1000, burst: 2000)
        package var event = Limit(perSecond: 50, burst: 100)
        package var log = Limit(perSecond: 500, burst: 1000)
        package var miss = ConfiguredLimits.misses
        /// Pairs of source and class that are remembered; past it all start anew.
        package var sources = 16_384

        package init() {}

        package subscript(service: ServiceClass) -> Limit {
            switch service {
            case .question: question
            case .answer: answer
            case .error: error
            case .reset: reset
            case .dhcp: dhcp
            case .names: names
            case .routerAdvertisement: routerAdvertisement
            case .multicast: multicast
            case .serviceCheck: serviceCheck
            case .bfd: bfd
            case .event: event
            case .log: log
            case .miss: miss
            }
        }
    }

    private struct Source: Hashable {
        let source: PacketSource
        let service: ServiceClass
    }

    private let limits: Limits
    private var configured = ConfiguredLimits()
    private var buckets: [Source: TokenBucket] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// Takes what the configuration says now. If that is something else, all start anew.
    package mutating func configure(_ configured: ConfiguredLimits) {
        guard configured != self.configured else { return }
        self.configured = configured
        buckets = [:]
    }

    private func limit(_ service: ServiceClass, _ vport: UInt32) -> Limit {
        configured[service.control, of: vport] ?? limits[service]
    }

    /// True if a packet of this source may have this service now; it is then counted.
    package mutating func admits(
        _ service: ServiceClass, from source: PacketSource, now: Milliseconds
    ) -> Bool {
        if buckets.count >= limits.sources { buckets = [:] }
        let limit = limit(service, source.vport)
        return buckets[
            Source(source: source, service: service),
            default: TokenBucket(ratePerSecond: limit.perSecond, burst: limit.burst, now: now)
        ].take(now: now)
    }
}
