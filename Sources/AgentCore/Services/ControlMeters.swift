import Wire

// Meters that the configuration puts on what flows hand to the agent (control plane protection:
// Logical_Flow.controller_meter). They come beside the agent's own limits (`ServiceLimiter`), which
// are for each port; a meter is for all packets of the flows that name it. The property that must
// hold: no more is served than the meter's burst and what its rate has let through since.

package struct ControlMeters: Sendable {
    private struct Meter: Sendable {
        let rate: MeterRate
        /// Of packets, or of kilobits: a thousandth of one is a bit. Nil of a meter that lets nothing
        /// through.
        var bucket: TokenBucket?

        init(_ rate: MeterRate, now: Milliseconds) {
            self.rate = rate
            guard rate.rate > 0 else { return }
            bucket = TokenBucket(
                ratePerSecond: Int64(rate.rate), burst: Int64(rate.burst), now: now)
        }

        mutating func take(bytes: Int, now: Milliseconds) -> Bool {
            switch rate.unit {
            case .packetsPerSecond: bucket?.take(now: now) ?? false
            case .kilobitsPerSecond: bucket?.take(Int64(bytes) * 8, now: now) ?? false
            }
        }
    }

    /// Meters that are remembered; past it all start anew.
    private let limit: Int
    private var meters: [String: Meter] = [:]

    package init(limit: Int = 16_384) { self.limit = limit }

    /// True if a packet may pass the meter of this name now; it is then counted.
    ///
    /// - Parameter rate: what the configuration says of the meter; nil if it says nothing, so that
    ///   everything passes.
    package mutating func admits(
        _ name: String, _ rate: MeterRate?, bytes: Int, now: Milliseconds
    ) -> Bool {
        guard let rate else { return true }
        if meters[name]?.rate != rate {
            if meters.count >= limit { meters = [:] }
            meters[name] = Meter(rate, now: now)
        }
        return meters[name]?.take(bytes: bytes, now: now) ?? true
    }
}
