import Incremental
import OVSDBModel
import Schemas
import Wire

extension Compiler {
    /// Load balancers on routers, one derivation per load balancer.
    func registerRouterBalancing() {
        registerBalancedGroups()
        registerBalancedGateways()
        registerServicesBesideTranslations()
        registerServiceAnswers()
    }

    private func registerBalancedGroups() {
        let (outputs, balancing, router) = (outputs, balancing, routerBalancing)
        let (model, scene) = (
            model, MeteringScene(inputs: inputs, outputs: outputs, model: model)
        )
        engine.emitter("balanced routers", over: balancing.balancers) { key, balancer, context in
            guard let balancer, let reach = context.read(balancing.reaches, key),
                let everyone = balancing.group(.router, of: reach, context)
            else { return }
            let services = context.read(balancing.services, key) ?? []
            let announces =
                balancer.options.announcesEmpty
                || model.deployment.settings(context).announcesEmpty
            let controls = balancer.options.rejects || announces
            let emit = { (feature: any RouterFeature, group: DatapathGroup) in
                let apart =
                    controls
                    ? balancing.apart(reach, .router, scene, context) { datapath in
                        router.isMember(datapath, of: group, reach, model, context)
                    } : []
                context.emit(feature, .group(group), hint: key, apart: apart, to: outputs)
            }
            if balancer.options.isStateless {
                for group in router.groups(reach, where: { $0.gateways == .several }, context) {
                    emit(BalancedByHash(balancer: balancer, services: services), group.group)
                }
                for group in router.groups(reach, where: { $0.gateways != .several }, context) {
                    emit(BalancedConnections(balancer: balancer, services: services), group.group)
                }
            } else {
                emit(BalancedConnections(balancer: balancer, services: services), everyone)
            }
            for group in router.groups(reach, where: { $0.gateways == .none }, context) {
                let origin = balancer.origin(isForced: group.variant.isForced)
                emit(
                    BalancedOpening(balancer: balancer, services: services, origin: origin),
                    group.group)
            }
            if !balancer.templates.isEmpty {
                for group in router.groups(reach, where: { $0.gateways == .none }, context) {
                    let origin = balancer.origin(isForced: group.variant.isForced)
                    emit(BalancedTemplates(balancer: balancer, origin: origin), group.group)
                }
            }
            if balancer.options.affinityTimeout != nil {
                for group in router.groups(reach, where: { _ in true }, context) {
                    let origin = balancer.origin(isForced: group.variant.isForced)
                    emit(
                        BalancedAffinity(balancer: balancer, services: services, origin: origin),
                        group.group)
                }
            }
            if announces {
                emit(
                    BalancedEvents(
                        balancer: balancer, services: services, origin: key.description),
                    everyone)
            }
        }
    }

    private func registerBalancedGateways() {
        let (outputs, model, balancing, router) = (outputs, model, balancing, routerBalancing)
        engine.emitter("balanced gateways", over: balancing.balancers) { key, balancer, context in
            guard let balancer, let reach = context.read(balancing.reaches, key) else { return }
            let places = context.members(router.gateways, reach)
            guard !places.isEmpty else { return }
            let services = context.read(balancing.services, key) ?? []
            let sharesZone = model.deployment.settings(context).sharesZone
            for place in places {
                guard let gateway = context.read(model.gateways.ports, place.port) ?? nil,
                    let owner = context.read(model.gateways.routers, gateway.port.router) ?? nil
                else { continue }
                let count = context.members(
                    model.gateways.portsOfRouter, gateway.port.router
                ).count
                let feature: any RouterFeature =
                    balancer.options.isStateless && count > 1
                    ? StatelessGateway(balancer: balancer, services: services, gateway: gateway)
                    : BalancedGateway(
                        balancer: balancer, services: services,
                        origin: balancer.origin(isForced: !owner.forcedAfterBalancing.isEmpty),
                        gateway: gateway, sharesZone: sharesZone)
                context.emit(feature, .datapath(gateway.port.router), hint: key, to: outputs)
                if !balancer.templates.isEmpty {
                    context.emit(
                        BalancedTemplates(
                            balancer: balancer,
                            origin: balancer.origin(
                                isForced: !owner.forcedAfterBalancing.isEmpty),
                            residence: gateway.redirect),
                        .datapath(gateway.port.router), hint: key, to: outputs)
                }
            }
        }
    }

