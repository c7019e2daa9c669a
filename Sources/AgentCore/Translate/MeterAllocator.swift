// Numbers of the kernel's meters. A translation asks for the meter of something that limits packets;
// the meter must be in the kernel before a flow names it, and goes when no flow does.

import OVSDBModel
import Pipeline

/// What a meter lets through.
package struct MeterRate: Hashable, Sendable {
    package enum Unit: Hashable, Sendable { case packetsPerSecond, kilobitsPerSecond }
    package let unit: Unit
    package let rate: UInt32
    /// In the meter's unit, never zero: the kernel's bucket holds just this (net/openvswitch/meter.c),
    /// so that nothing at all would pass.
    package let burst: UInt32

    /// - Parameter burst: zero for what one second lets through, as ovs-vswitchd has it.
    package init(_ unit: Unit, rate: UInt32, burst: UInt32) {
        self.unit = unit
        self.rate = rate
        self.burst = burst == 0 ? rate : burst
    }
}

/// Who has a meter.
package enum MeterOwner: Hashable, Sendable {
    /// `set_meter` of a flow.
    case flow(RowIdentifier)
    /// A row of the Meter table.
    case named(String)
}

package struct MeterAllocator: Sendable {
    private struct Meter: Hashable {
        let owner: MeterOwner
        let rate: MeterRate

        /// `WHO UNIT rate=N burst=N`
        var text: String {
            let unit =
                switch rate.unit {
                case .packetsPerSecond: "pktps"
                case .kilobitsPerSecond: "kbps"
                }
            let who =
                switch owner {
                case .flow(let id): "flow \(RowUUID(high: id.high, low: id.low))"
                case .named(let name): name
                }
            return "\(who) \(unit) rate=\(rate.rate) burst=\(rate.burst)"
        }
    }

    /// How many meters the kernel takes.
    package var limit: Int
    private var numbers: [Meter: UInt32] = [:]
    private var meters: [UInt32: Meter] = [:]
    private var next: UInt32 = 1
    /// Meters that the kernel doesn't have yet.
    private var pending: [UInt32] = []

    package init(limit: Int = 65_536) { self.limit = limit }

    package var count: Int { meters.count }

    /// Nil where there are too many: the packets are not limited then.
    package mutating func number(_ owner: MeterOwner, _ rate: MeterRate) -> UInt32? {
        let meter = Meter(owner: owner, rate: rate)
        if let number = numbers[meter] { return number }
        guard meters.count < limit else { return nil }
        while next == 0 || meters[next] != nil { next &+= 1 }
        let number = next
        next &+= 1
        numbers[meter] = number
        meters[number] = meter
        pending.append(number)
        return number
    }

    /// Meters to be made before the next flow is put.
    package mutating func takePending() -> [(number: UInt32, rate: MeterRate)] {
        defer { pending = [] }
        return pending.compactMap { number in meters[number].map { (number, $0.rate) } }
    }

    /// The kernel may not have got the meter.
    package mutating func makeAgain(_ number: UInt32) { pending.append(number) }

    /// Meters that the kernel ought to have: at most so many, from this number on, and then from the
    /// first one again.
    package func made(
        from start: UInt32, limit: Int
    ) -> [(number: UInt32, rate: MeterRate)] {
        let all = meters.keys.filter { !pending.contains($0) }.sorted()
        let ordered = all.filter { $0 >= start } + all.filter { $0 < start }
        return ordered.prefix(limit).compactMap { number in
            meters[number].map { (number, $0.rate) }
        }
    }

    /// All meters with who has them and what they let through, by specification.
    package var list: [(specification: String, number: UInt32)] {
        meters.map { (specification: $0.value.text, number: $0.key) }
            .sorted { ($0.specification, $0.number) < ($1.specification, $1.number) }
    }

    /// Forgets meters that no flow names; returns those to be deleted.
    package mutating func collect(used: Set<UInt32>) -> [UInt32] {
        let unused = meters.keys.filter { !used.contains($0) }.sorted()
        for number in unused {
            if let meter = meters.removeValue(forKey: number) { numbers[meter] = nil }
        }
        return unused
    }
}
