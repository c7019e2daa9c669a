import AgentCore
import Datapath
import Linux
import Netlink

// The self-check of flows and meters: what the kernel has is compared with what was put into it, and
// put right where it differs. In each round a part of the flows is also translated afresh, as
// `debug/check-flows` does with all of them.
//
// Flows of others go too: one that overlaps with ours would decide at random which of them packets
// get. A meter's rate can't be read back (net/openvswitch/meter.c), so only its presence is checked.

/// What a list of the kernel's flows showed.
struct KernelList {
    /// What makes them those of the table.
    var commands: [FlowCommand] = []
    /// How many have no identifier.
    var anonymous = 0
    /// Flows to be translated afresh.
    var sample: [Megaflow] = []
    /// All flows, if they are asked for.
    var present: Set<FlowID> = []
    var found: [Divergence] = []
}

extension DatapathLoop {
    func sweepWhenDue() {
        guard now >= nextSweep, table != nil else { return }
        let begin = now
        sweepFlows()
        sweepMeters()
        nextSweep = now + max(Limits.sweepInterval, (now - begin) * Limits.sweepShare)
    }

    func reportGone(_ flows: [Megaflow]) {
        guard !flows.isEmpty else { return }
        let text = FlowText(portName: portName)
        report(
            .diverged(
                flows.map { Divergence(.flowGone, text.line($0, now: UInt64(now), withID: true)) }))
    }

    func sweepFlows() {
        guard settle(), var list = listKernel(isWhole: false), let snapshot = table?.snapshot
        else { return }
        for flow in list.sample {
            guard let id = flow.id, let difference = check(flow, snapshot) else { continue }
            list.found.append(Divergence(.flowWrong, difference))
            list.commands.append(.delete(id))
        }
        correct(list)
        settle()
    }

    /// Compares the kernel's flows with the table; nil if the kernel did not list them.
    ///
    /// - Parameter isWhole: true if an outcome is unknown: then it is told which flows there are, what
    ///   differs is nobody's doing, and none is translated afresh.
    func listKernel(isWhole: Bool) -> KernelList? {
        guard let table else { return nil }
        var list = KernelList()
        let share = UInt64(max(1, table.count / Limits.sweptFlows))
        let turn = sweeps % share
        if !isWhole { sweeps += 1 }
        do {
            try flows.forEachFlow(.whole) { record in
                guard let id = record.id else {
                    list.anonymous += 1
                    list.found.append(divergence(.flowOfOthers, record))
                    return
                }
                if isWhole { list.present.insert(id) }
                if let command = correction(of: record, id, table) {
                    list.commands.append(command)
                    if let kind = divergence(of: id, table, isWhole: isWhole) {
                        list.found.append(divergence(kind, record))
                    }
                } else if !isWhole, id.low % share == turn, let flow = record.megaflow {
                    list.sample.append(flow)
                }
            }
        } catch {
            report(.problem("flow list: \(error)"))
            return nil
        }
        return list
    }

    /// What somebody else has done if this flow is not as it ought to be; nil if nobody has.
    private func divergence(
        of id: FlowID, _ table: MegaflowTable, isWhole: Bool
    ) -> Divergence.Kind? {
        if MegaflowIdentity.epoch(of: id) == nil { return .flowOfOthers }
        return isWhole || table.entries[id] == nil ? nil : .flowAltered
    }

    private func correction(
        of record: FlowRecord, _ id: FlowID, _ table: MegaflowTable
    ) -> FlowCommand? {
        guard table.entries[id] != nil else { return .delete(id) }
        guard let flow = record.megaflow else {
            // It does what no actions of ours can say.
            return table.entries[id].map { .modify(id, $0.flow.actions) }
        }
        return table.correction(of: flow, expressed: { encoded($0).decoded })
    }

    private func divergence(_ kind: Divergence.Kind, _ record: FlowRecord) -> Divergence {
        guard let flow = record.megaflow else { return Divergence(kind, "actions unknown here") }
        let text = FlowText(portName: portName)
        return Divergence(kind, text.line(flow, now: UInt64(now), withID: true))
    }

    func sweepMeters() {
        var found: [Divergence] = []
        let meters = translator.meters.made(from: nextMeter, limit: Limits.sweptMeters)
        for (number, rate) in meters {
            do {
                guard try !flows.hasMeter(number) else { continue }
                try flows.setMeter(number, to: rate)
                found.append(Divergence(.meterGone, String(number)))
            } catch {
                report(.problem("meter: \(error)"))
            }
        }
        nextMeter = (meters.last?.number ?? 0) &+ 1
        if !found.isEmpty { report(.diverged(found)) }
    }
}
