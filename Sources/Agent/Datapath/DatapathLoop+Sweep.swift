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

extension DatapathLoop {
    /// What a list of the kernel's flows showed.
    private struct Sweep {
        var commands: [FlowCommand] = []
        var foreign: [FlowID] = []
        var anonymous = 0
        /// Flows to be translated afresh.
        var sample: [Megaflow] = []
        var found: [Divergence] = []
    }

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
        guard let table, let sweep = list(table) else { return }
        var found = sweep.found
        if sweep.anonymous > 0 {
            // They can't be deleted one by one.
            clearFlows()
            report(.diverged(found))
            return
        }
        var commands: [FlowCommand] = []
        for command in sweep.commands {
            if let command = self.table?.correct(command) { commands.append(command) }
        }
        for flow in sweep.sample {
            guard let id = flow.id, self.table?.entries[id] != nil,
                let difference = check(flow, table.snapshot)
            else { continue }
            found.append(Divergence(.flowWrong, difference))
            if let command = self.table?.correct(.delete(id)) { commands.append(command) }
        }
        perform(commands.map(operation) + sweep.foreign.map { .delete($0) })
        if !found.isEmpty { report(.diverged(found)) }
    }

    private func list(_ table: MegaflowTable) -> Sweep? {
        var sweep = Sweep()
        let share = UInt64(max(1, table.count / Limits.sweptFlows))
        let turn = sweeps % share
        sweeps += 1
        do {
            try flows.forEachFlow(.whole) { record in
                guard let id = record.id else {
                    sweep.anonymous += 1
                    sweep.found.append(divergence(.flowOfOthers, record))
                    return
                }
                guard MegaflowIdentity.epoch(of: id) != nil else {
                    sweep.foreign.append(id)
                    sweep.found.append(divergence(.flowOfOthers, record))
                    return
                }
                guard table.entries[id] != nil else { return }
                if let command = correction(of: record, id, table) {
                    sweep.commands.append(command)
                    sweep.found.append(divergence(.flowAltered, record))
                } else if id.low % share == turn, let flow = record.megaflow {
                    sweep.sample.append(flow)
                }
            }
        } catch {
            report(.problem("flow list: \(error)"))
            return nil
        }
        return sweep
    }

    private func correction(
        of record: FlowRecord, _ id: FlowID, _ table: MegaflowTable
    ) -> FlowCommand? {
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

    private func clearFlows() {
        do {
            try flows.deleteAllFlows()
            table?.forgetAll()
        } catch {
            report(.problem("flows: \(error)"))
        }
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
