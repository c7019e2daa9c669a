import Wire

/// How many upcalls of one port are taken before the next port has its turn: many, for what they cost
/// together is less; one while a busy port and another share the thread, for whoever comes second waits
/// for the end of the turn.
package struct UpcallTurns: Sendable {
    package static let alone = 64
    package static let shared = 1
    /// A port with so many upcalls in one window is busy, to the end of the next one.
    package static let busy = 256
    package static let window: Milliseconds = 1000

    private var windowEnd: Milliseconds = 0
    private var counts: [UInt32: Int] = [:]
    private var busyPorts: Set<UInt32> = []
    private var busyBefore: Set<UInt32> = []
    private var sharedUntil: Milliseconds = 0

    package init() {}

    /// What a port that has something may have.
    package mutating func limit(of port: UInt32, now: Milliseconds) -> Int {
        moveWindow(now)
        if busyPorts.contains(where: { $0 != port }) || busyBefore.contains(where: { $0 != port }) {
            sharedUntil = now + Self.window
        }
        return now < sharedUntil ? Self.shared : Self.alone
    }

    /// The port had so many.
    package mutating func took(_ count: Int, from port: UInt32, now: Milliseconds) {
        moveWindow(now)
        counts[port, default: 0] += count
        if counts[port, default: 0] >= Self.busy { busyPorts.insert(port) }
    }

    private mutating func moveWindow(_ now: Milliseconds) {
        guard now >= windowEnd else { return }
        busyBefore = now < windowEnd + Self.window ? busyPorts : []
        busyPorts = []
        counts.removeAll(keepingCapacity: true)
        windowEnd = now + Self.window
    }
}
