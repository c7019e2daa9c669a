// What is wrong in rows that go to chassis as they are: values that none of them could use, and
// references to nothing. Everything else of such a row works.

import Incremental
import OVSDBModel
import Schemas
import Wire

extension Compiler {
    func registerComplaints() {
        complainOfPorts()
        complainOfSwitches()
        complainOfMirrors()
        complainOfMeters()
        complainOfChecks()
        complainOfFunctions()
    }

    /// Ports with options of which there are few.
    private func complainOfPorts() {
        let (inputs, outputs, model) = (inputs, outputs, model)
        let table = NB.LogicalSwitchPort.table.name
        let shaping = ["qos_min_rate", "qos_max_rate", "qos_burst"]
        let shaped = engine.subset("ports that are shaped", of: inputs.switchPorts) { _, row in
            row.isShaped || row.options["ct-zone-limit"] != nil
        }
        engine.emitter("numbers of a port", over: shaped) { key, row, context in
            for name in shaping + ["ct-zone-limit"] {
                guard let text = row.options[name], UInt64(text) == nil else { continue }
                context.emit(
                    outputs.problems,
                    Problem(table, key, "options:\(name)", "no number: \"\(text)\""))
            }
        }
        let nested = engine.subset("ports in ports", of: inputs.switchPorts) { _, row in
            row.parentName?.isEmpty == false
        }
        engine.emitter("parent of a port", over: nested) { key, row, context in
            guard let name = row.parentName, context.first(model.switchPortByName, name) == nil
            else { return }
            context.emit(
                outputs.problems,
                Problem(table, key, "parent_name", "no switch port is called \"\(name)\""))
        }
        let joined = engine.subset("ports between switches", of: model.switchPorts) { _, port in
            port?.kind.isSwitch == true
        }
        engine.emitter("peer of a switch port", over: joined) { key, port, context in
            guard let port, case .switch(let peer) = port.kind else { return }
            let other = peer.flatMap { context.first(model.switchPortByName, $0) }
                .flatMap { context.read(model.switchPorts, $0) ?? nil }
            if case .switch(let back)? = other?.kind, back == port.name { return }
            context.emit(
                outputs.problems,
                Problem(table, key, "peer", "no port of a switch leads back from \"\(peer ?? "")\"")
            )
        }
    }

    private func complainOfSwitches() {
        let (inputs, outputs, model) = (inputs, outputs, model)
        let numbers = ["fdb_age_threshold", "ct-zone-limit"]
        let special = engine.subset("switches with numbers", of: inputs.datapaths) { _, row in
            guard let config = row.switch?.otherConfig else { return false }
            return config["dhcp_relay_port"] != nil || numbers.contains { config[$0] != nil }
        }
        engine.emitter("numbers of a switch", over: special) { key, row, context in
            guard let config = row.switch?.otherConfig else { return }
            let table = NB.LogicalSwitch.table.name
            for name in numbers {
                guard let text = config[name], UInt32(text) == nil else { continue }
                context.emit(
                    outputs.problems,
                    Problem(table, key, "other_config:\(name)", "no number: \"\(text)\""))
            }
            guard let name = config["dhcp_relay_port"],
                context.first(model.switchPortByName, name) == nil
            else { return }
            context.emit(
                outputs.problems,
                Problem(
                    table, key, "other_config:dhcp_relay_port",
                    "no switch port is called \"\(name)\""))
        }
    }

    private func complainOfMirrors() {
        let (inputs, outputs) = (inputs, outputs)
        engine.emitter("mirror's sink", over: inputs.mirrors) { key, row, context in
            let isRemote = [NB.Mirror.typeGre, NB.Mirror.typeErspan].contains(row.type)
            if isRemote, IPAddress(parsing: row.sink) == nil {
                context.emit(
                    outputs.problems,
                    Problem("Mirror", key, "sink", "no IP address: \"\(row.sink)\""))
            }
            if row.type != NB.Mirror.typeLport, !row.mirrorRules.isEmpty {
                context.emit(
                    outputs.problems,
                    Problem("Mirror", key, "mirror_rules", "only a mirror of type lport has rules"))
            }
        }
    }

