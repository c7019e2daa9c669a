import LogicalFlow
import Wire

/// Answers to questions for addresses of services, which are an address set per router.
package struct ServiceAnswers: RouterFeature {
    package let port: RouterPort
    package let place: RouterPlace
    /// Tunnel key of the router, which names its sets.
    package let key: Int
    package let hasIPv4: Bool
    package let hasIPv6: Bool

    package func emit(into flows: inout RouterFlows) {
        if hasIPv4 {
            let set = Constant.addressSet(ServiceAnswers.set(key, isIPv4: true))
            flows.add(
                .inIPInput, 90,
                .both(
                    .inport(port.name), .equal(.arpOp, 1), .equal(.arpTPA, set),
                    .resident(place.redirect)),
                NeighbourAnswer.inport.arp)
        }
        if hasIPv6 {
            let set = Constant.addressSet(ServiceAnswers.set(key, isIPv4: false))
            flows.add(
                .inIPInput, 90,
                .both(
                    .inport(port.name), .symbol(.ndNS), .equal(.ndTarget, set),
                    .resident(place.redirect)),
                NeighbourAnswer.inport.advertisement(by: .ndNA))
        }
    }

    static func set(_ key: Int, isIPv4: Bool) -> String {
        "_rtr_lb_\(key)_\(isIPv4 ? "ip4" : "ip6")"
    }
}
