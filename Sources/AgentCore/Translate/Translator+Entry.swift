import Datapath
import Pipeline
import Wire

// From the kernel's port to a logical port, and across to another logical datapath.

extension KeyField {
    static let flagsLoopback = KeySpan(.flags).part(offset: 0, width: 1)
    static let flagsFromVTEP = KeySpan(.flags).part(offset: 1, width: 1)
    static let flagsLocalOnly = KeySpan(.flags).part(offset: 4, width: 1)
    static let flagsFromLocalport = KeySpan(.flags).part(offset: 10, width: 1)
    static let flagsTunnelReceived = KeySpan(.flags).part(offset: 16, width: 1)
    static let flagsLocalnet = KeySpan(.flags).part(offset: 15, width: 1)
    /// What starts anew between the pipelines.
    static let registers: [KeyField] = [.xxreg0, .xxreg1, .xreg4]
    static let tracking: [KeyField] = [
        .ctState, .ctZone, .ctMark, .ctLabel, .ctSource, .ctDestination, .ctProtocol,
        .ctSourcePort, .ctDestinationPort,
    ]
    fileprivate static let ofPipeline = WholeFields(
        registers + [.dnatZone, .snatZone, .portZone])
    fileprivate static let ofTracking = WholeFields(tracking)
    /// Multicast groups have keys from here on.
    static let firstMulticastKey: UInt32 = 0x8000
}

extension Translator {
    /// A packet from the kernel.
    mutating func enter(_ snapshot: TranslationSnapshot) {
        let number = UInt32(key.read(.recirculationID))
        guard number == 0 else {
            thaw(number, snapshot)
            return
        }
        forgetTracking()
        let vport = UInt32(key.read(.inputPort))
        depend(on: .tunnelDevice(vport: vport))
        if let kind = snapshot.view.tunnelDevices[vport] {
            enterFromTunnel(kind, snapshot)
            return
        }
        depend(on: .input(vport: vport))
        if let input = snapshot.view.bridgeInputs[vport] {
            enterBridge(input.bridge, from: input.port, snapshot)
        } else if let port = nestedPort(vport, snapshot) {
            guard admit(port, snapshot) else { return }
            setTag(nil)
            enterDatapath(port, snapshot)
        } else if let port = snapshot.view.inputs[vport] {
            guard admit(port, snapshot) else { return }
            enterDatapath(port, snapshot)
        } else {
            drop(.unknownInput(vport))
        }
    }

    /// The port nested behind a kernel port by the packet's tag. Of ports that carry none no tag is
    /// looked at.
    private func nestedPort(_ vport: UInt32, _ snapshot: TranslationSnapshot) -> PortReference? {
        guard let ports = snapshot.view.nestedInputs[vport] else { return nil }
        let tag = UInt64(truncatingIfNeeded: key.read(KeyField.vlanNumber))
        return tag & KeyField.vlanPresent == 0 ? nil : ports[UInt16(tag & 0xfff)]
    }

    /// Starts the ingress pipeline of a datapath, as received on its port.
    ///
    /// - Parameter isLocal: the packet must not leave this chassis.
    mutating func enterDatapath(
        _ port: PortReference, isLocal: Bool = false, isFromVTEP: Bool = false,
        isFromOtherZone: Bool = false, _ snapshot: TranslationSnapshot
    ) {
        note(.received(port))
        mayEnterTunnelAgain()
        clearRegisters()
        key.load(.flags, 0)
        if isLocal { key.load(KeyField.flagsLocalOnly, 1) }
        if isFromVTEP { key.load(KeyField.flagsFromVTEP, 1) }
        if isFromOtherZone { key.load(KeyField.flagsTunnelReceived, 1) }
        key.load(.outport, 0)
        key.load(.datapath, UInt64(port.datapath))
        key.load(.inport, UInt64(port.port))
        loadZones(at: port, snapshot)
        switch snapshot.view.ports[port]?.type {
        case "localport": key.load(KeyField.flagsFromLocalport, 1)
        case "localnet": key.load(KeyField.flagsLocalnet, 1)
        default: break
        }
        run(LogicalStage(DatapathKey(port.datapath), Stage(.ingress, 0)), snapshot)
    }

