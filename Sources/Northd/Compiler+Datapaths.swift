import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Datapath_Binding rows and the groups that each datapath is in.
    func registerDatapaths() {
        let (inputs, outputs, model) = (inputs, outputs, model)
        engine.emitter("datapath binding", over: inputs.datapaths) { key, row, context in
            let table =
                row.kind == .switch ? NB.LogicalSwitch.table.name : NB.LogicalRouter.table.name
            guard let tunnelKey = context.read(model.datapathKeys, key) else {
                context.emit(
                    outputs.problems, Problem(table, key, "_uuid", "no tunnel key is left"))
                return
            }
            switch row {
            case .switch(let row):
                context.report(
                    tunnelKey, wanted: row.otherConfig["requested-tnl-key"], table, key,
                    "other_config:requested-tnl-key", to: outputs)
            case .router(let row):
                context.report(
                    tunnelKey, wanted: row.options["requested-tnl-key"], table, key,
                    "options:requested-tnl-key", to: outputs)
            }
            context.emit(
                outputs.datapaths,
                DatapathRow(
                    northbound: key, kind: row.kind, tunnelKey: tunnelKey,
                    externalIDs: Compiler.externalIDs(key, row)))
        }
    }

    private static func externalIDs(_ key: RowUUID, _ row: DatapathInput) -> [String: String] {
        var result = [row.kind.rawValue: key.description]
        switch row {
        case .switch(let row):
            result["name"] = row.name
            result["name2"] = row.externalIDs["neutron:network_name"]
            copy("interconn-ts", from: row.otherConfig, to: &result)
            copy("fdb_age_threshold", from: row.otherConfig, to: &result)
            copyPositive("ct-zone-limit", from: row.otherConfig, to: &result)
        case .router(let row):
            result["name"] = row.name
            result["name2"] = row.externalIDs["neutron:router_name"]
            result["disable_garp_rarp"] =
                row.options["disable_garp_rarp"] == "true" ? "true" : "false"
            if row.options["always_learn_from_arp_request"] == "false" {
                result["always_learn_from_arp_request"] = "false"
            }
            copyPositive("ct-zone-limit", from: row.options, to: &result)
            if let zone = row.options["snat-ct-zone"], let number = Int(zone), number >= 0 {
                result["snat-ct-zone"] = zone
            }
            result["mac_binding_age_threshold"] = ageThreshold(row)
            copyPositive("mac_binding_limit", from: row.options, to: &result)
            if row.options["mac_binding_only_if_asked"] == "true" {
                result["mac_binding_only_if_asked"] = "true"
            }
        }
        return result
    }

    private static func copy(
        _ key: String, from source: [String: String], to target: inout [String: String]
    ) {
        if let value = source[key] { target[key] = value }
    }

    private static func copyPositive(
        _ key: String, from source: [String: String], to target: inout [String: String]
    ) {
        if let value = source[key], let number = Int(value), number > 0 { target[key] = value }
    }

    /// The least non-zero age of `[CIDR:]seconds[;...]`.
    private static func ageThreshold(_ row: NB.LogicalRouter) -> String? {
        let entries = row.options["mac_binding_age_threshold"]?.split(separator: ";") ?? []
        let ages = entries.compactMap { entry in
            (entry.lastIndex(of: ":").map { entry[entry.index(after: $0)...] } ?? entry)
                .split(separator: " ").first.flatMap { Int($0) }
        }
        return ages.filter { $0 > 0 }.min().map(String.init)
    }
}
