// What the hierarchy token bucket of a device has to look like (tc-htb(8)), in the kernel's units.
//
// The shape is that of ovs-vswitchd, so that either program finds its own in what the other has
// left: the discipline 1:, below it one class 1:fffe of the device's rate, below that a class for
// each queue, whose number is that of the queue and one. Packets that name no queue are in that of
// queue 0.

/// A class of the discipline.
package struct HTBClass: Hashable, Sendable {
    /// Bytes per second that it has for itself.
    package var rate: UInt64
    /// Bytes per second that it may reach by what others leave.
    package var ceiling: UInt64
    /// How long it may send at full speed, in ticks of 64 ns (the kernel's psched), for the bytes of
    /// the rate and for those of the ceiling.
    package var rateBuffer: UInt32
    package var ceilingBuffer: UInt32
    /// Lower goes first.
    package var priority: UInt32

    package init(
        rate: UInt64, ceiling: UInt64, rateBuffer: UInt32, ceilingBuffer: UInt32,
        priority: UInt32
    ) {
        self.rate = rate
        self.ceiling = ceiling
        self.rateBuffer = rateBuffer
        self.ceilingBuffer = ceilingBuffer
        self.priority = priority
    }

    /// - Parameters:
    ///   - burst: bytes; at least what a hundredth of a second lets through, and a packet.
    ///   - mtu: bytes.
    init(rate: UInt64, ceiling: UInt64, burst: UInt64, mtu: Int, priority: UInt32) {
        let bytes = max(burst, ceiling / 100 + UInt64(clamping: mtu))
        self.init(
            rate: rate, ceiling: ceiling, rateBuffer: Self.ticks(bytes, rate),
            ceilingBuffer: Self.ticks(bytes, ceiling), priority: priority)
    }

    private static let ticksPerSecond: UInt64 = 1_000_000_000 / 64

    /// How long so many bytes take.
    private static func ticks(_ bytes: UInt64, _ rate: UInt64) -> UInt32 {
        let product = bytes.multipliedFullWidth(by: ticksPerSecond)
        guard product.high < rate else { return .max }
        return UInt32(clamping: rate.dividingFullWidth(product).quotient)
    }
}

/// A device's discipline.
package struct HTBShaping: Hashable, Sendable {
    /// By the minor number.
    package private(set) var classes: [UInt16: HTBClass]
    /// Of a packet on the device, in bytes.
    package let mtu: Int

    /// What the major number of the discipline is.
    package static let handle: UInt16 = 1
    /// The class above all others.
    package static let topClass: UInt16 = 0xfffe
    /// That of queue 0.
    package static let standardClass: UInt16 = 1
    /// Bytes per second, where nothing says what a device can do.
    package static let highestRate: UInt64 = 1 << 32 - 1
    /// Bytes per second that every class has.
    static let lowestRate: UInt64 = 1500
    private static let highestQueue = Int(topClass) - 2

    /// What a queue asks for: bits per second, bits; 0 stands for nothing.
    struct Queue {
        var minimum: UInt64 = 0
        var maximum: UInt64 = 0
        var burst: UInt64 = 0
        var priority: UInt32 = 0
    }

    /// - Parameter maximum: of the device, in bits per second; 0 if nothing says it.
    init(maximum: UInt64, queues: [Int: Queue], mtu: Int) {
        self.mtu = mtu
        let top = maximum == 0 ? Self.highestRate : max(maximum / 8, Self.lowestRate)
        classes = [
            Self.topClass: HTBClass(rate: top, ceiling: top, burst: 0, mtu: mtu, priority: 0)
        ]
        for (number, queue) in [0: Queue()].merging(queues, uniquingKeysWith: { $1 })
        where (0...Self.highestQueue) ~= number {
            let rate = max(queue.minimum / 8, Self.lowestRate)
            let ceiling = queue.maximum == 0 ? top : queue.maximum / 8
            classes[UInt16(number + 1)] = HTBClass(
                rate: rate, ceiling: max(ceiling, rate), burst: queue.burst / 8, mtu: mtu,
                priority: queue.priority)
        }
    }

    /// The parent of a class, nil for the discipline itself.
    package static func parent(of number: UInt16) -> UInt16? {
        number == topClass ? nil : topClass
    }
}

