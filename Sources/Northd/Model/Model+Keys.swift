import Incremental
import OVSDBModel
import Schemas

// Who asks for which key. A port that also stands for itself on a gateway chassis asks for two.

extension Model {
    static func datapathRequests(
        _ engine: Engine, _ inputs: Inputs
    ) -> Function<RowUUID, KeyRequest?> {
        engine.function("datapath key request", over: inputs.datapaths) { key, row, context in
            let wanted =
                switch row {
                case .switch(let row): row.otherConfig["requested-tnl-key"]
                case .router(let row): row.options["requested-tnl-key"]
                }
            return KeyRequest(
                space: .zero, wanted: wanted.flatMap { Int($0) },
                existing: context.read(inputs.datapathKeysInUse, key))
        }
    }

    static func switchPortRequests(
        _ engine: Engine, _ ports: Function<RowUUID, SwitchPort?>, _ inputs: Inputs,
        _ sides: Function<RowUUID, RouterSide?>, _ gateways: Gateways
    ) -> Function<RowUUID, KeyRequest?> {
        engine.function("switch port key request", over: ports) { key, port, context in
            guard let port else { return nil }
            let options = context.read(inputs.switchPorts, key)?.options
            let side = port.kind.isRouter ? context.read(sides, key) ?? nil : nil
            let gateway = side.flatMap { context.read(gateways.ports, $0.port) ?? nil }
            return portRequest(
                port.datapath, port.name, options, redirect: gateway?.peerRedirect, inputs,
                context)
        }
    }

    static func routerPortRequests(
        _ engine: Engine, _ ports: Function<RowUUID, RouterPort?>, _ inputs: Inputs,
        _ gateways: Gateways
    ) -> Function<RowUUID, KeyRequest?> {
        engine.function("router port key request", over: ports) { key, port, context in
            guard let port else { return nil }
            let options = context.read(inputs.routerPorts, key)?.options
            let gateway = port.hasGateway ? context.read(gateways.ports, key) ?? nil : nil
            return portRequest(
                port.router, port.name, options, redirect: gateway?.redirect, inputs, context)
        }
    }

    private static func portRequest(
        _ datapath: RowUUID, _ name: String, _ options: [String: String]?, redirect: String?,
        _ inputs: Inputs, _ context: Context
    ) -> KeyRequest {
        KeyRequest(
            space: datapath, wanted: options?["requested-tnl-key"].flatMap { Int($0) },
            existing: existing(name, datapath, inputs, context),
            companion: redirect.map {
                KeyRequest.Companion(existing: existing($0, datapath, inputs, context))
            })
    }

    private static func existing(
        _ name: String, _ datapath: RowUUID, _ inputs: Inputs, _ context: Context
    ) -> Int? {
        let state = context.read(inputs.portStates, name)
        return state?.datapath == datapath ? state?.tunnelKey : nil
    }
}
