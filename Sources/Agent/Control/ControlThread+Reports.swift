import AgentCore
import Linux
import OVSDBSession
import UnixControl

/// What the datapath thread tells the control thread.
enum DatapathReport: Sendable {
    /// All megaflows that are in the kernel now are those of this revision.
    case acknowledged(UInt64)
    /// What packets taught.
    case learned([TaughtLesson])
    /// A packet for a service that keeps state.
    case service(ServiceEvent)
    /// Learned entries that packets have used.
    case used(Set<EntryUse>)
    /// Packets were dropped for another reason, or elsewhere, than those before.
    case dropped(DropCounts.Change)
    case problem(String)
    /// The kernel had something otherwise than it was left; it was put right.
    case diverged([Divergence])
}

extension ControlThread {
    func heard(_ report: DatapathReport) {
        switch report {
        case .acknowledged(let revision): acknowledged(revision)
        case .learned(let lessons): learn(lessons)
        case .service(let event): serve(event)
        case .used(let uses): used(uses)
        case .dropped(let change): dropped(change)
        case .problem(let text): self.report(text)
        case .diverged(let found): diverged(found)
        }
    }

    /// A flow whose actions are not evaluated is logged.
    private func dropped(_ change: DropCounts.Change) {
        note(change)
        guard case .unsupported = change.added.reason else { return }
        describe { (names) throws(ControlError) in
            change.added.text(names)
        } then: { result in
            if case .success(let text) = result { self.report(text) }
        }
    }

    private func learn(_ lessons: [TaughtLesson]) {
        let now = Clock.monotonicMilliseconds
        for lesson in lessons {
            learning.learn(
                lesson.lesson, from: lesson.source, now: now,
                delay: Milliseconds.random(in: 1...50))
        }
        let dropped = learning.takeDropped()
        AgentCoverage.droppedNeighbours.hit(dropped.neighbours)
        AgentCoverage.droppedAddresses.hit(dropped.addresses)
        guard let deadline = learning.deadline else { return }
        evaluate(at: deadline)
    }
}
