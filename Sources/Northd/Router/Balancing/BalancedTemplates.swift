import LogicalFlow

/// Services whose addresses are chassis template variables: texts that each chassis completes with
/// its own (Chassis_Template_Var).
package struct BalancedTemplates: RouterFeature {
    package let balancer: LoadBalancer
    package let origin: BalancedOrigin
    /// At a gateway port: where it is.
    package let residence: String?

    package init(
        balancer: LoadBalancer, origin: BalancedOrigin, residence: String? = nil
    ) {
        self.balancer = balancer
        self.origin = origin
        self.residence = residence
    }

    package func emit(into flows: inout RouterFlows) {
        for service in balancer.templates {
            let family = service.isIPv6 ? "ip6" : "ip4"
            let toAddress = "\(family).dst == \(service.address)"
            flows.add(.inIPInput, 100, text: toAddress, [.next])
            flows.add(.inDefrag, 100, text: "ip && \(toAddress)", [.ctNAT(.dnat, nil)])
            let new = Match.both(.symbol(.ctNew), .not(.symbol(.ctRel)))
            let here = residence.map { " && \(Match.isChassisResident($0))" } ?? ""
            flows.add(
                .inDNAT, service.port == nil ? 110 : 120,
                text: "\(new) && \(family) && \(toAddress)\(connection(service))\(here)",
                actionText: open(service), reason: drops(service) ? .noBackends : nil)
        }
    }

    private func connection(_ service: TemplateService) -> String {
        guard let port = service.port else { return "" }
        let number = Match.equal(RouterCell.protocol, balancer.transport.number)
        return " && \(number) && \(RouterCell.destinationPort) == \(port)"
    }

    private func drops(_ service: TemplateService) -> Bool {
        service.backends.isEmpty && !balancer.options.rejects
    }

    private func open(_ service: TemplateService) -> String {
        if service.backends.isEmpty {
            return (drops(service) ? .drop : ServiceTerms.refusal(origin)).description
        }
        let flag = origin.flag.isEmpty ? "" : "\(ActionList(origin.flag)) "
        let fields =
            balancer.hashFields.isEmpty
            ? "" : "; hash_fields=\"\(balancer.hashFields.joined(separator: ","))\""
        let snat = origin.snat.map { "; \($0.rawValue)" } ?? ""
        return "\(flag)ct_lb_mark(backends=\(service.backends)\(fields)\(snat));"
    }
}
