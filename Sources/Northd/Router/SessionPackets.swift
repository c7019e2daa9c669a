import LogicalFlow
import Wire

/// BFD packets of the sessions at a port (RFC 5881): the chassis runs them.
package struct SessionPackets: RouterFeature {
    package let port: RouterPort

    package init(port: RouterPort) { self.port = port }

    package func emit(into flows: inout RouterFlows) {
        add(port.networks4.map { .v4($0.address) }, .ip4Src, .ip4Dst, &flows)
        add(port.networks6.map { .v6($0.address) }, .ip6Src, .ip6Dst, &flows)
    }

    private func add(
        _ addresses: [IPAddress], _ source: Symbol, _ destination: Symbol,
        _ flows: inout RouterFlows
    ) {
        if addresses.isEmpty { return }
        let own = addresses.map(Constant.ip)
        flows.add(.inIPInput, 110, .both(.equal(source, own), .isSessionPacket), [.next])
        flows.add(
            .inIPInput, 110, .both(.equal(destination, own), .isSessionPacket),
            [.handleBFDMessage])
    }
}
