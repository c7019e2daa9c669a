import AgentCore
import Netlink

extension KernelDriver {
    /// Compares the kernel's ports with those that are served. What is missing is forgotten, so that
    /// the pass that follows serves it anew; what was added by others is known from then on, so that
    /// the pass removes it unless it is wanted.
    func review(
        _ links: [String: Link], isWanted: (String) -> Bool, _ changes: inout PortChanges
    ) throws(NetlinkError) {
        let review = PortReview(
            served: servedPorts, known: knownNames, present: try kernelPorts(),
            devices: links.mapValues(\.index))
        for port in review.lost where isWanted(port.name) {
            forget(port, &changes)
            if review.taken.contains(port.name) { found(.portGone, port) }
        }
        for port in review.redirected {
            try takeBack(port)
            found(.portSocket, port)
        }
        for port in review.foreign {
            adopt(port)
            if !isWanted(port.name) { found(.portOfOthers, port) }
        }
    }

    private func found(_ kind: Divergence.Kind, _ port: KernelPort) {
        divergences.append(Divergence(kind, "\(port.name) (\(port.number))"))
    }
}
