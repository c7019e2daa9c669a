// Two snapshots of one agent, one grown by changes and one made at once, asked the same: packets
// from every local port, and keys as they stand in the middle of a pipeline.

import AgentCore
import Datapath
import Pipeline
import Wire

package struct PipelineComparison {
    private var random: SimulationRandom
    private let grown: TranslationSnapshot
    private let fresh: TranslationSnapshot
    /// How many questions had the same answer.
    package private(set) var agreed = 0
    /// Translations that sent the packet somewhere.
    package private(set) var delivered = 0
    package private(set) var differences: [String] = []

    package init(_ grown: TranslationSnapshot, _ fresh: TranslationSnapshot, seed: UInt64) {
        self.grown = grown
        self.fresh = fresh
        random = SimulationRandom(seed: seed)
    }

    package mutating func run(packets: Int, lookups: Int) {
        differences += grown.view.changes(from: fresh.view).map { "the physical view: \($0)" }
        for _ in 0..<packets { comparePacket() }
        let scratch = FlowScratch(count: 3)
        for _ in 0..<lookups { compareLookup(scratch) }
    }

    private mutating func note(_ isSame: Bool, _ difference: @autoclosure () -> String) {
        if isSame { agreed += 1 } else { differences.append(difference()) }
    }

    // MARK: Packets

    private mutating func comparePacket() {
        let ports = grown.view.inputs.keys.sorted()
        guard let vport = ports.randomElement(using: &random) else { return }
        let frame = frame()
        var key = FlowKey(of: frame)
        key[.inputPort] = UInt64(vport)
        let input = TranslationInput(key: key, frame: frame, upcallPort: 1)
        var first = Translator()
        var second = Translator()
        let left = first.translate(input, in: grown)
        let right = second.translate(input, in: fresh)
        if !left.actions.isEmpty || left.emissions?.isEmpty == false { delivered += 1 }
        note(
            left.mask == right.mask && left.actions == right.actions
                && left.emissions == right.emissions && left.drops == right.drops
                && left.effects == right.effects && left.allDependencies == right.allDependencies,
            "port \(vport), \(FlowText().key(key, mask: left.mask)): "
                + "\(FlowText().actions(left.actions)) \(left.drops), from scratch "
                + "\(FlowText().key(key, mask: right.mask)): "
                + "\(FlowText().actions(right.actions)) \(right.drops)")
    }

    /// Between stations as the edits make them.
    private mutating func frame() -> [UInt8] {
        let ethernet = EthernetHeader(destination: station(), source: station())
        let hosts = (host(), host())
        switch random.number(4) {
        case 0:
            let message = ARPMessage(
                operation: random.oneIn(3) ? ARPMessage.reply : ARPMessage.request,
                sender: (ethernet.source, ipv4(hosts.0)), target: (.zero, ipv4(hosts.1)))
            return PacketBuilder.arp(ethernet, message)
        case 1:
            return PacketBuilder.udp(
                ethernet, .v6(source: ipv6(hosts.0), destination: ipv6(hosts.1)), source: 1,
                destination: 2, [1])
        default:
            return PacketBuilder.udp(
                ethernet, .v4(source: ipv4(hosts.0), destination: ipv4(hosts.1)),
                ttl: random.oneIn(6) ? 1 : 64, source: 1, destination: 2, [1])
        }
    }

    private mutating func station() -> MACAddress {
        switch random.number(8) {
        case 0: .broadcast
        case 1: MACAddress(0x0200_0000_0100 + UInt64(random.number(9)))
        case 2: MACAddress(0x0200_0000_0200 + UInt64(random.number(9)))
        default: MACAddress(0x0200_0000_0002 + UInt64(random.number(7)))
        }
    }

    private typealias Station = (network: Int, number: Int)

    private mutating func host() -> Station { (random.number(4), 1 + random.number(8)) }

    private func ipv4(_ host: Station) -> IPv4Address {
        IPv4Address(0x0a00_0000 + UInt32(host.network) << 8 + UInt32(host.number))
    }

    private func ipv6(_ host: Station) -> IPv6Address {
        IPv6Address(parsing: "fd00:\(host.network)::\(host.number)") ?? .zero
    }

    // MARK: Lookups

    private mutating func compareLookup(_ scratch: borrowing FlowScratch) {
        guard let reference = grown.view.ports.keys.sorted().randomElement(using: &random) else {
            return
        }
        let datapath = DatapathKey(reference.datapath)
        let stage = Stage(
            random.oneIn(2) ? .ingress : .egress, random.number(PipelineLimits.tables))
        let frame = frame()
        scratch[0].copy(from: FlowKey(of: frame))
        scratch[0][.datapath] = UInt64(reference.datapath)
        scratch[0][random.oneIn(2) ? .inport : .outport] = UInt64(reference.port)
        let left = answer(grown.pipeline, stage, datapath, scratch[0], scratch[1])
        let right = answer(fresh.pipeline, stage, datapath, scratch[0], scratch[2])
        note(
            left == right && FlowMask(copying: scratch[1]) == FlowMask(copying: scratch[2]),
            "datapath \(reference.datapath), \(stage): \(left ?? "none"), from scratch "
                + "\(right ?? "none")")
    }

    private func answer(
        _ snapshot: PipelineSnapshot, _ stage: Stage, _ datapath: DatapathKey,
        _ key: FlowPointer, _ mask: FlowPointer
    ) -> String? {
        mask.clear()
        guard let index = snapshot.index(of: datapath),
            let rule = snapshot.lookup(stage, index, key, mask)
        else { return nil }
        return withExtendedLifetime(snapshot) {
            let found = snapshot.rule(rule)
            return "\(found.id) \(found.priority)"
        }
    }
}
