import Datapath
import Pipeline

// Room for flows: how many there may be, of one port and in all, and under which masks.
//
// The properties that must hold: a port that has all the flows that it may have loses its own idlest
// one to a new one, and nobody else's; when there may be no more flows at all, the port that has most
// loses. No packet is left without a flow for lack of room, unless there is no mask for it.

extension MegaflowTable {
    /// Where a new flow goes.
    struct Spot {
        let key: FlowKey
        let mask: FlowMask
        /// Counts for the flow already.
        let number: MaskBook.Number
        /// False if it compares more than it needs to.
        let isRequired: Bool
    }

    enum Claim {
        case present(FlowID)
        case free(Spot)
        case refused
    }

    /// Makes room for the flow of a packet, under the mask that it needs or one that compares more.
    mutating func claim(_ key: FlowKey, _ required: FlowMask) -> Claim {
        var masked = key.masked(by: required)
        if let id = places.find(masked, required, entries) { return .present(id) }
        let known = masks.find(required, for: key)
        guard let choice = known ?? masks.choose(required, for: key, within: budget(of: key))
        else {
            unmasked += 1
            return .refused
        }
        let isRequired = known != nil || choice.mask == required
        if !isRequired {
            masked = key.masked(by: choice.mask)
            if let id = places.find(masked, choice.mask, entries) { return .present(id) }
        }
        let port = key[.inputPort]
        let number = masks.use(choice, by: port)
        guard makeRoom(for: port) else {
            masks.release(number)
            return .refused
        }
        return .free(
            Spot(key: masked, mask: choice.mask, number: number, isRequired: isRequired))
    }

    private func budget(of key: FlowKey) -> MaskBook.Budget {
        let port = UInt32(truncatingIfNeeded: key[.inputPort])
        let isWorkload = snapshot.view.inputs[port] != nil
        return MaskBook.Budget(
            total: limits.masks,
            ofPort: isWorkload ? limits.masksPerWorkload : limits.masksPerSharedPort)
    }

    private mutating func makeRoom(for port: UInt64) -> Bool {
        let isPortFull = queues[port] >= limits.flowsPerPort
        guard isPortFull || entries.count >= limits.flows else { return true }
        guard let number = isPortFull ? queues.idlest(of: port) : queues.idlestOfLargest else {
            return false
        }
        let id = entries.id(number)
        _ = delete(id)
        evicted.append(id)
        return true
    }

    /// How many packets got no flow since the last time, because there was no mask for it.
    package mutating func takeUnmasked() -> UInt64 {
        defer { unmasked = 0 }
        return unmasked
    }

    /// Flows that have made room for others: the kernel must delete them before it gets those.
    package mutating func takeEvicted() -> [FlowID] {
        if evicted.isEmpty { return [] }
        defer { evicted = [] }
        return evicted
    }
}
