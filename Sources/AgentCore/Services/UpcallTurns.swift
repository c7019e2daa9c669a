import Wire

/// How many upcalls of one port are taken before the next port has its turn: many, for what they cost
/// together is less; one for a busy port while one that isn't shares the thread with it, for that one
/// waits for the end of the turn. Ports that are all busy wait for each other anyway.
package struct UpcallTurns: Sendable {
    package static let alone = 64
    package static let shared = 1
    /// A port with so many upcalls in one window is busy, to the end of the next one.
    package static let busy = 256
    package static let window: Milliseconds = 1000

    private var windowEnd: Milliseconds = 0
    private var counts: [UInt32: Int] = [:]
    /// The port of the last turn, and its count, which is not among the others.
    private var last: (port: UInt32, count: Int) = (0, 0)
    private var busyPorts: Set<UInt32> = []
    private var busyBefore: Set<UInt32> = []
    private var sharedUntil: Milliseconds = 0

    package init() {}

    /// What a port that has something may have.
    package mutating func limit(of port: UInt32, now: Milliseconds) -> Int {
        moveWindow(now)
        if busyPorts.contains(port) || busyBefore.contains(port) {
            return now < sharedUntil ? Self.shared : Self.alone
        }
        if !busyPorts.isEmpty || !busyBefore.isEmpty { sharedUntil = now + Self.window }
        return Self.alone
    }

    /// The port had so many.
    package mutating func took(_ count: Int, from port: UInt32, now: Milliseconds) {
        moveWindow(now)
        if last.port != port {
            counts[last.port] = last.count
            last = (port, counts[port] ?? 0)
        }
        let before = last.count
        last.count += count
        guard before < Self.busy, last.count >= Self.busy else { return }
        busyPorts.insert(port)
        // It may have been the one that the others made room for.
        if !busyBefore.contains(port) { sharedUntil = 0 }
    }

    private mutating func moveWindow(_ now: Milliseconds) {
        guard now >= windowEnd else { return }
        busyBefore = now < windowEnd + Self.window ? busyPorts : []
        busyPorts = []
        counts.removeAll(keepingCapacity: true)
        last.count = 0
        windowEnd = now + Self.window
    }
}
