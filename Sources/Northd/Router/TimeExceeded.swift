import LogicalFlow
import Wire

/// The answer to a packet that may not be forwarded once more (RFC 1812 §5.3.1), from the address
/// that the sender knows the router by.
package struct TimeExceeded: RouterFeature {
    package let port: RouterPort
    package let place: RouterPlace

    package init(port: RouterPort, place: RouterPlace = .anywhere) {
        self.port = port
        self.place = place
    }

    package func emit(into flows: inout RouterFlows) {
        for network in port.networks4 {
            answer(.v4(network.address), from: .v4(network.network), 31, &flows)
        }
        for network in port.networks6 {
            answer(.v6(network.address), from: .v6(network.network), 31, &flows)
        }
        if let first = port.networks4.first { answer(.v4(first.address), from: nil, 30, &flows) }
        if let global = port.firstNetwork6 { answer(.v6(global.address), from: nil, 30, &flows) }
    }

    private func answer(
        _ address: IPAddress, from network: IPPrefix?, _ priority: Int,
        _ flows: inout RouterFlows
    ) {
        let terms = ICMPTerms(address)
        var match: [Match] = [.inport(port.name), .symbol(terms.family)]
        if let network { match.append(.equal(terms.source, .ip(network))) }
        match += [.isExpiring, .not(.symbol(.ipLaterFrag)), .resident(place.redirect)]
        let actions: [Action] =
            [.move(.ethDst, from: .ethSrc), .load(.ethSrc, port.mac)] + terms.timeExceeded + [
                .move(terms.destination, from: terms.source),
                .load(terms.source, .ip(address)), .load(.ipTTL, 254), .outport(port.name),
                .load(.flagsLoopback, flag: true), .output,
            ]
        flows.add(.inIPInput, priority, .all(match), [.generate(terms.generator, actions)])
    }
}
