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
            translator.takePlace(made, question: question, service: Self.service(generator, made))
            block(&translator)
        }
        return waits
    }

    /// A packet of our own takes the place of the one at hand: nothing that it meets becomes part
    /// of the flow, and it leaves at once.
    mutating func takePlace(
        _ frame: [UInt8], question: NeighbourKey? = nil, service: ServiceClass
    ) {
        let made = FlowKey(of: frame)
        generated = GeneratedPacket(
            frame: frame, key: made, question: question, service: service,
            meter: program?.controllerMeter)
        key.adopt(made)
        // The kernel knows nothing of it yet.
        forgetTracking()
        condition.zone = nil
        condition.hasHash = false
        node = outputs.addGenerated(made)
    }

    private static func service(
        _ generator: Instruction.Generator, _ frame: [UInt8]
    ) -> ServiceClass {
        switch generator {
        case .arp, .ndNS: .question
        case .ndNA, .ndNARouter: .answer
        case .icmp4, .icmp4Error, .icmp6, .icmp6Error: .error
        case .tcpReset, .sctpAbort: .reset
        case .reject:
            switch PacketLayout(frame)?.transport {
            case .tcp?, .sctp?: .reset
            case .udp?, .icmp?, .icmpv6?, nil: .error
            }
        }
    }

    /// The packet as it would leave now; nil where only its key is known.
    var currentFrame: [UInt8]? {
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
        guard let frame = generated?.frame, let layout = PacketLayout(frame) else { return }
        guard layout.transport == .icmp || layout.transport == .icmpv6 else { return }
        change { ICMPError.setMTU(size, in: &$0, layout) }
        let isIPv4 = layout.transport == .icmp
        key.load(.icmpType, UInt64(isIPv4 ? ICMPType.unreachable : ICMPv6Type.packetTooBig))
        key.load(.icmpCode, isIPv4 ? UInt64(ICMPCode.fragmentationNeeded) : 0)
    }

    /// `icmp4.inner_ip4.src`: the kernel doesn't reach the packet inside of an error, so the packet
    /// goes on as one of our own. Nothing else than an ICMP error is touched.
    ///
    /// - Returns: false where only the key is known.
    mutating func setQuotedSource(_ address: UInt32) -> Bool {
        if generated == nil {
            let isICMP =
                key.read(.ethernetType) == UInt64(EtherType.ipv4)
                && key.read(.ipProtocol) == UInt64(IPProtocol.icmp)
            guard isICMP, ICMPError.isError(type: UInt8(key.read(.icmpType))) else { return true }
            takeSlowPath(.serves(.error))
            guard let frame = currentFrame else { return false }
            takePlace(frame, service: .error)
        }
        guard let frame = generated?.frame, let layout = PacketLayout(frame) else { return true }
        change { ICMPError.setQuotedSource(IPv4Address(address), in: &$0, layout) }
        return true
    }

    /// Changes bytes of a packet of our own that no field of its key has.
    private mutating func change(_ body: (inout [UInt8]) -> Void) {
        guard let packet = generated else { return }
        var frame = packet.frame
        body(&frame)
        generated = GeneratedPacket(
            frame: frame, key: packet.key, question: packet.question, service: packet.service,
            meter: packet.meter)
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
        var metadata = FlowKey(copying: key.current)
        for field in KeyField.tracking + [.recirculationID] { metadata[wide: field] = 0 }
        effect(
            .wait(
                PendingPacket(
                    neighbour: neighbour, frame: frame, metadata: metadata, resume: resume)))
    }

    /// A packet that a flow made leaves at once.
    mutating func emitGenerated(_ target: OutputList.Target) {
        guard let packet = generated else { return }
        var made = outputs.emissions(
            packet.frame, from: packet.key, at: node, FlowKey(copying: key.current), [target])
        for index in made.indices {
            made[index].question = packet.question
            made[index].service = packet.service
            made[index].meter = packet.meter
        }
        result.emissions = (result.emissions ?? []) + made
    }
}
