// How long something takes that happens again and again, as `stopwatch/show` prints it.
//
// Property: its size does not grow with the number of samples.

/// Durations of one kind.
package struct Stopwatch: Sendable {
    package enum Limits {
        /// The latest samples, which the 95th percentile is taken of.
        package static let window = 1000
        /// The weight of a new sample in the averages.
        package static let shortTermWeight = 0.5
        package static let longTermWeight = 0.01
    }

    package let name: String
    package private(set) var count = 0
    package private(set) var minimum = Duration.zero
    package private(set) var maximum = Duration.zero
    /// Exponentially weighted averages, in milliseconds.
    package private(set) var shortTerm = 0.0
    package private(set) var longTerm = 0.0
    private var latest: [Duration] = []

    package init(name: String) { self.name = name }

    package mutating func add(_ sample: Duration) {
        let milliseconds = sample / .milliseconds(1)
        if count == 0 {
            (minimum, maximum, shortTerm, longTerm) = (sample, sample, milliseconds, milliseconds)
        } else {
            minimum = min(minimum, sample)
            maximum = max(maximum, sample)
            shortTerm += (milliseconds - shortTerm) * Limits.shortTermWeight
            longTerm += (milliseconds - longTerm) * Limits.longTermWeight
        }
        if latest.count < Limits.window {
            latest.append(sample)
        } else {
            latest[count % Limits.window] = sample
        }
        count += 1
    }

    package mutating func reset() { self = Stopwatch(name: name) }

    /// The sample that this share of the latest ones does not exceed.
    package func percentile(_ share: Double) -> Duration {
        let sorted = latest.sorted()
        let rank = (share * Double(sorted.count)).rounded(.up)
        return sorted.isEmpty ? .zero : sorted[max(0, min(sorted.count, Int(rank)) - 1)]
    }

    /// The block of `stopwatch/show`, in milliseconds with three decimals.
    package var report: String {
        let lines = [
            ("Total samples", "\(count)"),
            ("Maximum", Stopwatch.text(maximum / .milliseconds(1))),
            ("Minimum", Stopwatch.text(minimum / .milliseconds(1))),
            ("95th percentile", Stopwatch.text(percentile(0.95) / .milliseconds(1))),
            ("Short term average", Stopwatch.text(shortTerm)),
            ("Long term average", Stopwatch.text(longTerm)),
        ]
        return lines.reduce("Statistics for '\(name)'\n") { $0 + "  \($1.0): \($1.1)\n" }
    }

    private static func text(_ milliseconds: Double) -> String {
        let thousandths = Int((milliseconds * 1000).rounded())
        let fraction = String(thousandths % 1000)
        let zeros = String(repeating: "0", count: 3 - fraction.count)
        return "\(thousandths / 1000).\(zeros)\(fraction) msec"
    }
}
