import AgentCore
import Datapath

// Lessons that were refused for their rate. The kernel serves the next packets of the same kind, so
// none of them comes up to teach it again. But the flow knows what they teach, and the list of the kernel's
// flows tells that there were some: they teach it then, within the share of their source. Nobody gains by
// that: no packet comes up for it, and a source teaches no more than it may.

extension DatapathLoop {
    /// Lets flows teach whose packets were refused to.
    ///
    /// - Parameter owing: flows that have had packets since the last list.
    func teach(_ owing: [FlowID]) {
        guard !owing.isEmpty, let snapshot = table?.snapshot else { return }
        var lessons: [TaughtLesson] = []
        var exhausted: Set<PacketSource> = []
        for id in owing {
            guard let flow = table?.entries[id]?.flow else { continue }
            let source = PacketSource(flow.key)
            guard !exhausted.contains(source) else { continue }
            if let taught = lessonsOf(flow, source, snapshot) {
                lessons += taught
                table?.settle(id)
            } else {
                exhausted.insert(source)
            }
        }
        if !lessons.isEmpty { report(.learned(lessons)) }
    }

    /// - Returns: nil if the source, or a meter, admits no more for now.
    private func lessonsOf(
        _ flow: Megaflow, _ source: PacketSource, _ snapshot: TranslationSnapshot
    ) -> [TaughtLesson]? {
        guard admission.admits(source, now: now) else { return nil }
        let translation = retranslate(flow, snapshot)
        var lessons: [TaughtLesson] = []
        for effect in translation.effects {
            guard let lesson = Lesson(effect) else { continue }
            if let meter = translation.meters[effect],
                !controlMeters.admits(
                    meter, snapshot.view.meters[meter], bytes: HeaderBytes.least, now: now)
            {
                return nil
            }
            if !lessons.isEmpty, !admission.admits(source, now: now) { return nil }
            lessons.append(TaughtLesson(lesson, from: source))
        }
        return lessons
    }

    /// What a packet counts for that nobody has kept.
    private enum HeaderBytes { static let least = 60 }
}
