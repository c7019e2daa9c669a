import AgentCore
import Datapath
import Linux
import Netlink
import UnixControl

extension DatapathLoop {
    /// Compares every flow of this agent that the kernel has with a fresh translation of a packet
    /// that it serves. Changes nothing.
    func checkFlows() -> Result<String, ControlError> {
        guard let snapshot = table?.snapshot else {
            return .failure(ControlError("the Southbound database is not complete yet"))
        }
        var flows: [Megaflow] = []
        do {
            try self.flows.forEachFlow(.whole) { record in
                guard let id = record.id, MegaflowIdentity.epoch(of: id) != nil,
                    let flow = record.megaflow
                else { return }
                flows.append(flow)
            }
        } catch {
            return .failure(ControlError("\(error)"))
        }
        let differing = flows.compactMap { check($0, snapshot) }
        let summary = "\(flows.count) flows checked, \(differing.count) differ"
        return .success(([summary] + differing).joined(separator: "\n"))
    }

    /// A line on a flow that differs.
    private func check(_ flow: Megaflow, _ snapshot: TranslationSnapshot) -> String? {
        var random = SystemRandomNumberGenerator()
        var packet = flow
        packet.key = MegaflowCheck.packet(in: flow, using: &random)
        let translation = retranslateDumped(packet, snapshot)
        guard let difference = MegaflowCheck.difference(flow, from: translation) else {
            return nil
        }
        let text = FlowText(portName: portName)
        return "\(difference): \(text.line(flow, now: UInt64(now), withID: true))\n  "
            + "\(text.key(packet.key, mask: translation.mask)) gets "
            + text.actions(translation.actions)
    }
}
