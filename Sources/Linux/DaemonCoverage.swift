import Atomics
import Synchronization

/// An event that is counted: `coverage/show` prints how often it happened lately and in all.
///
/// A counter lives as long as the process; make it a static.
package final class CoverageCounter: Sendable {
    package let name: String
    private let count = ManagedAtomic<UInt64>(0)

    package init(_ name: String) {
        self.name = name
        Coverage.shared.add(self)
    }

    /// Counts one event. Any thread.
    package func hit() { count.wrappingIncrement(ordering: .relaxed) }

    /// Counts so many events. Any thread.
    package func hit(_ events: UInt64) { count.wrappingIncrement(by: events, ordering: .relaxed) }

    package var total: UInt64 { count.load(ordering: .relaxed) }
}

/// All counters of the process, with their history.
package final class Coverage: Sendable {
    package static let shared = Coverage()

    /// How often `sample` is to be called.
    package static let period = Duration.seconds(5)
    fileprivate static let samplesPerMinute = 12
    fileprivate static let minutesPerHour = 60

    fileprivate struct History: Sendable {
        let counter: CoverageCounter
        var last: UInt64 = 0
        /// Events of each period of the last minute, and of each minute of the last hour.
        var periods: [UInt64] = []
        var minutes: [UInt64] = []
        var minute: UInt64 = 0
    }

    private struct State: Sendable {
        var histories: [String: History] = [:]
        var samples = 0
    }

    private let state = Mutex(State())

    fileprivate func add(_ counter: CoverageCounter) {
        state.withLock { $0.histories[counter.name] = History(counter: counter) }
    }

    /// Closes a period of all counters.
    package func sample() {
        state.withLock { state in
            state.samples += 1
            let endsMinute = state.samples % Self.samplesPerMinute == 0
            for name in state.histories.keys {
                state.histories[name]?.sample(endsMinute: endsMinute)
            }
        }
    }

    /// The events counted under a name; nil for an unknown one.
    package func total(of name: String) -> UInt64? {
        state.withLock { $0.histories[name]?.counter.total }
    }

    /// The text of `coverage/show`.
    package var table: String {
        let histories = state.withLock { Array($0.histories.values) }
        let hit = histories.filter { $0.counter.total > 0 }
            .sorted { $0.counter.name < $1.counter.name }
        var text =
            "Event coverage, avg rate over last: 5 seconds, last minute, last hour,  "
            + "hash=\(Self.hash(hit.map(\.counter.name))):\n"
        for history in hit { text += history.line + "\n" }
        return text + "\(histories.count - hit.count) events never hit\n"
    }

    /// Tells two tables apart by which events were ever hit (FNV-1a, eight digits).
    private static func hash(_ names: [String]) -> String {
        var hash: UInt32 = 0x811c_9dc5
        for name in names {
            for byte in Array(name.utf8) + [0] { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

extension Coverage.History {
    fileprivate mutating func sample(endsMinute: Bool) {
        let total = counter.total
        let events = total - last
        last = total
        periods = (periods + [events]).suffix(Coverage.samplesPerMinute)
        minute += events
        if endsMinute {
            minutes = (minutes + [minute]).suffix(Coverage.minutesPerHour)
            minute = 0
        }
    }

    fileprivate var line: String {
        let rates = [
            Self.rate(periods.last ?? 0, per: 5, digits: 1, width: 5),
            Self.rate(periods.reduce(0, +), per: 60, digits: 3, width: 9),
            Self.rate(minutes.reduce(0, +), per: 3600, digits: 4, width: 13),
        ]
        let name =
            counter.name + String(repeating: " ", count: max(0, 24 - counter.name.count))
        return "\(name) \(rates.joined(separator: " "))   total: \(counter.total)"
    }

    /// `events / seconds` with so many digits after the point, `/sec` behind.
    private static func rate(
        _ events: UInt64, per seconds: UInt64, digits: Int, width: Int
    ) -> String {
        let scale = (0..<digits).reduce(UInt64(1)) { value, _ in value * 10 }
        let scaled = events * scale / seconds
        let fraction = "\(scale + scaled % scale)".dropFirst()
        let text = "\(scaled / scale).\(fraction)"
        return String(repeating: " ", count: max(0, width - text.count)) + text + "/sec"
    }
}
