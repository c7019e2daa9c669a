// options:gateway_mtu: packets that are too long for what lies behind a gateway port are answered
// with the size that fits (RFC 1191 §3, RFC 4443 §3.2), whichever way they go.

import LogicalFlow
import Wire

/// The longest packet that a port takes.
package struct PacketLimit: Hashable, Sendable {
    /// Bytes, without the Ethernet header.
    package let mtu: Int
    /// Length of the Ethernet header, with a tag if the network has one.
    package let header: Int
    /// Packets that pass whatever their length, besides ARP: options:gateway_mtu_bypass.
    package let bypass: Match?

    package init(mtu: Int, header: Int = 14, bypass: Match? = nil) {
        self.mtu = mtu
        self.header = header
        self.bypass = bypass
    }

    /// Sets the mark of packets that are too long.
    var check: Action { .evaluate(RouterCell.isTooLong, .checkPacketLarger(mtu + header)) }

    var exempt: Match { .any([.symbol(.arp)] + (bypass.map { [$0] } ?? [])) }
}

extension RouterFlows {
    /// Takes packets in at a port, with the check of their length if the port has a limit.
    mutating func admit(_ match: Match, _ accept: [Action], _ limit: PacketLimit?) {
        check(.inAdmission, match, accept, limit)
    }

    fileprivate mutating func check(
        _ stage: RouterStage, _ match: Match, _ actions: [Action], _ limit: PacketLimit?
    ) {
        guard let limit else { return add(stage, 50, match, ActionList(actions)) }
        add(stage, 50, match, ActionList([limit.check] + actions))
        add(stage, 55, .both(match, limit.exempt), ActionList(actions))
    }
}

/// The answer from a router port to a packet that is too long.
struct TooLongAnswer {
    let address: IPAddress
    let mtu: Int

    private var isIPv4: Bool { address.v4 != nil }
    private var terms: ICMPTerms { ICMPTerms(address) }

    /// Packets of the family that are too long and weren't made here.
    var match: [Match] {
        [.symbol(terms.family), .test(RouterCell.isTooLong), .equal(RouterCell.isLoopedBack, 0)]
    }

    /// `before` and `after` go around the fields that are always set.
    func action(
        before: [Action] = [], ethernet: [Action], ttl: UInt64, after: [Action]
    ) -> Action {
        let type: Symbol = isIPv4 ? .icmp4Type : .icmp6Type
        let code: Symbol = isIPv4 ? .icmp4Code : .icmp6Code
        let actions: [Action] =
            [
                .load(RouterCell.isLoopedBack, flag: true),
                .load(RouterCell.isTooLong, flag: false),
            ] + ethernet + [
                .move(terms.destination, from: terms.source), .load(terms.source, .ip(address)),
                .load(.ipTTL, .decimal(ttl)), .load(type, isIPv4 ? 3 : 2),
                .load(code, isIPv4 ? 4 : 0),
                .load(isIPv4 ? .icmp4FragMTU : .icmp6FragMTU, .decimal(UInt64(mtu))),
            ]
        return .generate(
            isIPv4 ? .icmp4Error : .icmp6Error, before + actions + after)
    }
}

/// What a port with a limit does to packets that leave by it or come in by it.
package struct PacketLength: RouterFeature {
    package let port: RouterPort
    package let limit: PacketLimit
    /// All chassis can keep the connection's state in a register.
    package let savesState: Bool
    /// All chassis can translate the answer.
    package let translates: Bool

    package init(
        port: RouterPort, limit: PacketLimit, savesState: Bool = true, translates: Bool = true
    ) {
        self.port = port
        self.limit = limit
        self.savesState = savesState
        self.translates = translates
    }

    package func emit(into flows: inout RouterFlows) {
        let save: [Action] =
            savesState ? [.evaluate(RouterCell.savedState, .connection(.state))] : []
        flows.check(.inCheckPacketLength, .outport(port.name), save + [.next], limit)
        for address in port.answeringAddresses {
            flows.add(
                .inIPInput, 150,
                .all([.inport(port.name)] + TooLongAnswer(address: address, mtu: limit.mtu).match),
                ActionList([port.tooLong(address, limit.mtu)]))
        }
        if translates {
            flows.add(
                .outPostSNAT, 100, .both(.symbol(.icmp), .equal(.flagsICMPSNAT, 1)),
                [.ctCommitNAT(.snat)])
        }
    }
}

/// Packets that entered at `inport` and are too long for `outport`.
package struct ForwardedPacketLength: RouterFeature {
    package let inport: RouterPort
    package let outport: String
    package let mtu: Int
    package let savesState: Bool

    package init(inport: RouterPort, outport: String, mtu: Int, savesState: Bool = true) {
        self.inport = inport
        self.outport = outport
        self.mtu = mtu
        self.savesState = savesState
    }

    package func emit(into flows: inout RouterFlows) {
        for address in inport.answeringAddresses {
            let answer = TooLongAnswer(address: address, mtu: mtu)
            let match: [Match] = [.inport(inport.name), .outport(outport)] + answer.match
            flows.add(
                .inLargerPackets, 160, .all(match + [.isTranslatedReply(savesState: savesState)]),
                ActionList([inport.tooLong(address, mtu, [.load(.flagsICMPSNAT, flag: true)])]))
            flows.add(
                .inLargerPackets, 150, .all(match), ActionList([inport.tooLong(address, mtu)]))
        }
    }
}

extension Match {
    /// The sender's address is translated on its way, so that of an answer must be too.
    static func isTranslatedReply(savesState: Bool) -> Match {
        savesState
            ? .both(
                .test(Symbol.reg4[5]), .test(Symbol.reg4[3]), .test(Symbol.reg4[7]))
            : .both(.symbol(.ctTrk), .symbol(.ctRpl), .symbol(.ctDNAT))
    }
}

extension RouterPort {
    /// The first address of each family.
    var answeringAddresses: [IPAddress] {
        (networks4.first.map { [.v4($0.address)] } ?? [])
            + (firstNetwork6.map { [.v6($0.address)] } ?? [])
    }

    /// The first IPv6 network that isn't link-local, or that one.
    var firstNetwork6: IPv6Prefix? {
        networks6.first { !$0.address.isLinkLocal } ?? networks6.first
    }

    /// The answer goes through the router from the start, as if it had come in at this port.
    func tooLong(
        _ address: IPAddress, _ mtu: Int, _ before: [Action] = []
    ) -> Action {
        TooLongAnswer(address: address, mtu: mtu).action(
            before: before, ethernet: [.load(.ethDst, mac)], ttl: 255,
            after: [RouterStage.inAdmission.jump])
    }
}
