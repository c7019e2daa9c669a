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
    func check(_ flow: Megaflow, _ snapshot: TranslationSnapshot) -> String? {
        translator.translatesAfresh = true
        defer { translator.translatesAfresh = false }
        var random = SystemRandomNumberGenerator()
        let finding = MegaflowCheck.examine(flow, using: &random) { key in
            var packet = flow
            packet.key = key
            return retranslate(packet, snapshot)
        }
        guard let finding else { return nil }
        let text = FlowText(portName: portName)
        return "\(finding.difference): \(text.line(flow, now: UInt64(now), withID: true))\n  "
            + "\(text.key(finding.packet, mask: finding.translation.mask)) gets "
            + text.actions(finding.translation.actions)
    }
}
