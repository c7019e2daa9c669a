import Datapath
import LogicalFlow
import Pipeline
import Wire

// Session affinity of load balancers.

extension Translator {
    /// `chk_lb_aff`: whether the client has a backend already; it is loaded into registers then.
    mutating func findAffinity(_ snapshot: TranslationSnapshot) -> Bool {
        guard let (client, address) = addresses() else { return false }
        let proto = UInt8(truncatingIfNeeded: key.read(.ipProtocol))
        var services = [VirtualServiceKey(address)]
        if IPProtocol.hasPorts(proto) {
            let port = UInt16(truncatingIfNeeded: key.read(.destinationPort))
            services.insert(VirtualServiceKey(address, proto: proto, port: port), at: 0)
        }
        let datapath = UInt32(key.read(.datapath))
        for service in services {
            let number = AffinityKey(datapath: datapath, client: client, service: service)
            depend(on: .affinity(number))
            guard let binding = affinities[number], has(binding.backend, service, snapshot) else {
                continue
            }
            load(binding.backend, datapath, snapshot)
            effect(.affinityUse(number))
            return true
        }
        return false
    }

    /// A backend that the load balancer has given up binds nobody any more, also when it comes
    /// back: its clients have been bound anew by then. (Services of templates are not known here.)
    private mutating func has(
        _ backend: VirtualService.Backend, _ service: VirtualServiceKey,
        _ snapshot: TranslationSnapshot
    ) -> Bool {
        depend(on: .virtualService(service))
        let known = snapshot.view.virtualServices.services[service]
        return known?.backends.contains(backend) != false
    }

    /// Where the pipeline expects the backend.
    private mutating func load(
        _ backend: VirtualService.Backend, _ datapath: UInt32, _ snapshot: TranslationSnapshot
    ) {
        depend(on: .registers)
        let registers = snapshot.view.registers
        let isRouter = isRouter(datapath, snapshot)
        switch backend.address {
        case .v4: key.load(.register(4), backend.address.number)
        case .v6:
            let field: KeyField = registers.isOld && !isRouter ? .xxreg0 : .xxreg1
            key.load(KeySpan(field), backend.address.number)
        }
        let port = KeySpan.register(registers.isOld ? 8 : 2).part(offset: 0, width: 16)
        key.load(port, UInt128(backend.port ?? 0))
    }

    /// `commit_lb_aff`.
    mutating func bindAffinity(_ affinity: Action.Affinity) {
        takeSlowPath(.bindsClient)
        guard let (client, _) = addresses() else { return }
        let number = AffinityKey(
            datapath: UInt32(key.read(.datapath)), client: client,
            service: VirtualServiceKey(
                affinity.address.address, proto: affinity.protocol?.number,
                port: affinity.address.port))
        effect(
            .affinity(
                number,
                AffinityBinding(
                    backend: .init(affinity.backend.address, port: affinity.backend.port),
                    timeout: Milliseconds(affinity.timeout) * 1000)))
    }

    /// The addresses of an IP packet.
    func addresses() -> (source: IPAddress, destination: IPAddress)? {
        switch UInt16(key.read(.ethernetType)) {
        case EtherType.ipv4:
            (
                .v4(IPv4Address(UInt32(truncatingIfNeeded: key.read(.ipv4Source)))),
                .v4(IPv4Address(UInt32(truncatingIfNeeded: key.read(.ipv4Destination))))
            )
        case EtherType.ipv6:
            (
                .v6(IPv6Address(key.read(KeySpan(.ipv6Source)))),
                .v6(IPv6Address(key.read(KeySpan(.ipv6Destination))))
            )
        default: nil
        }
    }
}
