import Wire

extension ModelDatapath {
    /// A packet while actions run on it.
    struct Packet {
        var rewriter: PacketRewriter
        var key: FlowKey
        /// Set by the actions for the tunnel ports that follow.
        var tunnel: TunnelKey?
        /// Bytes that the next output may have.
        var limit: Int?
        var mayBeStale = false
        /// The connection of the packet.
        var tracked: ConnectionTable.Tracked?

        var frame: [UInt8] { rewriter.frame }

        /// Reads the packet's fields again, as the kernel does before it looks a key up.
        mutating func refresh() {
            let scratch = FlowScratch(count: 1)
            scratch[0].copy(from: key)
            scratch[0].extractPacket(frame.span.bytes)
            key = FlowKey(copying: scratch[0])
            mayBeStale = false
        }
    }

    /// One packet's way through the datapath.
    struct Run {
        var events: [Event] = []
        var deferred: [(packet: Packet, work: Work)] = []
        /// Places of the ring used so far; they are free again only when the packet is done.
        var deferrals = 0
        var level = 0
        /// Passes through the connection tracker.
        var trackings = 0
        /// Flows that served the packet.
        var hits: [Megaflow] = []
        let now: UInt64
    }

    enum Work {
        case actions([DatapathAction])
        case recirculate(UInt32)
    }

    /// A frame arrives at a port. `metadata` gives what is kept beside it (tunnel, mark); its
    /// packet fields are ignored. `now` is the time in milliseconds.
    package mutating func receive(
        _ frame: [UInt8], on port: UInt32, metadata: FlowKey = FlowKey(), now: UInt64 = 0
    ) -> [Event] {
        guard ports[port] != nil, let rewriter = PacketRewriter(frame) else {
            return [.dropped(.malformed)]
        }
        var key = metadata
        key[.inputPort] = UInt64(port)
        key[.recirculationID] = 0
        var packet = Packet(rewriter: rewriter, key: key)
        packet.refresh()
        var run = Run(now: now)
        process(packet, &run)
        note(run)
        return run.events
    }

    /// OVS_PACKET_CMD_EXECUTE: runs actions on a frame of the agent's.
    package mutating func execute(
        _ frame: [UInt8], metadata: FlowKey, actions: [DatapathAction], now: UInt64 = 0
    ) throws(Refusal) -> [Event] {
        guard let rewriter = PacketRewriter(frame) else { throw .invalid("packet too short") }
        var packet = Packet(rewriter: rewriter, key: metadata)
        packet.refresh()
        try FlowValidation.check(actions, key: packet.key)
        var run = Run(now: now)
        execute(actions, packet, &run)
        note(run)
        return run.events
    }

    private mutating func process(_ packet: Packet, _ run: inout Run) {
        guard let place = place(of: packet.key),
            let actions = tables[place.mask]?[place.key]?.actions
        else {
            run.events.append(
                .upcall(Upcall(reason: .miss, key: packet.key, frame: packet.frame)))
            return
        }
        count(packet, at: place, now: run.now)
        if let flow = tables[place.mask]?[place.key] { run.hits.append(flow) }
        execute(actions, packet, &run)
    }

    /// What a test wants to know of the last packet.
    private mutating func note(_ run: Run) {
        lastHits = run.hits
        lastTrackings = run.trackings
    }

    private mutating func count(
        _ packet: Packet, at place: (mask: FlowMask, key: FlowKey), now: UInt64
    ) {
        tables[place.mask]?[place.key]?.statistics.packets += 1
        tables[place.mask]?[place.key]?.statistics.bytes += UInt64(packet.frame.count)
        tables[place.mask]?[place.key]?.statistics.used = now
        tables[place.mask]?[place.key]?.statistics.tcpFlags |= UInt8(
            truncatingIfNeeded: packet.key[.tcpFlags])
    }

    /// ovs_execute_actions: the outermost call also runs what was deferred.
    private mutating func execute(
        _ actions: [DatapathAction], _ packet: Packet, _ run: inout Run
    ) {
        run.level += 1
        defer { run.level -= 1 }
        guard run.level <= KernelLimits.recursion else {
            run.events.append(.dropped(.recursionLimit))
            return
        }
        var packet = packet
        runList(actions, &packet, &run)
        guard run.level == 1 else { return }
        while !run.deferred.isEmpty {
            var (packet, work) = run.deferred.removeFirst()
            switch work {
            case .actions(let actions): runList(actions, &packet, &run)
            case .recirculate: process(packet, &run)
            }
        }
        run.deferrals = 0
    }

