import AgentCore
import Datapath
import Linux
import Netlink

// A batch of packets that the kernel handed up: translate each, send the packets on their way, then
// book their flows and put them. Packets go first, in an exchange of their own: somebody waits for
// them, and a flow is for the next ones.

extension DatapathLoop {
    func handle(_ upcalls: [Upcall], upcallPort: UInt32) {
        guard let snapshot = table?.snapshot, !upcalls.isEmpty else { return }
        translator.now = now
        var turn = Turn(snapshot: snapshot)
        for upcall in upcalls {
            AgentCoverage.packetsIn.hit()
            if upcall.reason == .action, let cookie = LogCookie(upcall.userData) {
                log(cookie, upcall)
                continue
            }
            // A packet may come by another port's socket than that of the port it came in by. What a
            // flow sends up goes to the latter's, as whoever checks the flow expects.
            let ownPort = self.upcallPort(of: upcall.key)
            let input = TranslationInput(
                key: upcall.key, frame: upcall.packet,
                upcallPort: ownPort == 0 ? upcallPort : ownPort)
            if let path = translator.follow(input, in: snapshot) {
                send(upcall, along: path, &turn)
            } else {
                send(upcall, translator.translateAlone(input, in: snapshot), &turn)
            }
        }
        perform(turn.operations)
        perform(bookings(of: turn))
        // Only now has the kernel the flows that must be asked again.
        if !turn.touched.isEmpty { recheck(turn.touched) }
        if !turn.lessons.isEmpty { report(.learned(turn.lessons)) }
    }

    /// What comes of the packets of one turn.
    private struct Turn {
        let snapshot: TranslationSnapshot
        var operations: [FlowOperation] = []
        /// What there may be a flow for once the packets are gone.
        var news: [New] = []
        var lessons: [TaughtLesson] = []
        /// What flows find otherwise from now on.
        var touched: [PhysicalDependency] = []
    }

    /// A packet that no flow was for, and where it went.
    private enum New {
        case path(Upcall, FollowedPath, EncodedTemplate)
        /// `owes`: what it would have taught was refused.
        case own(Upcall, Translation, EncodedActions, owes: Bool)
    }

    private func bookings(of turn: Turn) -> [FlowOperation] {
        var operations: [FlowOperation] = []
        operations.reserveCapacity(turn.news.count)
        for new in turn.news {
            guard let put = book(new, under: turn.snapshot) else { continue }
            for id in table?.takeEvicted() ?? [] {
                operations.append(.delete(id))
                AgentCoverage.evictions.hit()
            }
            operations.append(.put(put))
        }
        if let unmasked = table?.takeUnmasked(), unmasked > 0 {
            AgentCoverage.unmasked.hit(unmasked)
        }
        return operations
    }

    /// Books the flow of a packet.
    /// - Returns: nil if one is booked already, or there may be none.
    private func book(_ new: New, under snapshot: TranslationSnapshot) -> FlowPut? {
        switch new {
        case .path(let upcall, let path, let form):
            let booking = table?.add(path, key: upcall.key, under: snapshot, now: UInt64(now))
            guard let booking else { return nil }
            let required = path.template.translation.mask
            if booking.mask != nil { AgentCoverage.narrowings.hit() }
            var put = FlowPut(
                id: booking.id, key: upcall.key, mask: booking.mask ?? required,
                actions: form.actions)
            // Packets of a path may differ in headers that it doesn't look at.
            if booking.mask == nil, let mask = form.mask, mask.fits(upcall.key),
                !upcall.kernelKey.isEmpty
            {
                put.encoded = EncodedMatch(key: upcall.kernelKey, mask: mask)
            }
            return put
        case .own(let upcall, let translation, let actions, let owes):
            let addition = table?.add(
                translation, key: upcall.key, under: snapshot, now: UInt64(now))
            guard case .put(let flow)? = addition, let id = flow.id else { return nil }
            if flow.mask != translation.mask { AgentCoverage.narrowings.hit() }
            if owes, translation.slowPath == nil { table?.owe(id) }
            return FlowPut(id: id, key: upcall.key, mask: flow.mask, actions: actions)
        }
    }

    /// Sends a packet the way of another.
    private func send(_ upcall: Upcall, along path: FollowedPath, _ turn: inout Turn) {
        let form = encodings.form(of: path.template) { encoded($0, for: upcall.key) }
        if !path.template.translation.actions.isEmpty {
            turn.operations.append(execution(upcall, form.actions))
        }
        for drop in path.template.translation.drops { count(drop, 1) }
        count(path.template.translation.crossings, upcall)
        if upcall.reason == .miss { turn.news.append(.path(upcall, path, form)) }
    }

    private func encoded(_ template: FlowTemplate, for key: FlowKey) -> EncodedTemplate {
        EncodedTemplate(
            actions: encoded(template.translation.actions),
            mask: try? EncodedMask(template.translation.mask, for: key))
    }

    /// Sends a packet where its own translation says.
    private func send(_ upcall: Upcall, _ translation: Translation, _ turn: inout Turn) {
        let actions = encoded(translation.actions)
        let metered = admittedMeters(translation, upcall, turn.snapshot)
        let applied = apply(translation, metered, from: upcall, turn.snapshot, &turn.lessons)
        turn.touched += applied.touched
        if upcall.reason == .miss {
            turn.news.append(.own(upcall, translation, actions, owes: applied.owes))
        }
        execute(translation, metered, actions, upcall, &turn.operations)
        count(translation.crossings, upcall)
        for drop in translation.drops {
            count(drop, 1)
            if case .unknownRecirculation(let number) = drop.reason { noteUnknown(number) }
        }
    }

