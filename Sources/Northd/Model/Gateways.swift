// Where a router's packets are: everywhere, on the chassis of a gateway router, or, at a distributed
// gateway port, on the chassis that its HA group elects. Such a port has a second Port_Binding,
// "cr-" and its name, which stands for the port on that chassis and which chassis claim.

import Incremental
import OVSDBModel
import Schemas
import Wire

/// A distributed gateway port.
package struct GatewayPort: Hashable, Sendable {
    package let row: RowUUID
    package let port: RouterPort
    /// The Port_Binding that stands for the port on the elected chassis.
    package let redirect: String
    /// The same of the switch port at the other side. It exists where the switch has no way out of
    /// its own, so that everything for the router's networks goes to the elected chassis.
    package let peerRedirect: String?
    /// A hardware VTEP is on the switch, and reaches the router anywhere.
    package let leadsToVTEP: Bool
}

/// What is special about a router port for reasons of place.
package struct RouterPlace: Hashable, Sendable {
    package let isGatewayRouter: Bool
    /// Distributed gateway ports of the router; 0 on a gateway router.
    package let gatewayCount: Int
    /// Set if this is a distributed gateway port.
    package let gateway: GatewayPort?
    /// Port whose chassis alone answers requests for the port's IPv4 addresses.
    package let answering: String?

    package static let anywhere = RouterPlace(
        isGatewayRouter: false, gatewayCount: 0, gateway: nil, answering: nil)

    package init(
        isGatewayRouter: Bool, gatewayCount: Int, gateway: GatewayPort?, answering: String?
    ) {
        self.isGatewayRouter = isGatewayRouter
        self.gatewayCount = gatewayCount
        self.gateway = gateway
        self.answering = answering
    }

    /// The port's "cr-" port.
    package var redirect: String? { gateway?.redirect }

    /// Port whose chassis alone takes packets in.
    package var admitting: String? { gateway?.leadsToVTEP == false ? redirect : nil }

    /// Neither a gateway router nor one with gateway ports.
    package var isDistributed: Bool { !isGatewayRouter && gatewayCount == 0 }
}

package func redirectName(_ port: String) -> String { "cr-" + port }

package struct Gateways: Sendable {
    package let routers: Function<RowUUID, Router?>
    package let ports: Function<RowUUID, GatewayPort?>
    package let portsOfRouter: Index<RowUUID, RowUUID>
    package let places: Function<RowUUID, RouterPlace>

    init(
        _ engine: Engine, _ inputs: Inputs, routerPorts: Function<RowUUID, RouterPort?>,
        attachments: Function<RowUUID, Attachment?>, switchPorts: Function<RowUUID, SwitchPort?>,
        localnetPorts: Index<RowUUID, RowUUID>, _ problems: Output<Problem>
    ) {
        let routers = engine.function("router", over: inputs.datapaths) { key, row, context in
            row.router.map { row in
                Router(row) { column, reason in
                    context.emit(problems, Problem("Logical_Router", key, column, reason))
                }
            }
        }
        let vtepPorts = engine.index("VTEP ports", of: switchPorts) { _, port in
            port.flatMap { $0.kind == .vtep ? [$0.datapath] : nil } ?? []
        }
        let candidates = engine.subset("ports with gateways", of: routerPorts) { _, port in
            port?.hasGateway == true
        }
        let routerOf = Gateways.owners(engine, candidates, routers, problems)
        let portsOfRouter = engine.index("gateway ports of router", of: routerOf) { _, router in
            router.map { [$0] } ?? []
        }
        ports = engine.function("gateway port", over: candidates) { key, port, context in
            guard let port, let router = context.read(routerOf, key) ?? nil else { return nil }
            let peer = context.read(attachments, key) ?? nil
            let datapath = peer?.switchDatapath
            let isOnly = context.members(portsOfRouter, router).count == 1
            let isIsolated =
                datapath.map { context.first(localnetPorts, $0) == nil } ?? false
            return GatewayPort(
                row: key, port: port, redirect: redirectName(port.name),
                peerRedirect: isOnly && isIsolated
                    ? peer.map { redirectName($0.portName) } : nil,
                leadsToVTEP: datapath.map { context.first(vtepPorts, $0) != nil } ?? false)
        }
        places = Gateways.places(
            engine, routerPorts, attachments, routers, ports, portsOfRouter, localnetPorts)
        self.routers = routers
        self.portsOfRouter = portsOfRouter
    }

    /// A gateway router is on one chassis already.
    private static func owners(
        _ engine: Engine, _ candidates: Function<RowUUID, RouterPort?>,
        _ routers: Function<RowUUID, Router?>, _ problems: Output<Problem>
    ) -> Function<RowUUID, RowUUID?> {
        engine.function("router of gateway port", over: candidates) { key, port, context in
            guard let port, let router = context.read(routers, port.router) ?? nil else {
                return RowUUID?.none
            }
            guard !router.isGatewayRouter else {
                context.emit(
                    problems,
                    Problem(
                        "Logical_Router_Port", key, "gateway_chassis",
                        "a gateway router has no distributed gateway ports"))
                return nil
            }
            return port.router
        }
    }

    private static func places(
        _ engine: Engine, _ routerPorts: Function<RowUUID, RouterPort?>,
        _ attachments: Function<RowUUID, Attachment?>, _ routers: Function<RowUUID, Router?>,
        _ ports: Function<RowUUID, GatewayPort?>, _ portsOfRouter: Index<RowUUID, RowUUID>,
        _ localnetPorts: Index<RowUUID, RowUUID>
    ) -> Function<RowUUID, RouterPlace> {
        engine.function("router place", over: routerPorts) { key, port, context in
            guard let port, let router = context.read(routers, port.router) ?? nil else {
                return .anywhere
            }
            guard !router.isGatewayRouter else {
                return RouterPlace(
                    isGatewayRouter: true, gatewayCount: 0, gateway: nil, answering: nil)
            }
            let gateways = context.members(portsOfRouter, port.router)
            guard let first = gateways.first else { return .anywhere }
            let own = port.hasGateway ? context.read(ports, key) ?? nil : nil
            var answering: String?
            if let datapath = (context.read(attachments, key) ?? nil)?.switchDatapath,
                context.first(localnetPorts, datapath) != nil
            {
                answering = own?.redirect
                if own == nil, port.residesOnRedirect, gateways.count == 1 {
                    answering = (context.read(ports, first) ?? nil)?.redirect
                }
            }
            return RouterPlace(
                isGatewayRouter: false, gatewayCount: gateways.count, gateway: own,
                answering: answering)
        }
    }
}
