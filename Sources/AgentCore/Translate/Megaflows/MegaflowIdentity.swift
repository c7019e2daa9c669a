import Datapath
import Pipeline

/// The identifiers of the agent's flows: a name that tells them from those of others, the agent's
/// epoch (one more at each start), and a number.
package struct MegaflowIdentity: Sendable {
    /// "OVNS".
    package static let magic: UInt32 = 0x4f56_4e53

    package let epoch: UInt32
    private var next: UInt64 = 1

    package init(epoch: UInt32) { self.epoch = epoch }

    package mutating func make() -> FlowID {
        defer { next += 1 }
        return FlowID(high: UInt64(Self.magic) << 32 | UInt64(epoch), low: next)
    }

    /// The epoch of a flow of any run of this agent; nil for a foreign flow.
    package static func epoch(of id: FlowID?) -> UInt32? {
        guard let id, id.high >> 32 == UInt64(magic) else { return nil }
        return UInt32(truncatingIfNeeded: id.high)
    }
}
