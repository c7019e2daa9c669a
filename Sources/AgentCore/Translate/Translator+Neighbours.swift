import Datapath
import Pipeline
import Wire

// What routers know of neighbours (MAC_Binding) and switches of stations (FDB). An absent entry is
// a dependency like a present one, so the flow is made again when something is learned.

extension Translator {
    mutating func getNeighbour(
        port: KeySpan, address: KeySpan, _ snapshot: TranslationSnapshot
    ) {
        let known = ask(.neighbour(port: port, address: address), snapshot)
        key.load(.ethernetDestination, known)
        guard known != 0 else { return }
        let datapath = UInt32(key.read(.datapath))
        depend(on: .router(datapath: datapath))
        if snapshot.view.ageingRouters.contains(datapath) {
            uses(.destination(neighbour(port, address, snapshot).0))
        }
    }

    /// The bits of the neighbour's Ethernet address; zero if none is known.
    mutating func neighbourBits(
        _ port: KeySpan, _ address: KeySpan, _ snapshot: TranslationSnapshot
    ) -> UInt64 {
        neighbour(port, address, snapshot).1?.bits ?? 0
    }

    mutating func putNeighbour(
        port: KeySpan, address: KeySpan, ethernet: KeySpan, _ snapshot: TranslationSnapshot
    ) {
        let (neighbour, known) = neighbour(port, address, snapshot)
        let mac = MACAddress(UInt64(truncatingIfNeeded: key.read(ethernet)))
        guard known != mac else { return }
        depend(on: .askingRouters)
        if snapshot.view.askingRouters.contains(neighbour.port.datapath) {
            takeSlowPath(.matchesAnswers)
        }
        // When to write is no matter of the flow, so nothing is pinned for it.
        let destination = UInt64(truncatingIfNeeded: key.peek(KeySpan(.ethernetDestination)))
        meteredEffect(.neighbour(neighbour, mac, isShared: MACAddress(destination).isMulticast))
    }

    /// Without `ethernet` any binding counts.
    mutating func lookupNeighbour(
        _ result: KeySpan, port: KeySpan, address: KeySpan, ethernet: KeySpan?,
        _ snapshot: TranslationSnapshot
    ) {
        let (neighbour, known) = neighbour(port, address, snapshot)
        var isKnown = known != nil
        if let ethernet, let known {
            isKnown = key.read(ethernet) == UInt128(known.bits)
            if isKnown { uses(.neighbour(neighbour)) }
        }
        key.load(result, isKnown ? 1 : 0)
    }

    mutating func putLearned(port: KeySpan, ethernet: KeySpan) {
        let station = station(ethernet)
        let port = UInt32(truncatingIfNeeded: key.read(port))
        meteredEffect(.address(station, port: port))
    }

    mutating func getLearned(
        _ result: KeySpan, ethernet: KeySpan, _ snapshot: TranslationSnapshot
    ) {
        let station = station(ethernet)
        depend(on: .learnedAddress(station))
        key.load(result, UInt128(snapshot.view.learnedAddresses[station] ?? 0))
    }

    mutating func lookupLearned(
        _ result: KeySpan, port: KeySpan, ethernet: KeySpan, _ snapshot: TranslationSnapshot
    ) {
        let isKnown = isLearned(port, ethernet, snapshot)
        key.load(result, isKnown ? 1 : 0)
    }

    /// `mac_cache_use`: looks the packet's source up among what has been learned.
    mutating func useCache(_ snapshot: TranslationSnapshot) {
        let inport = KeySpan(KeyField.inport)
        let datapath = UInt32(truncatingIfNeeded: key.read(.datapath))
        guard isRouter(datapath, snapshot) else {
            _ = isLearned(inport, KeySpan(.ethernetSource), snapshot)
            return
        }
        let address: KeySpan
        switch UInt16(truncatingIfNeeded: key.read(.ethernetType)) {
        case EtherType.ipv4: address = KeySpan(.ipv4Source)
        case EtherType.ipv6: address = KeySpan(.ipv6Source)
        default: return
        }
        let known = ask(.neighbour(port: inport, address: address), snapshot)
        guard known != 0, key.read(.ethernetSource) == known else { return }
        uses(.neighbour(neighbour(inport, address, snapshot).0))
    }

    /// A packet of our own is no use of anything.
    private mutating func uses(_ use: EntryUse) {
        if generated == nil { effect(.uses(use)) }
    }

    private mutating func neighbour(
        _ port: KeySpan, _ address: KeySpan, _ snapshot: TranslationSnapshot
    ) -> (NeighbourKey, MACAddress?) {
        let neighbour = NeighbourKey(port: reference(port), address: self.address(address))
        depend(on: .neighbour(neighbour))
        return (neighbour, snapshot.view.neighbours[neighbour])
    }

    /// The port of this datapath whose key is in a field.
    private func reference(_ port: KeySpan) -> PortReference {
        PortReference(
            datapath: UInt32(key.read(.datapath)),
            port: UInt32(truncatingIfNeeded: key.read(port)))
    }

    private func address(_ bits: KeySpan) -> IPAddress {
        let value = key.read(bits)
        return bits.width == 128
            ? .v6(IPv6Address(value)) : .v4(IPv4Address(UInt32(truncatingIfNeeded: value)))
    }

    private func station(_ ethernet: KeySpan) -> LearnedAddressKey {
        LearnedAddressKey(
            datapath: UInt32(key.read(.datapath)),
            address: MACAddress(UInt64(truncatingIfNeeded: key.read(ethernet))))
    }

    /// On a localnet port a station of an ordinary port counts as known, so that the provider
    /// network never takes it over.
    private mutating func isLearned(
        _ port: KeySpan, _ ethernet: KeySpan, _ snapshot: TranslationSnapshot
    ) -> Bool {
        let station = station(ethernet)
        depend(on: .learnedAddress(station))
        guard let known = snapshot.view.learnedAddresses[station] else { return false }
        if UInt128(known) == key.read(port) {
            uses(.station(station))
            return true
        }
        guard key.read(KeyField.flagsLocalnet) == 1 else { return false }
        let holder = PortReference(datapath: station.datapath, port: known)
        depend(on: .port(holder))
        return snapshot.view.ports[holder]?.type == ""
    }
}