    /// Copp names protocols and meters; nobody limits what it doesn't know.
    private func complainOfMeters() {
        let (inputs, outputs, filtering) = (inputs, outputs, filtering)
        engine.emitter("control meter names", over: inputs.copp) { key, row, context in
            for (name, meter) in row.meters {
                if !ControlProtocol.all.contains(name) {
                    context.emit(
                        outputs.problems,
                        Problem("Copp", key, "meters", "unknown protocol \"\(name)\""))
                }
                if context.first(filtering.metersByName, meter) == nil {
                    context.emit(
                        outputs.problems,
                        Problem("Copp", key, "meters", "no meter is called \"\(meter)\""))
                }
            }
        }
        let logging = engine.subset("ACLs with meters", of: filtering.acls) { _, acl in
            acl?.severity != nil && acl?.meter != nil
        }
        engine.emitter("meter of an ACL", over: logging) { key, acl, context in
            guard let name = acl?.meter, context.first(filtering.metersByName, name) == nil else {
                return
            }
            context.emit(
                outputs.problems, Problem("ACL", key, "meter", "no meter is called \"\(name)\""))
        }
    }

    private func complainOfChecks() {
        let (inputs, outputs) = (inputs, outputs)
        engine.emitter("options of a health check", over: inputs.healthChecks) {
            key, row, context in
            outputs.complain(of: row.options, NB.LoadBalancerHealthCheck.table, key, context)
        }
        engine.emitter("options of a function's check", over: inputs.functionChecks) {
            key, row, context in
            outputs.complain(of: row.options, NB.NetworkFunctionHealthCheck.table, key, context)
        }
        engine.emitter("columns of a port's check", over: inputs.portHealthChecks) {
            key, row, context in
            let table = NB.LogicalSwitchPortHealthCheck.table.name
            outputs.complain(of: row.options, NB.LogicalSwitchPortHealthCheck.table, key, context)
            for (column, text) in [("address", row.address), ("src_ip", row.srcIP)]
            where IPAddress(parsing: text) == nil && !(column == "address" && text.isEmpty) {
                context.emit(
                    outputs.problems, Problem(table, key, column, "no IP address: \"\(text)\""))
            }
        }
    }

    /// A tap has one port, the others have two.
    private func complainOfFunctions() {
        let (inputs, outputs) = (inputs, outputs)
        engine.emitter("functions of a group", over: inputs.functionGroups) { key, row, context in
            let isTap = row.mode == NB.NetworkFunctionGroup.modeVtap
            for function in row.networkFunction {
                guard let function = context.read(inputs.functions, function),
                    isTap != (function.outport == nil)
                else { continue }
                let needs = isTap ? "has two ports, and a tap has one" : "has no outport"
                context.emit(
                    outputs.problems,
                    Problem(
                        NB.NetworkFunctionGroup.table.name, key, "network_function",
                        "\"\(function.name)\" \(needs)"))
            }
        }
    }
}

extension Outputs {
    /// Health checks of load balancers, functions and ports have the same options.
    fileprivate func complain(
        of options: [String: String], _ table: TableSchema, _ key: RowUUID, _ context: Context
    ) {
        for reason in HealthCheckOptions.faults(in: options) {
            context.emit(problems, Problem(table.name, key, "options", reason))
        }
    }
}

/// Options of health checks of any kind (ovn-nb(5), Load_Balancer_Health_Check).
enum HealthCheckOptions {
    private static let numbers = ["interval", "timeout", "success_count", "failure_count"]

    static func faults(in options: [String: String]) -> [String] {
        numbers.compactMap { name in
            guard let text = options[name] else { return nil }
            if let number = UInt32(text), number > 0 { return nil }
            return "no positive number: \(name)=\"\(text)\""
        }
    }
}
