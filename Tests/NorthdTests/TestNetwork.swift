import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

/// Both databases and a northd that works on them until nothing is left to do.
final class TestNetwork {
    var northbound = TestDatabase(NB.schema)
    var southbound = TestDatabase(
        SB.schema, indexes: Northd.indexes(of: .southbound))
    private(set) var northd = Northd(generator: SequentialGenerator())
    var mayWrite = true
    /// Another northd that hears of everything.
    var listener: Northd?
    /// How many Southbound transactions get lost from here on.
    var failures = 0
    /// What follows from a lost one may be refused.
    var mayBeRefused = false
    /// How many are committed before those.
    var successes = 0
    /// Sees the Southbound database after each of northd's transactions.
    var observe: (Replica) -> Void = { _ in }
    /// What happens, once, between a Northbound transaction of northd and its commit.
    var meanwhile: (TestNetwork) -> Void = { _ in }
    var now: Int64 = 1_000_000
    private(set) var reports: [NorthdReport] = []
    /// Southbound transactions that were committed.
    private(set) var southboundCommits = 0

    /// Without any row.
    init(empty: Void) {}

    init() {
        edit { $0.insert(NB.NBGlobal(), uuid: self.northbound.makeUUID()) }
        settle()
    }

    /// Changes the Northbound database; northd hears of it, and does nothing before `settle`.
    func edit(_ body: (inout TransactionBuilder) -> Void) {
        var builder = TransactionBuilder()
        body(&builder)
        take(.northbound, northbound.commit(builder))
    }

    /// Changes the Southbound database behind northd's back.
    func editSouthbound(_ body: (inout TransactionBuilder) -> Void) {
        var builder = TransactionBuilder()
        body(&builder)
        take(.southbound, southbound.commit(builder))
    }

    private func take(
        _ database: NorthdDatabase, _ result: Result<[TableChange], TestFailure>
    ) {
        switch result {
        case .success(let changes):
            northd.changed(database, changes)
            listener?.changed(database, changes)
        case .failure where mayBeRefused: break
        case .failure(let error): Issue.record("\(database): \(error)")
        }
    }

    /// Runs northd until it asks for nothing more.
    func settle() {
        for _ in 0..<10 {
            now += 10
            let view = NorthdView(
                northbound: northbound.replica, southbound: southbound.replica,
                mayWrite: mayWrite)
            let actions = northd.step(view, now: now)
            if actions.isEmpty { return }
            for action in actions { perform(action) }
        }
        Issue.record("northd doesn't come to rest")
    }

    private func perform(_ action: NorthdAction) {
        switch action {
        case .report(let report): reports.append(report)
        case .lock: Issue.record("alone, it needs no other locks")
        case .write(let database, let transaction):
            if database == .southbound, successes == 0, failures > 0 {
                failures -= 1
                return northd.completed(database, .tryAgain("lost"), now: now)
            }
            if database == .northbound {
                let happens = meanwhile
                meanwhile = { _ in }
                happens(self)
            }
            let result =
                switch database {
                case .northbound: northbound.commit(transaction)
                case .southbound: southbound.commit(transaction)
                }
            if database == .southbound {
                southboundCommits += 1
                successes = max(0, successes - 1)
            }
            take(database, result)
            if database == .southbound { observe(southbound.replica) }
            let outcome: TransactionOutcome =
                switch result {
                case .success: .committed(TransactionReceipt())
                case .failure(let error): .tryAgain(error.text)
                }
            northd.completed(database, outcome, now: now)
        }
    }

    func replaceNorthd(_ northd: Northd) { self.northd = northd }

    /// Another northd on the same databases, which starts now.
    func restartNorthd() {
        northd = Northd(generator: SequentialGenerator())
        northd.changed(.northbound, northbound.replica.asChanges)
        northd.changed(.southbound, southbound.replica.asChanges)
    }

    func takeReports() -> [NorthdReport] {
        defer { reports = [] }
        return reports
    }
}

