import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Address translation, one derivation per rule.
    func registerTranslations() {
        registerRules()
        registerTranslatedAddresses()
        registerForcedSources()
        registerCommitAll()
        registerTranslationsOnSwitches()
    }

    private func registerRules() {
        let (outputs, model) = (outputs, model)
        engine.emitter("translation flows", over: translations.all) { key, translation, context in
            guard let translation else { return }
            let rule = translation.rule
            let router = context.read(model.gateways.routers, rule.router) ?? nil
            let scope = FlowScope.datapath(rule.router)
            let tracks =
                router?.commitsAll != true
                && model.deployment.has(.commitToZone, .nextZone, in: context)
            context.emit(
                SourceTranslation(translation: translation, tracksZones: tracks), scope,
                hint: key, to: outputs)
            context.emit(
                DestinationTranslation(
                    translation: translation,
                    forcesSource: router?.forcedAfterDNAT.isEmpty == false),
                scope, hint: key, to: outputs)
            guard let gateway = translation.gateway else { return }
            context.emit(
                DistributedTranslation(
                    translation: translation,
                    limit: gateway.port.mtu == nil
                        ? nil : context.read(model.limits, gateway.row) ?? nil,
                    portIsVirtual: model.isVirtual(rule.station?.port, context)),
                scope, hint: key, to: outputs)
            context.emit(
                RestrictedTranslation(translation: translation), scope, hint: key, to: outputs)
        }
    }

    /// Rules with one external address contribute the same flows, so these name no rule.
    private func registerTranslatedAddresses() {
        let (outputs, model) = (outputs, model)
        engine.emitter("translated address", over: translations.all) { _, translation, context in
            guard let translation else { return }
            let scope = FlowScope.datapath(translation.rule.router)
            context.emit(SourceRestoration(translation: translation), scope, to: outputs)
            context.emit(
                TranslatedAddress(
                    translation: translation,
                    sharesZone: model.deployment.settings(context).sharesZone),
                scope, to: outputs)
        }
    }

    private func registerForcedSources() {
        let (outputs, model) = (outputs, model)
        engine.emitter("forced source", over: model.gateways.routers) { key, router, context in
            guard let router, router.isGatewayRouter else { return }
            context.emit(
                ForcedSourceTranslation(router: router), .datapath(key), hint: key, to: outputs)
        }
        engine.emitter("port source", over: model.routerPorts) { key, port, context in
            guard let port,
                (context.read(model.gateways.routers, port.router) ?? nil)?.forcedAfterBalancing
                    .isPortAddress == true,
                (context.read(model.attachments, key) ?? nil) != nil
            else { return }
            context.emit(
                PortSourceTranslation(port: port), .datapath(port.router), hint: key, to: outputs)
        }
    }

    private func registerCommitAll() {
        let (outputs, model, translations, balancing) = (outputs, model, translations, balancing)
        engine.emitter("commit all", over: model.gateways.ports) { key, gateway, context in
            guard let gateway else { return }
            let router = gateway.port.router
            guard model.commitsAll(router, translations, balancing, context) else { return }
            context.emit(
                CommitAll(gateway: gateway), .datapath(router), hint: key, to: outputs)
        }
    }

    /// Who asks for an external address on a switch is led to the router.
    private func registerTranslationsOnSwitches() {
        let (outputs, model) = (outputs, model)
        engine.emitter("translation on switches", over: translations.all) {
            key, translation, context in
            guard let translation else { return }
            let rule = translation.rule
            for side in model.sides(of: translation, context)
            where !side.router.addresses.contains(rule.external) {
                context.emit(
                    TranslationOnSwitch(side: side, address: rule.external),
                    .datapath(side.port.datapath), to: outputs)
            }
            guard let gateway = translation.gateway, let station = rule.station,
                let side = model.side(of: gateway.row, context)
            else { return }
            context.emit(
                StationDelivery(port: side.port, station: station),
                .datapath(side.port.datapath), hint: key, to: outputs)
        }
    }
}

extension Model {
    /// options:ct-commit-all, where something needs connection tracking.
    func commitsAll(
        _ key: RowUUID, _ translations: Translations, _ balancing: LoadBalancing,
        _ context: Context
    ) -> Bool {
        guard let router = context.read(gateways.routers, key) ?? nil, router.commitsAll,
            deployment.has(.commitToZone, .nextZone, in: context)
        else { return false }
        return !router.forcedAfterDNAT.isEmpty || !router.forcedAfterBalancing.isEmpty
            || context.first(translations.stateful, key) != nil
            || context.read(balancing.balancedDatapaths, key) != nil
    }

    func isVirtual(_ name: String?, _ context: Context) -> Bool {
        guard let name, let key = context.first(switchPortByName, name) else { return false }
        return (context.read(switchPorts, key) ?? nil)?.kind == .virtual
    }

    /// The enabled router port of this row and the switch port that leads to it.
    func side(of key: RowUUID, _ context: Context) -> SwitchSide? {
        guard let router = context.read(routerPorts, key) ?? nil, router.isEnabled,
            case .switch(_, let portKey, _)? = context.read(attachments, key) ?? nil,
            let port = context.read(switchPorts, portKey) ?? nil
        else { return nil }
        return SwitchSide(
            port: port, router: router,
            requests: RequestsToRouter(
                port: port.name, redirect: redirect(of: router, key, context),
                switchHasHosts: context.read(hasHosts, port.datapath) != nil,
                switchFloodsUnknown: context.first(unknownPorts, port.datapath) != nil))
    }

    private func redirect(
        of port: RouterPort, _ key: RowUUID, _ context: Context
    ) -> String? {
        guard port.hasGateway else { return nil }
        return (context.read(gateways.ports, key) ?? nil)?.peerRedirect
    }

    /// All switches on the router may be asked for the address, unless the rule names its port.
    fileprivate func sides(
        of translation: Translation, _ context: Context
    ) -> [SwitchSide] {
        let rule = translation.rule
        if rule.namesGateway, let gateway = translation.gateway {
            return side(of: gateway.row, context).map { [$0] } ?? []
        }
        return context.members(portsOfRouter, rule.router).compactMap { side(of: $0, context) }
    }
}
