import DatabaseServer
import Glibc
import Linux
import Northd
import OVSDBEngine
import OVSDBModel
import OVSDBSession
import OVSDBTransport
import Schemas
import Synchronization
import Testing
import UnixControl

@testable import NorthdDaemon

/// Both databases, in memory behind a Unix socket, a client that configures, and northds; all on
/// one loop.
private final class Deployment {
    let loop: EventLoop
    private let threads = IOThreads(count: 1)
    private let server: DatabaseServer
    private let directory: String
    let client: OVSDBClient
    /// The only row of NB_Global.
    let global = RowUUID(high: 1, low: 1)
    private(set) var daemons: [NorthdDaemon] = []
    private var registries: [ControlRegistry] = []
    /// Edits that nobody has heard of yet.
    private var unanswered = 0

    init(southbound: DatabaseSchema = SB.schema) throws {
        var template = Array("/tmp/northd.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError.last("mkdtemp") }
        directory = String(cString: made)
        loop = try EventLoop()
        server = try DatabaseServer(loop: loop, threads: threads, runDirectory: directory)
        server.add(Database(schema: NB.schema))
        server.add(Database(schema: southbound))
        try server.addRemote("punix:\(directory)/db.sock")
        client = OVSDBClient(
            ClientConfiguration(
                schema: NB.schema,
                tables: [.init(NB.NBGlobal.self), .init(NB.LogicalSwitchPort.self)],
                remotes: ["unix:\(directory)/db.sock"]),
            loop: loop, threads: threads, seed: 1)
        client.start()
        try wait { client.canWrite }
        edit { $0.insert(NB.NBGlobal(), uuid: global) }
        // A row that was asked for is there when the server has said so.
        try wait { client.replica.only(NB.NBGlobal.self) != nil }
    }

    deinit {
        client.stop()
        for daemon in daemons { daemon.stop() }
        server.close()
        threads.shutDown()
        _ = try? ChildProcess.run(["rm", "-rf", directory])
    }

    @discardableResult
    func addNorthd(paused: Bool = false) throws -> NorthdDaemon {
        let remote = "unix:\(directory)/db.sock"
        var configuration = NorthdConfiguration(
            daemon: DaemonOptions(program: "ovn-northd", family: .ovn), northbound: remote,
            southbound: remote)
        configuration.startsPaused = paused
        let daemon = try NorthdDaemon(configuration, loop: loop, threads: threads)
        let registry = ControlRegistry()
        daemon.registerCommands(on: registry)
        daemons.append(daemon)
        registries.append(registry)
        daemon.start()
        return daemon
    }

    /// Runs the loop until the condition holds and edits are done; the limit is only for a test that
    /// hangs.
    func wait(_ condition: () -> Bool) throws {
        let isThere = try loop.run(until: .now() + .seconds(60)) { unanswered == 0 && condition() }
        try #require(isThere, "waited in vain")
    }

    func edit(_ body: (inout TransactionBuilder) -> Void) {
        var builder = TransactionBuilder()
        body(&builder)
        unanswered += 1
        client.submit(builder) { [weak self] outcome in
            self?.unanswered -= 1
            guard case .committed = outcome else {
                Issue.record("\(outcome)")
                return
            }
        }
    }

    func command(_ number: Int, _ name: String, _ arguments: String...) -> String {
        let answer = Answer()
        registries[number].run(
            ControlRequest(command: name, arguments: arguments) { answer.set($0) })
        return answer.text
    }

    /// Asks for a configuration number and waits until the Southbound database has it.
    func synchronize() throws {
        let global = try #require(client.replica.only(NB.NBGlobal.self))
        let number = global.row.nbCfg + 1
        edit { $0.update(global.uuid, [.nbCfg], of: NB.NBGlobal(nbCfg: number)) }
        try wait { client.replica.only(NB.NBGlobal.self)?.row.sbCfg == number }
    }

    func count(_ table: String) -> Int {
        server.snapshot(of: SB.schema.name)?.table(table)?.count ?? -1
    }

    /// What a column of the Southbound database has, in all rows.
    func values(_ column: String, of table: String) -> Set<Datum> {
        guard let table = server.snapshot(of: SB.schema.name)?.table(table),
            let position = table.schema.columnIndex(column)
        else { return [] }
        return Set(table.sortedUUIDs.compactMap { table[$0]?.row[position] })
    }
}

extension DatabaseSchema {
    /// As of a release that did not have the column yet.
    fileprivate func without(_ column: String, in name: String) -> DatabaseSchema {
        let tables = tables.map { table in
            guard table.name == name else { return table }
            return TableSchema(
                name: name, columns: table.columns.filter { $0.name != column },
                isMutable: table.isMutable, maximumRows: table.maximumRows, isRoot: table.isRoot,
                indexes: table.indexes)
        }
        return DatabaseSchema(name: self.name, version: version, tables: tables)
    }
}

private final class Answer: Sendable {
    private let result = Mutex("")
    var text: String { result.withLock { $0 } }

