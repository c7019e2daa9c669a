import LogicalFlow

/// Packets that leave by a distributed gateway port go to the chassis that has it.
package struct GatewayRedirect: RouterFeature {
    package let gateway: GatewayPort

    package init(gateway: GatewayPort) { self.gateway = gateway }

    package func emit(into flows: inout RouterFlows) {
        if !gateway.leadsToVTEP {
            flows.add(
                .inGatewayRedirect, 50, .outport(gateway.port.name),
                [.outport(gateway.redirect), .next])
        }
        if gateway.port.isBridged {
            // Elsewhere the next hop isn't asked for: the chassis that has the port will.
            flows.add(
                .inNeighbourResolve, 50,
                .both(
                    .outport(gateway.port.name), .not(.isChassisResident(gateway.redirect))),
                [.load(.ethDst, gateway.port.mac), .next])
        }
    }
}
