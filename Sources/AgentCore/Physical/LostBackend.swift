import Schemas
import Wire

// A backend that a load balancer gives up keeps the connections that it has, unless the balancer
// says otherwise (ovn-nb(5), `ct_flush`): then they are cut, so that clients get another one. The
// property that must hold: a connection that the balancer could still make is never cut.

/// A backend that a load balancer has given up, with the address that it stood behind.
package struct LostBackend: Hashable, Sendable {
    package let service: VirtualServiceKey
    package let backend: VirtualService.Backend

    package init(_ service: VirtualServiceKey, _ backend: VirtualService.Backend) {
        self.service = service
        self.backend = backend
    }

    /// Whether a connection to `destination` is one of the service that `source` of the backend
    /// answers.
    package func has(
        proto: UInt8, destination: (IPAddress, UInt16), answerFrom source: (IPAddress, UInt16)
    ) -> Bool {
        guard destination.0 == service.address, source.0 == backend.address else { return false }
        guard let port = service.port else { return true }
        return service.proto == proto && destination.1 == port
            && source.1 == backend.port ?? source.1
    }

    /// What a change of a row gives up.
    package static func all(
        from old: SB.LoadBalancer, to new: SB.LoadBalancer?
    ) -> Set<LostBackend> {
        guard (new ?? old).options["ct_flush"] == "true" else { return [] }
        return backends(of: old).subtracting(new.map(backends) ?? [])
    }

    private static func backends(of row: SB.LoadBalancer) -> Set<LostBackend> {
        let services = VirtualServices([(row, datapaths: [])]) { _ in }.services
        return Set(
            services.flatMap { key, service in
                service.backends.map { LostBackend(key, $0) }
            })
    }
}
