// Sampled packets in, IPFIX messages out: owns the socket on which the kernel hands samples up, the
// exporters and their sockets.
//
// The property that must hold: however many samples come, misses are served as if there were none.
// Samples have a queue of their own in the kernel, of a fixed size, and a thread of their own; what
// finds the queue full is dropped there and counted.

import AgentCore
import Linux
import Netlink

/// Who exports what, and what the kernel's ports are called.
struct SamplingConfiguration: Hashable, Sendable {
    /// By Flow_Sample_Collector_Set.id.
    var exporters: [UInt32: ExporterConfiguration] = [:]
    /// By kernel port.
    var interfaces: [UInt32: SampledInterface] = [:]
}

final class SamplingLoop {
    enum Limits {
        /// Samples that are taken before others have their turn.
        static let samplesPerTurn = 256
        /// Kernel memory for samples that wait.
        static let queueBytes: Int32 = 4 << 20
        /// How often the kernel is asked how many it had no room for.
        static let countInterval: Duration = .seconds(1)
    }

    private struct Exporter {
        var flows: FlowExporter
        var sockets: [CollectorSocket]
    }

    private let loop: EventLoop
    private let socket: UpcallSocket
    private let reader = UpcallReader()
    /// Hears what goes wrong, once for each packet.
    var report: @Sendable (String) -> Void = { _ in }
    private var exporters: [UInt32: Exporter] = [:]
    private var interfaces: [UInt32: SampledInterface] = [:]
    private var lastProcess: UInt32 = 0
    private var timer: EventLoop.Timer?
    /// What `socket.drops` was last.
    private var drops: UInt32 = 0

    init(loop: EventLoop, socket: UpcallSocket) {
        self.loop = loop
        self.socket = socket
    }

    private var now: Int64 { Clock.wallMicroseconds }

    func start() throws(SystemError) {
        _ = try loop.watch(socket.rawDescriptor) { [unowned self] _ in serve() }
        countDrops()
    }

    // MARK: - Configuration

    func configure(_ configuration: SamplingConfiguration) {
        interfaces = configuration.interfaces
        for id in exporters.keys where configuration.exporters[id] == nil {
            flush(id)
            exporters[id] = nil
        }
        for (id, wanted) in configuration.exporters { configure(id, wanted) }
        arm()
    }

    private func configure(_ id: UInt32, _ wanted: ExporterConfiguration) {
        guard var exporter = exporters[id] else {
            lastProcess += 1
            exporters[id] = Exporter(
                flows: FlowExporter(wanted, process: lastProcess),
                sockets: wanted.targets.map(CollectorSocket.init))
            return
        }
        guard exporter.flows.configuration != wanted else { return }
        let kept = Dictionary(
            exporter.sockets.map { ($0.target, $0) }, uniquingKeysWith: { first, _ in first })
        exporter.sockets = wanted.targets.map { kept[$0] ?? CollectorSocket($0) }
        let due = exporter.flows.configure(wanted, now: now)
        exporters[id] = exporter
        send(due, by: id)
    }

    /// Sends all that was gathered.
    func flush() {
        for id in exporters.keys.sorted() { flush(id) }
    }

    private func flush(_ id: UInt32) {
        guard let due = exporters[id]?.flows.flush(now: now) else { return }
        send(due, by: id)
    }

    // MARK: - Samples

    private func serve() {
        var upcalls: [Upcall] = []
        do {
            let turn = try reader.read(socket, limit: Limits.samplesPerTurn, into: &upcalls)
            AgentCoverage.lostSamples.hit(UInt64(turn.malformed))
        } catch {
            report("samples: \(error)")
        }
        for upcall in upcalls { take(upcall) }
        arm()
    }

    func take(_ upcall: Upcall) {
        AgentCoverage.samples.hit()
        guard
            let packet = SampledPacket(upcall.userData, key: upcall.key, frame: upcall.packet),
            let due = exporters[packet.cookie.collectorSet]?.flows.take(
                packet, from: interfaces[packet.vport], now: now)
        else {
            AgentCoverage.lostSamples.hit()
            return
        }
        send(due, by: packet.cookie.collectorSet)
    }

    private func countDrops() {
        let now = socket.drops
        AgentCoverage.lostSamples.hit(UInt64(now &- drops))
        drops = now
        loop.schedule(after: Limits.countInterval) { [weak self] in self?.countDrops() }
    }

    // MARK: - Messages

    private func send(_ messages: [[UInt8]], by id: UInt32) {
        guard !messages.isEmpty, let sockets = exporters[id]?.sockets else { return }
        var failures = 0
        for socket in sockets {
            for message in messages {
                do {
                    try socket.send(message)
                } catch {
                    failures += 1
                    report("Flow_Sample_Collector_Set \(id): IPFIX collector: \(error)")
                }
            }
        }
        let sent = sockets.count * messages.count - failures
        exporters[id]?.flows.note(sent: sent, failed: failures)
        AgentCoverage.exports.hit(UInt64(sent))
        AgentCoverage.failedExports.hit(UInt64(failures))
    }

    /// Sends what is due at the time at which it is.
    private func arm() {
        if let timer { loop.cancel(timer) }
        timer = nil
        guard let next = exporters.values.compactMap(\.flows.nextExpiry).min() else { return }
        let delay = Duration.microseconds(max(0, next - now)) + .milliseconds(1)
        timer = loop.schedule(after: delay) { [unowned self] in
            timer = nil
            for id in exporters.keys.sorted() {
                if let due = exporters[id]?.flows.expire(now: now) { send(due, by: id) }
            }
            arm()
        }
    }

    /// `ipfix/show`: two lines for each collector set.
    var text: String {
        exporters.sorted { $0.key < $1.key }
            .map { $0.value.flows.statistics.text(collectorSet: $0.key) }
            .joined(separator: "\n")
    }
}
