import OVSDBModel
import OVSDBSession
import Schemas
import Wire

// The services that keep state, as one value: rows, packets and time go in, packets and rows come
// out. Nothing here knows a socket or a clock.

package struct ServiceHub: Sendable {
    private var advertisements = PeriodicAdvertisements()
    private var announcements = Announcements()
    private var multicast = MulticastSnooping()
    private var monitors = ServiceMonitors()
    private var virtualPorts = VirtualPorts()
    private var events = ControllerEvents()
    private var delegation = PrefixDelegation()
    private var refresh = EntryRefresh()
    private var nextHops = NextHopProbes()
    /// What was decided while rows were written.
    private var waiting: [Injection] = []
    private var activations = PortActivations()
    /// Whether `write` may have something new to say.
    package private(set) var hasNews = false
    private var told = GivenUp()

    package init() {}

    /// What rows say at one moment.
    package struct Context {
        package private(set) var replica: Replica
        package let rows: ServiceRows
        package let chassis: ChassisIdentity
        /// Physical networks that this host has a bridge for.
        package let networks: Set<String>
        /// The longest distance of announcements, milliseconds (`garp-max-timeout-sec`).
        package let longestAnnouncement: Milliseconds?
        /// The longest distance of questions to next hops, milliseconds; nil for some that end
        /// (`arp-nd-max-timeout-sec`).
        package let longestProbe: Milliseconds?

        package init(
            _ replica: Replica, rows: ServiceRows, chassis: ChassisIdentity,
            networks: Set<String>, longestAnnouncement: Milliseconds?,
            longestProbe: Milliseconds? = NextHopProbes.standardLongest
        ) {
            self.longestProbe = longestProbe
            self.replica = replica
            self.rows = rows
            self.chassis = chassis
            self.networks = networks
            self.longestAnnouncement = longestAnnouncement
        }

        /// The same for a reader of these tables.
        package func limited(to tables: [any TypedRow.Type]) -> Context {
            var limited = self
            limited.replica = replica.limited(to: tables)
            return limited
        }
    }

    /// The tables that the configuration of services is read from.
    package static let configurationTables: [any TypedRow.Type] =
        ServiceRows.tables + [SB.ECMPNexthop.self, SB.IPMulticast.self, SB.ServiceMonitor.self]

    package mutating func configure(_ context: Context, now: Milliseconds) {
        advertisements.configure(context.advertisements, now: now)
        announcements.configure(
            context.stations, longest: context.longestAnnouncement, now: now)
        if multicast.configure(context.multicast, now: now) { hasNews = true }
        monitors.configure(context.monitors, now: now)
        delegation.configure(context.delegations, now: now)
        nextHops.configure(context.nextHops, longest: context.longestProbe, now: now)
    }

    /// What was given up for lack of room: events of the CMS, and claims of virtual ports.
    package struct GivenUp: Hashable, Sendable {
        package var events: UInt64 = 0
        package var claims: UInt64 = 0
    }

    /// What was given up since somebody asked.
    package mutating func takeGivenUp() -> GivenUp {
        defer { told = GivenUp(events: events.dropped, claims: virtualPorts.dropped) }
        return GivenUp(
            events: events.dropped - told.events, claims: virtualPorts.dropped - told.claims)
    }

    /// A packet that the pipelines handed over; returns packets to send.
    package mutating func handle(_ event: ServiceEvent, now: Milliseconds) -> [Injection] {
        switch event.kind {
        case .multicast:
            if multicast.handle(event.frame, from: event.port, now: now) { hasNews = true }
        case .prefixDelegation:
            if delegation.handle(event.frame, from: event.port, now: now) { hasNews = true }
        case .serviceCheck:
            let before = monitors.outcomes
            let answers = monitors.handle(event.frame, from: event.port)
            if monitors.outcomes != before { hasNews = true }
            return answers
        // There is no session that could take it.
        case .bfd: break
        case .virtualPort(let name):
            virtualPorts.bind(name, parent: event.port)
            hasNews = true
        case .emptyLoadBalancer(let options):
            events.add(options, now: now)
            hasNews = hasNews || !events.isEmpty
        case .activation:
            activations.add(event.port)
            hasNews = true
        }
        return []
    }

    /// Ports that were activated here and whose rows don't tell yet.
    package var activated: Set<PortReference> { activations.ports }

    /// Learned entries that packets have used.
    package mutating func used(_ uses: some Sequence<EntryUse>) {
        refresh.add(uses)
        hasNews = hasNews || !refresh.isEmpty
    }

    /// When `due` has something to do.
    package var deadline: Milliseconds? {
        [
            advertisements.deadline, announcements.deadline, multicast.deadline, monitors.deadline,
            delegation.deadline, nextHops.deadline, waiting.isEmpty ? nil : 0,
        ].compactMap { $0 }.min()
    }

    /// The packets that are due.
    package mutating func due(
        now: Milliseconds, using generator: inout some RandomNumberGenerator
    ) -> [Injection] {
        let before = monitors.outcomes
        if multicast.expire(now: now) { hasNews = true }
        let result =
            advertisements.due(now: now, using: &generator) + announcements.due(now: now)
            + multicast.queries(now: now) + monitors.due(now: now, using: &generator)
            + delegation.due(now: now, using: &generator) + nextHops.due(now: now) + waiting
        waiting = []
        if monitors.outcomes != before { hasNews = true }
        return result
    }

    /// Writes what differs from the rows.
    ///
    /// - Parameter wallClock: milliseconds.
    package mutating func write(
        _ context: Context, wallClock: Int64, into transaction: inout TransactionBuilder,
        placeholder: () -> RowUUID
    ) {
        hasNews = false
        multicast.write(
            context.rows, context.replica, chassis: context.chassis, into: &transaction,
            placeholder: placeholder)
        monitors.write(context.replica, chassis: context.chassis, into: &transaction)
        virtualPorts.write(
            context.rows, chassis: context.chassis, wallClock: wallClock, into: &transaction)
        activations.write(context.rows, chassis: context.chassis, into: &transaction)
        events.write(
            context.replica, chassis: context.chassis, into: &transaction,
            placeholder: placeholder)
        delegation.write(context.rows, into: &transaction)
        waiting += refresh.write(
            context.rows, context.replica, wallClock: wallClock, into: &transaction,
            isResident: context.isResident
        ).compactMap(\.injection)
    }
}
