// Probes tell a dead peer from a silent one. What counts as life, strongest first: any byte
// received; output that keeps draining while some is left (a peer that is busy reading a dump);
// and, a limited number of times, the peer's kernel acknowledging the probe. The last keeps a client
// that computes for half a minute connected, which in other servers takes a longer probe interval,
// and still lets go of one that hangs, and of the locks it holds.

import JSON
import NIOCore

#if canImport(Glibc)
    import Glibc
#endif

struct ProbeState {
    static let longestInterval = TimeAmount.hours(24 * 365)

    var timer: Scheduled<Void>?
    /// When the peer last showed life.
    var lastLife: NIODeadline = .now()
    var isOutstanding = false
    /// Probes in a row that only the peer's kernel answered.
    var acknowledged = 0
    /// Bytes of queued output the kernel has taken, and that number at the last probe.
    var bytesWritten = 0
    var bytesWrittenAtProbe = 0
}

extension MessageStreamHandler {
    func heard() {
        probe.lastLife = .now()
        probe.isOutstanding = false
        probe.acknowledged = 0
    }

    func startProbing(context: ChannelHandlerContext) {
        probe.timer?.cancel()
        probe.timer = nil
        probe.isOutstanding = false
        probe.lastLife = .now()
        scheduleProbe(context: context)
    }

    private func scheduleProbe(context: ChannelHandlerContext) {
        guard stream != nil, let interval = probeInterval else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        probe.timer = context.eventLoop.scheduleTask(deadline: probe.lastLife + interval) {
            let (handler, context) = bound.value
            handler.probeIsDue(context: context)
        }
    }

    /// An interval so long that no deadline can tell it is the longest.
    private var probeInterval: TimeAmount? {
        configuration.probeInterval.map { min(TimeAmount($0), ProbeState.longestInterval) }
    }

    private func probeIsDue(context: ChannelHandlerContext) {
        guard let stream, let interval = probeInterval else { return }
        if NIODeadline.now() < probe.lastLife + interval {
            scheduleProbe(context: context)
        } else if !probe.isOutstanding {
            sendProbe(context: context)
        } else if stream.unsentBytes > 0, probe.bytesWritten > probe.bytesWrittenAtProbe {
            waitAnotherInterval(context: context)
        } else {
            askKernel(context: context)
        }
    }

    private func sendProbe(context: ChannelHandlerContext) {
        probe.isOutstanding = true
        write(ProbeMessage.request, context: context)
        waitAnotherInterval(context: context)
    }

    private func waitAnotherInterval(context: ChannelHandlerContext) {
        probe.bytesWrittenAtProbe = probe.bytesWritten
        probe.lastLife = .now()
        scheduleProbe(context: context)
    }

    /// The program said nothing for an interval after a probe: has at least its host?
    private func askKernel(context: ChannelHandlerContext) {
        guard probe.acknowledged < configuration.acknowledgedProbes,
            let provider = context.channel as? any SocketOptionProvider,
            context.remoteAddress?.protocol != .unix
        else {
            close(context: context, reason: .noResponse)
            return
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        provider.getTCPInfo().whenComplete { result in
            let (handler, context) = bound.value
            handler.judge(try? result.get(), context: context)
        }
    }

    private func judge(_ information: tcp_info?, context: ChannelHandlerContext) {
        guard stream != nil, probe.isOutstanding else { return }
        // Every segment sent, so the probe too, has been acknowledged.
        if let information, information.tcpi_unacked == 0 {
            probe.acknowledged += 1
            sendProbe(context: context)
        } else {
            close(context: context, reason: .noResponse)
        }
    }
}

/// The messages of probing (RFC 7047 §4.1.11).
enum ProbeMessage {
    case request(identifier: JSON, parameters: JSON)
    /// The answer to a probe of ours.
    case reply

    private static let identifier: JSON = "echo"

    static let request: JSON = ["method": "echo", "params": [], "id": identifier]

    static func reply(to identifier: JSON, _ parameters: JSON) -> JSON {
        ["result": parameters, "error": nil, "id": identifier]
    }

    init?(_ message: JSON) {
        guard let identifier = message["id"], !identifier.isNull else { return nil }
        switch message["method"] {
        case .string("echo")?:
            self = .request(identifier: identifier, parameters: message["params"] ?? [])
        case nil, .null?:
            guard identifier == Self.identifier else { return nil }
            self = .reply
        default: return nil
        }
    }
}
