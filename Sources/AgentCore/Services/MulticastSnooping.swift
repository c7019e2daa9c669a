import OVSDBModel
import OVSDBSession
import Schemas
import Wire

// Which ports of a switch want which multicast group (RFC 4541): learned from IGMP and MLD, told to
// the Southbound as IGMP_Group rows, one per group and chassis, and kept alive by asking where no
// router asks. The property that must hold: what hosts can fill is bounded by the row's
// `table_size`, and what nobody has confirmed for `idle_timeout` is gone.

package struct MulticastSnooping: Sendable {
    /// An IP_Multicast row that is enabled. Times in seconds.
    package struct Configuration: Hashable, Sendable {
        package var tableSize = 2048
        package var idleTimeout = 300
        package var queryInterval = 150
        package var queryResponse = 1
        /// Nil: no questions are asked.
        package var querier: Querier?
        /// Another number forgets everything.
        package var sequence = 0

        package init() {}
    }

    package struct Querier: Hashable, Sendable {
        package var ethernet: MACAddress
        package var ipv4: IPv4Address?
        package var ipv6: IPv6Address?

        package init(ethernet: MACAddress, ipv4: IPv4Address?, ipv6: IPv6Address?) {
            self.ethernet = ethernet
            self.ipv4 = ipv4
            self.ipv6 = ipv6
        }
    }

    /// What one row of IGMP_Group says.
    package struct Membership: Hashable, Sendable {
        package let datapath: UInt32
        /// Nil stands for the ports with multicast routers behind them.
        package let group: IPAddress?
        package let `protocol`: MulticastMessage.`Protocol`?
        /// Keys of the ports, ascending.
        package let ports: [UInt32]
    }

    /// How long a router counts after its last question (RFC 3376 §8.5 with the usual values).
    private static let routerLifetime: Milliseconds = 255_000

    private struct Group {
        var `protocol`: MulticastMessage.`Protocol`
        var ports: [UInt32: Milliseconds] = [:]
        var touched: Milliseconds
    }

    private struct Switch {
        var configuration: Configuration
        var groups: [IPAddress: Group] = [:]
        /// Ports with routers, and until when.
        var routers: [UInt32: Milliseconds] = [:]
        /// When this chassis asks next.
        var query: Milliseconds
    }

    private var switches: [UInt32: Switch] = [:]
    /// Groups that another one had to make room for.
    package private(set) var evicted: UInt64 = 0

    package init() {}

    // MARK: - Events

    /// Returns whether a switch that goes on has forgotten what it knew.
    ///
    /// - Parameter wanted: by the key of the datapath.
    @discardableResult
    package mutating func configure(
        _ wanted: [UInt32: Configuration], now: Milliseconds
    ) -> Bool {
        var new: [UInt32: Switch] = [:]
        var hasForgotten = false
        for (datapath, configuration) in wanted {
            guard var old = switches[datapath],
                old.configuration.sequence == configuration.sequence
            else {
                hasForgotten = hasForgotten || switches[datapath] != nil
                new[datapath] = Switch(configuration: configuration, query: now)
                continue
            }
            if old.configuration.querier != configuration.querier { old.query = now }
            old.configuration = configuration
            let count = old.groups.count
            makeRoom(for: 0, in: &old)
            hasForgotten = hasForgotten || old.groups.count < count
            new[datapath] = old
        }
        switches = new
        return hasForgotten
    }

    /// Returns whether the memberships may have changed.
    @discardableResult
    package mutating func handle(
        _ frame: [UInt8], from port: PortReference, now: Milliseconds
    ) -> Bool {
        guard var state = switches[port.datapath], let layout = PacketLayout(frame),
            let message = MulticastMessage(frame, layout)
        else { return false }
        let before = state.groups.mapValues { Set($0.ports.keys) }
        let routers = Set(state.routers.keys)
        switch message.content {
        case .query:
            // A switch that asks in a router's place has no address (RFC 4541 §2.1.1).
            guard !message.source.isUnspecified else { return false }
            state.routers[port.port] = now + Self.routerLifetime
        case .changes(let changes):
            for change in changes {
                apply(change, message.protocol, port.port, to: &state, now: now)
            }
        }
        switches[port.datapath] = state
        return before != state.groups.mapValues { Set($0.ports.keys) }
            || routers != Set(state.routers.keys)
    }

    private mutating func apply(
        _ change: MulticastMessage.Change, _ kind: MulticastMessage.`Protocol`, _ port: UInt32,
        to state: inout Switch, now: Milliseconds
    ) {
        guard !Self.isReserved(change.group) else { return }
        guard change.joins else {
            state.groups[change.group]?.ports[port] = nil
            if state.groups[change.group]?.ports.isEmpty == true {
                state.groups[change.group] = nil
            }
            return
        }
        if state.groups[change.group] == nil { makeRoom(for: 1, in: &state) }
        var group = state.groups[change.group] ?? Group(protocol: kind, touched: now)
        group.protocol = kind
        group.ports[port] = now + Milliseconds(state.configuration.idleTimeout) * 1000
        group.touched = now
        state.groups[change.group] = group
    }

    /// The groups that were confirmed longest ago go until so many more fit into the table, which may
    /// have become smaller.
    private mutating func makeRoom(for count: Int, in state: inout Switch) {
        while state.groups.count + count > state.configuration.tableSize,
            let oldest = state.groups.min(by: {
                ($0.value.touched, $0.key) < ($1.value.touched, $1.key)
            })
        {
            state.groups[oldest.key] = nil
            evicted += 1
        }
    }

    /// Groups of the link itself are always flooded (RFC 4541 §2.1.2, §3).
    private static func isReserved(_ group: IPAddress) -> Bool {
        switch group {
        case .v4(let address): address.bits >> 8 == 0xe0_0000
        case .v6(let address): address.high >> 48 & 0xf <= 1 || address.isAllNodes
        }
    }

    // MARK: - Time

    package var deadline: Milliseconds? {
        switches.values.compactMap { state in
            let groups = state.groups.values.compactMap { $0.ports.values.min() }
            let query = state.configuration.querier.map { _ in state.query }
            return (groups + [state.routers.values.min(), query].compactMap { $0 }).min()
        }.min()
    }

    /// Forgets what is due, and returns whether that was anything.
    package mutating func expire(now: Milliseconds) -> Bool {
        var changed = false
        for (datapath, state) in switches {
            var new = state
            new.routers = state.routers.filter { $0.value > now }
            for (address, group) in state.groups {
                let ports = group.ports.filter { $0.value > now }
                guard ports.count != group.ports.count else { continue }
                new.groups[address]?.ports = ports
                if ports.isEmpty { new.groups[address] = nil }
                changed = true
            }
            changed = changed || new.routers.count != state.routers.count
            switches[datapath] = new
        }
        return changed
    }

    /// The questions that are due.
    package mutating func queries(now: Milliseconds) -> [Injection] {
        var result: [Injection] = []
        for datapath in switches.keys.sorted() {
            guard let state = switches[datapath], let querier = state.configuration.querier,
                state.query <= now
            else { continue }
            let place = Injection.Place.to(
                PortReference(datapath: datapath, port: WellKnownGroup.flood))
            for frame in querier.frames(state.configuration) {
                result.append(Injection(frame, place, isLocal: true))
            }
            switches[datapath]?.query =
                now + Milliseconds(max(1, state.configuration.queryInterval)) * 1000
        }
        return result
    }

    // MARK: - Result

    /// In order of datapath and group, routers last.
    package var memberships: [Membership] {
        var result: [Membership] = []
        for (datapath, state) in switches.sorted(by: { $0.key < $1.key }) {
            for (address, group) in state.groups.sorted(by: { $0.key < $1.key }) {
                result.append(
                    Membership(
                        datapath: datapath, group: address, protocol: group.protocol,
                        ports: group.ports.keys.sorted()))
            }
            if !state.routers.isEmpty {
                result.append(
                    Membership(
                        datapath: datapath, group: nil, protocol: nil,
                        ports: state.routers.keys.sorted()))
            }
        }
        return result
    }
}

extension MulticastSnooping.Querier {
    fileprivate func frames(_ configuration: MulticastSnooping.Configuration) -> [[UInt8]] {
        let times = (configuration.queryResponse, configuration.queryInterval)
        return [
            ipv4.map {
                MulticastQuery.igmp(
                    ethernet: ethernet, address: $0, responseTime: times.0, interval: times.1)
            },
            ipv6.map {
                MulticastQuery.mld(
                    ethernet: ethernet, address: $0, responseTime: times.0, interval: times.1)
            },
        ].compactMap { $0 }
    }
}

extension IPAddress {
    fileprivate var isUnspecified: Bool {
        self == .v4(.zero) || self == .v6(.zero)
    }
}

extension IPv6Address {
    fileprivate var isAllNodes: Bool { high & 0xfff0_ffff_ffff_ffff == 0xff00 << 48 && low == 1 }
}
