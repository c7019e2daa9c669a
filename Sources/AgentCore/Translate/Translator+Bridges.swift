import Datapath
import Pipeline
import Wire

// A provider bridge as a learning switch: the VLAN of the frame by the port that it came in by, the
// station's place noted, out by the port behind which the destination was seen last, by all of the
// VLAN if it was not. (IEEE 802.1Q; ovs-vswitchd's NORMAL action.)

extension KeyField {
    /// A tag's number, with the bit that says that there is one.
    static let vlanNumber = KeySpan(.vlanTCI).part(offset: 0, width: 13)
    static let vlanPriority = KeySpan(.vlanTCI).part(offset: 13, width: 3)
    static let vlanPresent: UInt64 = 0x1000
}

extension Translator {
    /// 01-80-C2-00-00-00 to -0F, which no bridge forwards (IEEE 802.1Q, table 8-1).
    private static let reserved: UInt64 = 0x0180_c200_0000

    mutating func enterBridge(
        _ name: String, from port: BridgePortName, _ snapshot: TranslationSnapshot
    ) {
        depend(on: .bridge(name))
        guard depth < limits.depth, let bridge = snapshot.view.bridges[name],
            let input = bridge.port(port)
        else {
            drop(.noBridgePort(name))
            return
        }
        depth += 1
        defer { depth -= 1 }
        let tag = UInt64(truncatingIfNeeded: key.read(KeyField.vlanNumber))
        let number = UInt16(tag & 0xfff)
        guard let vlan = input.membership.vlan(ofReceived: number) else {
            drop(.foreignVLAN(number))
            return
        }
        if input.membership.mode == .stacked { pushTag(vlan, type: input.membership.tagType) }
        note(.bridge(name, vlan: vlan))
        let destination = key.read(.ethernetDestination)
        guard bridge.forwardsReserved || destination & ~0xf != Self.reserved else {
            drop(.reservedAddress)
            return
        }
        remember(input, vlan, bridge)
        let station = StationKey(
            bridge: name, vlan: vlan, address: MACAddress(destination))
        forward(station, from: input, in: bridge, snapshot)
    }

    private mutating func remember(_ input: BridgePort, _ vlan: UInt16, _ bridge: ProviderBridge) {
        let source = MACAddress(key.read(.ethernetSource))
        guard !source.isMulticast else { return }
        effect(
            .station(
                StationSighting(
                    key: StationKey(bridge: bridge.name, vlan: vlan, address: source),
                    port: input.name, lifetime: bridge.lifetime, capacity: bridge.capacity)))
    }

    private mutating func forward(
        _ station: StationKey, from input: BridgePort, in bridge: ProviderBridge,
        _ snapshot: TranslationSnapshot
    ) {
        if !station.address.isMulticast {
            depend(on: .station(station))
            journal.isOpen = false
            if let name = stations[station], let port = bridge.port(name) {
                guard name != input.name else {
                    drop(.loopback)
                    return
                }
                if port.membership.carries(station.vlan) {
                    leave(by: port, station.vlan, snapshot)
                    return
                }
            }
        }
        for port in bridge.ports
        where port.name != input.name && port.membership.carries(station.vlan) {
            onCopy { $0.leave(by: port, station.vlan, snapshot) }
        }
    }

    private mutating func leave(
        by port: BridgePort, _ vlan: UInt16, _ snapshot: TranslationSnapshot
    ) {
        setTag(port.membership.sentTag(vlan))
        switch port.way {
        case .devices(let vports):
            guard let vport = vports.first else { return }
            note(.deliver(vport: vport))
            record(.port(vport))
        case .bridge(let name, let peer):
            if case .own(let own) = port.name { cross(.across(from: own, to: peer)) }
            enterBridge(name, from: .own(peer), snapshot)
        case .datapath:
            guard case .logical(let reference) = port.name else { return }
            if let port = snapshot.view.ports[reference] { cross(.inward(port.name)) }
            clearTracking()
            replaceSource(arriving: reference, snapshot)
            enterDatapath(reference, snapshot)
        }
    }

    /// What a flow makes anew each time is no packet of the flow's.
    mutating func cross(_ crossing: PatchCrossing) {
        if generated == nil { result.crossings.append(crossing) }
    }

    /// Gives the packet another tag, with the priority of the one before, or takes one away: then
    /// the one behind it is its tag.
    mutating func setTag(_ number: UInt16?) {
        let present = UInt64(truncatingIfNeeded: key.read(KeyField.vlanNumber))
        let wanted = number.map { UInt64($0) | KeyField.vlanPresent } ?? 0
        guard wanted != present else { return }
        guard number != nil else {
            key.load(.vlanTCI, key.read(.innerVLANTCI))
            key.load(.vlanTPID, key.read(.innerVLANTPID))
            let next = hiddenTags.popLast()
            key.load(.innerVLANTCI, next?.control ?? 0)
            key.load(.innerVLANTPID, next?.type ?? 0)
            return
        }
        let priority = key.read(KeyField.vlanPriority)
        key.load(.vlanTCI, wanted | UInt64(truncatingIfNeeded: priority) << 13)
        if present & KeyField.vlanPresent == 0 { key.load(.vlanTPID, UInt64(EtherType.vlan)) }
    }

    /// Puts a tag in front of those that the packet has.
    private mutating func pushTag(_ number: UInt16, type: UInt16) {
        hiddenTags.append((key.read(.innerVLANTCI), key.read(.innerVLANTPID)))
        key.load(.innerVLANTCI, key.read(.vlanTCI))
        key.load(.innerVLANTPID, key.read(.vlanTPID))
        key.load(.vlanTCI, UInt64(number) | KeyField.vlanPresent)
        key.load(.vlanTPID, UInt64(type))
    }
}
