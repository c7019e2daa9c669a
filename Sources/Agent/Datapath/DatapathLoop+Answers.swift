import AgentCore
import Datapath
import Linux
import Netlink
import UnixControl

extension DatapathLoop {
    func answer(_ question: DatapathThread.Question) -> Result<String, ControlError> {
        switch question {
        case .dumpFlows(let withIDs, let names): dumpFlows(withIDs: withIDs, names: names)
        case .trace(let text): trace(text)
        case .drops: .success(dropTable)
        }
    }

    private func dumpFlows(withIDs: Bool, names: Bool) -> Result<String, ControlError> {
        let text = names ? FlowText(portName: portName) : FlowText()
        var lines: [String] = []
        let now = UInt64(self.now)
        do {
            try channel.forEachFlow { record in
                guard let flow = record.megaflow else { return }
                lines.append(text.line(flow, now: now, withID: withIDs))
            }
        } catch {
            return .failure(ControlError("\(error)"))
        }
        return .success(lines.joined(separator: "\n"))
    }

    private var dropTable: String {
        counters.drops.sorted { "\($0.key)" < "\($1.key)" }
            .map { "\($0.value) \($0.key)" }.joined(separator: "\n")
    }

    private func trace(_ microflow: String) -> Result<String, ControlError> {
        .failure(ControlError("trace \(microflow): no snapshot"))
    }
}
