import Incremental
import OVSDBModel
import Schemas

// Who asks for which key. A port that also stands for itself on a gateway chassis asks for two.

extension Model {
    static func datapathRequests(
        _ engine: Engine, _ inputs: Inputs, _ limits: KeyLimitTable
    ) -> Function<RowUUID, KeyRequest?> {
        engine.function("datapath key request", over: inputs.datapaths) { key, row, context in
            let limit = context.read(limits, 0) ?? nil
            let wanted =
                switch row {
                case .switch(let row): row.otherConfig["requested-tnl-key"]
                case .router(let row): row.options["requested-tnl-key"]
                }
            return KeyRequest(
                space: .zero, wanted: wanted.flatMap { Int($0) },
                existing: context.read(inputs.datapathKeysInUse, key), limit: limit?.datapaths)
        }
    }

    static func switchPortRequests(
        _ engine: Engine, _ ports: Function<RowUUID, SwitchPort?>, _ inputs: Inputs,
        _ sides: Function<RowUUID, RouterSide?>, _ gateways: Gateways,
        _ mirrored: Index<MirrorPlace, RowUUID>, _ limits: KeyLimitTable
    ) -> Function<RowUUID, KeyRequest?> {
        engine.function("switch port key request", over: ports) { key, port, context in
            guard let port else { return nil }
            let side = port.kind.isRouter ? context.read(sides, key) ?? nil : nil
            let gateway = side.flatMap { context.read(gateways.ports, $0.port) ?? nil }
            var further = gateway?.peerRedirect.map { [(key.companion, $0)] } ?? []
            if !port.mirrors.isEmpty {
                further += mirrorKeys(key, port, inputs, mirrored, context)
            }
            return portRequest(
                port.datapath, port.name, port.requestedKey, further: further, inputs, limits,
                context)
        }
    }

    /// The mirror ports whose keys this port asks for: the first one that is mirrored there does.
    private static func mirrorKeys(
        _ key: RowUUID, _ port: SwitchPort, _ inputs: Inputs,
        _ mirrored: Index<MirrorPlace, RowUUID>, _ context: Context
    ) -> [(RowUUID, String)] {
        let sinks = port.mirrors.compactMap { context.read(inputs.mirrors, $0) }
            .filter { $0.type == NB.Mirror.typeLport }.map(\.sink)
        return Set(sinks).sorted().compactMap { sink in
            let place = MirrorPlace(datapath: port.datapath, sink: sink)
            guard context.first(mirrored, place) == key else { return nil }
            let name = context.read(inputs.datapaths, port.datapath)?.switch?.name ?? ""
            return (place.id, MirrorPlace.portName(name, sink))
        }
    }

    static func routerPortRequests(
        _ engine: Engine, _ ports: Function<RowUUID, RouterPort?>, _ inputs: Inputs,
        _ gateways: Gateways, _ limits: KeyLimitTable
    ) -> Function<RowUUID, KeyRequest?> {
        engine.function("router port key request", over: ports) { key, port, context in
            guard let port else { return nil }
            let wanted = context.read(inputs.routerPorts, key)?.options["requested-tnl-key"]
            let gateway = port.hasGateway ? context.read(gateways.ports, key) ?? nil : nil
            return portRequest(
                port.router, port.name, wanted.flatMap { Int($0) },
                further: gateway.map { [(key.companion, $0.redirect)] } ?? [], inputs, limits,
                context)
        }
    }

    private static func portRequest(
        _ datapath: RowUUID, _ name: String, _ wanted: Int?,
        further: [(id: RowUUID, name: String)], _ inputs: Inputs, _ limits: KeyLimitTable,
        _ context: Context
    ) -> KeyRequest {
        KeyRequest(
            space: datapath, wanted: wanted,
            existing: existing(name, datapath, inputs, context),
            limit: (context.read(limits, 0) ?? nil)?.ports,
            companions: further.map {
                KeyRequest.Companion(
                    id: $0.id, existing: existing($0.name, datapath, inputs, context))
            })
    }

    private static func existing(
        _ name: String, _ datapath: RowUUID, _ inputs: Inputs, _ context: Context
    ) -> Int? {
        let state = context.read(inputs.portStates, name)
        return state?.datapath == datapath ? state?.tunnelKey : nil
    }
}
