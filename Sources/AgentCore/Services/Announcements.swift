import OVSDBModel
import Schemas
import Wire

// What appears on a provider network says so, that switches there send to this host from now on: a
// gratuitous ARP for each IPv4 address, a reverse ARP for a station without one. The first a second
// after the station has come, then at growing distances, about five in all; for ever, if the
// administrator sets a longest distance (`garp-max-timeout-sec`).

package struct Announcements: Sendable {
    /// A station, by the logical port that it is seen behind.
    package struct Station: Hashable, Comparable, Sendable {
        package let port: PortReference
        package let mac: MACAddress
        package let address: IPv4Address?

        package init(port: PortReference, mac: MACAddress, address: IPv4Address?) {
            self.port = port
            self.mac = mac
            self.address = address
        }

        package static func < (left: Self, right: Self) -> Bool {
            (left.port, left.mac, left.address ?? .zero)
                < (right.port, right.mac, right.address ?? .zero)
        }

        package var frame: [UInt8] {
            let ethernet = EthernetHeader(destination: .broadcast, source: mac)
            if let address {
                return PacketBuilder.arp(
                    ethernet,
                    ARPMessage(
                        operation: ARPMessage.request, sender: (mac, address),
                        target: (.zero, address)))
            }
            let message = ARPMessage(
                operation: Self.reverseRequest, sender: (mac, .zero), target: (mac, .zero))
            return ethernet.frame(EtherType.rarp, message.payload)
        }

        /// RFC 903.
        private static let reverseRequest: UInt16 = 3
    }

    private static let first: Milliseconds = 1000
    private static let last: Milliseconds = 16_000

    private struct State {
        /// Nil once everything is said.
        var next: Milliseconds?
        var distance: Milliseconds
    }

    private var states: [Station: State] = [:]
    /// The longest distance between two announcements that never end; nil for some that do.
    private var longest: Milliseconds?

    package init() {}

    package var deadline: Milliseconds? { states.values.compactMap(\.next).min() }

    /// - Parameter longest: milliseconds; nil for announcements that end.
    package mutating func configure(
        _ wanted: some Sequence<Station>, longest: Milliseconds?, now: Milliseconds
    ) {
        let restarts = longest != self.longest
        self.longest = longest
        var new: [Station: State] = [:]
        for station in wanted {
            let old = restarts ? nil : states[station]
            new[station] = old ?? State(next: now + Self.first, distance: Self.first)
        }
        states = new
    }

    package mutating func due(now: Milliseconds) -> [Injection] {
        var result: [Injection] = []
        for station in states.keys.sorted() {
            guard var state = states[station], let next = state.next, next <= now else { continue }
            result.append(Injection(station.frame, .from(station.port)))
            if let longest {
                state.distance = min(state.distance, longest)
                state.next = now + state.distance
                state.distance = min(state.distance * 2, longest)
            } else {
                state.next = state.distance < Self.last ? now + state.distance : nil
                state.distance *= 2
            }
            states[station] = state
        }
        return result
    }
}

/// `MAC IP… [is_chassis_resident("PORT")]`, an entry of Port_Binding.mac or nat_addresses.
struct StationAddresses: Hashable {
    let mac: MACAddress
    let addresses: [IPAddress]
    /// The port that decides where the station is.
    let residence: String?

    /// Nil for anything that doesn't begin with an Ethernet address ("unknown", "router").
    init?(parsing text: some StringProtocol) {
        var words = text.split(separator: " ")
        guard let first = words.first, let mac = MACAddress(parsing: first) else { return nil }
        words.removeFirst()
        var residence: String?
        if let last = words.last, last.hasPrefix("is_chassis_resident(\"") {
            let name = last.dropFirst("is_chassis_resident(\"".count)
            residence = String(name.prefix { $0 != "\"" })
            words.removeLast()
        }
        self.mac = mac
        self.residence = residence
        addresses = words.compactMap { IPPrefix(parsing: $0)?.address }
    }

    func stations(on port: PortReference) -> [Announcements.Station] {
        let own = addresses.compactMap(\.v4)
        if own.isEmpty { return [.init(port: port, mac: mac, address: nil)] }
        return own.map { .init(port: port, mac: mac, address: $0) }
    }
}