    /// Only what a tunnel brought into the egress pipeline stays here. In an ingress pipeline, of
    /// another datapath or of this one (a refusal, a packet that turns round at a gateway), it is
    /// decided afresh where the packet goes.
    mutating func mayEnterTunnelAgain() { condition.arrivedByTunnel = false }

    mutating func clearRegisters() {
        key.clear(KeyField.ofPipeline)
    }

    /// The conntrack zones of a datapath and of the port at which a pipeline of it begins.
    mutating func loadZones(at port: PortReference, _ snapshot: TranslationSnapshot) {
        depend(on: .zones(datapath: port.datapath))
        if let zones = snapshot.view.zones[port.datapath] {
            key.load(.dnatZone, UInt64(zones.dnat))
            key.load(.snatZone, UInt64(zones.snat))
        }
        depend(on: .port(port))
        if let zone = snapshot.view.ports[port]?.zone { key.load(.portZone, UInt64(zone)) }
    }

    /// The packet belongs to no connection any more.
    mutating func clearTracking() {
        forgetTracking()
        condition.isCleared = true
    }

    /// The pipeline sees no connection any more: those of one pipeline say nothing in the next.
    /// What the kernel keeps beside the packet stays as it is, so that another pass in the same zone
    /// finds the connection of a packet whose headers were translated in between.
    mutating func forgetTracking() {
        condition.isTracked = false
        key.clear(KeyField.ofTracking)
    }

    // MARK: - Tunnels

    /// The sender's ingress pipeline has run; the tunnel key says where the packet goes.
    private mutating func enterFromTunnel(
        _ kind: EncapsulationType, _ snapshot: TranslationSnapshot
    ) {
        guard let source = tunnelSource(snapshot) else { return }
        if let ports = snapshot.view.vteps[source], kind == .vxlan {
            enterFromVTEP(ports, snapshot)
            return
        }
        guard readTunnelKey(kind) else { return }
        condition.arrivedByTunnel = true
        noteQuestion(snapshot)
        let datapath = UInt32(key.read(.datapath))
        let outport = UInt32(key.read(.outport))
        guard outport != 0 else {
            enterFromOtherZone(source, snapshot)
            return
        }
        let reference = PortReference(datapath: datapath, port: outport)
        if outport >= KeyField.firstMulticastKey {
            outputToGroup(reference, snapshot)
        } else {
            outputToPort(reference, snapshot)
        }
    }

    /// A hardware VTEP says to which datapath a packet belongs, and nothing else: its port's ingress
    /// pipeline decides.
    private mutating func enterFromVTEP(
        _ ports: [UInt32: PortReference], _ snapshot: TranslationSnapshot
    ) {
        let datapath = UInt32(truncatingIfNeeded: key.read(.tunnelID))
        guard let port = ports[datapath] else {
            drop(.foreignTunnel)
            return
        }
        enterDatapath(port, isFromVTEP: true, snapshot)
    }

    /// The other end of the tunnel; nil if it is none that this chassis knows.
    private mutating func tunnelSource(_ snapshot: TranslationSnapshot) -> IPAddress? {
        let bits = key.read(KeySpan(.tunnelSource))
        key.require(KeySpan(.tunnelFamily))
        let source: IPAddress =
            key.original[.tunnelFamily] == TunnelFamily.ipv6
            ? .v6(IPv6Address(bits)) : .v4(IPv4Address(UInt32(truncatingIfNeeded: bits)))
        depend(on: .tunnelSource(source))
        if snapshot.view.tunnelSources.contains(source) { return source }
        drop(.unknownTunnelSource(source))
        return nil
    }

