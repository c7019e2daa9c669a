// Port_Binding.nat_addresses: what the chassis of a router announces by gratuitous ARP on the switch
// (ovn-nb(5), options:nat-addresses of a router's switch port; ovn-sb(5), Port_Binding).

import Incremental
import OVSDBModel
import Schemas
import Wire

extension BindingParts {
    /// `MAC IP... [is_chassis_resident("PORT")]` each.
    func announcements(
        _ port: SwitchPort, _ row: NB.LogicalSwitchPort, _ side: RouterSide, _ context: Context
    ) -> [String] {
        guard let router = context.read(model.gateways.routers, side.router) ?? nil,
            let routerPort = context.read(model.routerPorts, side.port) ?? nil
        else { return [] }
        let place = context.read(model.gateways.places, side.port) ?? .anywhere
        let isPlaced = router.isGatewayRouter || place.gatewayCount > 0
        var result: [String] = []
        switch row.options["nat-addresses"] {
        case nil: break
        case "router":
            if isPlaced {
                let virtual =
                    row.options["exclude-lb-vips-from-garp"] == "true"
                    ? [] : virtualAddresses(of: side.router, context)
                result += translated(side, routerPort, place, virtual, context)
            }
        case let text?:
            if isPlaced, (try? PortAddress(parsing: text)) != nil {
                result.append(text + resident(residence(side, place, context)))
            }
        }
        if announcesRouter(port, row, routerPort, router, place, context) {
            let words = [routerPort.mac.description] + routerPort.networks4.map { "\($0.address)" }
            result.append(
                words.joined(separator: " ") + resident(residence(side, place, context)))
        }
        return result
    }

    /// The router's own addresses are announced where one chassis has them.
    private func announcesRouter(
        _ port: SwitchPort, _ row: NB.LogicalSwitchPort, _ routerPort: RouterPort,
        _ router: Router, _ place: RouterPlace, _ context: Context
    ) -> Bool {
        if row.options["exclude-router-ips-from-garp"] == "true" { return false }
        if place.gateway != nil { return true }
        if place.gatewayCount > 0 {
            return routerPort.residesOnRedirect && place.gatewayCount == 1
        }
        return router.isGatewayRouter
            && context.first(model.localnetPorts, port.datapath) != nil
    }

    /// The port whose chassis announces: that of this gateway port, else of the first.
    private func residence(
        _ side: RouterSide, _ place: RouterPlace, _ context: Context
    ) -> String? {
        if let redirect = place.redirect { return redirect }
        guard place.gatewayCount > 0 else { return nil }
        return context.first(model.gateways.portsOfRouter, side.router).flatMap {
            (context.read(model.gateways.ports, $0) ?? nil)?.redirect
        }
    }

    private func resident(_ port: String?) -> String {
        port.map { " is_chassis_resident(\"\($0)\")" } ?? ""
    }

    /// External addresses of the rules at this port: distributed ones each by itself, the others
    /// with the services' addresses.
    private func translated(
        _ side: RouterSide, _ port: RouterPort, _ place: RouterPlace, _ virtual: [IPAddress],
        _ context: Context
    ) -> [String] {
        var result: [String] = []
        var central: Set<IPAddress> = []
        for key in context.members(translations.byRouter, side.router) {
            guard let translation = context.read(translations.all, key) ?? nil else { continue }
            let rule = translation.rule
            if !rule.isIPv4 { continue }
            if let gateway = translation.gateway, place.gatewayCount > 1, gateway.row != side.port {
                continue
            }
            if rule.kind == .both, let station = rule.station, translation.gateway != nil {
                result.append(
                    "\(station.mac) \(rule.external)" + resident(station.port))
            } else if !port.addresses.contains(rule.external) {
                central.insert(rule.external)
            }
        }
        central.formUnion(virtual)
        guard !central.isEmpty else { return result }
        let words = [port.mac.description] + central.sorted().map(\.description)
        return result + [words.joined(separator: " ") + resident(place.redirect)]
    }

    private func virtualAddresses(of router: RowUUID, _ context: Context) -> [IPAddress] {
        let groups = context.read(inputs.datapaths, router)?.loadBalancerGroups ?? []
        return balancing.balancers(of: router, groups, context).flatMap { key in
            (context.read(balancing.balancers, key) ?? nil)?.services.map(\.address) ?? []
        }
    }
}