    /// False if the rest of the list must not run.
    private mutating func runList(
        _ actions: [DatapathAction], _ packet: inout Packet, _ run: inout Run
    ) {
        for (index, action) in actions.enumerated() {
            let isLast = index == actions.count - 1
            switch action {
            case .output(let port): output(&packet, port, &run)
            case .userspace(let action): upcall(&packet, action, &run)
            case .set(let set): apply(set, &packet)
            case .setTunnel(let tunnel): packet.tunnel = tunnel
            case .pushVLAN(let tag):
                packet.rewriter.pushTag(tag)
                packet.refresh()
            case .popVLAN:
                packet.rewriter.popTag()
                packet.refresh()
            case .recirculate(let id): copy(packet, .recirculate(id), &run)
            case .hash(let basis): packet.key[.datapathHash] = Self.hash(packet.key, basis)
            case .track(let tracking):
                guard track(tracking, &packet, &run) else { return }
            case .clearTracking: clearTracking(&packet)
            case .truncate(let length): packet.limit = Int(length)
            case .clone(let actions): nested(actions, isLast, packet, &run)
            case .sample(let probability, let actions):
                if probability == .max { nested(actions, isLast, packet, &run) }
            case .localSample(let group, let cookie):
                run.events.append(
                    .sampled(group: group, cookie: cookie, frame: trimmed(&packet)))
            case .meter: break
            case .checkLength(let size, let greater, let lessOrEqual):
                let list = packet.frame.count > Int(size) ? greater : lessOrEqual
                nested(list, isLast, packet, &run)
            case .decrementTTL(let exceeded):
                guard decrement(&packet) else {
                    run.events.append(.dropped(.timeToLive))
                    runList(exceeded, &packet, &run)
                    return
                }
            }
        }
    }

    /// clone_execute: at once while a copy of the key is free, else deferred, else dropped.
    private mutating func copy(_ packet: Packet, _ work: Work, _ run: inout Run) {
        var packet = packet
        if case .recirculate(let id) = work { packet.key[.recirculationID] = UInt64(id) }
        if run.level <= KernelLimits.immediateLevels {
            switch work {
            case .actions(let actions):
                run.level += 1
                runList(actions, &packet, &run)
                run.level -= 1
            case .recirculate: process(packet, &run)
            }
        } else if run.deferrals < KernelLimits.deferredActions {
            run.deferrals += 1
            run.deferred.append((packet, work))
        } else {
            run.events.append(.dropped(.deferredLimit))
        }
    }

    /// Actions in a nest that change nothing, or that nothing follows, need no copy of the key.
    private mutating func nested(
        _ actions: [DatapathAction], _ isLast: Bool, _ packet: Packet, _ run: inout Run
    ) {
        let changes = actions.contains { action in
            switch action {
            case .output, .recirculate, .truncate, .userspace, .localSample: false
            default: true
            }
        }
        guard changes, !isLast else {
            var packet = packet
            runList(actions, &packet, &run)
            return
        }
        copy(packet, .actions(actions), &run)
    }

    // MARK: - Single actions

    private func trimmed(_ packet: inout Packet) -> [UInt8] {
        defer { packet.limit = nil }
        guard let limit = packet.limit, packet.frame.count > limit else { return packet.frame }
        return Array(packet.frame[..<limit])
    }

    private func output(_ packet: inout Packet, _ number: UInt32, _ run: inout Run) {
        let frame = trimmed(&packet)
        guard let port = ports[number] else {
            run.events.append(.dropped(.noSuchPort))
            return
        }
        if port.kind == .tunnel, packet.tunnel == nil {
            run.events.append(.dropped(.noTunnel))
            return
        }
        run.events.append(
            .transmitted(
                port: number, frame: frame, tunnel: port.kind == .tunnel ? packet.tunnel : nil))
    }

    private func upcall(_ packet: inout Packet, _ action: UserspaceAction, _ run: inout Run) {
        let frame = trimmed(&packet)
        run.events.append(
            .upcall(Upcall(reason: .action(action), key: packet.key, frame: frame)))
    }

    private func apply(_ set: HeaderSet, _ packet: inout Packet) {
        for change in set.changes {
            switch change.field {
            case .priority, .mark:
                let old = packet.key[wide: change.field]
                packet.key[wide: change.field] = old & ~change.mask | change.value
            default:
                packet.rewriter.set(change.field, to: change.value, mask: change.mask)
            }
        }
        packet.refresh()
    }

    private func decrement(_ packet: inout Packet) -> Bool {
        let ttl = packet.key[.ipTTL]
        guard ttl > 1 else { return false }
        packet.rewriter.set(.ipTTL, to: UInt128(ttl - 1))
        packet.refresh()
        return true
    }

    /// Any function of layers 3 and 4 that is never zero.
    static func hash(_ key: FlowKey, _ basis: UInt32) -> UInt64 {
        var value = UInt64(basis) &+ 0x9e37_79b9_7f4a_7c15
        for word in 29...33 { value = (value ^ key.words[word]) &* 0xff51_afd7_ed55_8ccd }
        value = (value ^ key[.ipProtocol] ^ key.words[35] >> 32) &* 0xff51_afd7_ed55_8ccd
        return max(1, value >> 32)
    }
}
