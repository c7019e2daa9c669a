// The datapath thread, as the control thread sees it: work is posted, answers come back as
// reports. What runs there is `DatapathLoop`.

import AgentCore
import Linux
import Netlink
import UnixControl

final class DatapathThread: @unchecked Sendable {
    // Sound because `loop` is thread-safe where it is used (`post`, `stop`), and `state` is only
    // touched on the loop's own thread.
    enum Question: Sendable {
        case dumpFlows(FlowListing)
        case checkFlows
        /// `upcall/show`
        case flowNumbers
        case setFlowLimit(Int)
        /// Lists the flows for their counters, and lets the idle ones go.
        case review
        /// Takes all flows of this agent out of the kernel.
        case purge
        case pauseReviews(Bool)
        case meters
        case features
        case fixStation(StationKey, BridgePortName)
        case releaseStation(StationKey)
        case stationStatistics(bridge: String, capacity: Int)
    }

    private let loop: EventLoop
    private let state: DatapathLoop
    /// Set once, before `start`.
    var report: @Sendable (DatapathReport) -> Void = { _ in }

    init(
        _ flows: any FlowDatapath, samplePort: UInt32, recirculations: RecirculationFile?
    ) throws(SystemError) {
        loop = try EventLoop()
        state = DatapathLoop(
            loop: loop, flows: flows, samplePort: samplePort, recirculations: recirculations)
    }

    func start() throws {
        state.report = report
        let state = OwnerBound(self.state, loop: loop)
        let loop = self.loop
        let report = self.report
        _ = try Thread.start(name: "datapath") {
            do {
                state.value.start()
                try loop.run()
            } catch {
                report(.problem("datapath thread: \(error)"))
            }
        }
    }

    func stop() { loop.stop() }

    func change(ports: PortChanges) {
        let state = OwnerBound(self.state, loop: loop)
        let added = ports.added
        let removed = ports.removed
        loop.post { state.value.change(added: added, removed: removed) }
    }

    /// - Parameter isComplete: false while the Southbound's contents are still arriving: nothing is
    ///   judged by such a snapshot before the first complete one.
    func install(_ snapshot: TranslationSnapshot, isComplete: Bool) {
        let state = OwnerBound(self.state, loop: loop)
        loop.post { state.value.install(snapshot, isComplete: isComplete) }
    }

    func keepFlows(_ keeping: FlowKeeping) {
        let state = OwnerBound(self.state, loop: loop)
        loop.post { state.value.keepFlows(keeping) }
    }

    /// Sends packets of services on their way.
    func inject(_ injections: [Injection]) {
        let state = OwnerBound(self.state, loop: loop)
        loop.post { state.value.inject(injections) }
    }

    /// Sends a packet on its way that no device has received.
    func receive(_ arrival: PacketArrival) {
        let state = OwnerBound(self.state, loop: loop)
        loop.post { state.value.receive(arrival) }
    }

    func ask(
        _ question: Question,
        _ answer: @escaping @Sendable (Result<String, ControlError>) -> Void
    ) {
        let state = OwnerBound(self.state, loop: loop)
        loop.post { answer(state.value.answer(question)) }
    }

    /// The kernel keeps the misses of these ports to their budget; this thread those of others.
    func leaveMisses(of vports: Set<UInt32>) {
        let state = OwnerBound(self.state, loop: loop)
        loop.post { state.value.heldBudgets = vports }
    }

    /// Counts what eBPF has dropped.
    func count(refused: [RefusedPackets], missesBeyondBudget misses: [UInt32: UInt64]) {
        let state = OwnerBound(self.state, loop: loop)
        loop.post { state.value.count(refused: refused, missesBeyondBudget: misses) }
    }

    /// How many packets were dropped so far, by where and why.
    func drops(_ answer: @escaping @Sendable ([PacketDrop: UInt64]) -> Void) {
        let state = OwnerBound(self.state, loop: loop)
        loop.post { answer(state.value.counters.drops) }
    }

    /// What has crossed patch ports so far.
    func patchTraffic(_ answer: @escaping @Sendable (PatchTraffic) -> Void) {
        let state = OwnerBound(self.state, loop: loop)
        loop.post { answer(state.value.counters.crossings) }
    }

    func stations(
        of bridge: String, _ answer: @escaping @Sendable ([DatapathLoop.Station]) -> Void
    ) {
        let state = OwnerBound(self.state, loop: loop)
        loop.post { answer(state.value.stations(of: bridge)) }
    }

    func flushStations(of bridge: String?, _ answer: @escaping @Sendable () -> Void) {
        let state = OwnerBound(self.state, loop: loop)
        loop.post {
            state.value.flushStations(of: bridge)
            answer()
        }
    }
}
