import Wire

/// A packet, or the news of one, for a service that keeps state beside the pipelines.
package struct ServiceEvent: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// A report or query of IGMP or MLD.
        case multicast
        /// A DHCPv6 server's answer to this chassis.
        case prefixDelegation
        /// An answer to a probe of a service monitor.
        case serviceCheck
        /// A control packet of BFD.
        case bfd
        /// The virtual port of this name shows itself behind the port.
        case virtualPort(String)
        /// A packet for a load balancer without backends; the options of `trigger_event`.
        case emptyLoadBalancer([String: String])
        /// The port's workload runs here from now on.
        case activation
    }

    package let kind: Kind
    /// Where the packet came from: the logical datapath and its port.
    package let port: PortReference
    /// Empty where only the fact counts.
    package let frame: [UInt8]

    package init(_ kind: Kind, _ port: PortReference, frame: [UInt8] = []) {
        self.kind = kind
        self.port = port
        self.frame = frame
    }

    package var service: ServiceClass {
        switch kind {
        case .multicast: .multicast
        case .prefixDelegation: .dhcp
        case .serviceCheck: .serviceCheck
        case .bfd: .bfd
        case .virtualPort, .emptyLoadBalancer, .activation: .event
        }
    }
}
