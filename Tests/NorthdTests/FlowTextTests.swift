import LogicalFlow
import OVSDBModel
import Schemas
import Testing

@testable import Northd

/// Every flow is text that a chassis can read, and reads as it was meant.
@Suite struct FlowTextTests {
    @Test func flowsParseBackToThemselves() {
        let network = TestNetwork()
        var edits = RandomEdits(seed: 4242)
        var seen: Set<String> = []
        for _ in 0..<16 {
            for _ in 0..<40 { edits.edit(network) }
            network.settle()
            for item in network.rows(SB.LogicalFlow.self) {
                let text = "\(item.row.match) -> \(item.row.actions)"
                if seen.insert(text).inserted { check(item.row) }
            }
        }
        #expect(seen.count > 200, "a network with flows of all kinds")
    }

    private func check(_ row: SB.LogicalFlow) {
        do {
            let table: LogicalFlow.SymbolTable =
                row.tags["acl_ct_translation"] == "true" ? .connectionTracking : .standard
            let text = expanded(row.match)
            let match = try Match(parsing: text, table: table)
            if text == row.match { #expect(match.description == row.match) }
            let actions = try ActionList(parsing: expanded(row.actions))
            if !row.actions.contains("^") { #expect(actions.description == row.actions) }
            checkJumps(actions.actions, row)
        } catch {
            Issue.record("\(row.match) -> \(row.actions): \(error)")
        }
    }

    /// As a chassis with these variables reads it.
    private func expanded(_ text: String) -> String {
        let variables = [
            "address": "10.0.0.9", "vip": "10.0.0.10", "port": "80", "backends": "10.0.1.1:80",
        ]
        if case .text(let result) = Template.expand(text, variables) { return result }
        return text
    }

    /// `next` leads to a table that exists, and the last table doesn't fall through.
    private func checkJumps(_ actions: [Action], _ row: SB.LogicalFlow) {
        let isSwitch = row.externalIDs["stage-name"]?.hasPrefix("ls_") == true
        let tables = { (isIngress: Bool) in
            isSwitch ? (isIngress ? 35 : 16) : (isIngress ? 29 : 7)
        }
        for case .next(let target) in actions {
            let isIngress = (target.pipeline?.rawValue ?? row.pipeline) == "ingress"
            let table = target.table ?? row.tableID + 1
            #expect(table < tables(isIngress), "\(row.match) -> \(row.actions)")
        }
    }
}
