import LogicalFlow

/// A load balancer whose addresses are chassis template variables: its flows are texts that each
/// chassis completes with its own (Chassis_Template_Var). Only the parts without variables are
/// values.
package struct TemplateLoadBalancing: SwitchFeature {
    package let balancer: LoadBalancer
    package let service: TemplateService

    package func emit(into flows: inout SwitchFlows) {
        let transport = balancer.transport
        let destination = "\(service.isIPv6 ? "ip6" : "ip4").dst == \(service.address)"
        let translate = Match.equal(SwitchCell.mustTranslate, 1)
        let port = service.port.map { " && \(transport.destination.name) == \($0)" } ?? ""
        flows.add(
            .inPreStateful, 120, text: "\(translate) && \(destination)\(port)",
            actionText: "\(remember)\(Action.ctLoadBalance(Action.LoadBalance(.mark)))")
        let connection =
            service.port.map {
                let number = Match.equal(SwitchCell.connectionProtocol, transport.number)
                return " && \(number) && \(SwitchCell.connectionPort) == \($0)"
            } ?? ""
        flows.add(
            .inLoadBalancer, service.port == nil ? 110 : 120,
            text: "\(Match.symbol(.ctNew)) && \(destination)\(connection)",
            actionText: service.backends.isEmpty ? refuse : distribute,
            reason: drops ? .noBackends : nil)
    }

    private var remember: String {
        let register = service.isIPv6 ? SwitchCell.virtual6 : SwitchCell.virtual4
        let port = service.port.map { "\(SwitchCell.virtualPort) = \($0); " } ?? ""
        return "\(register) = \(service.address); \(port)"
    }

    private var drops: Bool { service.backends.isEmpty && !balancer.options.rejects }

    private var refuse: String {
        let actions = ActionList(ACLVerdicts.reject(isIngress: true))
        return (drops ? .drop : actions).description
    }

    private var distribute: String {
        let hash = balancer.hashFields
        let fields = hash.isEmpty ? "" : "; hash_fields=\"\(hash.joined(separator: ","))\""
        return "\(remember)ct_lb_mark(backends=\(service.backends)\(fields));"
    }
}
