import Wire

// `dns_lookup`: answers for the names of the Southbound's DNS rows. Whatever isn't theirs goes on to
// the resolver that the client asked. The property that must hold: names compare without case
// (RFC 4343), and an answer is to exactly the question that came.

/// The names of one DNS row.
package struct NameZone: Hashable, Sendable {
    /// By lower-case name: addresses separated by white space, for a reverse name the name.
    package let records: [String: String]
    /// Nobody else answers for these names, so what isn't here is refused instead of passed on.
    package let isOwned: Bool

    package init(records: [String: String], isOwned: Bool) {
        var lower: [String: String] = [:]
        for (name, value) in records { lower[name.lowercased()] = value }
        self.records = lower
        self.isOwned = isOwned
    }
}

package enum NameService {
    /// Seconds that an answer may be kept.
    package static let timeToLive: UInt32 = 3600

    /// The frame of the response, nil where the packet goes on, and what became of it. Addresses and
    /// ports stay those of the query.
    package static func answer(
        _ zones: [NameZone], _ frame: [UInt8], _ layout: PacketLayout
    ) -> (frame: [UInt8]?, outcome: NameOutcome) {
        guard let datagram = UDPDatagram(frame, layout), let addresses = layout.addresses(frame)
        else { return (nil, .truncated) }
        guard let query = DNSQuery(datagram.payload) else {
            return (nil, NameOutcome(ofUnreadable: datagram.payload))
        }
        let (response, outcome) = answer(zones, query)
        let made = response.map { response in
            PacketBuilder.udp(
                EthernetHeader(of: frame, layout), addresses, source: datagram.source,
                destination: datagram.destination, response.encoded(for: query))
        }
        return (made, outcome)
    }

    private static func answer(
        _ zones: [NameZone], _ query: DNSQuery
    ) -> (DNSResponse?, NameOutcome) {
        let question = NameOutcome.Question(query.type)
        let name = query.name.text
        guard query.recordClass == DNSQuery.internet, question != .other,
            let zone = zones.first(where: { $0.records[name] != nil }),
            let value = zone.records[name]
        else { return (nil, .unknown(question)) }
        var response = DNSResponse(timeToLive: timeToLive)
        response.answers = answers(value, query)
        if !response.answers.isEmpty { return (response, .answered(question)) }
        response.code = DNSCode.refused
        return (zone.isOwned ? response : nil, .empty(question, isRefused: zone.isOwned))
    }

    private static func answers(_ value: String, _ query: DNSQuery) -> [DNSResponse.Answer] {
        let words = value.split { $0 == " " || $0 == "," || $0 == "\t" }
        if query.type == DNSType.ptr {
            return words.prefix(1).compactMap { DomainName(parsing: $0).map { .name($0) } }
        }
        let addresses = words.compactMap { IPAddress(parsing: $0) }.filter {
            switch $0 {
            case .v4: query.type != DNSType.aaaa
            case .v6: query.type != DNSType.a
            }
        }
        guard !addresses.isEmpty else { return [] }
        // Each query begins with another one, so that clients share the load.
        let first = Int(query.identifier) % addresses.count
        return (addresses[first...] + addresses[..<first]).map { .address($0) }
    }
}
