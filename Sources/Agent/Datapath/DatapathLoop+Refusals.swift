import AgentCore
import Datapath

// What is not done for a packet because its port, or everybody, has had enough of it: each refusal
// counts in `coverage/show`, and what is a packet's loss in `drops/show` too, for each reason and port.

extension DatapathLoop {
    /// Whether a packet of this source may have a service now.
    func admits(_ service: ServiceClass, from source: PacketSource) -> Bool {
        if limiter.admits(service, from: source, now: now) { return true }
        AgentCoverage.limited[service]?.hit()
        // A line of the log is no packet.
        if service != .log { count(PacketDrop(.beyondLimit(service.control, source.vport)), 1) }
        return false
    }

    /// Whether a service hears of a packet.
    func admits(_ event: ServiceEvent, from source: PacketSource) -> Bool {
        if admits(event.service, from: source) { return true }
        switch event.kind {
        case .virtualPort: AgentCoverage.droppedBindings.hit()
        case .emptyLoadBalancer: AgentCoverage.droppedEvents.hit()
        case .multicast, .prefixDelegation, .serviceCheck, .activation, .bfd: break
        }
        return false
    }

    /// Whether a packet of this source may teach now. If not, a later one of its flow will.
    func admits(_ lesson: Lesson, from source: PacketSource) -> Bool {
        if admission.admits(source, now: now) { return true }
        switch lesson {
        case .neighbour: AgentCoverage.refusedNeighbours.hit()
        case .address: AgentCoverage.refusedAddresses.hit()
        }
        return false
    }

    /// Whether a provider bridge may learn of a packet of this source now.
    func admitsStation(from source: PacketSource) -> Bool {
        if admission.admits(source, now: now) { return true }
        AgentCoverage.refusedStations.hit()
        return false
    }

    /// A meter of the configuration has let a packet for the agent not pass.
    func countRefused(by meter: String, _ key: FlowKey) {
        AgentCoverage.metered.hit()
        count(PacketDrop(.beyondMeter(meter, PacketSource(key).vport)), 1)
    }

    /// Packets that no longer wait for their next hop.
    func countGivenUp() {
        for (vport, packets) in waiting.takeGivenUp() {
            AgentCoverage.displacedPackets.hit(packets.displaced)
            if packets.displaced > 0 {
                count(PacketDrop(.tooManyWaiting(vport)), packets.displaced)
            }
            if packets.unanswered > 0 {
                count(PacketDrop(.unansweredNeighbour(vport)), packets.unanswered)
            }
        }
    }
}
