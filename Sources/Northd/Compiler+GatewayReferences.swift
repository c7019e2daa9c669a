// HA_Chassis_Group.ref_chassis: the chassis that use a gateway, which watch it by BFD. A chassis uses
// the gateways that its bound ports can reach through routers (ovn-sb(5), HA_Chassis_Group).

import Incremental
import OVSDBModel
import Schemas

/// A chassis that has a bound port of a switch.
struct ChassisOnSwitch: Hashable, Sendable {
    let datapath: RowUUID
    let chassis: RowUUID
}

/// A chassis that a group's members watch.
struct GroupReference: Hashable, Comparable, Sendable {
    let group: String
    let chassis: RowUUID

    static func < (left: GroupReference, right: GroupReference) -> Bool {
        (left.chassis, left.group) < (right.chassis, right.group)
    }
}

extension Compiler {
    /// Groups of a single chassis need nobody to watch it.
    func registerGatewayReferences(_ bound: Incremental.Relation<ChassisOnSwitch>) {
        let (outputs, model, groups) = (outputs, model, haChassisGroups)
        let components = model.components
        let shared = engine.function("group of several", over: groups.ofRouterPort) {
            key, group, context -> String? in
            guard let group, group.members.count > 1,
                context.read(model.gateways.ports, key) ?? nil != nil
            else { return nil }
            return group.group
        }
        let places = engine.function("component of gateway", over: shared) {
            key, group, context in
            group == nil ? nil : context.read(components, key)
        }
        let byComponent = engine.index("gateways of component", of: places) { _, component in
            component.map { [$0] } ?? []
        }
        let references: Incremental.Relation<GroupReference> = engine.relation("group reference")
        engine.emitter("chassis on switch", over: engine.collect(bound)) { place, _, context in
            guard let port = context.first(model.routerPortsOfSwitch, place.datapath),
                let component = context.read(components, port)
            else { return }
            for gateway in context.members(byComponent, component) {
                guard let group = context.read(shared, gateway) ?? nil else { continue }
                context.emit(references, GroupReference(group: group, chassis: place.chassis))
            }
        }
        let byGroup = engine.index("references of group", of: engine.collect(references)) {
            reference, _ in [reference.group]
        }
        engine.emitter("gateway group row", over: groups.ofRouterPort) { key, group, context in
            guard let group, context.read(model.gateways.ports, key) ?? nil != nil else { return }
            var row = HAChassisGroupRow(origin: .zero, name: group.group, members: group.members)
            row.externalIDs = group.externalIDs
            row.references = context.members(byGroup, group.group).map(\.chassis).sorted()
            context.emit(outputs.haChassisGroups, row)
        }
    }
}
