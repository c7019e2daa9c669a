import Datapath
import Pipeline
import Wire

// A client behind a load balancer that is its own backend: its packets come back to it with the
// virtual address as their source. The logical pipeline asks whether a packet is such a one, after
// its destination was translated, or the answer to one.
//
// Every tracked packet of a switch with load balancers meets the questions, so they read as little
// as tells "no": the mark of the connection first, and of addresses the bits that differ.

extension Translator {
    /// `chk_lb_hairpin`: translated by a load balancer, and sent by the backend itself.
    mutating func isHairpin(_ snapshot: TranslationSnapshot) -> Bool {
        guard isBalanced(snapshot), let service = service(of: snapshot) else { return false }
        return service.backends.contains { backend in
            isEqual(destination(backend.address), backend.address.number)
                && isPort(.destinationPort, backend.port)
                && isEqual(source(backend.address), backend.address.number)
        }
    }

    /// `chk_lb_hairpin_reply`: from a backend to the source that its own packets were given.
    mutating func isHairpinReply(_ snapshot: TranslationSnapshot) -> Bool {
        depend(on: .hairpinSources)
        let known = snapshot.view.virtualServices
        let address: IPAddress
        switch UInt16(key.read(.ethernetType)) {
        case EtherType.ipv4:
            let span = KeySpan(.ipv4Destination)
            guard isMember(span, of: known.sources4) else { return false }
            address = .v4(IPv4Address(UInt32(truncatingIfNeeded: key.read(span))))
        case EtherType.ipv6:
            let span = KeySpan(.ipv6Destination)
            guard isMember(span, of: known.sources6) else { return false }
            address = .v6(IPv6Address(key.read(span)))
        default: return false
        }
        return (known.sources[address] ?? []).contains { service in
            depend(on: .virtualService(service))
            return answers(known.services[service], service, to: address)
        }
    }

    private func answers(
        _ service: VirtualService?, _ number: VirtualServiceKey, to address: IPAddress
    ) -> Bool {
        guard let service else { return false }
        let given = service.sources[UInt32(key.read(.datapath))] ?? number.address
        guard given == address else { return false }
        if let proto = number.proto, UInt8(key.read(.ipProtocol)) != proto { return false }
        return service.backends.contains {
            isEqual(source($0.address), $0.address.number) && isPort(.sourcePort, $0.port)
        }
    }

    /// `ct_snat_to_vip`: the packet gets the virtual address as its source.
    mutating func translateToVirtualAddress(_ snapshot: TranslationSnapshot) {
        guard let (number, service) = numbered(snapshot) else { return }
        let source = service.sources[UInt32(key.read(.datapath))] ?? number.address
        track(
            ConnectionTracking(
                zone: UInt16(truncatingIfNeeded: key.read(.snatZone)), commit: true,
                translation: .init(direction: .source, addresses: source...source)),
            then: nil)
    }

    // MARK: - The service of a packet

    /// The mark that `ct_lb_mark` leaves on a connection (of older flows: the label).
    private mutating func isBalanced(_ snapshot: TranslationSnapshot) -> Bool {
        depend(on: .registers)
        let field: KeyField = snapshot.view.registers.marksLabels ? .ctLabel : .ctMark
        return key.read(KeySpan(field).part(offset: 1, width: 1)) == 1
    }

    private mutating func service(of snapshot: TranslationSnapshot) -> VirtualService? {
        numbered(snapshot)?.service
    }

    /// The service whose address the pipeline has kept in its registers.
    private mutating func numbered(
        _ snapshot: TranslationSnapshot
    ) -> (VirtualServiceKey, service: VirtualService)? {
        depend(on: .registers)
        let address: IPAddress
        switch UInt16(key.read(.ethernetType)) {
        case EtherType.ipv4:
            let register = KeySpan.register(snapshot.view.registers.virtualAddress4)
            address = .v4(IPv4Address(UInt32(truncatingIfNeeded: key.read(register))))
        case EtherType.ipv6: address = .v6(IPv6Address(key.read(KeySpan(.xxreg1))))
        default: return nil
        }
        let port = UInt16(truncatingIfNeeded: key.read(.register(2).part(offset: 0, width: 16)))
        let proto = UInt8(truncatingIfNeeded: key.read(.ipProtocol))
        for number in [
            VirtualServiceKey(address, proto: proto, port: port), VirtualServiceKey(address),
        ] {
            depend(on: .virtualService(number))
            if let found = snapshot.view.virtualServices.services[number] {
                return (number, found)
            }
        }
        return nil
    }

    // MARK: - Comparing with few bits

    private func source(_ address: IPAddress) -> KeySpan {
        KeySpan(address.v4 == nil ? .ipv6Source : .ipv4Source)
    }

    private func destination(_ address: IPAddress) -> KeySpan {
        KeySpan(address.v4 == nil ? .ipv6Destination : .ipv4Destination)
    }

    private func isPort(_ field: KeyField, _ port: UInt16?) -> Bool {
        guard let port else { return true }
        key.require(KeySpan(.ipProtocol))
        return isEqual(KeySpan(field), UInt128(port))
    }

    /// Reads all bits of an equal value, of another those down to the first that differs.
    func isEqual(_ span: KeySpan, _ value: UInt128) -> Bool {
        let difference = key.peek(span) ^ value
        let low = difference == 0 ? 0 : 127 - difference.leadingZeroBitCount
        key.require(span.part(offset: low, width: Int(span.width) - low))
        return difference == 0
    }

    /// Whether the value is one of some, ascending; reads what tells it from its neighbours.
    func isMember(_ span: KeySpan, of values: [UInt128]) -> Bool {
        guard !values.isEmpty else { return false }
        let value = key.peek(span)
        var low = 0
        var high = values.count
        while low < high {
            let middle = (low + high) / 2
            if values[middle] < value { low = middle + 1 } else { high = middle }
        }
        let neighbours = [low - 1, low].filter { values.indices.contains($0) }
        let found = neighbours.contains { values[$0] == value }
        if found {
            key.require(span)
        } else {
            for index in neighbours { _ = isEqual(span, values[index]) }
        }
        return found
    }
}
