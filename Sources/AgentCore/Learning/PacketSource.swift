import Datapath
import Wire

/// Whom a packet's cost is counted against: the port that it came in by, or of a tunnel, by which the
/// packets of all other chassis come, its sender.
package struct PacketSource: Hashable, Comparable, Sendable {
    package let vport: UInt32
    /// The tunnel's other end, which the packet's flow has seen to be a chassis; nil for other ports.
    package let sender: IPAddress?

    package init(vport: UInt32, sender: IPAddress? = nil) {
        self.vport = vport
        self.sender = sender
    }

    package init(_ key: FlowKey) {
        vport = UInt32(truncatingIfNeeded: key[.inputPort])
        let bits = key[wide: .tunnelSource]
        switch key[.tunnelFamily] {
        case TunnelFamily.ipv4: sender = .v4(IPv4Address(UInt32(truncatingIfNeeded: bits)))
        case TunnelFamily.ipv6: sender = .v6(IPv6Address(bits))
        default: sender = nil
        }
    }

    package static func < (left: Self, right: Self) -> Bool {
        if left.vport != right.vport { return left.vport < right.vport }
        guard let other = right.sender else { return false }
        return left.sender.map { $0 < other } ?? true
    }
}

/// How many lessons one source may teach.
package struct LessonLimiter: Sendable {
    package struct Limits: Sendable {
        package var perSecond: Int64 = 100
        package var burst: Int64 = 200
        /// Sources that are remembered; past it all start anew.
        package var sources = 4096

        package init() {}
    }

    private let limits: Limits
    private var buckets: [PacketSource: TokenBucket] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    package mutating func admits(_ source: PacketSource, now: Milliseconds) -> Bool {
        if buckets.count >= limits.sources, buckets[source] == nil { buckets = [:] }
        return buckets[
            source,
            default: TokenBucket(
                ratePerSecond: limits.perSecond, burst: limits.burst, now: now)
        ].take(now: now)
    }
}
