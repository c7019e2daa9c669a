// A load balancer of the configuration, parsed once, for switches and routers alike.
//
// Property: everything here is a function of one Load_Balancer row and the health checks that it
// names. Which backends are alive is derived later (`BalancedService`), so that a status that
// changes parses nothing again.

import LogicalFlow
import OVSDBModel
import Schemas
import Wire

/// Load_Balancer of ovn-nb(5).
package struct LoadBalancer: Hashable, Sendable {
    package let name: String
    /// In the order of their addresses and ports.
    package let services: [VirtualService]
    /// Of a load balancer with options:template; literal services are then empty.
    package let templates: [TemplateService]
    /// Applies to services with a port.
    package let transport: Action.TransportProtocol
    /// The fields to hash, by the names that `ct_lb_mark` takes.
    package let hashFields: [String]
    package let options: LoadBalancerOptions

    /// There is something to translate: a load balancer without addresses has no flows.
    package var isInUse: Bool { !services.isEmpty || !templates.isEmpty }
}

/// One virtual address and the backends that it stands for.
package struct VirtualService: Hashable, Sendable {
    package let address: IPAddress
    /// Without a port all packets to the address are meant.
    package let port: UInt16?
    package let backends: [ServiceBackend]
    /// Options of the Load_Balancer_Health_Check for this address, if there is one.
    package let healthCheck: [String: String]?

    /// The key of Load_Balancer.vips in canonical form.
    package var text: String { ServiceText.host(address, port) }
}

package struct ServiceBackend: Hashable, Sendable {
    package let address: IPAddress
    package let port: UInt16?
    /// Load_Balancer.ip_port_mappings: where the backend is, and who probes it from where.
    package let placement: BackendPlacement?
}

/// One value of Load_Balancer.ip_port_mappings: `PORT[:SOURCE[:ZONE]]`.
package struct BackendPlacement: Hashable, Sendable {
    package let logicalPort: String
    /// The address that probes come from.
    package let source: IPAddress?
    /// The availability zone that the backend is in, if it is another one.
    package let zone: String?
}

/// A service whose address, port or backends are chassis template variables; texts as written.
package struct TemplateService: Hashable, Sendable {
    package let isIPv6: Bool
    package let address: String
    package let port: String?
    package let backends: String
}

/// Load_Balancer.options.
package struct LoadBalancerOptions: Hashable, Sendable {
    package enum Responder: String, Hashable, Sendable {
        case reachable, all, none
    }

    /// Refuses connections while there is no backend.
    package var rejects = false
    /// Announces connections that find no backend in Controller_Event.
    package var announcesEmpty = false
    package var skipsSNAT = false
    package var addsRoute = false
    /// Backends on the client's chassis only.
    package var isDistributed = false
    package var isStateless = false
    /// Seconds for which a client keeps its backend.
    package var affinityTimeout: UInt16?
    /// Which addresses routers answer ARP requests for.
    package var responder = Responder.reachable
    /// What hairpinned connections seem to come from, instead of the virtual address.
    package var hairpinSources: [IPAddress] = []
    /// Follows the connections, and translates what they say of addresses.
    package var helper: ConnectionHelper?

    package func hairpinSource(of address: IPAddress) -> IPAddress? {
        hairpinSources.first { ($0.v4 == nil) == (address.v4 == nil) }
    }
}

/// The text of hosts, as in Load_Balancer.vips.
package enum ServiceText {
    package static func host(_ address: IPAddress, _ port: UInt16?) -> String {
        switch (address, port) {
        case (_, nil): address.description
        case (.v4(let address), let port?): "\(address):\(port)"
        case (.v6(let address), let port?): "[\(address)]:\(port)"
        }
    }

    /// `A`, `A:PORT` or `[A]:PORT`.
    package static func parse(_ text: some StringProtocol) -> (IPAddress, UInt16?)? {
        if let address = IPAddress(parsing: text) { return (address, nil) }
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...]), port > 0
        else { return nil }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
        return IPAddress(parsing: host).map { ($0, port) }
    }
}

/// A service with the backends that take connections now.
package struct BalancedService: Hashable, Sendable {
    package let service: VirtualService
    package let active: [ServiceBackend]
}

/// Names a row of Service_Monitor (ovn-sb(5)).
package struct ServiceMonitorKey: Hashable, Sendable {
    package let logicalPort: String
    package let address: String
    package let port: Int
    package let transport: String

    package init(logicalPort: String, address: String, port: Int, transport: String) {
        self.logicalPort = logicalPort
        self.address = address
        self.port = port
        self.transport = transport
    }
}
