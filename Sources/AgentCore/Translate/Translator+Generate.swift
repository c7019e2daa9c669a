import Datapath
import Pipeline
import Wire

// Actions that make a packet from a packet: questions and answers of ARP and neighbour discovery,
// ICMP errors, resets. They run here, on real bytes, for each packet: the flow sends it up. The
// packet made has the registers and ports of its cause and goes through the block of the action;
// nothing that it meets becomes part of the flow.

extension Translator {
    /// Returns true if the original packet ends here because it waits for a neighbour.
    mutating func generate(
        _ generator: Instruction.Generator, _ resume: PendingPacket.Resume,
        _ block: (inout Translator) -> Void
    ) -> Bool {
        takeSlowPath(.generates(generator))
        note(.generated(generator))
        let waits = generator == .arp || generator == .ndNS
        guard let frame = currentFrame, let layout = PacketLayout(frame) else { return waits }
        let question = waits ? nextHop(generator) : nil
        if let question { wait(for: question, frame, resume) }
        guard let made = make(generator, frame, layout) else { return waits }
        onCopy { translator in
            let oldPacket = translator.generated
            translator.generated = GeneratedPacket(
                frame: made, key: FlowKey(of: made), question: question)
            translator.key.adopt(FlowKey(of: made))
            block(&translator)
            translator.generated = oldPacket
        }
        return waits
    }

    /// The packet as it would leave now; nil where only its key is known.
    private var currentFrame: [UInt8]? {
        let values = FlowKey(copying: key.current)
        if let generated {
            return OutputList.rewrite(generated.frame, from: generated.key, to: values)
        }
        return frame.map {
            OutputList.rewrite($0, from: FlowKey(copying: key.original), to: values)
        }
    }

    private func make(
        _ generator: Instruction.Generator, _ frame: [UInt8], _ layout: PacketLayout
    ) -> [UInt8]? {
        switch generator {
        case .arp: ResponseBuilder.arpRequest(frame, layout)
        case .ndNS:
            ResponseBuilder.neighborSolicitation(
                frame, layout, target: IPv6Address(key.peek(KeySpan(.xxreg0))))
        case .ndNA:
            ResponseBuilder.neighborAdvertisement(frame, layout, router: false)
        case .ndNARouter:
            ResponseBuilder.neighborAdvertisement(frame, layout, router: true)
        case .icmp4, .icmp4Error: ResponseBuilder.icmpError(frame, layout)
        case .icmp6, .icmp6Error: ResponseBuilder.icmpv6Error(frame, layout)
        case .tcpReset: ResponseBuilder.tcpReset(frame, layout)
        case .sctpAbort: ResponseBuilder.sctpAbort(frame, layout)
        case .reject: ResponseBuilder.reject(frame, layout)
        }
    }

    /// `icmp4.frag_mtu` and `icmp6.frag_mtu`: the error becomes one of size.
    mutating func setErrorMTU(_ size: UInt32) {
        guard let packet = generated, let layout = PacketLayout(packet.frame) else { return }
        guard layout.transport == .icmp || layout.transport == .icmpv6 else { return }
        var frame = packet.frame
        let start = layout.transportOffset
        frame.replace(
            at: start + 4, width: 4, with: UInt128(size), from: start, checksums: [start + 2])
        generated = GeneratedPacket(frame: frame, key: packet.key, question: packet.question)
        let isIPv4 = layout.transport == .icmp
        key.load(.icmpType, UInt64(isIPv4 ? ICMPType.unreachable : ICMPv6Type.packetTooBig))
        key.load(.icmpCode, isIPv4 ? 4 : 0)
    }

    /// The address in reg0 (IPv6: xxreg0) behind the outport.
    private func nextHop(_ generator: Instruction.Generator) -> NeighbourKey {
        let address: IPAddress =
            generator == .arp
            ? .v4(IPv4Address(UInt32(truncatingIfNeeded: key.peek(.register(0)))))
            : .v6(IPv6Address(key.peek(KeySpan(.xxreg0))))
        let port = PortReference(
            datapath: UInt32(truncatingIfNeeded: key.peek(KeySpan(.datapath))),
            port: UInt32(truncatingIfNeeded: key.peek(KeySpan(.outport))))
        return NeighbourKey(port: port, address: address)
    }

    /// Keeps the packet until the neighbour is known.
    private mutating func wait(
        for neighbour: NeighbourKey, _ frame: [UInt8], _ resume: PendingPacket.Resume
    ) {
        effect(
            .wait(
                PendingPacket(
                    neighbour: neighbour, frame: frame,
                    metadata: FlowKey(copying: key.current), resume: resume)))
    }

    /// A packet that a flow made leaves at once.
    mutating func emitGenerated(_ target: OutputList.Target) {
        guard let packet = generated else { return }
        var made = OutputList.emissions(
            packet.frame, from: packet.key, to: FlowKey(copying: key.current), [target])
        for index in made.indices { made[index].question = packet.question }
        result.emissions = (result.emissions ?? []) + made
    }
}
