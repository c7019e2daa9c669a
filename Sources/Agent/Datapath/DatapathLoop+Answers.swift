import AgentCore
import Datapath
import Linux
import Netlink
import UnixControl

extension DatapathLoop {
    func answer(_ question: DatapathThread.Question) -> Result<String, ControlError> {
        switch question {
        case .dumpFlows(let listing): dumpFlows(listing)
        case .checkFlows: checkFlows()
        case .flowNumbers: .success(supervision.text(flows: table?.count ?? 0))
        case .setFlowLimit(let limit): setFlowLimit(limit)
        case .review: review()
        case .purge: purge()
        case .pauseReviews(let isPaused): pauseReviews(isPaused)
        case .meters: .success(meterList)
        case .features: features()
        case .fixStation(let key, let port): .success(fix(key, to: port))
        case .releaseStation(let key):
            release(key) ? .success("") : .failure(ControlError("could not find static mac entry"))
        case .stationStatistics(let bridge, let capacity):
            .success(stationStatistics(of: bridge, capacity: capacity))
        }
    }

    private func dumpFlows(_ listing: FlowListing) -> Result<String, ControlError> {
        let text = listing.hasNames ? FlowText(portName: portName) : FlowText()
        var lines: [String] = []
        let now = UInt64(self.now)
        do {
            try flows.forEachFlow(.whole) { record in
                guard let flow = record.megaflow, listing.covers(flow) else { return }
                lines.append(text.line(flow, now: now, withID: listing.hasIdentifiers))
            }
        } catch {
            return .failure(ControlError("\(error)"))
        }
        return .success(lines.joined(separator: "\n"))
    }

    /// The local database's word; a limit that an operator has set meanwhile ends with it.
    func keepFlows(_ keeping: FlowKeeping) {
        supervision.limits.flows = keeping.flows
        supervision.limits.idle = UInt64(keeping.idle)
        table?.limits = supervision.limits
    }

    private func setFlowLimit(_ limit: Int) -> Result<String, ControlError> {
        supervision.limits.flows = limit
        table?.limits = supervision.limits
        return .success("set flow_limit to \(limit)\n")
    }

    private func review() -> Result<String, ControlError> {
        reviewFlows()
        return .success("")
    }

    private func purge() -> Result<String, ControlError> {
        let commands = table?.purge() ?? []
        perform(commands.map(operation))
        return .success("")
    }

    private func pauseReviews(_ isPaused: Bool) -> Result<String, ControlError> {
        supervision.isPaused = isPaused
        return .success("")
    }

    /// A line `SPEC: NUMBER` for each of the kernel's meters that this agent has made.
    private var meterList: String {
        translator.meters.list.map { "\($0.specification): \($0.number)" }.joined(separator: "\n")
    }

    private func features() -> Result<String, ControlError> {
        do {
            return .success(try flows.features().table)
        } catch {
            return .failure(ControlError("\(error)"))
        }
    }
}
