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
        let limited = engine.index("ports with a limit", of: model.limitedRouters) { _, router in
            router.map { [$0] } ?? []
        }
        engine.emitter("forwarded packet length", over: model.routerPorts) { key, port, context in
            guard let port else { return }
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
