import Datapath
import Pipeline

// A packet that has to go through the kernel in the middle of a pipeline (connection tracking,
// hashing) comes back with a number and nothing else. The number stands for where it was and for
// the registers that are still read there. The same state has the same number, so flows that
// differ only before the freeze share what follows. The property that must hold: a number is never
// given to another state while a kernel flow or a packet may still carry it.

/// Where a packet was, with what it had beside its headers.
package struct FrozenState: Hashable, Sendable {
    package enum Place: Hashable, Sendable {
        case table(LogicalStage)
    }

    package var place: Place
    /// The logical words of the key, those that nobody reads any more being zero.
    package var registers: [UInt64]

    package init(place: Place, registers: [UInt64]) {
        precondition(registers.count == FlowKey.firstKernelWord)
        self.place = place
        self.registers = registers
    }
}

package struct FrozenStates: Sendable {
    package struct Limits: Sendable {
        package var states = 65_536
        package init() {}
    }

    private struct Entry {
        var state: FrozenState
        var users: Int
    }

    private let limits: Limits
    private var entries: [UInt32: Entry] = [:]
    private var numbers: [FrozenState: UInt32] = [:]
    private var next: UInt32
    /// Unused states whose number may still be on a packet, by the time at which it can't be.
    private var retired: [(number: UInt32, until: Int64)] = []
    /// How long a packet may carry a number after its last flow went, in milliseconds.
    private static let grace: Int64 = 30_000

    /// `highest` is the largest recirculation number that any flow in the kernel mentions.
    package init(above highest: UInt32 = 0, limits: Limits = Limits()) {
        next = highest + 1
        self.limits = limits
    }

    package var count: Int { entries.count }

    package subscript(number: UInt32) -> FrozenState? { entries[number]?.state }

    /// The number of a state, an old one if it has one. Nil when there are too many. It stays
    /// valid for a while without a flow, so that the flow can be put. `now` in milliseconds.
    package mutating func intern(_ state: FrozenState, now: Int64) -> UInt32? {
        if let number = numbers[state] {
            if entries[number]?.users == 0 { retired.append((number, now + Self.grace)) }
            return number
        }
        guard entries.count < limits.states else { return nil }
        while next == 0 || entries[next] != nil { next &+= 1 }
        let number = next
        next &+= 1
        numbers[state] = number
        entries[number] = Entry(state: state, users: 0)
        retired.append((number, now + Self.grace))
        return number
    }

    /// A flow that names the state was put.
    package mutating func retain(_ number: UInt32) { entries[number]?.users += 1 }

    /// A flow that named the state is gone. `now` in milliseconds.
    package mutating func release(_ number: UInt32, now: Int64) {
        guard var entry = entries[number], entry.users > 0 else { return }
        entry.users -= 1
        entries[number] = entry
        if entry.users == 0 { retired.append((number, now + Self.grace)) }
    }

    /// Forgets states that nothing has named for long enough.
    package mutating func collect(now: Int64) {
        let due = retired.filter { $0.until <= now }
        retired.removeAll { $0.until <= now }
        for (number, _) in due {
            guard let entry = entries[number], entry.users == 0,
                !retired.contains(where: { $0.number == number })
            else { continue }
            entries[number] = nil
            numbers[entry.state] = nil
        }
    }
}
