import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import AgentCore

@Suite struct DerivationTests {
    @Test func theSameSourceIsDerivedOnce() {
        var derivation = Derivation<Int, String>()
        var made = 0
        func value(of source: Int) -> String {
            derivation.value(of: source) {
                made += 1
                return "\(source), made as number \(made)"
            }
        }
        #expect(value(of: 1) == "1, made as number 1")
        #expect(value(of: 1) == "1, made as number 1")
        #expect(value(of: 2) == "2, made as number 2")
        derivation.forget()
        #expect(value(of: 2) == "2, made as number 3")
    }

    @Test func aTableCountsItsOwnChanges() {
        var database = LocalDatabase(SB.schema)
        let ports: [any TypedRow.Type] = [SB.PortBinding.self, SB.Chassis.self]
        let uuid = database.insert(SB.PortBinding(logicalPort: "a"))
        let before = database.replica.revisions(of: ports)
        database.insert(SB.LogicalFlow())
        #expect(database.replica.revisions(of: ports) == before)
        database.update(SB.PortBinding.self, uuid) { $0.up = true }
        let after = database.replica.revisions(of: ports)
        #expect(after != before)
        database.insert(SB.Chassis(name: "hv1"))
        #expect(database.replica.revisions(of: ports) != after)
    }

    /// Claims of a port that somebody else rewrites are derived from the new row.
    @Test func claimsFollowTheirRows() {
        var database = LocalDatabase(SB.schema)
        let chassis = database.insert(SB.Chassis(name: "hv1"))
        let port = database.insert(SB.PortBinding(logicalPort: "a"))
        let interface = LocalInterface(
            row: RowUUID(high: 1, low: 1), name: "va", logicalPort: "a", vport: 1)
        let inputs = BindingPass.Inputs(
            identity: ChassisIdentity(row: chassis, name: "hv1", hostname: "host1", encaps: []),
            interfaces: LocalInterfaces([interface]), installed: [], taken: [:])
        var bindings = Bindings()
        func claims() -> Int { bindings.pass(database.replica, inputs).claims.count }
        #expect(claims() == 1)
        database.insert(SB.LogicalFlow())
        #expect(claims() == 1)
        database.update(SB.PortBinding.self, port) { $0.logicalPort = "b" }
        #expect(claims() == 0)
    }

    @Test func whatDiffersInASetIsFound() {
        let cases: [(old: [String], new: [String], gone: Set<String>, come: Set<String>)] = [
            ([], [], [], []), (["a"], ["a"], [], []), ([], ["a"], [], ["a"]),
            (["a", "b", "c"], ["a", "c"], ["b"], []), (["a", "c"], ["a", "b", "c"], [], ["b"]),
            (["a", "a2", "c"], ["a2", "c", "d"], ["a"], ["d"]), (["a", "b"], ["b", "a"], [], []),
        ]
        for example in cases {
            let (gone, come) = PipelineFeed.difference(example.old, example.new)
            #expect(gone == example.gone && come == example.come, "\(example)")
        }
    }
}
