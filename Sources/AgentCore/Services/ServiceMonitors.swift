import OVSDBModel
import OVSDBSession
import Schemas
import Wire

// Is a load balancer's backend alive? The chassis that has its port asks: a TCP handshake, a UDP
// datagram that nobody refuses, an echo. The property that must hold: the status follows a run of
// `success_count` or `failure_count` equal outcomes, and only an answer to the last question counts.

package struct ServiceMonitors: Sendable {
    package enum Limits {
        /// Of `interval` and `timeout`: up to a day.
        package static let seconds: ClosedRange<Int64> = 1...86_400
    }

    package struct Target: Hashable, Sendable {
        package enum Kind: Hashable, Sendable {
            case tcp(UInt16), udp(UInt16)
            case icmp
        }

        package var kind: Kind
        /// Where the question goes out, and where the answer comes in.
        package var output: PortReference
        package var input: PortReference
        package var ethernet: EthernetHeader
        package var addresses: IPHeader.Addresses
        /// Milliseconds.
        package var interval: Milliseconds = 5000
        package var timeout: Milliseconds = 3000
        package var successCount = 1
        package var failureCount = 1

        package init(
            kind: Kind, output: PortReference, input: PortReference, ethernet: EthernetHeader,
            addresses: IPHeader.Addresses
        ) {
            self.kind = kind
            self.output = output
            self.input = input
            self.ethernet = ethernet
            self.addresses = addresses
        }
    }

    fileprivate struct Probe: Hashable {
        /// The source port, or the identifier of an echo.
        let number: UInt16
        let sequence: UInt32
        let sent: Milliseconds
    }

    fileprivate struct State {
        var target: Target
        var next: Milliseconds
        var probe: Probe?
        var successes = 0
        var failures = 0
        /// Nil before the first decision.
        var isOnline: Bool?
    }

    private var states: [RowUUID: State] = [:]

    package init() {}

    package mutating func configure(_ wanted: [RowUUID: Target], now: Milliseconds) {
        var new: [RowUUID: State] = [:]
        for (row, target) in wanted {
            let old = states[row]
            new[row] = old?.target == target ? old : State(target: target, next: now)
        }
        states = new
    }

    package var deadline: Milliseconds? {
        states.values.map { state in
            state.probe.map { $0.sent + state.target.timeout } ?? state.next
        }.min()
    }

    /// What the probes have found, for rows that are decided.
    package var outcomes: [RowUUID: Bool] { states.compactMapValues(\.isOnline) }

    // MARK: - Time

    /// Gives up on answers that didn't come and asks what is due.
    package mutating func due(
        now: Milliseconds, using generator: inout some RandomNumberGenerator
    ) -> [Injection] {
        var result: [Injection] = []
        for row in states.keys.sorted() {
            guard var state = states[row] else { continue }
            if let probe = state.probe, probe.sent + state.target.timeout <= now {
                // Nobody has refused the datagram.
                if case .udp = state.target.kind { state.decide(true) } else { state.decide(false) }
            }
            if state.probe == nil, state.next <= now {
                let probe = Probe(
                    number: .random(in: 49152...65535, using: &generator),
                    sequence: .random(in: 1...UInt32.max, using: &generator), sent: now)
                state.probe = probe
                state.next = now + max(state.target.interval, state.target.timeout)
                result.append(
                    Injection(
                        state.target.question(probe.number, probe.sequence),
                        .to(state.target.output)))
            }
            states[row] = state
        }
        return result
    }

    // MARK: - Answers

    /// Returns packets that end the exchange.
    package mutating func handle(
        _ frame: [UInt8], from port: PortReference
    ) -> [Injection] {
        guard let layout = PacketLayout(frame) else { return [] }
        var result: [Injection] = []
        for row in states.keys.sorted() {
            guard var state = states[row], state.target.input == port, let probe = state.probe,
                let answer = state.target.answer(frame, layout, probe.number, probe.sequence)
            else { continue }
            state.decide(answer.isAlive)
            states[row] = state
            if let reset = answer.reset {
                result.append(Injection(reset, .to(state.target.output)))
            }
        }
        return result
    }

    /// Writes the status of rows that have another one.
    package func write(
        _ replica: Replica, chassis: ChassisIdentity, into transaction: inout TransactionBuilder
    ) {
        for (uuid, isOnline) in outcomes.sorted(by: { $0.key < $1.key }) {
            guard let old = replica[SB.ServiceMonitor.self, uuid],
                old.chassisName.isEmpty || old.chassisName == chassis.name
            else { continue }
            var row = old
            row.status =
                isOnline ? SB.ServiceMonitor.statusOnline : SB.ServiceMonitor.statusOffline
            transaction.update(uuid, from: old, to: row)
        }
    }
}

