import Datapath
import Pipeline

// A packet that has to go through the kernel in the middle of a pipeline (connection tracking,
// hashing) comes back with a number and nothing else. The number stands for where it was and for
// the registers that are still read there. The same state has the same number, so flows that
// differ only before the freeze share what follows. The property that must hold: a number is never
// given to another state while a kernel flow or a packet may still carry it.
//
// A run of the agent ends, and the kernel's flows go on. So whoever keeps states for the next run hears
// of every new one before a flow names it (`takeChanges`), and of those that are forgotten.

/// Where a packet was, with what it had beside its headers.
package struct FrozenState: Hashable, Sendable {
    package enum Place: Hashable, Sendable {
        case table(LogicalStage)
    }

    /// What is true of the packet when it comes back.
    package struct Condition: Hashable, Sendable {
        /// The pipeline may look at the connection that the kernel tells.
        package var isTracked = false
        /// Where the kernel has tracked the packet last.
        package var zone: UInt16?
        /// The pipeline has cleared the connection since; the kernel has not been told.
        package var isCleared = false
        /// The kernel has computed the packet's hash.
        package var hasHash = false
        /// The packet came through a tunnel, so it goes into none.
        package var arrivedByTunnel = false
        /// How many times it has come back, this one included.
        package var recirculations = 0
        /// Who has had a copy from a mirror, and at which port it was made.
        package var mirrored: [PortMirror.Receiver: PortReference] = [:]

        package init() {}
    }

    package var place: Place
    /// The logical words of the key, those that nobody reads any more being zero.
    package var registers: [UInt64]
    package var condition: Condition

    package init(place: Place, registers: [UInt64], condition: Condition = Condition()) {
        precondition(registers.count == FlowKey.firstKernelWord)
        self.place = place
        self.registers = registers
        self.condition = condition
    }
}

package struct FrozenStates: Sendable {
    package struct Limits: Sendable {
        package var states = 65_536
        package init() {}
    }

    private struct Entry {
        var state: FrozenState
        /// Until when a packet may carry the number without a flow that names it.
        var until: Int64
    }

    /// What somebody who keeps the states has not heard of.
    package struct Changes: Sendable {
        /// In order; one that has been forgotten since has no state any more.
        package var made: [UInt32] = []
        package var forgotten: [UInt32] = []
        package var isEmpty: Bool { made.isEmpty && forgotten.isEmpty }
    }

    private let limits: Limits
    /// Nil if nobody keeps them.
    private var changes: Changes?
    private var entries: [UInt32: Entry] = [:]
    private var numbers: [FrozenState: UInt32] = [:]
    private var next: UInt32
    /// How long a packet may carry a number that no flow names, in milliseconds.
    private static let grace: Int64 = 30_000

    /// - Parameter highest: the largest recirculation number that any flow in the kernel mentions.
    /// - Parameter keepsChanges: whether somebody takes them.
    package init(
        above highest: UInt32 = 0, limits: Limits = Limits(), keepsChanges: Bool = false
    ) {
        next = highest &+ 1
        self.limits = limits
        changes = keepsChanges ? Changes() : nil
    }

    /// Takes over states that were kept, which is no change. Of numbers with one state the smallest
    /// is given to new flows.
    package mutating func restore(_ kept: [RecirculationRecord], now: Int64) {
        for record in kept.sorted(by: { $0.number < $1.number }) {
            precondition(entries[record.number] == nil)
            entries[record.number] = Entry(state: record.state, until: now + Self.grace)
            if numbers[record.state] == nil { numbers[record.state] = record.number }
        }
    }

    package mutating func takeChanges() -> Changes {
        guard var taken = changes, !taken.isEmpty else { return Changes() }
        changes = Changes()
        taken.forgotten.sort()
        return taken
    }

    package var count: Int { entries.count }

    package subscript(number: UInt32) -> FrozenState? { entries[number]?.state }

    /// The number of a state, an old one if it has one. Nil when there are too many. It stays
    /// valid for a while without a flow, so that the flow can be put. `now` in milliseconds.
    package mutating func intern(_ state: FrozenState, now: Int64) -> UInt32? {
        let until = now + Self.grace
        if let number = numbers[state] {
            if let old = entries[number]?.until, old < until { entries[number]?.until = until }
            return number
        }
        guard entries.count < limits.states else { return nil }
        while next == 0 || entries[next] != nil { next &+= 1 }
        let number = next
        next &+= 1
        numbers[state] = number
        entries[number] = Entry(state: state, until: until)
        changes?.made.append(number)
        return number
    }

    /// Keeps a state that is named again; false if it has been forgotten.
    mutating func keep(_ number: UInt32, now: Int64) -> Bool {
        guard let old = entries[number]?.until else { return false }
        if old < now + Self.grace { entries[number]?.until = now + Self.grace }
        return true
    }

    /// Forgets states that no flow has named for long enough. `used` are the numbers that flows
    /// in the kernel name.
    package mutating func collect(used: Set<UInt32>, now: Int64) {
        for number in used { entries[number]?.until = now + Self.grace }
        for (number, entry) in entries where entry.until <= now {
            entries[number] = nil
            if numbers[entry.state] == number { numbers[entry.state] = nil }
            changes?.forgotten.append(number)
        }
    }
}