    private func execute(
        _ translation: Translation, _ metered: Set<String>, _ actions: EncodedActions,
        _ upcall: Upcall, _ operations: inout [FlowOperation]
    ) {
        if let emissions = translation.emissions {
            let emissions = emissions.filter { $0.meter.map(metered.contains) ?? true }
                .filter { $0.question.map { waiting.mayAsk($0, now: now) } ?? true }
            let source = PacketSource(upcall.key)
            let admitted = admittedServices(emissions, from: source)
            for emission in emissions {
                if let service = emission.service, !admitted.contains(service) { continue }
                if let question = emission.question {
                    waiting.ask(question, from: source, now: now)
                }
                operations.append(operation(emission))
            }
        } else if !translation.actions.isEmpty {
            operations.append(execution(upcall, actions))
        }
    }

    private func execution(_ upcall: Upcall, _ actions: EncodedActions) -> FlowOperation {
        .execute(
            PacketExecution(
                packet: upcall.packet, metadata: upcall.key, kernelKey: upcall.kernelKey,
                actions: actions, maximumReceivedUnit: upcall.maximumReceivedUnit,
                hash: upcall.hash))
    }

    /// The meters of the configuration that let this packet pass, each counted once.
    private func admittedMeters(
        _ translation: Translation, _ upcall: Upcall, _ snapshot: TranslationSnapshot
    ) -> Set<String> {
        if translation.meters.isEmpty, translation.emissions == nil { return [] }
        let names = Set(translation.meters.values)
            .union(translation.emissions?.compactMap(\.meter) ?? [])
        return names.filter { name in
            let isAdmitted = controlMeters.admits(
                name, snapshot.view.meters[name], bytes: upcall.packet.count, now: now)
            if !isAdmitted { countRefused(by: name, upcall.key) }
            return isAdmitted
        }
    }

    /// The services of one packet, each counted once, that its source may have now.
    private func admittedServices(
        _ emissions: [Emission], from source: PacketSource
    ) -> Set<ServiceClass> {
        Set(emissions.compactMap(\.service)).filter { admits($0, from: source) }
    }

    func operation(_ emission: Emission) -> FlowOperation {
        .execute(
            PacketExecution(
                packet: emission.frame, metadata: emission.metadata,
                actions: encoded(emission.actions)))
    }

    /// The kernel's form of actions; a list that it can't take drops, and is reported.
    func encoded(_ actions: [DatapathAction]) -> EncodedActions {
        do {
            return try EncodedActions(actions)
        } catch {
            report(.problem("flow actions: \(error)"))
            return .drop
        }
    }

    func account(_ traffic: TrafficReport) {
        for (drop, count) in traffic.drops { self.count(drop, count.packets) }
        for (crossing, count) in traffic.crossings {
            counters.crossings[crossing, default: PacketCount()] += count
        }
        for case .uses(let use) in traffic.effects { used.insert(use) }
    }

    /// A packet that came up is not one of its flow's.
    private func count(_ crossings: [PatchCrossing], _ upcall: Upcall) {
        counters.crossings.add(
            crossings, PacketCount(packets: 1, bytes: UInt64(upcall.packet.count)))
    }

    /// Counts packets that were dropped. Each kind is reported with its first packet.
    func count(_ drop: PacketDrop, _ packets: UInt64) {
        if let change = counters.dropped.add(drop, packets) { report(.dropped(change)) }
    }

    // MARK: Effects

    /// - Returns: what flows find otherwise from now on, and whether a lesson was refused.
    private func apply(
        _ translation: Translation, _ metered: Set<String>, from upcall: Upcall,
        _ snapshot: TranslationSnapshot, _ lessons: inout [TaughtLesson]
    ) -> (touched: [PhysicalDependency], owes: Bool) {
        let source = PacketSource(upcall.key)
        var touched: [PhysicalDependency] = []
        var owes = false
        for effect in translation.effects {
            if let meter = translation.meters[effect], !metered.contains(meter) {
                owes = owes || Lesson(effect) != nil
                continue
            }
            switch effect {
            case .neighbour, .address:
                guard let lesson = Lesson(effect), mayLearn(lesson, snapshot) else { continue }
                guard admits(lesson, from: source) else {
                    owes = true
                    continue
                }
                lessons.append(TaughtLesson(lesson, from: source))
            case .wait(let packet):
                waiting.add(packet, from: source, now: now)
                countGivenUp()
            case .uses(let use): used.insert(use)
            case .service(let event):
                guard admits(event, from: source) else { continue }
                report(.service(event))
            case .affinity, .affinityUse, .nextHop, .nextHopUse:
                touched += translator.keep(effect, now: now)
            case .question(let neighbour): waiting.expect(neighbour, from: source, now: now)
            case .asked(let outcome): outcome.counters.forEach { $0.hit() }
            case .station(let sighting):
                guard
                    translator.stations[sighting.key] == sighting.port
                        || admitsStation(from: source)
                else { continue }
                touched += translator.keep(effect, now: now)
            }
        }
        return (touched, owes)
    }

    /// A router may want to learn of those only whom it has asked for.
    private func mayLearn(_ lesson: Lesson, _ snapshot: TranslationSnapshot) -> Bool {
        guard case .neighbour(let key, _, _) = lesson else { return true }
        return !snapshot.view.askingRouters.contains(key.port.datapath)
            || waiting.expects(AskedNeighbour(key), now: now)
    }

    /// Sends the packets on whose neighbour the snapshot knows.
    func resumeWaiting(_ snapshot: TranslationSnapshot) {
        translator.now = now
        var operations: [FlowOperation] = []
        for (packet, address) in waiting.takeKnown(in: snapshot.view) {
            let sent = translator.resume(packet, address, in: snapshot)
            operations += sent.emissions.map(operation)
            for drop in sent.drops { count(drop, 1) }
        }
        perform(operations)
    }
}
