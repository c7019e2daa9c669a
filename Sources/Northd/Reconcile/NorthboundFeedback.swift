// What northd tells the configuration's owner: how far the databases and the chassis are, which
// ports are up, and the numbers that the deployment got.

import OVSDBModel
import OVSDBSession
import Schemas
import Wire

struct NorthboundFeedback {
    private struct ChassisProgress {
        let chassis: RowUUID?
        let number: Int
        let timestamp: Int
    }

    private var tables = FeedbackTables.all()
    private var progress: [RowUUID: ChassisProgress] = [:]
    private var remoteChassis: Set<RowUUID> = []
    private var vxlanEncaps: Set<RowUUID> = []

    mutating func noteNorthbound(_ changes: [TableChange]) {
        for index in tables.indices { tables[index].note(changes) }
    }

    mutating func noteSouthbound(_ changes: [TableChange]) {
        for change in changes.of(SB.Chassis.self) {
            if change.new?.otherConfig["is-remote"] == "true" {
                remoteChassis.insert(change.uuid)
            } else {
                remoteChassis.remove(change.uuid)
            }
        }
        for change in changes.of(SB.Encap.self) {
            if change.new?.type == SB.Encap.typeVxlan {
                vxlanEncaps.insert(change.uuid)
            } else {
                vxlanEncaps.remove(change.uuid)
            }
        }
        for change in changes.of(SB.ChassisPrivate.self) {
            progress[change.uuid] = change.new.map {
                ChassisProgress(
                    chassis: $0.chassis, number: $0.nbCfg, timestamp: $0.nbCfgTimestamp)
            }
        }
    }

    mutating func update(from compiler: Compiler) {
        for index in tables.indices { tables[index].update(from: compiler) }
    }

    /// Begins a transaction with everything that is due.
    mutating func begin(
        _ view: NorthdView, _ now: Int64, _ generator: inout any RandomNumberGenerator
    ) -> TransactionBuilder {
        var transaction = TransactionBuilder()
        for index in tables.indices { tables[index].settle(view.northbound, &transaction) }
        if let global = view.northbound.only(NB.NBGlobal.self) {
            var row = global.row
            advance(&row, view, now)
            transaction.update(global.uuid, from: global.row, to: row)
            complete(global.row.options, &generator) {
                transaction.mutate(NB.NBGlobal.self, global.uuid, .options, $0)
            }
        }
        return transaction
    }

    /// The options belong to the configuration's owner: of northd's own keys only those that differ
    /// are written, so nothing is lost that somebody else sets meanwhile.
    private func complete(
        _ options: [String: String], _ generator: inout any RandomNumberGenerator,
        _ mutate: (TransactionBuilder.Mutation) -> Void
    ) {
        var wanted = options
        DeploymentOptions.complete(&wanted, &generator)
        let usesVXLAN = !vxlanEncaps.isEmpty && options["vxlan_mode"] != "false"
        wanted["max_tunid"] = String(
            usesVXLAN ? KeyLimits.vxlan.datapaths : KeyRange.datapaths.upperBound)
        let changed = wanted.filter { options[$0.key] != $0.value }
        if !changed.isEmpty { mutate(.insert(Datum(changed))) }
    }

    mutating func end(committed: Bool) {
        for index in tables.indices { tables[index].end(committed: committed) }
    }

    /// How far the Southbound database and the chassis are with the configuration.
    private func advance(_ row: inout NB.NBGlobal, _ view: NorthdView, _ now: Int64) {
        guard let southbound = view.southbound.only(SB.SBGlobal.self)?.row else { return }
        if southbound.nbCfg == row.nbCfg, southbound.nbCfgTimestamp != 0 {
            row.nbCfgTimestamp = southbound.nbCfgTimestamp
        }
        if row.sbCfg != southbound.nbCfg {
            row.sbCfg = southbound.nbCfg
            row.sbCfgTimestamp = Int(now)
        }
        let slowest = slowestChassis(from: row.nbCfg)
        if row.hvCfg != slowest.number {
            row.hvCfg = slowest.number
            row.hvCfgTimestamp = slowest.timestamp
        }
    }

    /// The least number that a chassis has reached, and when the last of those did; without
    /// chassis, the configuration's own.
    private func slowestChassis(from number: Int) -> (number: Int, timestamp: Int) {
        var result = (number: number, timestamp: 0)
        for chassis in progress.values {
            if let row = chassis.chassis, remoteChassis.contains(row) { continue }
            if chassis.number < result.number {
                result = (chassis.number, chassis.timestamp)
            } else if chassis.number == result.number {
                result.timestamp = max(result.timestamp, chassis.timestamp)
            }
        }
        return result
    }
}

/// The options of NB_Global that northd fills in (ovn-nb(5), NB_Global.options).
enum DeploymentOptions {
    static func complete(
        _ options: inout [String: String], _ generator: inout any RandomNumberGenerator
    ) {
        if options["mac_prefix"].map(isPrefix) != true {
            options["mac_prefix"] = prefix(&generator)
        }
        for key in ["svc_monitor_mac", "svc_monitor_mac_dst"]
        where options[key].flatMap({ MACAddress(parsing: $0) }) == nil {
            options[key] = address(&generator).description
        }
        options["northd_internal_version"] = Release.internalVersion
    }

    private static func isPrefix(_ text: String) -> Bool {
        MACAddress(parsing: text + ":00:00:00") != nil
    }

    /// Three bytes of a locally administered unicast address.
    private static func prefix(_ generator: inout any RandomNumberGenerator) -> String {
        String(address(&generator).description.prefix(8))
    }

    /// A locally administered unicast address.
    private static func address(_ generator: inout any RandomNumberGenerator) -> MACAddress {
        MACAddress(generator.next() & ~(3 << 40) | 2 << 40)
    }
}
