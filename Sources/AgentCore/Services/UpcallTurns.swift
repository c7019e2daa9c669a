import Wire

/// How many upcalls of one port are taken before the next port has its turn: many, for what they cost
/// together is less; few while one port has more than its turn and another has any, for that one waits
/// for the end of the turn.
package struct UpcallTurns: Sendable {
    package static let alone = 64
    package static let shared = 4
    /// How long a port that filled its turn counts as busy, and ports that met one as sharing.
    package static let memory: Milliseconds = 1000

    private var busy: (port: UInt32, until: Milliseconds)?
    private var sharedUntil: Milliseconds?

    package init() {}

    /// What a port that has something may have.
    package mutating func limit(of port: UInt32, now: Milliseconds) -> Int {
        if let busy, busy.port != port, now < busy.until { sharedUntil = now + Self.memory }
        guard let sharedUntil, now < sharedUntil else { return Self.alone }
        return Self.shared
    }

    /// The port had all that it might have, perhaps more.
    package mutating func filled(by port: UInt32, now: Milliseconds) {
        busy = (port, now + Self.memory)
    }
}
