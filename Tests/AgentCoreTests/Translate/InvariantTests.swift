import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// A packet served by a cached flow gets what a fresh translation would give it, side effects
/// included: with random pipelines, packets and changes.
@Suite struct InvariantTests {
    /// What the packet gets without any flow.
    private func fresh(
        _ packet: (frame: [UInt8], port: UInt32, metadata: FlowKey),
        _ snapshot: TranslationSnapshot, _ connections: ConnectionTable
    ) -> (Outcome, ConnectionTable) {
        var host = Host(snapshot, ports: RandomNetwork.ports)
        host.kernel.connections = connections
        let outcome = host.receive(packet.frame, on: packet.port, metadata: packet.metadata)
        return (outcome.sorted, host.kernel.connections)
    }

    /// Whether others may have seen the packet is no property of the flow, and a packet that
    /// waits is one packet.
    private func lasting(_ effects: some Sequence<SideEffect>) -> Set<SideEffect> {
        Set(
            effects.compactMap { effect in
                switch effect {
                case .neighbour(let key, let mac, _): .neighbour(key, mac, isShared: false)
                case .address, .uses, .station, .question: effect
                case .wait, .service, .asked: nil
                case .affinity, .affinityUse, .nextHop, .nextHopUse: effect
                }
            })
    }

    /// Sends a packet to `host` and compares with a host that has the same connections and no flow.
    private func check(
        _ packet: (frame: [UInt8], port: UInt32, metadata: FlowKey), _ host: inout Host,
        _ note: String
    ) -> Bool {
        let (expected, connections) = fresh(
            packet, host.table.snapshot, host.kernel.connections)
        let outcome = host.receive(packet.frame, on: packet.port, metadata: packet.metadata).sorted
        guard outcome.faults.isEmpty, expected.faults.isEmpty else {
            Issue.record("\(note): \(outcome.faults) \(expected.faults)")
            return false
        }
        guard outcome.sent == expected.sent else {
            Issue.record("\(note): \(outcome.sent) instead of \(expected.sent)")
            return false
        }
        guard host.kernel.connections == connections else {
            Issue.record(
                "\(note): \(host.kernel.connections.all) instead of \(connections.all)")
            return false
        }
        let effects = outcome.effects
        guard lasting(effects) == lasting(expected.effects) else {
            Issue.record("\(note): \(effects) instead of \(expected.effects)")
            return false
        }
        return true
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func cachedPacketsGetWhatFreshOnesGet(seed: UInt64) {
        var network = RandomNetwork(seed: seed, flows: 60)
        var host = Host(network.control.snapshot(), ports: RandomNetwork.ports)
        for number in 0..<150 {
            guard check(network.packet(), &host, "seed \(seed), packet \(number)") else { return }
        }
        #expect(host.upcalls < 800)
    }

    @Test(arguments: 100..<108 as Range<UInt64>)
    func flowsFollowChanges(seed: UInt64) throws {
        var network = RandomNetwork(seed: seed, flows: 60)
        var host = Host(network.control.snapshot(), ports: RandomNetwork.ports)
        let packets = (0..<40).map { _ in network.packet() }
        for round in 0..<12 {
            for (number, packet) in packets.enumerated() {
                let note = "seed \(seed), round \(round), packet \(number)"
                guard check(packet, &host, note) else { return }
            }
            network.edit()
            try host.swap(to: network.control.snapshot())
            guard consistent(&host, "seed \(seed), round \(round)") else { return }
        }
    }

    /// With next to no room: flows come and go, compare more than they need to, or are not made.
    @Test(arguments: 200..<210 as Range<UInt64>)
    func littleRoomIsNoMatterOfWhatPacketsGet(seed: UInt64) throws {
        var limits = MegaflowTable.Limits()
        limits.masks = 8
        limits.masksPerWorkload = 4
        limits.masksPerSharedPort = 6
        limits.flowsPerPort = 12
        limits.flows = 40
        var network = RandomNetwork(seed: seed, flows: 60)
        var host = Host(
            network.control.snapshot(), ports: RandomNetwork.ports, limits: limits)
        for round in 0..<4 {
            for number in 0..<50 {
                let note = "seed \(seed), round \(round), packet \(number)"
                guard check(network.packet(), &host, note) else { return }
                guard host.kernel.masks.count <= 8, host.table.count <= 40 else {
                    Issue.record(
                        "\(note): \(host.kernel.masks.count) masks, \(host.table.count) flows")
                    return
                }
            }
            network.edit()
            try host.swap(to: network.control.snapshot())
            guard consistent(&host, "seed \(seed), round \(round)") else { return }
        }
    }

    /// The table and the kernel agree, and every flow is what its key would make now.
    private func consistent(_ host: inout Host, _ note: String) -> Bool {
        let flows = host.kernel.dump()
        guard Set(flows.compactMap(\.id)) == Set(host.table.entries.keys) else {
            Issue.record("\(note): kernel and table differ")
            return false
        }
        let snapshot = host.table.snapshot
        for flow in flows {
            let input = TranslationInput(
                key: flow.key, frame: nil, upcallPort: Host.upcallPort)
            let translation = host.translator.translate(input, in: snapshot)
            // The mask may be another one: a lookup may look at more than it needs.
            guard translation.actions == flow.actions else {
                let text = FlowText()
                Issue.record(
                    """
                    \(note): \(text.line(flow, now: 0)) became \
                    \(text.key(flow.key, mask: translation.mask)) \
                    \(text.actions(translation.actions)) \(translation.drops)
                    """)
                return false
            }
        }
        return true
    }
}
