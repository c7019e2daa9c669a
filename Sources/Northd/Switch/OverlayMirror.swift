// Copies of a port's packets for another logical port (ovn-nb(5), Mirror of type lport): each switch
// with mirrored ports has one port that stands for the target, on the target's chassis.

import Incremental
import LogicalFlow
import OVSDBModel
import Schemas

/// A switch, and the port that gets copies of packets there.
package struct MirrorPlace: Hashable, Comparable, Sendable {
    package let datapath: RowUUID
    /// The target's name.
    package let sink: String

    package static func < (left: MirrorPlace, right: MirrorPlace) -> Bool {
        left.datapath != right.datapath ? left.datapath < right.datapath : left.sink < right.sink
    }

    /// Names the port that stands for the target.
    var id: RowUUID { SouthboundUUID.port("mirror of " + sink, on: datapath) }

    static func portName(_ datapath: String, _ sink: String) -> String { "mp-\(datapath)-\(sink)" }
}

/// What is copied of one port's packets to one target.
package struct OverlayMirror: SwitchFeature {
    /// A Mirror_Rule.
    package struct Rule: Hashable, Sendable {
        package let priority: Int
        package let condition: CMSMatch
        /// Makes a copy; else it prevents one.
        package let isCopied: Bool
    }

    package let port: String
    /// The port that stands for the target on the switch.
    package let target: String
    package let takesIngress: Bool
    package let takesEgress: Bool
    package let rules: [Rule]

    package func emit(into flows: inout SwitchFlows) {
        if takesIngress { copy(.inMirror, .inport(port), &flows) }
        if takesEgress { copy(.outMirror, .outport(port), &flows) }
    }

    private func copy(_ stage: SwitchStage, _ isOurs: Match, _ flows: inout SwitchFlows) {
        flows.add(stage, 100, isOurs, [.mirror(port: target), .next], port: port)
        for rule in rules {
            flows.add(
                stage, 100 + rule.priority, text: rule.condition.text(after: [isOurs]),
                rule.isCopied ? [.mirror(port: target), .next] : [.next], port: port)
        }
    }
}

/// Copies are delivered without being tracked or filtered.
package struct MirrorTarget: SwitchFeature {
    package let target: String

    package func emit(into flows: inout SwitchFlows) {
        flows.add(
            .outPreACL, 65535, .outport(target), [SwitchStage.outApplyPortSecurity.jump],
            port: target)
    }
}

extension Model {
    /// Ports that are mirrored to other logical ports.
    static func mirroredPorts(
        _ engine: Engine, _ inputs: Inputs, _ switchPorts: Function<RowUUID, SwitchPort?>
    ) -> Index<MirrorPlace, RowUUID> {
        let ports = engine.subset("mirrored ports", of: inputs.switchPorts) { _, row in
            !row.mirrorRules.isEmpty
        }
        let places = engine.function("mirror places", over: ports) { key, row, context in
            guard let port = context.read(switchPorts, key) ?? nil else { return [MirrorPlace]() }
            let sinks = row.mirrorRules.compactMap { context.read(inputs.mirrors, $0) }
                .filter { $0.type == NB.Mirror.typeLport }.map(\.sink)
            return Set(sinks).sorted().map { MirrorPlace(datapath: port.datapath, sink: $0) }
        }
        return engine.index("mirrored ports by place", of: places) { _, places in places }
    }
}

extension Compiler {
    func registerOverlayMirrors() {
        let (inputs, outputs, model) = (inputs, outputs, model)
        let rules = engine.function("mirror rule", over: inputs.mirrorRules) {
            key, row, context -> OverlayMirror.Rule? in
            do throws(LanguageError) {
                return OverlayMirror.Rule(
                    priority: row.priority.clamped(to: SchemaRange.priority),
                    condition: try CMSMatch(parsing: row.match),
                    isCopied: row.action == "mirror")
            } catch {
                context.emit(
                    outputs.problems, Problem("Mirror_Rule", key, "match", error.description))
                return nil
            }
        }
        let ports = engine.subset("ports with mirrors", of: inputs.switchPorts) { _, row in
            !row.mirrorRules.isEmpty
        }
        engine.emitter("overlay mirror", over: ports) { key, row, context in
            guard let port = context.read(model.switchPorts, key) ?? nil,
                let name = (context.read(model.switchSettings, port.datapath) ?? nil)?.name
            else { return }
            for uuid in row.mirrorRules {
                guard let mirror = context.read(inputs.mirrors, uuid),
                    mirror.type == NB.Mirror.typeLport
                else { continue }
                guard context.first(model.switchPortByName, mirror.sink) != nil else {
                    context.emit(
                        outputs.problems,
                        Problem(
                            "Mirror", uuid, "sink", "no switch port is called \"\(mirror.sink)\""))
                    continue
                }
                let place = MirrorPlace(datapath: port.datapath, sink: mirror.sink)
                guard let tunnelKey = context.read(model.portKeys, place.id) else { continue }
                let target = MirrorPlace.portName(name, mirror.sink)
                var binding = PortRow(
                    name: target, datapath: port.datapath, tunnelKey: tunnelKey, type: "mirror")
                binding.mirrorPort = mirror.sink
                context.emit(outputs.ports, binding)
                context.emit(
                    MirrorTarget(target: target), .datapath(port.datapath), to: outputs)
                context.emit(
                    OverlayMirror(
                        port: port.name, target: target,
                        takesIngress: mirror.filter != "to-lport",
                        takesEgress: mirror.filter != "from-lport",
                        rules: mirror.mirrorRules.compactMap { context.read(rules, $0) ?? nil }),
                    .datapath(port.datapath), hint: key, to: outputs)
            }
        }
    }
}
