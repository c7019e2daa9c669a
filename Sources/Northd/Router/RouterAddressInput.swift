// Packets to a router's own addresses: neighbours' questions and ping are answered, everything
// else is refused (RFC 792, RFC 4443), and what pretends to come from the router is dropped.

import LogicalFlow
import Wire

package struct RouterAddressInput: RouterFeature {
    package let port: RouterPort
    package let place: RouterPlace
    /// Own addresses that translation or load balancing uses as well: what is left of their
    /// packets after those is refused.
    package let shared: Set<IPAddress>
    /// Load-balanced connections leave with the port's addresses.
    package let sharesAll: Bool

    package init(
        port: RouterPort, place: RouterPlace = .anywhere, shared: Set<IPAddress> = [],
        sharesAll: Bool = false
    ) {
        self.port = port
        self.place = place
        self.shared = shared
        self.sharesAll = sharesAll
    }

    package func emit(into flows: inout RouterFlows) {
        if !port.networks4.isEmpty { spoofed(&flows) }
        for network in port.networks4 {
            arpReply(network, &flows)
            echoReply4(network.address, &flows)
            if refuses(.v4(network.address)) { refuse(.v4(network.address), &flows) }
        }
        for network in port.networks6 {
            advertisement(network.address, &flows)
            if refuses(.v6(network.address)) { refuse(.v6(network.address), &flows) }
        }
        echoReply6(&flows)
        let (used, unused) = (port.addresses.filter(shared.contains), port.addresses)
        if !sharesAll { drop(unused.filter { !shared.contains($0) }, .inIPInput, 60, &flows) }
        drop(used, .inNeighbourResolve, 2, &flows)
    }

    /// Everywhere, unless what comes for the address may still belong to a connection that is
    /// translated; that is an extension where there are gateways.
    private func refuses(_ address: IPAddress) -> Bool {
        place.isDistributed || !sharesAll && !shared.contains(address)
    }

    private func drop(
        _ addresses: [IPAddress], _ stage: RouterStage, _ priority: Int,
        _ flows: inout RouterFlows
    ) {
        let v4 = addresses.filter { $0.v4 != nil }.map(Constant.ip)
        let v6 = addresses.filter { $0.v4 == nil }.map(Constant.ip)
        for (field, own) in [(Symbol.ip4Dst, v4), (.ip6Dst, v6)] where !own.isEmpty {
            flows.drop(stage, priority, .equal(field, own), because: .forRouterItself)
        }
    }

    private var addresses6: [Constant] { port.networks6.map { .ip6($0.address) } }

    private func spoofed(_ flows: inout RouterFlows) {
        var own: [Constant] = []
        for network in port.networks4 {
            own.append(.ip4(network.address))
            if network.length < 31 { own.append(.ip4(network.broadcast)) }
        }
        flows.drop(
            .inIPInput, 100, .both(.equal(.ip4Src, own), .equal(RouterCell.isLoopedBack, 0)),
            because: .ownSource)
    }

    // MARK: Neighbours

    private func arpReply(_ network: IPv4Prefix, _ flows: inout RouterFlows) {
        flows.add(
            .inIPInput, 90,
            .both(
                .inport(port.name), .equal(.arpOp, 1), .equal(.arpTPA, .ip4(network.address)),
                .equal(.arpSPA, .ip4(network.network)), .resident(place.answering)),
            NeighbourAnswer.inport.arp)
    }

    private func advertisement(_ address: IPv6Address, _ flows: inout RouterFlows) {
        flows.add(
            .inIPInput, 90,
            .both(
                .inport(port.name),
                .equal(.ip6Dst, [.ip6(address), .ip6(address.solicitedNodeMulticast)]),
                .symbol(.ndNS), .equal(.ndTarget, .ip6(address)), .resident(place.redirect)),
            NeighbourAnswer.inport.advertisement(by: .ndNARouter))
    }

    // MARK: Echo

    private func echoReply4(_ address: IPv4Address, _ flows: inout RouterFlows) {
        flows.add(
            .inIPInput, 90,
            .both(.equal(.ip4Dst, .ip4(address)), .equal(.icmp4Type, 8), .equal(.icmp4Code, 0)),
            [
                .exchange(.ip4Dst, .ip4Src), .load(.ipTTL, 255), .load(.icmp4Type, 0),
                .load(.flagsLoopback, flag: true), .next,
            ])
    }

    private func echoReply6(_ flows: inout RouterFlows) {
        flows.add(
            .inIPInput, 90,
            .both(
                .equal(.ip6Dst, addresses6), .equal(.icmp6Type, 128), .equal(.icmp6Code, 0)),
            [
                .exchange(.ip6Dst, .ip6Src), .load(.ipTTL, 255), .load(.icmp6Type, 129),
                .load(.flagsLoopback, flag: true), .next,
            ])
    }

    // MARK: Refusals

    private func refuse(_ address: IPAddress, _ flows: inout RouterFlows) {
        let terms = ICMPTerms(address)
        let toMe = Match.both(
            .symbol(terms.family), .equal(terms.destination, .ip(address)),
            .not(.symbol(.ipLaterFrag)))
        let turn: [Action] = [
            .exchange(.ethDst, .ethSrc), .exchange(terms.destination, terms.source),
        ]
        flows.add(
            .inIPInput, 80, .both(toMe, .symbol(.udp)),
            [.generate(terms.generator, turn + terms.unreachable(port: true) + [.next])])
        flows.add(
            .inIPInput, 80, .both(toMe, .symbol(.tcp)), [.generate(.tcpReset, turn + [.next])])
        flows.add(
            .inIPInput, 80, .both(toMe, .symbol(.sctp)), [.generate(.sctpAbort, turn + [.next])])
        flows.add(
            .inIPInput, 70, toMe,
            [.generate(terms.generator, turn + terms.unreachable(port: false) + [.next])])
    }
}