    func set(_ new: Result<String, ControlError>) {
        result.withLock {
            switch new {
            case .success(let text): $0 = text
            case .failure(let error): $0 = "error: \(error.text)"
            }
        }
    }
}

@Suite(.serialized) struct NorthdDaemonTests {
    private func addSwitch(_ number: UInt64, to deployment: Deployment) {
        let (datapath, port) = (RowUUID(high: 2, low: number), RowUUID(high: 3, low: number))
        deployment.edit {
            $0.insert(
                NB.LogicalSwitchPort(name: "p\(number)", addresses: ["02:00:00:00:00:01 10.0.0.1"]),
                uuid: port)
            $0.insert(NB.LogicalSwitch(name: "s\(number)", ports: [port]), uuid: datapath)
        }
    }

    @Test func configurationReachesTheSouthboundDatabase() throws {
        let deployment = try Deployment()
        try deployment.addNorthd()
        addSwitch(1, to: deployment)
        try deployment.synchronize()
        #expect(deployment.count("Datapath_Binding") == 1)
        #expect(deployment.count("Port_Binding") == 1)
        #expect(deployment.count("Logical_Flow") > 50)
        #expect(deployment.command(0, "status") == "Status: active")
        #expect(deployment.command(0, "nb-connection-status") == "connected")
        #expect(deployment.command(0, "sb-connection-status") == "connected")
        #expect(deployment.command(0, "status/problems") == "")
        deployment.edit { $0.delete(NB.LogicalSwitch.self, RowUUID(high: 2, low: 1)) }
        try deployment.synchronize()
        #expect(deployment.count("Logical_Flow") == 0)
    }

    @Test func theOtherOneGoesOnWhenTheFirstPauses() throws {
        let deployment = try Deployment()
        let first = try deployment.addNorthd()
        try deployment.wait { first.status == .active }
        let second = try deployment.addNorthd()
        addSwitch(1, to: deployment)
        try deployment.synchronize()
        #expect(second.status == .standby)
        #expect(deployment.command(1, "status") == "Status: standby")
        #expect(deployment.command(0, "pause") == "")
        #expect(deployment.command(0, "is-paused") == "true")
        try deployment.wait { second.status == .active }
        #expect(deployment.command(0, "status") == "Status: paused")
        addSwitch(2, to: deployment)
        try deployment.synchronize()
        #expect(deployment.count("Datapath_Binding") == 2)
        #expect(deployment.command(0, "resume") == "")
        second.stop()
        try deployment.wait { first.status == .active }
        addSwitch(3, to: deployment)
        try deployment.synchronize()
        #expect(deployment.count("Port_Binding") == 3)
    }

    @Test func theConfigurationSaysHowLongSilenceMayBe() throws {
        let deployment = try Deployment()
        func set(_ text: String?) {
            let options = text.map { ["northd_probe_interval": $0] } ?? [:]
            deployment.edit {
                $0.update(deployment.global, [.options], of: NB.NBGlobal(options: options))
            }
        }
        set("7000")
        let daemon = try deployment.addNorthd()
        func isTold(_ interval: Duration?) -> Bool {
            [daemon.northbound, daemon.southbound].allSatisfy { $0.probeInterval == interval }
        }
        try deployment.wait { isTold(.seconds(7)) }
        set("0")
        try deployment.wait { isTold(.zero) }
        set("30")
        try deployment.wait { isTold(.seconds(1)) }
        set("9223372036854775807")
        try deployment.wait { isTold(.milliseconds(UInt32.max)) }
        set("soon")
        try deployment.wait { isTold(nil) }
        set("60000")
        try deployment.wait { isTold(.seconds(60)) }
        set(nil)
        try deployment.wait { isTold(nil) }
    }

