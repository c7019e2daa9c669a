// The cells that the stages of a pipeline share. Chassis read some of them by name (LB hairpin,
// next hops, port security), so they are part of the Southbound contract.

import LogicalFlow

/// Cells of the switch pipeline.
package enum SwitchCell {
    package static let isDHCPReply = Symbol.reg0[3]
    package static let isDNSReply = Symbol.reg0[4]
    /// The inport's station is in the forwarding database already.
    package static let isKnownStation = Symbol.reg0[11]
    /// Port security refused the packet.
    package static let isRefused = Symbol.reg0[15]
    /// A stateless ACL matched, so conntrack is skipped.
    package static let isStateless = Symbol.reg0[16]
    /// The packet came from a router port.
    package static let isFromRouter = Symbol.reg0[18]
    /// The verdict of the ACL stages: allow.
    package static let isAllowed = Symbol.reg8[16]
    /// The packet came from a hardware VTEP; set by the chassis.
    package static let isFromVTEP = Symbol.flags[1]
}

/// Cells of the router pipeline.
package enum RouterCell {
    /// The Ethernet address of the inport, from admission to input.
    package static let inportAddress = Symbol.xreg0[0...47]
    package static let nextHop4 = Symbol.reg0
    package static let nextHop6 = Symbol.xxreg0
    /// Source addresses of requests for the next hop.
    package static let source4 = Symbol.reg5
    package static let source6 = Symbol.xxreg1
    package static let routeTable = Symbol.reg7
    package static let ecmpGroup = Symbol.reg8[0...15]
    package static let ecmpMember = Symbol.reg8[16...31]
    /// The packet went through the router already and came back.
    package static let isLoopedBack = Symbol.reg9[0]
    /// The packet is longer than a port takes.
    package static let isTooLong = Symbol.reg9[1]
    /// The connection's state, kept past stages that clear it.
    package static let savedState = Symbol.reg4[0...7]
    package static let isKnownNeighbour = Symbol.reg9[2]
    package static let mayLearnNeighbour = Symbol.reg9[3]
    package static let isTranslatedHere = Symbol.reg9[4]
    package static let nextHopIsIPv4 = Symbol.reg9[9]
}
