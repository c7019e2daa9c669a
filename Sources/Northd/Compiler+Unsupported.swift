import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Reports what the configuration asks for and nothing here compiles, so that nobody takes a
    /// rule that is ignored for one that is in force.
    func registerUnsupported() {
        let (inputs, outputs) = (inputs, outputs)
        let report = {
            @Sendable (context: Context, key: RowUUID, table: String, list: [(Bool, String)]) in
            for (isUsed, column) in list where isUsed {
                context.emit(outputs.problems, Problem(table, key, column, Problem.unsupported))
            }
        }
        engine.emitter("unsupported of a datapath", over: inputs.datapaths) { key, row, context in
            switch row {
            case .switch(let row):
                report(context, key, NB.LogicalSwitch.table.name, Compiler.unsupported(row))
            case .router(let row):
                report(context, key, NB.LogicalRouter.table.name, Compiler.unsupported(row))
            }
        }
    }

    private static func unsupported(_ row: NB.LogicalSwitch) -> [(Bool, String)] {
        [
            (row.otherConfig["mcast_snoop"] == "true", "other_config:mcast_snoop")
        ]
    }

    private static func unsupported(_ row: NB.LogicalRouter) -> [(Bool, String)] {
        []
    }
}

extension RouterPort {
    /// Columns that are set and have no effect yet.
    static func unsupported(_ row: NB.LogicalRouterPort) -> [String] {
        let list = [
            (!row.ipv6RAConfigs.isEmpty, "ipv6_ra_configs"),
            (row.dhcpRelay != nil, "dhcp_relay"),
        ]
        return list.filter(\.0).map(\.1)
    }
}

extension SwitchPort {
    /// Columns that are set and have no effect yet.
    static func unsupported(_ row: NB.LogicalSwitchPort) -> [String] {
        let list = [
            (!row.healthChecks.isEmpty, "health_checks")
        ]
        return list.filter(\.0).map(\.1)
    }
}