    /// Databases that an older release made have no place for why a flow drops.
    @Test func anOlderSchemaGetsNoDescriptions() throws {
        let older = SB.schema.without("flow_desc", in: "Logical_Flow")
        let deployment = try Deployment(southbound: older)
        let daemon = try deployment.addNorthd()
        addSwitch(1, to: deployment)
        try deployment.synchronize()
        #expect(deployment.count("Logical_Flow") > 50)
        try deployment.wait { daemon.northd.isIdle }
        let newer = try Deployment()
        try newer.addNorthd()
        addSwitch(1, to: newer)
        try newer.synchronize()
        #expect(newer.count("Logical_Flow") == deployment.count("Logical_Flow"))
        #expect(newer.values("flow_desc", of: "Logical_Flow").contains(Datum("No L2 destination")))
    }

    @Test func severalDivideTheFlows() throws {
        let deployment = try Deployment()
        let daemons = try (0..<3).map { _ in try deployment.addNorthd() }
        let global = try #require(deployment.client.replica.only(NB.NBGlobal.self)).uuid
        func members() -> Int {
            deployment.command(2, "status/division").split(separator: "\n").count - 1
        }
        deployment.edit {
            let option = [DivisionMember.option: "true"]
            $0.mutate(NB.NBGlobal.self, global, .options, .insert(Datum(option)))
        }
        try deployment.wait { members() == 3 }
        for number in 1...8 { addSwitch(UInt64(number), to: deployment) }
        try deployment.synchronize()
        let other = try Deployment()
        try other.addNorthd()
        for number in 1...8 { addSwitch(UInt64(number), to: other) }
        try other.synchronize()
        #expect(deployment.count("Logical_Flow") == other.count("Logical_Flow"))
        #expect(deployment.count("Logical_DP_Group") == other.count("Logical_DP_Group"))
        #expect(deployment.command(2, "status/division").contains(" (this northd)\n"))
        daemons[0].stop()
        for number in 1...4 {
            deployment.edit {
                $0.delete(NB.LogicalSwitch.self, RowUUID(high: 2, low: UInt64(number)))
            }
        }
        try deployment.synchronize()
        try deployment.wait { members() == 2 }
        #expect(deployment.count("Datapath_Binding") == 4)
        deployment.edit {
            $0.mutate(
                NB.NBGlobal.self, global, .options,
                .delete(Datum([DivisionMember.option])))
        }
        try deployment.wait { members() == 0 }
        #expect(deployment.command(1, "status/division") == "The flows are not divided.\n")
    }

    /// Runs of derivations, ever.
    private func runs(of daemon: NorthdDaemon) -> Int {
        daemon.northd.compiler.engine.statistics.reduce(0) { $0 + $1.runs }
    }

    /// A connection that ends without a word is all that a server sees of a process that is killed.
    @Test func takingOverDerivesNothing() throws {
        let deployment = try Deployment()
        let first = try deployment.addNorthd()
        try deployment.wait { first.status == .active }
        for number in 1...5 { addSwitch(UInt64(number), to: deployment) }
        let second = try deployment.addNorthd()
        try deployment.synchronize()
        try deployment.wait { first.northd.isIdle && second.northd.isIdle }
        let before = runs(of: second)
        #expect(before > 0)
        first.stop()
        try deployment.wait { second.status == .active && second.northd.isIdle }
        #expect(runs(of: second) == before)
        #expect(deployment.command(1, "status") == "Status: active")
    }