/// Answers to questions for an address that the router has.
enum NeighbourAnswer {
    /// With the Ethernet address of the port that was asked.
    case inport
    case station(MACAddress)

    private func load(_ field: Symbol) -> Action {
        switch self {
        case .inport: .move(FieldRange(field), from: RouterCell.inportAddress)
        case .station(let mac): .load(field, mac)
        }
    }

    /// An ARP reply (RFC 826).
    var arp: ActionList {
        ActionList(
            [
                .move(.ethDst, from: .ethSrc), load(.ethSrc), .load(.arpOp, 2),
                .move(.arpTHA, from: .arpSHA), load(.arpSHA), .exchange(.arpTPA, .arpSPA),
            ] + Action.reflect)
    }

    /// A neighbour advertisement (RFC 4861 §7.2.4).
    func advertisement(by generator: Action.Generator) -> ActionList {
        [
            .generate(
                generator,
                [load(.ethSrc), .move(.ip6Src, from: .ndTarget), load(.ndTLL)]
                    + Action.reflect)
        ]
    }
}

/// How a family names the fields of an ICMP error.
struct ICMPTerms {
    let family: Symbol
    let source: Symbol
    let destination: Symbol
    let generator: Action.Generator
    private let type: Symbol
    private let code: Symbol
    private let isIPv4: Bool

    init(_ address: IPAddress) {
        isIPv4 = address.v4 != nil
        family = isIPv4 ? .ip4 : .ip6
        source = isIPv4 ? .ip4Src : .ip6Src
        destination = isIPv4 ? .ip4Dst : .ip6Dst
        generator = isIPv4 ? .icmp4 : .icmp6
        type = isIPv4 ? .icmp4Type : .icmp6Type
        code = isIPv4 ? .icmp4Code : .icmp6Code
    }

    /// Port unreachable, or protocol unreachable (IPv6 has none and says that the address is).
    func unreachable(port: Bool) -> [Action] {
        let number: UInt64 =
            switch (isIPv4, port) {
            case (true, true): 3
            case (true, false): 2
            case (false, true): 4
            case (false, false): 3
            }
        return [.load(.ipTTL, 255), .load(type, isIPv4 ? 3 : 1), .load(code, .decimal(number))]
    }

    /// Time exceeded in transit.
    var timeExceeded: [Action] { [.load(type, isIPv4 ? 11 : 3), .load(code, 0)] }
}
