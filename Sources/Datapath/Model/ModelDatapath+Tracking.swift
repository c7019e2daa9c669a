import Wire

// OVS_ACTION_ATTR_CT (net/openvswitch/conntrack.c).

extension ModelDatapath {
    /// False where the packet goes no further: a fragment that waits, or a clash of connections.
    mutating func track(
        _ tracking: ConnectionTracking, _ packet: inout Packet, _ run: inout Run
    ) -> Bool {
        guard KeyField.ipProtocol.isPresent(in: packet.key) else { return false }
        run.trackings += 1
        if TupleReader(packet.frame).kind == .fragment { return false }
        lookUp(tracking, &packet)
        guard packet.tracked != nil else { return true }
        if tracking.commit, !commit(tracking, &packet, &run) { return false }
        return true
    }

    /// __ovs_ct_lookup.
    private mutating func lookUp(_ tracking: ConnectionTracking, _ packet: inout Packet) {
        if !isCached(tracking.zone, &packet) {
            packet.tracked = connections.enter(
                packet.frame, zone: tracking.zone, tcpFlags: UInt16(packet.key[.tcpFlags]))
            packet.key[.ctState] = 0
            describe(&packet, zone: tracking.zone)
        }
        guard let tracked = packet.tracked, let translation = tracking.translation,
            packet.key[.ctState] & Self.translated == 0,
            tracked.number != nil || tracking.commit
        else { return }
        translate(translation, commits: tracking.commit, &packet)
    }

    private static let translated = ConnectionState.sourceNAT | ConnectionState.destinationNAT

    /// skb_nfct_cached: the connection is known already, or the key says which it is.
    private mutating func isCached(_ zone: UInt16, _ packet: inout Packet) -> Bool {
        if let tracked = packet.tracked { return tracked.zone == zone }
        let state = packet.key[.ctState]
        guard state & ConnectionState.tracked != 0, state & ConnectionState.invalid == 0,
            packet.key[.ctZone] == UInt64(zone)
        else { return false }
        packet.tracked = connections.find(
            packet.frame, zone: zone, isTranslated: state & Self.translated != 0)
        return packet.tracked != nil
    }

    /// ovs_ct_update_key.
    private func describe(_ packet: inout Packet, zone: UInt16) {
        packet.key[.ctZone] = UInt64(zone)
        guard let tracked = packet.tracked else {
            clearConnection(&packet)
            packet.key[.ctState] = ConnectionState.tracked | ConnectionState.invalid
            packet.key[.ctZone] = UInt64(zone)
            return
        }
        let connection = tracked.number.flatMap { connections[$0] } ?? tracked.connection
        var state = packet.key[.ctState] & Self.translated | ConnectionState.tracked
        switch tracked.relation {
        case .new: state |= ConnectionState.new
        case .established: state |= ConnectionState.established
        case .related: state |= ConnectionState.related
        }
        if tracked.number == nil { state |= ConnectionState.new }
        if tracked.isReply { state |= ConnectionState.reply }
        packet.key[.ctState] = state
        packet.key[.ctMark] = UInt64(connection.mark)
        packet.key[wide: .ctLabel] = connection.label
        let tuple = connection.original
        packet.key[wide: .ctSource] = tuple.source.bits
        packet.key[wide: .ctDestination] = tuple.destination.bits
        packet.key[.ctProtocol] = UInt64(tuple.proto)
        let isICMP = tuple.isICMP
        packet.key[.ctSourcePort] =
            isICMP ? UInt64(tuple.destinationPort >> 8) : UInt64(tuple.sourcePort)
        packet.key[.ctDestinationPort] =
            isICMP ? UInt64(tuple.destinationPort & 0xff) : UInt64(tuple.destinationPort)
    }

    private func clearConnection(_ packet: inout Packet) {
        for field in [
            KeyField.ctState, .ctZone, .ctMark, .ctLabel, .ctSource, .ctDestination, .ctProtocol,
            .ctSourcePort, .ctDestinationPort,
        ] {
            packet.key[wide: field] = 0
        }
    }

    /// OVS_ACTION_ATTR_CT_CLEAR.
    func clearTracking(_ packet: inout Packet) {
        packet.tracked = nil
        clearConnection(&packet)
    }

    /// ovs_ct_commit; false where the packet is dropped.
    private mutating func commit(
        _ tracking: ConnectionTracking, _ packet: inout Packet, _ run: inout Run
    ) -> Bool {
        guard var tracked = packet.tracked else { return true }
        var connection = tracked.number.flatMap { connections[$0] } ?? tracked.connection
        if let mark = tracking.mark {
            connection.mark = connection.mark & ~mark.mask | mark.value & mark.mask
        }
        if let label = tracking.label {
            connection.label = connection.label & ~label.mask | label.value & label.mask
        }
        tracked.connection = connection
        if let number = tracked.number { connections[number] = connection }
        guard connections.confirm(&tracked) else {
            run.events.append(.dropped(.clash))
            return false
        }
        packet.tracked = tracked
        packet.key[.ctMark] = UInt64(connection.mark)
        packet.key[wide: .ctLabel] = connection.label
        return true
    }

