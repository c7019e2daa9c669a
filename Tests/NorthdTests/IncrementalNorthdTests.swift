import Incremental
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

@Suite struct IncrementalNorthdTests {
    /// After any edits the Southbound database is, row for row, what a northd that starts with the
    /// same keys derives from the configuration.
    @Test(arguments: 0..<6 as Range<UInt64>)
    func incrementalEqualsFromScratch(seed: UInt64) {
        let network = TestNetwork()
        var edits = RandomEdits(seed: seed)
        for round in 0..<20 {
            for _ in 0..<4 { edits.edit(network) }
            network.settle()
            let shown = outputs(network.northd.compiler)
            let derived = outputs(fromScratch(network))
            #expect(shown.symmetricDifference(derived) == [], "seed \(seed), round \(round)")
            let (owned, ownedDerived) = (
                ownedRows(network.northd.compiler), ownedRows(fromScratch(network))
            )
            #expect(owned.symmetricDifference(ownedDerived) == [], "seed \(seed), round \(round)")
            let database = contents(network.southbound.replica)
            let wanted = contents(restored(network))
            #expect(database.symmetricDifference(wanted) == [], "seed \(seed), round \(round)")
            if shown != derived || database != wanted { return }
        }
    }

    private func fromScratch(_ network: TestNetwork) -> Compiler {
        let compiler = Compiler(network.northd.compiler.state)
        compiler.northbound(network.northbound.replica.asChanges)
        compiler.southbound(network.southbound.replica.asChanges)
        compiler.engine.run()
        return compiler
    }

    private func outputs(_ compiler: Compiler) -> Set<String> {
        let (engine, outputs) = (compiler.engine, compiler.outputs)
        var rows: [String] = engine.rows(outputs.flows).map { "\($0.scope) \($0)" }
        rows += engine.rows(outputs.datapaths).map {
            "\($0.northbound) \($0.tunnelKey) \($0.externalIDs.sorted { $0.key < $1.key })"
        }
        rows += engine.rows(outputs.ports).map {
            "\($0.name) \($0.tunnelKey) \($0.type) \($0.options.sorted { $0.key < $1.key })"
        }
        rows += engine.rows(outputs.multicastMembers).map { "\($0)" }
        rows += engine.rows(outputs.groupMembers).map { "\($0)" }
        rows += engine.rows(outputs.addressSets).map { "\($0)" }
        rows += engine.rows(outputs.addressSetMembers).map { "\($0)" }
        rows += engine.rows(outputs.portGroupMembers).map { "\($0)" }
        rows += engine.rows(outputs.portsUp).map { "\($0)" }
        rows += engine.rows(outputs.problems).map { "\($0)" }
        return Set(rows)
    }

    /// The desired rows of the tables that northd owns.
    private func ownedRows(_ compiler: Compiler) -> Set<AnyHashable> {
        OwnedTables.all().reduce(into: []) { $0.formUnion($1.rows(of: compiler)) }
    }

    /// A database that a new northd wrote from nothing but the configuration, the keys and what
    /// chassis had written.
    private func restored(_ network: TestNetwork) -> Replica {
        let other = TestNetwork(copying: network)
        other.settle()
        other.repeatChassis(of: network)
        other.settle()
        // What refers to northd's rows comes after them.
        other.editSouthbound { builder in
            for item in network.rows(SB.IGMPGroup.self) {
                builder.insert(item.row, uuid: item.uuid)
            }
        }
        other.settle()
        return other.southbound.replica
    }

    /// All rows that northd owns, with identities.
    private func contents(_ replica: Replica) -> Set<String> {
        var rows: [String] = []
        for item in replica.rows(SB.LogicalFlow.self) {
            let row = item.row
            rows.append(
                "\(item.uuid) \(row.logicalDatapath as Any) \(row.logicalDPGroup as Any) "
                    + "\(row.pipeline) \(row.tableID) \(row.priority) \(row.match) \(row.actions)")
        }
        for item in replica.rows(SB.PortBinding.self) {
            var row = item.row
            (row.chassis, row.up) = (nil, nil)
            rows.append("\(item.uuid) \(row.row())")
        }
        rows += replica.rows(SB.DatapathBinding.self).map { "\($0.uuid) \($0.row.row())" }
        rows += replica.rows(SB.MulticastGroup.self).map { "\($0.uuid) \($0.row.row())" }
        rows += replica.rows(SB.LogicalDPGroup.self).map { "\($0.uuid) \($0.row.row())" }
        rows += replica.rows(SB.AddressSet.self).map { "\($0.uuid) \($0.row.row())" }
        rows += replica.rows(SB.PortGroup.self).map { "\($0.uuid) \($0.row.row())" }
        for table in OwnedTables.all() {
            guard let position = replica.schema.tableIndex(table.tableName) else { continue }
            rows += replica.rows(in: position).map { "\(table.tableName) \($0.key) \($0.value)" }
        }
        return Set(rows)
    }

    /// With nothing to do, a northd that starts on a complete database writes nothing.
    @Test func aRestartWritesNothing() {
        let network = TestNetwork()
        var edits = RandomEdits(seed: 99)
        for _ in 0..<150 { edits.edit(network) }
        network.settle()
        let before = contents(network.southbound.replica)
        let commits = network.southboundCommits
        network.restartNorthd()
        network.settle()
        #expect(network.southboundCommits == commits)
        #expect(contents(network.southbound.replica) == before)
    }
}