/// What a device has at its root.
package enum RootDiscipline: Hashable, Sendable {
    /// The one that the kernel gives every device.
    case standard
    /// One of the shape that this agent makes.
    case shaping(classes: [UInt16: HTBClass])
    /// Anything else; the text names it.
    case foreign(String)
}

/// One request to the kernel.
package enum ShapingStep: Hashable, Sendable {
    case addDiscipline
    /// Makes the class, or gives it these values.
    case setClass(UInt16, HTBClass, mtu: Int)
    case removeClass(UInt16)
    /// With all its classes.
    case removeDiscipline
}

/// What one pass does about the root discipline of a device.
package enum ShapingPlan: Hashable, Sendable {
    /// - isRepair: somebody else has altered what was wanted the last time, too.
    case steps([ShapingStep], isRepair: Bool)
    /// The text names a discipline of somebody else's.
    case refused(String)
}

extension RootDiscipline {
    /// What is done about the discipline that was found.
    ///
    /// One of somebody else's stays, also where this agent's was before: whoever has replaced that knew that
    /// there was one (`tc qdisc replace`), and two programs that replace each other's would empty the queues
    /// each time. It is told for as long as it is there, and when it goes, the device is shaped again.
    ///
    /// - Parameter last: what the device had after the last pass; nil for nothing of this agent's.
    package func plan(for wanted: HTBShaping?, after last: HTBShaping?) -> ShapingPlan {
        if case .foreign(let text) = self, wanted != nil { return .refused(text) }
        let steps = steps(to: wanted) ?? []
        return .steps(steps, isRepair: !steps.isEmpty && last != nil && last == wanted)
    }

    /// How to get from this to what is wanted, in order; nil if it is somebody else's.
    package func steps(to wanted: HTBShaping?) -> [ShapingStep]? {
        switch (self, wanted) {
        case (.standard, nil): return []
        case (.foreign, nil): return []
        case (.foreign, .some): return nil
        case (.shaping, nil): return [.removeDiscipline]
        case (.standard, let wanted?): return [.addDiscipline] + Self.changes([:], wanted)
        case (.shaping(let classes), let wanted?): return Self.changes(classes, wanted)
        }
    }

    /// The class above the others comes first when made, and is never removed alone.
    private static func changes(
        _ found: [UInt16: HTBClass], _ wanted: HTBShaping
    ) -> [ShapingStep] {
        let gone = found.keys.filter { wanted.classes[$0] == nil }.sorted()
        let changed = wanted.classes.filter { found[$0.key] != $0.value }
            .sorted { $0.key > $1.key }
        return gone.map { .removeClass($0) }
            + changed.map { .setClass($0.key, $0.value, mtu: wanted.mtu) }
    }
}

/// What has left by a queue.
package struct QueueTraffic: Hashable, Sendable {
    package var packets: UInt64
    package var bytes: UInt64
    /// Packets that found it full.
    package var errors: UInt64

    package init(packets: UInt64, bytes: UInt64, errors: UInt64) {
        self.packets = packets
        self.bytes = bytes
        self.errors = errors
    }
}

extension HTBShaping {
    /// `qos/show` of ovs-vswitchd(8): the device, then its queues by number, in bits per second.
    /// - Parameter traffic: by class; nothing is said of one that is not there.
    package func text(_ traffic: [UInt16: QueueTraffic]) -> String {
        let top = classes[Self.topClass]
        let queues = classes.filter { $0.key != Self.topClass }.sorted { $0.key < $1.key }
        return "max-rate: \((top?.ceiling ?? 0) * 8)\n\n"
            + queues.map { number, values in
                let heading = number == Self.standardClass ? "Default" : "Queue \(number - 1)"
                return "\(heading):\n  min-rate: \(values.rate * 8)\n"
                    + "  max-rate: \(values.ceiling * 8)\n  priority: \(values.priority)\n"
                    + (traffic[number]?.text ?? "")
            }.joined(separator: "\n")
    }
}

extension QueueTraffic {
    fileprivate var text: String {
        "  tx_packets: \(packets)\n  tx_bytes: \(bytes)\n  tx_errors: \(errors)\n"
    }
}