struct SequentialGenerator: RandomNumberGenerator {
    private var state: UInt64 = 0

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return state
    }
}

extension Replica {
    /// The contents as if they were all new.
    var asChanges: [TableChange] {
        schema.tables.indices.compactMap { table in
            let rows = rows(in: table).sorted { $0.key < $1.key }
                .map { RowChange(uuid: $0.key, old: nil, new: $0.value) }
            return rows.isEmpty
                ? nil : TableChange(table: table, name: schema.tables[table].name, rows: rows)
        }
    }
}

// MARK: - Configuration

extension TestNetwork {
    @discardableResult
    func addSwitch(_ name: String, _ change: (inout NB.LogicalSwitch) -> Void = { _ in }) -> RowUUID
    {
        let uuid = northbound.makeUUID()
        var row = NB.LogicalSwitch(name: name)
        change(&row)
        edit { $0.insert(row, uuid: uuid) }
        return uuid
    }

    @discardableResult
    func addRouter(_ name: String, _ change: (inout NB.LogicalRouter) -> Void = { _ in }) -> RowUUID
    {
        let uuid = northbound.makeUUID()
        var row = NB.LogicalRouter(name: name)
        change(&row)
        edit { $0.insert(row, uuid: uuid) }
        return uuid
    }

    @discardableResult
    func addPort(
        _ name: String, to datapath: RowUUID, addresses: [String] = [],
        _ change: (inout NB.LogicalSwitchPort) -> Void = { _ in }
    ) -> RowUUID {
        let uuid = northbound.makeUUID()
        var row = NB.LogicalSwitchPort(name: name, addresses: addresses)
        change(&row)
        edit {
            $0.insert(row, uuid: uuid)
            $0.mutate(NB.LogicalSwitch.self, datapath, .ports, .insert(.ofSet([uuid])))
        }
        return uuid
    }

    @discardableResult
    func addRouterPort(
        _ name: String, to router: RowUUID, mac: String, networks: [String],
        _ change: (inout NB.LogicalRouterPort) -> Void = { _ in }
    ) -> RowUUID {
        let uuid = northbound.makeUUID()
        var row = NB.LogicalRouterPort(name: name, networks: networks, mac: mac)
        change(&row)
        edit {
            $0.insert(row, uuid: uuid)
            $0.mutate(NB.LogicalRouter.self, router, .ports, .insert(.ofSet([uuid])))
        }
        return uuid
    }

    /// A router port and the switch port that it is connected to.
    @discardableResult
    func connect(
        _ router: RowUUID, _ datapath: RowUUID, name: String, mac: String, networks: [String]
    ) -> (routerPort: RowUUID, switchPort: RowUUID) {
        let routerPort = addRouterPort(name, to: router, mac: mac, networks: networks)
        let switchPort = addPort("to-" + name, to: datapath, addresses: ["router"]) {
            $0.type = "router"
            $0.options["router-port"] = name
        }
        return (routerPort, switchPort)
    }

    @discardableResult
    func addRoute(
        _ prefix: String, via hop: String, on router: RowUUID,
        _ change: (inout NB.LogicalRouterStaticRoute) -> Void = { _ in }
    ) -> RowUUID {
        let uuid = northbound.makeUUID()
        var row = NB.LogicalRouterStaticRoute(ipPrefix: prefix, nexthop: hop)
        change(&row)
        edit {
            $0.insert(row, uuid: uuid)
            $0.mutate(NB.LogicalRouter.self, router, .staticRoutes, .insert(.ofSet([uuid])))
        }
        return uuid
    }

    /// Deletes a port of a switch, which goes with the last reference to it.
    func removePort(_ port: RowUUID, from datapath: RowUUID) {
        edit { $0.mutate(NB.LogicalSwitch.self, datapath, .ports, .delete(.ofSet([port]))) }
    }
}

// MARK: - Results

