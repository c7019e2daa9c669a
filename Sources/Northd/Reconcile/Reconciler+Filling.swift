// A database without flows is filled in parts, so that the server reads one while it stores another,
// and neither side has all of them as text at once.
//
// Properties that must hold:
// * after each part, the database's references are whole: a group's row comes with its first flow,
//   without which the server would take it away;
// * until the last parts no packet gets anywhere, whatever a chassis has been told by then: what
//   admits packets to a datapath comes when all else is there;
// * nothing says that the configuration is covered before all parts are stored: the transaction
//   that says so is made afterwards, like any other.

import LogicalFlow
import OVSDBModel
import OVSDBSession
import Schemas

extension Reconciler {
    var isFilling: Bool { waiting != nil }
    /// No part is left to be sent.
    var isFilled: Bool { waiting?.isEmpty ?? true }

    /// Fewer flows than two parts have are one transaction.
    private func areParts(_ flows: Int) -> Bool { flows / 2 >= partSize }

    /// The database has no flow, and gets many.
    func mustFill(_ replica: Replica, with dirty: Desired.Dirty) -> Bool {
        guard case .everything = share else { return false }
        return areParts(dirty.flows.count) && replica.count(SB.LogicalFlow.self) == 0
    }

    /// Another northd is at it: most of what is desired is not there yet, so comparing it with each part
    /// would find little.
    func isBeingFilled(_ replica: Replica) -> Bool {
        let flows = desired.dirty.flows.count
        return areParts(flows) && replica.count(SB.LogicalFlow.self) < flows
    }

    /// The groups that rows of this transaction refer to; those of flows come with the flows.
    mutating func beginFilling(
        _ dirty: Desired.Dirty, _ replica: Replica, _ transaction: inout TransactionBuilder
    ) {
        let groups = dirty.groups.filter { $0.key.isReferredTo }
        settleGroups(groups, replica, &transaction)
        var admitting: [RowUUID] = []
        var others: [RowUUID] = []
        for (uuid, flow) in dirty.flows {
            guard let flow else { continue }
            if flow.admitsPackets { admitting.append(uuid) } else { others.append(uuid) }
        }
        admitting.sort(by: >)
        others.sort(by: >)
        waiting = admitting + others
    }

    /// The next flows that wait; nil if there are none.
    mutating func nextPart(_ replica: Replica) -> TransactionBuilder? {
        guard let left = waiting, !left.isEmpty else { return nil }
        let part = left.suffix(partSize)
        waiting?.removeLast(part.count)
        var transaction = TransactionBuilder()
        for uuid in part.reversed() {
            guard let flow = underWay?.flows[uuid] ?? nil else { continue }
            settleFlow(uuid, flow, replica, &transaction)
        }
        return transaction
    }
}

extension FlowRow {
    /// Every packet that comes to a datapath is asked for by the first table.
    fileprivate var admitsPackets: Bool { pipeline == .ingress && table == 0 }
}
