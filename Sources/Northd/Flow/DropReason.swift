// Why a flow drops, for who reads a list of flows: Logical_Flow.flow_desc.
//
// Property: a flow that drops says why, in words that need no knowledge of stages and registers.

/// What the flow says of the packets that end at it.
package enum DropReason: String, CaseIterable, Sendable {
    // Switches
    case taggedPacket = "Tagged packets need other_config:vlan-passthru"
    case multicastSource = "The source is a broadcast or multicast Ethernet address"
    case tooBigForTunnel = "ICMP: packet too big, with nobody to tell"
    case senderSecurity = "Port security: the sender may not use these addresses"
    case receiverSecurity = "Port security: the receiver does not have these addresses"
    case noDestination = "No L2 destination"
    case disabledPort = "The port is disabled"
    case refusedByRules = "Refused by an ACL, or invalid for the connection tracker"
    case allowedByNoRule = "No ACL allows it, and NB_Global options:default_acl_drop is on"
    case externalElsewhere = "The external port of this station is on another chassis"
    case tapSends = "A network function that gets copies sends nothing"
    case noFunction = "The network function is not on this switch"
    case unregisteredGroup = "Nobody asked for this multicast group"
    // Switches and routers
    case noBackends = "The load balancer has no backend"
    // Routers
    case notForRouter = "Not for an Ethernet address of the router on this port"
    case taggedOrMulticastSource = "Tagged, or from a broadcast or multicast Ethernet address"
    case invalidAddress = "No router forwards packets of or for this address (RFC 1812, 5.3.7)"
    case ownSource = "The source is an address of the router itself"
    case forRouterItself = "For the router itself, which has no use for it"
    case unansweredNeighbour = "ARP or ND for nobody that the router answers for"
    case answeredElsewhere = "Another chassis answers for this address"
    case linkLocalMulticast = "Multicast or broadcast that no router forwards"
    case expired = "The time to live is over"
    case routesNoMulticast = "The router does not relay multicast"
    case noGroupMember = "No port of the router has members of this multicast group"
    case ownReport = "A multicast report of the router itself"
    case noRoute = "No route"
    case discardingRoute = "The route says discard"
    case noNextHop = "None of several next hops was chosen"
    case discardingPolicy = "A routing policy drops it"
    case unresolved = "The next hop is of no known family"
    case nothingToLearn = "Neither ARP nor ND, so there is nothing to learn"
    case translatedByNothing = "No translation is left for this external address"
    case restrictedTranslation = "The translation is not for this peer"
    case unclaimedVirtualPort = "No chassis has the virtual port of this address"
    case invalidRelay = "No valid DHCP message for the relay"
    case noOutput = "No port to leave by"
}
