// Short forms for the matches and actions that many features build.

import LogicalFlow
import Wire

extension Match {
    package static func equal(_ symbol: Symbol, _ constant: Constant) -> Match {
        .compare(symbol, .equal, constant)
    }

    /// One of several values; the only one is written without braces.
    package static func equal(_ symbol: Symbol, _ constants: [Constant]) -> Match {
        .compare(symbol, .equal, constants)
    }

    package static func equal(_ field: FieldRange, _ constant: Constant) -> Match {
        .compare(field, .equal, constant)
    }

    package static func inport(_ name: String) -> Match { .equal(.inport, .string(name)) }
    package static func outport(_ name: String) -> Match { .equal(.outport, .string(name)) }

    package static func both(_ matches: Match...) -> Match { .all(matches) }
    package static func either(_ matches: Match...) -> Match { .any(matches) }

    /// Either kind of the message by which a path announces a smaller packet size
    /// (RFC 1191 §4, RFC 4443 §3.2).
    package static let isTooBigMessage = Match.either(
        .both(.symbol(.ip4), .equal(.icmp4Type, 3), .equal(.icmp4Code, 4)),
        .both(.symbol(.ip6), .equal(.icmp6Type, 2), .equal(.icmp6Code, 0)))

    /// Such a message that a tunnel's path sent.
    package static let isTunnelTooBig = Match.both(
        .isTooBigMessage, .equal(.flagsTunnelRx, 1))

    package static let neighbourDiscovery: Match = .either(
        .symbol(.nd), .symbol(.ndRS), .symbol(.ndRA), .symbol(.mldv1), .symbol(.mldv2))
}

extension Action {
    package static func load(_ field: FieldRange, flag: Bool) -> Action {
        .load(field, flag ? 1 : 0)
    }

    package static func load(_ symbol: Symbol, flag: Bool) -> Action {
        .load(FieldRange(symbol), flag: flag)
    }

    package static func load(_ symbol: Symbol, _ address: MACAddress) -> Action {
        .load(symbol, .ethernet(address))
    }

    package static func load(_ symbol: Symbol, _ address: IPv4Address) -> Action {
        .load(symbol, .ip4(address))
    }

    package static func load(_ symbol: Symbol, _ address: IPv6Address) -> Action {
        .load(symbol, .ip6(address))
    }

    package static func output(to port: String) -> [Action] { [.outport(port), .output] }

    /// Sends the packet back where it came from.
    package static let reflect: [Action] = [
        .move(.outport, from: .inport), .load(.flagsLoopback, flag: true), .output,
    ]
}
