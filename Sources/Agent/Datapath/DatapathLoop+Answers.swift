import AgentCore
import Datapath
import Linux
import Netlink
import UnixControl

extension DatapathLoop {
    func answer(_ question: DatapathThread.Question) -> Result<String, ControlError> {
        switch question {
        case .dumpFlows(let withIDs, let names): dumpFlows(withIDs: withIDs, names: names)
        case .checkFlows: checkFlows()
        }
    }

    private func dumpFlows(withIDs: Bool, names: Bool) -> Result<String, ControlError> {
        let text = names ? FlowText(portName: portName) : FlowText()
        var lines: [String] = []
        let now = UInt64(self.now)
        do {
            try flows.forEachFlow(.whole) { record in
                guard let flow = record.megaflow else { return }
                lines.append(text.line(flow, now: now, withID: withIDs))
            }
        } catch {
            return .failure(ControlError("\(error)"))
        }
        return .success(lines.joined(separator: "\n"))
    }
}
