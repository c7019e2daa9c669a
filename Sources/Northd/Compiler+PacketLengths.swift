import Incremental
import LogicalFlow
import OVSDBModel
import Schemas

extension Compiler {
    /// options:gateway_mtu. What leaves by a port with a limit may come in at any other port of
    /// the router, so one port more is one answer more.
    func registerPacketLengths() {
        let (outputs, model, services) = (outputs, model, services)
        engine.emitter("packet length", over: model.limits) { key, limit, context in
            guard let limit, let port = context.read(model.routerPorts, key) ?? nil else { return }
            let savesState = model.deployment.has(.saveState, in: context)
            context.emit(
                PacketLength(
                    port: port, limit: limit, savesState: savesState,
                    translates: model.deployment.has(.commitNAT, in: context)),
                .datapath(port.router), hint: key,
                meters: services.meters(of: port.router, context), to: outputs)
        }
        registerNarrowPaths()
        let limited = engine.index("ports with a limit", of: model.limitedRouters) { _, router in
            router.map { [$0] } ?? []
        }
        engine.emitter("forwarded packet length", over: model.routerPorts) { key, port, context in
            guard let port else { return }
            Compiler.emitAnswers(key, port, model, services, outputs, context)
            for other in context.members(limited, port.router) where other != key {
                guard let limit = context.read(model.limits, other) ?? nil,
                    let outport = context.read(model.routerPorts, other) ?? nil
                else { continue }
                context.emit(
                    ForwardedPacketLength(
                        inport: port, outport: outport.name, mtu: limit.mtu,
                        savesState: model.deployment.has(.saveState, in: context)),
                    .datapath(port.router), hint: key,
                    meters: services.meters(of: port.router, context), to: outputs)
            }
        }
    }
}

extension Compiler {
    /// Where a route narrows by what networks are known to carry.
    private func registerNarrowPaths() {
        let (inputs, outputs, model, services) = (inputs, outputs, model, services)
        engine.emitter("narrow port", over: model.pathMTU.known) { key, mtu, context in
            guard let mtu, let port = context.read(model.routerPorts, key) ?? nil else { return }
            let part = model.pathMTU.narrowing(mtu, of: port.router, context)
            guard part != .unknown else { return }
            context.emit(
                NarrowPort(
                    port: port.name, mtu: part, header: model.headerLength(key, inputs, context),
                    savesState: model.deployment.has(.saveState, in: context),
                    translates: model.deployment.has(.commitNAT, in: context)),
                .datapath(port.router), hint: key, to: outputs)
        }
        let narrow = engine.subset("narrow switch ports", of: model.switchPorts) { _, port in
            port?.mtu != nil
        }
        engine.emitter("narrow switch port", over: narrow) { key, port, context in
            guard let port, let mtu = port.mtu, port.isEnabled else { return }
            context.emit(
                NarrowSwitchPort(port: port, mtu: mtu), .datapath(port.datapath), hint: key,
                meters: services.meters(of: port.datapath, context), to: outputs)
        }
    }
}

extension Compiler {
    /// A port's answers to packets that are too long for other networks of the router.
    private static func emitAnswers(
        _ key: RowUUID, _ port: RouterPort, _ model: Model, _ services: Services,
        _ outputs: Outputs, _ context: Context
    ) {
        let mtu = context.read(model.pathMTU.ofPort, key) ?? nil
        let own = mtu ?? NetworkMTU(v4: port.mtu, v6: port.mtu)
        let sizes = model.pathMTU.narrower(than: own, of: port.router, context)
        if sizes.v4.isEmpty && sizes.v6.isEmpty { return }
        context.emit(
            NarrowPathAnswer(
                inport: port, sizes4: sizes.v4, sizes6: sizes.v6,
                savesState: model.deployment.has(.saveState, in: context)),
            .datapath(port.router), hint: key,
            meters: services.meters(of: port.router, context), to: outputs)
    }
}

extension Model {
    /// Of the Ethernet header on the network of a router port, with a tag if it has one.
    func headerLength(_ key: RowUUID, _ inputs: Inputs, _ context: Context) -> Int {
        let datapath = (context.read(attachments, key) ?? nil)?.switchDatapath
        let localnets = datapath.map { context.members(localnetPorts, $0) } ?? []
        let isTagged = localnets.contains {
            (context.read(inputs.switchPorts, $0)?.tagRequest ?? 0) > 0
        }
        return isTagged ? 18 : 14
    }
}

extension Model {
    /// The limits of the ports that have one.
    static func limits(
        _ engine: Engine, _ inputs: Inputs, _ limited: Function<RowUUID, RouterPort?>,
        _ attachments: Function<RowUUID, Attachment?>, _ localnetPorts: Index<RowUUID, RowUUID>,
        _ problems: Output<Problem>
    ) -> Function<RowUUID, PacketLimit?> {
        engine.function("packet limit", over: limited) { key, port, context in
            guard let port, let mtu = port.mtu else { return PacketLimit?.none }
            let datapath = (context.read(attachments, key) ?? nil)?.switchDatapath
            let localnets = datapath.map { context.members(localnetPorts, $0) } ?? []
            let isTagged = localnets.contains {
                (context.read(inputs.switchPorts, $0)?.tagRequest ?? 0) > 0
            }
            var bypass: Match?
            if let text = context.read(inputs.routerPorts, key)?.options["gateway_mtu_bypass"] {
                do throws(LanguageError) {
                    bypass = try Match(parsing: text)
                } catch {
                    context.emit(
                        problems,
                        Problem(
                            "Logical_Router_Port", key, "options:gateway_mtu_bypass",
                            error.description))
                }
            }
            return PacketLimit(mtu: mtu, header: isTagged ? 18 : 14, bypass: bypass)
        }
    }
}
