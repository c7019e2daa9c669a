import Incremental
import OVSDBModel
import Schemas

/// What the VLANs of trunks need to find their switches.
struct TrunkPlaces: Sendable {
    private let inputs: Inputs
    private let switchesByName: Index<String, RowUUID>
    /// Ports of the configuration that have a name that VLANs have.
    private let portsByName: Index<String, RowUUID>
    private let problems: Output<Problem>

    init(_ engine: Engine, _ inputs: Inputs, _ problems: Output<Problem>) {
        self.inputs = inputs
        self.problems = problems
        switchesByName = engine.index("switch by name", of: inputs.datapaths) { _, row in
            row.switch.map { [$0.name] } ?? []
        }
        let named = engine.subset("ports named as VLANs are", of: inputs.switchPorts) { _, row in
            row.name.contains(".vlan") && row.options[TrunkOption.port] == nil
        }
        portsByName = engine.index("port named as a VLAN", of: named) { _, row in [row.name] }
    }

    /// The switch that a row is a port of: that of the trunk's option for a VLAN, after a report
    /// nil if there is none.
    func owner(
        of key: RowUUID, _ row: NB.LogicalSwitchPort, _ context: Context
    ) -> RowUUID? {
        guard let trunk = row.trunk, let name = row.options[TrunkOption.switch] else {
            return nil
        }
        guard context.read(inputs.switchOfPort, trunk) != nil else { return nil }
        func refuse(_ reason: String) -> RowUUID? {
            context.emit(
                problems,
                Problem(
                    "Logical_Switch_Port", trunk, "options:trunk",
                    "VLAN \(row.tagRequest ?? 0): \(reason)"))
            return nil
        }
        if context.first(portsByName, row.name) != nil {
            return refuse("a port is called \"\(row.name)\"")
        }
        if let uuid = RowUUID(parsing: name), context.read(inputs.datapaths, uuid)?.switch != nil {
            return uuid
        }
        let found = context.members(switchesByName, name)
        switch found.count {
        case 0: return refuse("no switch is called \"\(name)\"")
        case 1: return found.first
        default: return refuse("\(found.count) switches are called \"\(name)\"")
        }
    }

    /// Reports what is wrong with a trunk's option.
    func check(_ key: RowUUID, _ row: NB.LogicalSwitchPort, _ context: Context) {
        guard let text = row.options[TrunkOption.trunk] else { return }
        func report(_ reason: String) {
            context.emit(problems, Problem("Logical_Switch_Port", key, "options:trunk", reason))
        }
        if !row.type.isEmpty || row.parentName?.isEmpty == false {
            return report("only a port of type \"\" that is in no other port can be a trunk")
        }
        _ = Trunk(parsing: text, report: report)
    }
}