extension TestNetwork {
    func rows<Row: TypedRow>(_ type: Row.Type) -> [Identified<Row>] {
        southbound.replica.rows(type)
    }

    var global: NB.NBGlobal { northbound.replica.only(NB.NBGlobal.self)?.row ?? NB.NBGlobal() }

    func binding(_ name: String) -> SB.PortBinding? {
        rows(SB.PortBinding.self).first { $0.row.logicalPort == name }?.row
    }

    func group(_ name: String, on datapath: String) -> [String] {
        let datapaths = rows(SB.DatapathBinding.self).filter {
            $0.row.externalIDs["name"] == datapath
        }
        let groups = rows(SB.MulticastGroup.self).filter {
            $0.row.name == name && $0.row.datapath == datapaths.first?.uuid
        }
        let ports = Dictionary(
            uniqueKeysWithValues: rows(SB.PortBinding.self).map { ($0.uuid, $0.row.logicalPort) })
        return groups.flatMap(\.row.ports).compactMap { ports[$0] }.sorted()
    }

    /// The flows of a stage on a datapath, `[priority] match -> actions`, highest first.
    func flows(_ stage: String, on datapath: String) -> [String] {
        let row = rows(SB.DatapathBinding.self).first { $0.row.externalIDs["name"] == datapath }
        guard let row else { return [] }
        let groups = Set(
            rows(SB.LogicalDPGroup.self).filter { $0.row.datapaths.contains(row.uuid) }
                .map(\.uuid))
        return rows(SB.LogicalFlow.self).map(\.row)
            .filter { $0.externalIDs["stage-name"] == stage }
            .filter {
                $0.logicalDatapath == row.uuid
                    || $0.logicalDPGroup.map(groups.contains) == true
            }
            .sorted { ($1.priority, $0.match) < ($0.priority, $1.match) }
            .map { "[\($0.priority)] \($0.match) -> \($0.actions)" }
    }
}

extension TestNetwork {
    /// Another network with the same configuration and chassis, whose Southbound database has yet
    /// to be written, and whose northd knows the keys of this one.
    convenience init(copying other: TestNetwork) {
        self.init(empty: ())
        replaceNorthd(Northd(state: other.northd.compiler.state, generator: SequentialGenerator()))
        edit { builder in
            for change in other.northbound.replica.asChanges {
                for row in change.rows {
                    guard let contents = row.new else { continue }
                    let table = other.northbound.replica.schema.tables[change.table]
                    let columns = zip(table.columns, contents.values).map {
                        ColumnValue(column: $0.name, value: $1)
                    }
                    builder.insert(into: table.name, row.uuid, columns, isChosen: true)
                }
            }
        }
        editSouthbound { builder in
            for item in other.rows(SB.Encap.self) { builder.insert(item.row, uuid: item.uuid) }
            for item in other.rows(SB.Chassis.self) { builder.insert(item.row, uuid: item.uuid) }
        }
    }
}

extension TestNetwork {
    /// Writes what chassis wrote in the other network: where ports are, and how sessions are.
    func repeatChassis(of other: TestNetwork) {
        editSouthbound { builder in
            for item in other.rows(SB.PortBinding.self) where item.row.chassis != nil {
                guard var row = southbound.replica[SB.PortBinding.self, item.uuid] else { continue }
                row.chassis = item.row.chassis
                row.up = item.row.up
                builder.update(item.uuid, [.chassis, .up], of: row)
            }
            for item in other.rows(SB.ServiceMonitor.self) {
                guard var row = southbound.replica[SB.ServiceMonitor.self, item.uuid] else {
                    continue
                }
                row.status = item.row.status
                builder.update(item.uuid, [.status], of: row)
            }
            for item in other.rows(SB.BFD.self) {
                guard var row = southbound.replica[SB.BFD.self, item.uuid] else { continue }
                row.status = item.row.status
                builder.update(item.uuid, [.status], of: row)
            }
        }
    }
}
