import Incremental
import OVSDBModel
import Schemas
import Wire

/// Addresses that northd gives to switch ports, in the graph.
///
/// Ports of switches that give nothing take no part and cost nothing.
package struct DynamicAddresses: Sendable {
    /// What each switch has to give; nil if nothing.
    let pools: Function<RowUUID, AddressPool?>
    let claims: Relation<AddressClaim>

    init(_ engine: Engine, _ inputs: Inputs, _ problems: Output<Problem>) {
        pools = engine.function("address pool", over: inputs.datapaths) { key, row, context in
            row.switch.flatMap { row in
                AddressPool(row) { column, reason in
                    context.emit(problems, Problem("Logical_Switch", key, column, reason))
                }
            }
        }
        claims = engine.relation("address claim")
    }

    /// Claims what a port has and wants. Router ports claim elsewhere, with their other side.
    func claim(_ key: RowUUID, _ port: SwitchPort, _ inputs: Inputs, _ context: Context) {
        guard !port.kind.isRouter, !port.stations.isEmpty || port.dynamic != nil,
            let pool = context.read(pools, port.datapath) ?? nil
        else { return }
        context.emit(
            claims,
            AddressClaim(
                port: key, datapath: port.datapath, pool: pool, fixed: port.stations,
                wish: wish(key, port, inputs, context)))
    }

    private func wish(
        _ key: RowUUID, _ port: SwitchPort, _ inputs: Inputs, _ context: Context
    ) -> AddressClaim.Wish? {
        guard let request = port.dynamic,
            let prefix = context.read(inputs.options, "mac_prefix").flatMap({
                MACAddress(parsing: $0 + ":00:00:00")
            })
        else { return nil }
        let existing = context.read(inputs.givenAddresses, key)
        return AddressClaim.Wish(
            request: request, existing: existing.flatMap { GivenAddresses(parsing: $0) },
            macPrefix: prefix.bits >> 24)
    }

    /// Claims the addresses of routers on switches, and one for a router port that has yet to be
    /// made. Then everything is claimed.
    func finish(
        _ engine: Engine, _ inputs: Inputs, _ switchPorts: Function<RowUUID, SwitchPort?>,
        _ routerPorts: Function<RowUUID, RouterPort?>,
        _ routerSides: Function<RowUUID, RouterSide?>, _ plan: AddressPlan
    ) -> GivenAddressTable {
        engine.emitter("router's addresses", over: routerSides) { key, side, context in
            guard let port = context.read(switchPorts, key) ?? nil,
                let pool = context.read(pools, port.datapath) ?? nil
            else { return }
            let router = side.flatMap { context.read(routerPorts, $0.port) ?? nil }
            context.emit(
                claims,
                AddressClaim(
                    port: key, datapath: port.datapath, pool: pool,
                    fixed: port.stations + (router.map { [$0.station] } ?? []),
                    wish: router == nil ? wish(key, port, inputs, context) : nil))
        }
        let all = engine.collect(claims)
        let wishes = engine.index("wish of port", of: all) { claim, _ in
            claim.wish == nil ? [] : [claim.port]
        }
        let grants = engine.allocator("dynamic address", of: all, policy: plan)
        return GivenAddressTable(wishes: wishes, grants: grants)
    }
}

/// What ports got.
package struct GivenAddressTable: Sendable {
    let wishes: Index<RowUUID, AddressClaim>
    let grants: Allocator<AddressPlan>

    /// Nil if the port asks for nothing or there is nothing left.
    func read(_ port: RowUUID, _ context: Context) -> GivenAddresses? {
        context.first(wishes, port).flatMap { context.read(grants, $0) }
    }
}

/// Logical_Switch_Port.dynamic_addresses.
package struct DynamicAddressRow: FeedbackRow {
    package let target: RowUUID
    package let text: String

    package static func settle(_ row: inout NB.LogicalSwitchPort, _ wanted: DynamicAddressRow?) {
        row.dynamicAddresses = wanted?.text
    }
}

extension Compiler {
    /// Tells ports what they got. A router port that was made with it keeps the note.
    func registerDynamicAddresses() {
        let (inputs, outputs, model) = (inputs, outputs, model)
        let asking = engine.subset("dynamic ports", of: model.switchPorts) { _, port in
            port?.dynamic != nil
        }
        engine.emitter("dynamic addresses", over: asking) { key, port, context in
            if let given = model.givenAddresses.read(key, context) {
                return context.emit(
                    outputs.dynamicAddresses,
                    DynamicAddressRow(target: key, text: given.description))
            }
            if let port, port.kind.isRouter, context.read(model.routerSides, key) ?? nil != nil {
                guard let text = context.read(inputs.givenAddresses, key) else { return }
                return context.emit(
                    outputs.dynamicAddresses, DynamicAddressRow(target: key, text: text))
            }
            let gives = port.map { (context.read(model.pools, $0.datapath) ?? nil) != nil } ?? false
            context.emit(
                outputs.problems,
                Problem(
                    "Logical_Switch_Port", key, "addresses",
                    gives ? "the switch has no address left" : "the switch gives no addresses"))
        }
    }
}