    @Test func noChangeIsLostHoweverManyDie() throws {
        let deployment = try Deployment()
        var living = [try deployment.addNorthd(), try deployment.addNorthd()]
        var number: UInt64 = 0
        for round in 0..<6 {
            // Somewhere between a change that nobody has heard of and one that is written.
            for _ in 0..<4 {
                number += 1
                addSwitch(number, to: deployment)
                _ = try deployment.loop.run(until: .now() + .milliseconds(round * 3)) { false }
            }
            let victim = living.firstIndex { $0.status == .active } ?? 0
            living.remove(at: victim).stop()
            living.append(try deployment.addNorthd())
        }
        try deployment.synchronize()
        #expect(deployment.count("Datapath_Binding") == Int(number))
        #expect(deployment.count("Port_Binding") == Int(number))
        let other = try Deployment()
        try other.addNorthd()
        for each in 1...number { addSwitch(each, to: other) }
        try other.synchronize()
        #expect(deployment.count("Logical_Flow") == other.count("Logical_Flow"))
        #expect(deployment.count("Logical_DP_Group") == other.count("Logical_DP_Group"))
        #expect(deployment.count("Multicast_Group") == other.count("Multicast_Group"))
    }

    @Test func aDryRunWritesNothing() throws {
        let deployment = try Deployment()
        let daemon = try deployment.addNorthd(paused: true)
        addSwitch(1, to: deployment)
        try deployment.wait {
            !daemon.northd.compiler.engine.keys(of: daemon.northd.compiler.inputs.datapaths).isEmpty
        }
        try deployment.wait { daemon.northd.compiler.engine.revision.number > 0 }
        #expect(deployment.count("Datapath_Binding") == 0)
        #expect(deployment.command(0, "status") == "Status: paused")
    }

    @Test func problemsAreListed() throws {
        let deployment = try Deployment()
        try deployment.addNorthd()
        let (datapath, port) = (RowUUID(high: 2, low: 9), RowUUID(high: 3, low: 9))
        deployment.edit {
            $0.insert(NB.LogicalSwitchPort(name: "p", addresses: ["nonsense"]), uuid: port)
            $0.insert(NB.LogicalSwitch(name: "s", ports: [port]), uuid: datapath)
        }
        try deployment.synchronize()
        #expect(
            deployment.command(0, "status/problems")
                == "Logical_Switch_Port \(port) addresses: no Ethernet address in \"nonsense\"\n")
        let block = deployment.command(0, "inc-engine/show-stats", "switch port")
        #expect(block.hasPrefix("Node: switch port\n- recompute:           0\n- compute: "))
        #expect(deployment.command(0, "inc-engine/show-stats", "nonsense").hasPrefix("error: "))
    }

    @Test func operatorsCommands() throws {
        let deployment = try Deployment()
        try deployment.addNorthd()
        addSwitch(1, to: deployment)
        try deployment.synchronize()
        #expect(deployment.command(0, "parallel-build/get-n-threads") == "1")
        #expect(deployment.command(0, "parallel-build/set-n-threads", "4") == "")
        #expect(deployment.command(0, "parallel-build/get-n-threads") == "4")
        #expect(
            deployment.command(0, "parallel-build/set-n-threads", "0").hasPrefix("error: invalid"))
        #expect(deployment.command(0, "inc-engine/show-stats", "switch port", "compute") == "1")
        #expect(deployment.command(0, "inc-engine/clear-stats") == "")
        let memory = deployment.command(0, "inc-engine/show-memory").split(separator: "\n")
        #expect(memory.first?.hasPrefix("edges: ") == true)
        #expect(memory.contains { $0.hasPrefix("Logical_Flow: 0 cells, ") })
        #expect(deployment.command(0, "inc-engine/show-stats", "switch port", "compute") == "0")
        #expect(deployment.command(0, "sb-cluster-state-reset") == "")
        #expect(deployment.command(0, "sb-connection-status") == "connected")
        #expect(
            deployment.command(0, "debug/chassis-features-list")
                == "ct_commit_nat_v2: true\nct_commit_to_zone: true\nsample_with_reg: true\nct_next_zone: true\nct_label_flush: true\nct_state_save: true\n"
        )
    }
}
