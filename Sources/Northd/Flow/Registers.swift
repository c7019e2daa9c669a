// The cells that the stages of a pipeline share. Chassis read some of them by name (LB hairpin,
// next hops, port security), so they are part of the Southbound contract.

import LogicalFlow

/// Cells of the switch pipeline.
package enum SwitchCell {
    package static let isDHCPReply = Symbol.reg0[3]
    package static let isDNSReply = Symbol.reg0[4]
    /// To conntrack: to look the connection up, to commit it, to translate its addresses.
    package static let mustTrack = Symbol.reg0[0]
    package static let mustCommit = Symbol.reg0[1]
    package static let mustTranslate = Symbol.reg0[2]
    /// The packet is longer than the outport takes; an extension.
    package static let isTooLong = Symbol.reg0[5]
    /// A backend talks to itself by the virtual address.
    package static let isHairpin = Symbol.reg0[6]
    package static let isHairpinReply = Symbol.reg0[12]
    /// Hints for the ACLs: what the packet's connection makes possible.
    package static let mayBeNew = Symbol.reg0[7]
    package static let mayBeAllowed = Symbol.reg0[8]
    package static let mayBeDropped = Symbol.reg0[9]
    package static let mayBeBlocked = Symbol.reg0[10]
    /// The inport's station is in the forwarding database already.
    package static let isKnownStation = Symbol.reg0[11]
    /// The rule that matched has a label or samples.
    package static let isLabelled = Symbol.reg0[13]
    /// The packet came in at a VTEP port.
    package static let isFromVTEPPort = Symbol.reg0[14]
    /// Port security refused the packet.
    package static let isRefused = Symbol.reg0[15]
    /// A stateless ACL matched, so conntrack is skipped.
    package static let isStateless = Symbol.reg0[16]
    /// A reply or a related packet, which the ACLs after load balancing let through too.
    package static let isAnswer = Symbol.reg0[17]
    /// The packet came from a router port.
    package static let isFromRouter = Symbol.reg0[18]
    package static let isFragment = Symbol.reg0[19]
    /// The connection shall outlive the rule that let it through.
    package static let isPersistent = Symbol.reg0[20]
    /// The connection has outlived its rule.
    package static let isPersisted = Symbol.reg0[21]
    /// Network_Function_Group.id, then Network_Function.id.
    package static let networkFunction = Symbol.reg0[22...29]
    /// Destination port and protocol of the connection's first packet.
    package static let connectionPort = Symbol.reg1[0...15]
    package static let connectionProtocol = Symbol.reg1[16...23]
    /// The virtual address that the packet was sent to, or the backend of the client.
    package static let virtual4 = FieldRange(Symbol.reg4)
    package static let virtual6 = FieldRange(Symbol.xxreg1)
    package static let virtualPort = Symbol.reg2[0...15]
    /// ACL_ID.id.
    package static let aclID = Symbol.reg2[16...31]
    /// Observation points and collectors of the rule's samples.
    package static let newPoint = FieldRange(Symbol.reg3)
    package static let establishedPoint = FieldRange(Symbol.reg9)
    package static let newCollector = Symbol.reg8[0...7]
    package static let establishedCollector = Symbol.reg8[8...15]
    /// The verdict of the ACL stages.
    package static let isAllowed = Symbol.reg8[16]
    package static let isDropped = Symbol.reg8[17]
    package static let isRejected = Symbol.reg8[18]
    /// The stage of the rule that samples: `ACLStage`.
    package static let observationStage = Symbol.reg8[19...20]
    /// The packet goes through a network function, and it goes the connection's first way.
    package static let isRedirected = Symbol.reg8[21]
    package static let isOriginalDirection = Symbol.reg8[22]
    /// The egress pipeline sends the packet to a network function.
    package static let isRedirectedFromEgress = Symbol.reg8[23]
    /// The tunnel that the packet came in by; set by the chassis.
    package static let tunnelPort = Symbol.reg5[16...31]
    /// The helper of the packet's connection: `ConnectionHelper.number`; an extension.
    package static let helper = Symbol.reg8[24...25]
    /// The tier of ACLs that is being asked.
    package static let tier = Symbol.reg8[30...31]
    /// The client has a backend already.
    package static let isKnownClient = Symbol.reg9[6]
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
    /// Of a new connection, before translation.
    package static let destinationPort = Symbol.reg1[0...15]
    package static let `protocol` = Symbol.reg1[16...23]
    /// The connection's state, kept past stages that clear it.
    package static let savedState = Symbol.reg4[0...7]
    package static let isKnownNeighbour = Symbol.reg9[2]
    package static let mayLearnNeighbour = Symbol.reg9[3]
    package static let isTranslatedHere = Symbol.reg9[4]
    /// The client's connections go to a backend chosen before.
    package static let isKnownSession = Symbol.reg9[6]
    /// The service that a packet is for, or its backend.
    package static let virtual4 = FieldRange(Symbol.reg4)
    package static let virtual6 = FieldRange(Symbol.xxreg1)
    package static let virtualPort = Symbol.reg2[0...15]
    package static let nextHopIsIPv4 = Symbol.reg9[9]
    /// The connection's next hop is to be kept for its replies.
    package static let mustKeepNextHop = Symbol.reg9[10]
    package static let policyChain = Symbol.reg9[16...31]
    /// The packet size of the network behind the outport, once policies are through.
    package static let pathMTU = Symbol.reg9[16...31]
    package static let isAdvertisement = Symbol.reg0[5]
    package static let relayDestination = Symbol.reg2
    package static let isRelayRequest = Symbol.reg9[7]
    package static let isRelayResponse = Symbol.reg9[8]
}
