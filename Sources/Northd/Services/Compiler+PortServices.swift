// What Port_Binding says of a switch port beyond its addresses: where it may be bound, how it is
// shaped, nested and mirrored; and what Logical_Switch_Port is told.

import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Adds to a switch port's row what its options ask for.
    static func addServices(
        _ key: RowUUID, _ port: SwitchPort, _ row: NB.LogicalSwitchPort,
        _ binding: inout PortRow, _ compiler: PortServices, _ context: Context
    ) {
        let (inputs, model, services) = (compiler.inputs, compiler.model, compiler.services)
        addChassis(key, row, &binding, compiler, context)
        addMirrors(row, &binding, inputs, context)
        if row.parentName?.isEmpty == false, row.tagRequest == 0 {
            binding.tag = context.read(services.tags, key)
        }
        guard !port.kind.isRouter else { return }
        let settings = context.read(model.switchSettings, port.datapath) ?? nil
        if settings?.passesVLANs == true { binding.options["vlan-passthru"] = "true" }
        if row.isShaped, let queue = context.read(services.queues, key) {
            binding.options["qdisc_queue_id"] = String(queue)
            if let localnet = context.first(model.localnetPorts, port.datapath),
                let network = context.read(inputs.switchPorts, localnet)?.options["network_name"]
            {
                binding.options["qos_physical_network"] = network
            }
        }
        if port.kind == .external, let group = row.haChassisGroup,
            let group = context.read(compiler.haChassisGroups.groups, group)
        {
            binding.haChassisGroup = group.group
            context.emit(compiler.outputs.haChassisGroups, group)
        }
    }

    /// Names that nobody has are reported; the first of the others is the main chassis.
    private static func addChassis(
        _ key: RowUUID, _ row: NB.LogicalSwitchPort, _ binding: inout PortRow,
        _ compiler: PortServices, _ context: Context
    ) {
        let inputs = compiler.inputs
        for name in (row.options["requested-chassis"] ?? "").split(separator: ",")
        where context.first(compiler.model.chassisByName, String(name)) == nil {
            context.emit(
                compiler.outputs.problems,
                Problem(
                    "Logical_Switch_Port", key, "options:requested-chassis",
                    "no chassis is called \"\(name)\""))
        }
        let main = binding.requestedChassis.first.flatMap { context.read(inputs.chassis, $0) }
        if main?.isRemote == true { binding.remoteChassis = binding.requestedChassis.first }
        guard let address = row.options["requested-encap-ip"] else { return }
        let encaps = context.members(compiler.services.encapsByAddress, address)
            .compactMap { uuid in context.read(inputs.encaps, uuid).map { (uuid, $0) } }
            .filter { main == nil || $0.1.chassisName == main?.name }
        let best = encaps.first { $0.1.type == SB.Encap.typeGeneve } ?? encaps.first
        binding.encap = .decided(best?.0)
        if best == nil {
            context.emit(
                compiler.outputs.problems,
                Problem(
                    "Logical_Switch_Port", key, "options:requested-encap-ip",
                    "no encapsulation has the address \"\(address)\""))
        }
    }

    /// Mirrors to other logical ports are flows, the others the chassis' business.
    private static func addMirrors(
        _ row: NB.LogicalSwitchPort, _ binding: inout PortRow, _ inputs: Inputs,
        _ context: Context
    ) {
        binding.mirrorRules = row.mirrorRules.filter { mirror in
            context.read(inputs.mirrors, mirror).map { $0.type != NB.Mirror.typeLport } ?? false
        }
    }

    /// Flows of ports with queues.
    func registerShaping() {
        let (outputs, model) = (outputs, model)
        engine.emitter("shaping", over: services.queues) { key, queue, context in
            guard let port = context.read(model.switchPorts, key) ?? nil, port.isEnabled else {
                return
            }
            let localnets = context.members(model.localnetPorts, port.datapath).compactMap {
                (context.read(model.switchPorts, $0) ?? nil)?.name
            }
            context.emit(
                Shaping(port: port, queue: queue, localnets: localnets),
                .datapath(port.datapath), hint: key, to: outputs)
        }
    }

    /// Feedback to switch ports and router ports.
    func registerPortFeedback() {
        let (inputs, outputs, services) = (inputs, outputs, services)
        let tagged = engine.subset("ports that ask for tags", of: inputs.switchPorts) { _, row in
            row.tagRequest != nil
        }
        engine.emitter("tag", over: tagged) { key, row, context in
            guard let request = row.tagRequest else { return }
            let isNested = row.parentName?.isEmpty == false
            let tag = request > 0 ? request : isNested ? context.read(services.tags, key) : nil
            if request == 0 && !isNested { return }
            context.emit(outputs.tags, TagRow(target: key, tag: tag))
        }
        let delegated = engine.subset("ports with prefixes", of: inputs.routerPorts) { _, row in
            row.options["prefix"] == "true"
        }
        engine.emitter("delegated prefix", over: delegated) { key, row, context in
            let text = context.read(inputs.delegatedPrefixes, row.name)
            let prefixes = (text ?? "").split(separator: ",").compactMap { entry in
                entry.firstIndex(of: ":").map { String(entry[entry.index(after: $0)...]) }
            }
            context.emit(
                outputs.prefixes,
                DelegatedPrefixRow(target: key, prefixes: canonicalSet(prefixes)))
        }
    }
}

/// What `addServices` reads and contributes to.
struct PortServices: Sendable {
    let inputs: Inputs
    let outputs: Outputs
    let model: Model
    let services: Services
    let haChassisGroups: HAChassisGroups
}