    private func registerServicesBesideTranslations() {
        let (outputs, balancing, translations) = (outputs, balancing, translations)
        engine.emitter("services beside translations", over: balancing.services) {
            key, services, context in
            guard let balancer = context.read(balancing.balancers, key) ?? nil else { return }
            for service in services {
                let rules = context.members(translations.byExternal, service.service.address)
                let routers = rules.compactMap {
                    (context.read(translations.all, $0) ?? nil)?.rule.router
                }
                for router in Set(routers).sorted()
                where balancing.applies(key, to: router, context) {
                    context.emit(
                        ServiceBesideTranslation(balancer: balancer, service: service),
                        .datapath(router), hint: key, to: outputs)
                }
            }
        }
    }

    /// Addresses that routers answer for, as sets, and what leads requests to the routers.
    private func registerServiceAnswers() {
        let (inputs, outputs, model, balancing) = (inputs, outputs, model, balancing)
        let router = routerBalancing
        let answering: Incremental.Relation<AnsweringRouter> = engine.relation("answering router")
        engine.emitter("services' neighbours", over: balancing.balancers) {
            key, balancer, context in
            guard let balancer, balancer.options.responder != .none,
                let reach = context.read(balancing.reaches, key), !reach.isEmpty
            else { return }
            for address in Set(balancer.services.map(\.address)).sorted() {
                let ports = router.networks.ports(reaching: address, context)
                var routers: Set<RowUUID> = []
                for row in ports {
                    guard let port = context.read(model.routerPorts, row) ?? nil,
                        balancing.applies(key, to: port.router, context)
                    else { continue }
                    routers.insert(port.router)
                    guard let side = model.side(of: row, context),
                        !port.addresses.contains(address)
                    else { continue }
                    context.emit(
                        TranslationOnSwitch(side: side, address: address),
                        .datapath(side.port.datapath), to: outputs)
                }
                if balancer.options.responder == .all {
                    routers.formUnion(balancing.routers(of: reach, inputs, model, context))
                }
                for owner in routers {
                    guard let number = context.read(model.datapathKeys, owner) else { continue }
                    let isIPv4 = address.v4 != nil
                    context.emit(answering, AnsweringRouter(router: owner, isIPv4: isIPv4))
                    context.emit(
                        outputs.addressSetMembers,
                        AddressSetMember(
                            set: ServiceAnswers.set(number, isIPv4: isIPv4),
                            address: address.description))
                }
            }
        }
        registerAnswers(engine.collect(answering))
    }

    private func registerAnswers(_ answering: Function<AnsweringRouter, Nothing>) {
        let (outputs, model) = (outputs, model)
        engine.emitter("services' address set", over: answering) { owner, _, context in
            guard let number = context.read(model.datapathKeys, owner.router) else { return }
            context.emit(
                outputs.addressSets,
                AddressSetRow(
                    name: ServiceAnswers.set(number, isIPv4: owner.isIPv4), isGenerated: true))
        }
        engine.emitter("services' answers", over: model.routerPorts) { key, port, context in
            guard let port, port.isEnabled else { return }
            let families = [true, false].map { isIPv4 in
                context.read(answering, AnsweringRouter(router: port.router, isIPv4: isIPv4))
                    != nil
            }
            guard families.contains(true),
                let number = context.read(model.datapathKeys, port.router)
            else { return }
            context.emit(
                ServiceAnswers(
                    port: port, place: context.read(model.gateways.places, key) ?? .anywhere,
                    key: number, hasIPv4: families[0], hasIPv6: families[1]),
                .datapath(port.router), to: outputs)
        }
    }
}

extension LoadBalancer {
    func origin(isForced: Bool) -> BalancedOrigin {
        options.skipsSNAT ? .skipped : isForced ? .forced : .kept
    }
}
