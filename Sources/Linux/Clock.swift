import Glibc

/// An instant of CLOCK_MONOTONIC, the clock of timers, probes and the kernel's `used` times.
/// It counts from an arbitrary point (boot) and never jumps.
package struct MonotonicTime: Hashable, Comparable, Sendable {
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package init(milliseconds: Int64) {
        self.init(nanoseconds: milliseconds * 1_000_000)
    }

    package static func now() -> MonotonicTime {
        MonotonicTime(nanoseconds: Clock.read(CLOCK_MONOTONIC))
    }

    package var milliseconds: Int64 { nanoseconds / 1_000_000 }

    package static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Saturates instead of overflowing, so that "for ever" may be a huge duration.
    package static func + (time: MonotonicTime, interval: Duration) -> MonotonicTime {
        let (sum, overflow) = time.nanoseconds.addingReportingOverflow(interval.wholeNanoseconds)
        return MonotonicTime(nanoseconds: overflow ? .max : sum)
    }

    package static func - (later: MonotonicTime, earlier: MonotonicTime) -> Duration {
        .nanoseconds(later.nanoseconds - earlier.nanoseconds)
    }
}

extension Duration {
    /// Rounded towards zero and saturated to the range of Int64.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carry) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carry ? (whole < 0 ? .min : .max) : sum
    }
}

/// The clocks as plain numbers, for cores that take `now` as an argument.
package enum Clock {
    /// Milliseconds of CLOCK_MONOTONIC.
    package static var monotonicMilliseconds: Int64 { read(CLOCK_MONOTONIC) / 1_000_000 }
    /// Milliseconds since 1970-01-01 00:00 UTC.
    package static var wallMilliseconds: Int64 { read(CLOCK_REALTIME) / 1_000_000 }
    /// Microseconds since 1970.
    package static var wallMicroseconds: Int64 { read(CLOCK_REALTIME) / 1000 }

    static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