    /// Decodes the keys that the sender wrote. They stay copies of the tunnel's fields: only what
    /// is looked at becomes part of the flow.
    private mutating func readTunnelKey(_ kind: EncapsulationType) -> Bool {
        let id = KeySpan(.tunnelID)
        for field in [KeyField.datapath, .inport, .outport] { key.load(field, 0) }
        switch kind {
        case .geneve:
            guard key.read(.tunnelOptions) == TunnelOptions.logical else {
                if key.original[.tunnelOptions] == TunnelOptions.foreign {
                    result.isCacheable = false
                }
                drop(.foreignTunnel)
                return false
            }
            let option = KeySpan(.tunnelOption)
            key.move(to: low(.datapath, 24), from: id.part(offset: 0, width: 24))
            key.move(to: low(.inport, 15), from: option.part(offset: 16, width: 15))
            key.move(to: low(.outport, 16), from: option.part(offset: 0, width: 16))
        case .vxlan:
            key.move(to: low(.datapath, 12), from: id.part(offset: 0, width: 12))
            key.move(to: low(.outport, 11), from: id.part(offset: 12, width: 11))
            // Bit 11 of the upper half says that the key is a multicast group's.
            key.move(
                to: KeySpan(.outport).part(offset: 15, width: 1),
                from: id.part(offset: 23, width: 1))
        }
        return true
    }

    private func low(_ field: KeyField, _ width: Int) -> KeySpan {
        KeySpan(field).part(offset: 0, width: width)
    }

    // MARK: - Recirculation

    /// A packet comes back from the kernel with a number for what it had.
    private mutating func thaw(_ number: UInt32, _ snapshot: TranslationSnapshot) {
        guard let state = frozen[number] else {
            result.isCacheable = false
            drop(.unknownRecirculation(number))
            return
        }
        for (word, value) in state.registers.enumerated() {
            key.load(KeySpan(word: UInt8(word), shift: 0, width: 64), UInt128(value))
        }
        condition = state.condition
        result.recirculations = condition.recirculations
        mirrored = condition.mirrored
        if !condition.isTracked { forgetTracking() }
        switch state.place {
        case .table(let stage): run(stage, snapshot)
        }
    }

    /// Takes a step in the kernel: what follows happens to the packet after it.
    mutating func step(_ action: DatapathAction) {
        node = outputs.step(action, from: node, key)
    }

    /// Ends this copy of the packet with a trip through the kernel, from which it comes back in
    /// `stage` with those registers that `live` has (nil: all).
    mutating func freeze(at stage: LogicalStage, live: FlowMask? = nil) {
        var registers: [UInt64] = []
        for word in 0..<FlowKey.firstKernelWord {
            let bits = live?.words[word] ?? .max
            // The value becomes part of the flow, so what it was copied from is pinned.
            key.require(word: word, bits)
            registers.append(key.current.words[word] & bits)
        }
        var condition = condition
        condition.recirculations += 1
        condition.mirrored = mirrored
        let state = FrozenState(
            place: .table(stage), registers: registers, condition: condition)
        guard condition.recirculations <= limits.recirculations,
            let number = frozen.intern(state, now: now)
        else {
            drop(.tooManyRecirculations)
            return
        }
        result.frozenStates.append(number)
        note(.recirculate(stage, number: number, packet: FlowKey(copying: key.current)))
        record(.recirculate(number))
    }

    // MARK: - Packets that waited

    mutating func resume(
        _ packet: PendingPacket, _ address: MACAddress, _ snapshot: TranslationSnapshot
    ) {
        for word in 0..<FlowKey.firstKernelWord {
            key.load(
                KeySpan(word: UInt8(word), shift: 0, width: 64),
                UInt128(packet.metadata.words[word]))
        }
        forgetTracking()
        key.load(.ethernetDestination, address.bits)
        switch packet.resume {
        case .table(let stage): run(stage, snapshot)
        case .output: output(.ingress, snapshot)
        }
    }
}