    // MARK: - Translation

    /// ovs_ct_nat.
    private mutating func translate(
        _ translation: ConnectionTracking.Translation, commits: Bool, _ packet: inout Packet
    ) {
        guard var tracked = packet.tracked else { return }
        var connection = tracked.number.flatMap { connections[$0] } ?? tracked.connection
        let isNew = tracked.relation == .new && !tracked.isReply
        let isForward = tracked.relation == .related && !tracked.isReply
        let appliesOld = !isNew && connection.isTranslated && (!isForward || commits)
        if !appliesOld {
            guard let direction = translation.direction else { return }
            let isSource = direction == .source
            let isSet = isSource ? connection.isSourceSet : connection.isDestinationSet
            if !isSet, isNew {
                connections.decide(translation, isSource: isSource, for: &connection)
            }
            tracked.connection = connection
            if let number = tracked.number { connections[number] = connection }
            packet.tracked = tracked
        }
        rewrite(&packet, connection, isReply: tracked.isReply)
    }

    /// Gives the packet the headers that the other side sees.
    private func rewrite(
        _ packet: inout Packet, _ connection: ConnectionTable.Connection, isReply: Bool
    ) {
        let seen = isReply ? connection.original.inverse : connection.reply.inverse
        let source = isReply ? connection.translatesDestination : connection.translatesSource
        let destination = isReply ? connection.translatesSource : connection.translatesDestination
        guard source || destination else { return }
        if let offset = packet.tracked?.quoteOffset {
            rewriteQuote(&packet, at: offset, seen, source: source, destination: destination)
        }
        let isError = packet.tracked?.quoteOffset != nil
        if source { set(&packet, seen, isSource: true, isError: isError) }
        if destination { set(&packet, seen, isSource: false, isError: isError) }
        var state = packet.key[.ctState]
        if source { state |= ConnectionState.sourceNAT }
        if destination { state |= ConnectionState.destinationNAT }
        packet.key[.ctState] = state
        packet.refresh()
    }

    private func set(
        _ packet: inout Packet, _ seen: ConnectionTuple, isSource: Bool, isError: Bool
    ) {
        let address = isSource ? seen.source : seen.destination
        switch address {
        case .v4:
            packet.rewriter.set(isSource ? .ipv4Source : .ipv4Destination, to: address.bits)
        case .v6:
            packet.rewriter.set(isSource ? .ipv6Source : .ipv6Destination, to: address.bits)
        }
        guard !isError else { return }
        if seen.isICMP {
            packet.rewriter.setICMPIdentifier(seen.sourcePort)
        } else {
            packet.rewriter.set(
                isSource ? .sourcePort : .destinationPort,
                to: UInt128(isSource ? seen.sourcePort : seen.destinationPort))
        }
    }

    /// The packet quoted in an error went the other way, so its ends are exchanged.
    private func rewriteQuote(
        _ packet: inout Packet, at offset: Int, _ seen: ConnectionTuple, source: Bool,
        destination: Bool
    ) {
        if source {
            packet.rewriter.setQuote(
                at: offset, isSource: false, seen.source, port: seen.sourcePort,
                isICMP: seen.isICMP)
        }
        if destination {
            packet.rewriter.setQuote(
                at: offset, isSource: true, seen.destination, port: seen.destinationPort,
                isICMP: seen.isICMP)
        }
    }
}

extension IPAddress {
    /// The address as a number.
    var bits: UInt128 {
        switch self {
        case .v4(let address): UInt128(address.bits)
        case .v6(let address): address.bits
        }
    }
}

extension PacketRewriter {
    /// The identifier of an ICMP echo message.
    fileprivate mutating func setICMPIdentifier(_ identifier: UInt16) {
        guard let start = transportStart else { return }
        replace(at: start + 4, width: 2, with: UInt128(identifier), covering: start)
    }

    /// One end of the packet that an ICMP error quotes.
    fileprivate mutating func setQuote(
        at offset: Int, isSource: Bool, _ address: IPAddress, port: UInt16, isICMP: Bool
    ) {
        guard let start = transportStart else { return }
        let length: Int
        switch address {
        case .v4:
            length = Int(frame[offset] & 15) * 4
            replace(
                at: offset + (isSource ? 12 : 16), width: 4, with: address.bits, covering: start,
                header: offset)
        case .v6:
            length = HeaderLength.ipv6
            replace(
                at: offset + (isSource ? 8 : 24), width: 16, with: address.bits, covering: start)
        }
        guard !isICMP else { return }
        replace(
            at: offset + length + (isSource ? 0 : 2), width: 2, with: UInt128(port),
            covering: start)
    }
}
