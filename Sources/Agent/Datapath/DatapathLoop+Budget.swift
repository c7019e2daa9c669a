import AgentCore
import Datapath
import Netlink
import Wire

// What a VIF may have this thread do, and what eBPF has decided in its place.

extension DatapathLoop {
    /// The upcalls of a port without the misses that are beyond its budget; all if the kernel keeps
    /// the budget. Packets that flows send up are not misses.
    func withinBudget(_ upcalls: [Upcall], of vport: UInt32) -> [Upcall] {
        guard !heldBudgets.contains(vport), isVIF(vport) else { return upcalls }
        let now = now
        var beyond: UInt64 = 0
        let admitted = upcalls.filter { upcall in
            guard upcall.reason == .miss else { return true }
            if limiter.admits(.miss, from: PacketSource(vport: vport), now: now) { return true }
            beyond += 1
            return false
        }
        if beyond > 0 { countMisses(beyond, beyondBudgetOf: vport) }
        return admitted
    }

    private func countMisses(_ number: UInt64, beyondBudgetOf vport: UInt32) {
        AgentCoverage.limited[.miss]?.hit(number)
        count(PacketDrop(.tooManyMisses(vport)), number)
    }

    private func isVIF(_ vport: UInt32) -> Bool {
        guard let view = table?.snapshot.view, let reference = view.inputs[vport] else {
            return false
        }
        return view.ports[reference]?.type.isEmpty == true
    }

    /// Packets that eBPF has dropped count where the pipeline would have dropped them: at the flow
    /// that drops a packet whose sender the port must not use.
    ///
    /// - Parameter misses: of each kernel port.
    func count(refused: [RefusedPackets], missesBeyondBudget misses: [UInt32: UInt64]) {
        for (vport, number) in misses { countMisses(number, beyondBudgetOf: vport) }
        guard let snapshot = table?.snapshot else { return }
        for packets in refused {
            var key = FlowKey()
            key[.inputPort] = UInt64(packets.vport)
            key[.ethernetSource] = packets.stranger.bits
            key[.ethernetType] = UInt64(EtherType.none)
            translator.now = now
            let translation = translator.translate(
                TranslationInput(
                    key: key, frame: nil, upcallPort: upcallPort(packets.vport)), in: snapshot)
            guard let drop = translation.drops.first, translation.actions.isEmpty else {
                let name = portName(packets.vport)
                report(
                    .problem(
                        "\(name): eBPF has dropped packets that the pipeline may not drop"))
                continue
            }
            count(drop, packets.packets)
        }
    }
}