extension ServiceMonitors.State {
    fileprivate mutating func decide(_ isAlive: Bool) {
        probe = nil
        successes = isAlive ? successes + 1 : 0
        failures = isAlive ? 0 : failures + 1
        if successes >= target.successCount { isOnline = true }
        if failures >= target.failureCount { isOnline = false }
    }
}

extension ServiceMonitors.Target {
    /// What a UDP service gets: bytes that no protocol takes for a request.
    private static let payload = [UInt8](repeating: 0, count: 8)

    fileprivate func question(_ number: UInt16, _ sequence: UInt32) -> [UInt8] {
        switch kind {
        case .tcp(let port):
            PacketBuilder.tcp(
                ethernet, addresses, ttl: 255,
                TCPSegment(
                    source: number, destination: port, sequence: sequence, flags: TCPFlag.syn,
                    window: 65160))
        case .udp(let port):
            PacketBuilder.udp(
                ethernet, addresses, ttl: 255, source: number, destination: port, Self.payload)
        case .icmp:
            PacketBuilder.echo(
                ethernet, addresses, ttl: 255, identifier: number,
                sequence: UInt16(truncatingIfNeeded: sequence))
        }
    }

    /// Nil for a packet that is no answer to this question.
    fileprivate func answer(
        _ frame: [UInt8], _ layout: PacketLayout, _ number: UInt16, _ sequence: UInt32
    ) -> (isAlive: Bool, reset: [UInt8]?)? {
        let start = layout.transportOffset
        switch (kind, layout.transport) {
        case (.tcp(let port), .tcp?):
            guard layout.addresses(frame) == addresses.reversed,
                frame.uint16(at: start) == port, frame.uint16(at: start + 2) == number
            else { return nil }
            return handshake(frame, start, port, number, sequence)
        case (.icmp, .icmp?), (.icmp, .icmpv6?):
            let replies = [ICMPType.echoReply, ICMPv6Type.echoReply]
            let requests = [ICMPType.echoRequest, ICMPv6Type.echoRequest]
            // A network function passes the question itself on.
            let isReply =
                replies.contains(frame[start])
                && layout.addresses(frame) == addresses.reversed
            let isPassed =
                output != input && requests.contains(frame[start])
                && layout.addresses(frame) == addresses
            guard isReply || isPassed, frame.uint16(at: start + 4) == number,
                frame.uint16(at: start + 6) == UInt16(truncatingIfNeeded: sequence)
            else { return nil }
            return (true, nil)
        case (.udp(let port), .icmp?), (.udp(let port), .icmpv6?):
            guard isRefusal(frame, layout, port, number) else { return nil }
            return (false, nil)
        default: return nil
        }
    }

    private func handshake(
        _ frame: [UInt8], _ start: Int, _ port: UInt16, _ number: UInt16, _ sequence: UInt32
    ) -> (isAlive: Bool, reset: [UInt8]?)? {
        let flags = frame.uint16(at: start + 12) & 0xfff
        let acknowledged = frame.uint32(at: start + 8)
        guard flags & TCPFlag.ack != 0, acknowledged == sequence &+ 1 else { return nil }
        if flags & TCPFlag.reset != 0 { return (false, nil) }
        guard flags & TCPFlag.syn != 0 else { return nil }
        let reset = PacketBuilder.tcp(
            ethernet, addresses, ttl: 255,
            TCPSegment(
                source: number, destination: port, sequence: acknowledged,
                flags: TCPFlag.reset))
        return (true, reset)
    }

    /// An unreachable that quotes the datagram.
    private func isRefusal(
        _ frame: [UInt8], _ layout: PacketLayout, _ port: UInt16, _ number: UInt16
    ) -> Bool {
        let start = layout.transportOffset
        let isIPv4 = layout.network == .ipv4
        guard frame[start] == (isIPv4 ? ICMPType.unreachable : ICMPv6Type.unreachable) else {
            return false
        }
        // Read as a frame: the quoted packet behind an Ethernet header.
        let quoted =
            frame[0..<12] + [isIPv4 ? 0x08 : 0x86, isIPv4 ? 0x00 : 0xdd]
            + frame[(start + HeaderLength.icmp)..<max(start + HeaderLength.icmp, layout.networkEnd)]
        guard let inner = PacketLayout(Array(quoted)), inner.transport == .udp else { return false }
        let bytes = Array(quoted)
        return inner.addresses(bytes) == addresses
            && bytes.uint16(at: inner.transportOffset) == number
            && bytes.uint16(at: inner.transportOffset + 2) == port
    }
}

extension IPHeader.Addresses {
    var reversed: IPHeader.Addresses {
        switch self {
        case .v4(let source, let destination): .v4(source: destination, destination: source)
        case .v6(let source, let destination): .v6(source: destination, destination: source)
        }
    }
}
