import OVSDBModel
import OVSDBSession
import Schemas
import Wire

// Prefixes for the networks behind a router, asked for at a DHCPv6 server in front of it (RFC 8415
// §6.3). One exchange for each network: solicit, request, then renew while the lease lasts. The
// property that must hold: a message counts only in answer to the last question of its exchange.

package struct PrefixDelegation: Sendable {
    /// A network that wants a prefix, and the router port through which it asks.
    package struct Request: Hashable, Sendable {
        /// Port_Binding of the network's router port; its key is the identifier (IAID).
        package let row: RowUUID
        package let identifier: UInt32
        /// The router's port towards the server, where answers come in.
        package let uplink: PortReference
        /// The switch's port on its other side.
        package let entry: PortReference
        package let mac: MACAddress

        package init(
            row: RowUUID, identifier: UInt32, uplink: PortReference, entry: PortReference,
            mac: MACAddress
        ) {
            self.row = row
            self.identifier = identifier
            self.uplink = uplink
            self.entry = entry
            self.mac = mac
        }
    }

    package struct Limits: Sendable {
        /// SOL_TIMEOUT and SOL_MAX_RT, REN_TIMEOUT (RFC 8415 §7.6), milliseconds.
        package var first: Milliseconds = 1000
        package var longest: Milliseconds = 3_600_000
        package var renewal: Milliseconds = 10_000
        /// REQ_MAX_RC: after so many requests without an answer it solicits again.
        package var requests = 10

        package init() {}
    }

    private enum Phase: Hashable {
        case soliciting
        case requesting(server: [UInt8])
        case bound(server: [UInt8], prefix: IPv6Prefix, until: Milliseconds)
        case renewing(server: [UInt8], prefix: IPv6Prefix, until: Milliseconds)
    }

    private struct State {
        var request: Request
        var phase = Phase.soliciting
        var transaction: UInt32 = 0
        var attempts = 0
        var started: Milliseconds
        var next: Milliseconds
    }

    private let limits: Limits
    private var states: [RowUUID: State] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var deadline: Milliseconds? { states.values.map(\.next).min() }

    /// Prefixes that are leased, by the row of the port that asked.
    package var prefixes: [RowUUID: (identifier: UInt32, prefix: IPv6Prefix)] {
        states.compactMapValues { state in
            switch state.phase {
            case .bound(_, let prefix, _), .renewing(_, let prefix, _):
                (state.request.identifier, prefix)
            case .soliciting, .requesting: nil
            }
        }
    }

    package mutating func configure(_ wanted: [Request], now: Milliseconds) {
        var new: [RowUUID: State] = [:]
        for request in wanted {
            let old = states[request.row]
            new[request.row] =
                old?.request == request ? old : State(request: request, started: now, next: now)
        }
        states = new
    }

    // MARK: - Asking

    package mutating func due(
        now: Milliseconds, using generator: inout some RandomNumberGenerator
    ) -> [Injection] {
        var result: [Injection] = []
        for row in states.keys.sorted() {
            guard var state = states[row], state.next <= now else { continue }
            advance(&state, now: now)
            state.transaction = .random(in: 1...0xff_ffff, using: &generator)
            let message = Self.message(state, elapsed: now - state.started)
            result.append(
                Injection(Self.frame(message, state.request), .from(state.request.entry)))
            state.attempts += 1
            state.next = now + delay(state)
            states[row] = state
        }
        return result
    }

    /// What a time-out makes of the phase.
    private func advance(_ state: inout State, now: Milliseconds) {
        switch state.phase {
        case .soliciting: break
        case .requesting:
            if state.attempts >= limits.requests { restart(&state, .soliciting, now) }
        case .bound(let server, let prefix, let until):
            restart(&state, .renewing(server: server, prefix: prefix, until: until), now)
        case .renewing(_, _, let until):
            if until <= now { restart(&state, .soliciting, now) }
        }
    }

    private func restart(_ state: inout State, _ phase: Phase, _ now: Milliseconds) {
        state.phase = phase
        state.attempts = 0
        state.started = now
    }

    private func delay(_ state: State) -> Milliseconds {
        let first: Milliseconds
        if case .renewing = state.phase { first = limits.renewal } else { first = limits.first }
        return min(limits.longest, first << Milliseconds(min(state.attempts - 1, 12)))
    }

    private static func message(_ state: State, elapsed: Milliseconds) -> DHCPv6Message {
        var type = DHCPv6Type.solicit
        var server: [UInt8]?
        var held: [DHCPv6Option] = []
        switch state.phase {
        case .soliciting: break
        case .requesting(let name): (type, server) = (DHCPv6Type.request, name)
        case .bound(let name, let prefix, _), .renewing(let name, let prefix, _):
            (type, server) = (DHCPv6Type.renew, name)
            held = [option(prefix)]
        }
        let association = DHCPv6Association(
            identifier: state.request.identifier, renewal: 0, rebinding: 0, options: held)
        let hundredths = UInt16(clamping: elapsed / 10)
        var options: [DHCPv6Option] = [
            .identifier(DHCPv6Code.clientID, state.request.mac),
            DHCPv6Option(
                DHCPv6Code.elapsedTime, [UInt8(hundredths >> 8), UInt8(hundredths & 0xff)]),
            DHCPv6Option(DHCPv6Code.prefixes, association.encoded),
        ]
        if let server { options.insert(DHCPv6Option(DHCPv6Code.serverID, server), at: 1) }
        return DHCPv6Message(type: type, transaction: state.transaction, options: options)
    }

    private static func option(_ prefix: IPv6Prefix) -> DHCPv6Option {
        var data = [UInt8](repeating: 0, count: 8)
        data.append(UInt8(prefix.length))
        data.append(prefix.network.address)
        return DHCPv6Option(DHCPv6Code.prefix, data)
    }

    /// All servers and relays of the link (RFC 8415 §7.1).
    private static func frame(_ message: DHCPv6Message, _ request: Request) -> [UInt8] {
        let group = IPv6Address(high: 0xff02 << 48, low: 0x1_0002)
        return PacketBuilder.udp(
            EthernetHeader(destination: MACAddress(multicast: group), source: request.mac),
            .v6(source: IPv6Address(linkLocal: request.mac), destination: group), ttl: 255,
            source: UDPPort.dhcpv6Client, destination: UDPPort.dhcpv6Server, message.encoded)
    }

    // MARK: - Answers

    /// Returns whether the leases may have changed.
    @discardableResult
    package mutating func handle(
        _ frame: [UInt8], from port: PortReference, now: Milliseconds
    ) -> Bool {
        guard let layout = PacketLayout(frame), let datagram = UDPDatagram(frame, layout),
            let message = DHCPv6Message(datagram.payload)
        else { return false }
        for (row, state) in states
        where state.request.uplink == port && state.transaction == message.transaction {
            guard let answer = Lease(message, to: state.request) else { return false }
            var state = state
            take(answer, message.type, &state, now: now)
            states[row] = state
            return true
        }
        return false
    }

    private func take(
        _ lease: Lease, _ type: UInt8, _ state: inout State, now: Milliseconds
    ) {
        switch (state.phase, type) {
        case (.soliciting, DHCPv6Type.advertise):
            restart(&state, .requesting(server: lease.server), now)
            state.next = now
        case (.requesting(let server), DHCPv6Type.reply) where server == lease.server,
            (.renewing(let server, _, _), DHCPv6Type.reply) where server == lease.server:
            state.phase = .bound(
                server: server, prefix: lease.prefix, until: now + lease.lifetime)
            state.next = now + min(lease.renewal, lease.lifetime)
        default: return
        }
        // An answer is good for one question.
        state.transaction = 0
    }

    /// What a server gives.
    private struct Lease {
        let server: [UInt8]
        let prefix: IPv6Prefix
        /// Milliseconds.
        let renewal: Milliseconds
        let lifetime: Milliseconds

        /// Nil without a prefix for this request (a status other than success comes without one).
        init?(_ message: DHCPv6Message, to request: Request) {
            let own = DHCPv6Option.identifier(DHCPv6Code.clientID, request.mac)
            guard let server = message[DHCPv6Code.serverID],
                server.count <= DHCPv6Option.Limits.identifier,
                message[DHCPv6Code.clientID] == own.data,
                let association = message.options.filter({ $0.code == DHCPv6Code.prefixes })
                    .compactMap({ DHCPv6Association($0.data) })
                    .first(where: { $0.identifier == request.identifier }),
                let data = association.options.first(where: { $0.code == DHCPv6Code.prefix })?.data
            else { return nil }
            var reader = ByteReader(data)
            guard reader.uint32() != nil, let valid = reader.uint32(), valid > 0,
                let length = reader.uint8(), length <= 128, let address = reader.ipv6Address()
            else { return nil }
            self.server = server
            prefix = IPv6Prefix(address, length: Int(length)).network
            lifetime = Milliseconds(valid) * 1000
            let half = Milliseconds(valid) * 500
            renewal = association.renewal == 0 ? half : Milliseconds(association.renewal) * 1000
        }
    }

    // MARK: - Rows

    /// The key of Port_Binding.options that northd reads.
    static let option = "ipv6_ra_pd_list"

    package func write(
        _ rows: ServiceRows, into transaction: inout TransactionBuilder
    ) {
        for (_, port) in rows.sortedPorts {
            guard let lease = prefixes[port.uuid] else { continue }
            var row = port.row
            row.options[Self.option] = "\(lease.identifier):\(lease.prefix)"
            transaction.update(port.uuid, from: port.row, to: row)
        }
    }
}
